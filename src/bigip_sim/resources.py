"""Requests below /mgmt/tm: reads, writes and posted commands, each to the part that answers it."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bigip_sim import archives, refusals
from bigip_sim.actions import Call, action, edit, known, perform
from bigip_sim.auth import UnknownUriError
from bigip_sim.exchange import Answer, Request, as_json
from bigip_sim.organizing import organizing_collection
from bigip_sim.queries import read_query
from bigip_sim.reading import BASE, Reader
from bigip_sim.refusals import RefusedError
from bigip_sim.routes import Target, find
from bigip_sim.statistics import Statistics
from bigip_sim.versions import at_least
from bigip_sim.writes import Command

if TYPE_CHECKING:
    from bigip_sim.device import Device

_BELOW = "/mgmt/tm/"


class Resources:
    """Answers for one device's configuration and what the device says of itself."""

    def __init__(self, device: "Device") -> None:
        self._device = device

    def answer(self, request: Request) -> Answer:
        """Answer a request of a known account."""
        path = request.path.removeprefix(_BELOW).strip("/")
        target = find(path)
        if request.method == "GET":
            return self._read(request, path, target)
        if request.method == "POST":
            posted = self._command(request, path, target)
            if posted is not None:
                return posted
        if path.startswith(f"{archives.PATH}/") and request.method == "DELETE":
            archives.delete(self._device, path.removeprefix(f"{archives.PATH}/"))
            return Answer(200)
        if target is None or target.tail:
            raise UnknownUriError(request.path)
        return self._write(request, target)

    def _command(self, request: Request, path: str, target: Target | None) -> Answer | None:
        """Carry a posted command out; None if it is none of the table's, nor of any."""
        body = request.body()
        command = body.get("command")
        if not isinstance(command, str):
            return None
        if not known(path, command):
            if target is not None and target.kind.known("command"):
                return None
            text = f"bigip-sim does not simulate {path} {command}"
            raise RefusedError(501, text, refusals.ICRD)
        if not request.transaction:
            return as_json(perform(Call(self._device, path, body, request.user)))
        if action(path, command) is not None:  # section 2; the text is unverified
            raise RefusedError(400, f"{path} is not part of a transaction", refusals.ICRD)
        queued = self._device.transactions.queue(
            request.transaction, edit(path, body, request.user)
        )
        return as_json(queued)

    def _read(self, request: Request, path: str, target: Target | None) -> Answer:
        device = self._device
        if target is None:
            totals = device.performance.read(path, request.query) or device.totals.read(path)
            if totals is not None:
                return Answer(200, totals)
            version = device.identity.version
            about = device.system.read(path) or organizing_collection(path, BASE, version)
            if path == archives.PATH:
                about = archives.listing(device)
            if about is None:
                about = _bare(path, version)
            if about is None:
                raise UnknownUriError(request.path)
            return as_json(about)
        with device.configuration.reading() as tree:
            version = _as_asked(request, device.identity.version)
            if target.tail == "stats":
                query = read_query(request.query, request.raw_query, version)
                return Answer(200, Statistics(device.sources(tree, version)).read(target, query))
            reader = Reader(tree, version, device.plane, device.standing())
            if target.tail == "example":
                if target.name is not None:
                    raise UnknownUriError(request.path)
                return as_json(reader.example(target))
            query = read_query(request.query, request.raw_query, version)
            if target.name is None:
                return as_json(reader.collection(target, query))
            return as_json(reader.object(target, query))

    def _write(self, request: Request, target: Target) -> Answer:
        is_collection = target.name is None
        if is_collection != (request.method == "POST"):
            raise refusals.not_allowed(request.method, request.path)
        uri = f"https://localhost{request.path}"
        body = _body(request, target)
        command = Command(request.method, target, body, uri, user=request.user)
        device = self._device
        if request.transaction:
            return as_json(device.transactions.queue(request.transaction, command))
        key = device.configuration.write(command)
        if request.method == "DELETE" or key is None:
            return Answer(200)
        with device.configuration.reading() as tree:
            item = tree.get(key)
            if item is None:  # another request has deleted it meanwhile
                return Answer(200)
            version = _as_asked(request, device.identity.version)
            reader = Reader(tree, version, device.plane, device.standing())
            return as_json(reader.render(item))


def _body(request: Request, target: Target) -> Mapping[str, object]:
    """Return what is written; F5's Go client asks for a policy's draft in the query."""
    body = request.body()
    asks = request.query.get("options") == "create-draft" and request.method == "PATCH"
    return {**body, "createDraft": True} if asks and target.kind.path == "ltm/policy" else body


def _as_asked(request: Request, version: str) -> str:
    """Return the release in whose manner a client wants its answer: `?ver=11.5.0`.

    That the selfLink says so then: recorded in tests of the OpenStack agent. That an FDB tunnel
    has its older form then, but not from 16.x: issue 1488 of k8s-bigip-ctlr. That it holds for
    everything else in which releases differ is unverified.
    """
    asked = request.query.get("ver", "")
    older = _RELEASE.fullmatch(asked) is not None and not at_least(asked, version)
    return asked if older and not at_least(version, "16") else version


_RELEASE = re.compile(r"1\d(\.\d+){1,3}")


def _bare(path: str, version: str) -> dict[str, object] | None:
    """Return what there is to say where nothing can be read; the bodies are unverified."""
    worker, _, last = path.rpartition("/")
    if last == "available" and (find(worker) or worker.partition("/")[0] in {"ltm", "net", "sys"}):
        return {}  # that it answers is what counts
    if known(path):
        leaf = path.rpartition("/")[2]
        kind = f"tm:{path.replace('/', ':')}:{leaf}state"
        return {"kind": kind, "selfLink": f"{BASE}/{path}?ver={version}"}
    return None
