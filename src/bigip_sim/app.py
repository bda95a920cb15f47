"""The WSGI application: authentication, routing, and the form of answers."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from bigip_sim import refusals
from bigip_sim.auth import RejectedError, UnauthorizedError
from bigip_sim.device import Device
from bigip_sim.journal import Entry
from bigip_sim.reading import Reader, read_query
from bigip_sim.refusals import RefusedError
from bigip_sim.routes import Target, find
from bigip_sim.statistics import Statistics
from bigip_sim.system import save_configuration
from bigip_sim.writes import Command

RESTARTING = (
    "<!DOCTYPE html>\n<html><head><title>BIG-IP&reg;- Redirect</title></head>\n"
    "<body><h1>Configuration Utility restarting...</h1></body></html>\n"
)
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read."""

    method: str
    path: str  # below the host, percent-decoded
    query: Mapping[str, str]
    raw_query: str
    headers: Mapping[str, str]  # WSGI names
    raw_body: bytes

    @property
    def transaction(self) -> str:
        """Return the coordination id, or nothing."""
        return self.headers.get("HTTP_X_F5_REST_COORDINATION_ID", "")

    def body(self) -> Mapping[str, object]:
        """Return the body; an empty one is an empty object."""
        if not self.raw_body.strip():
            return {}
        try:
            value = json.loads(self.raw_body)
        except ValueError as error:
            text = f"Found invalid JSON body in the request: {error}"  # unverified
            raise RefusedError(400, text, refusals.MALFORMED) from error
        if not isinstance(value, dict):
            text = "Found invalid JSON body in the request: not an object"  # unverified
            raise RefusedError(400, text, refusals.MALFORMED)
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: int
    body: str = ""
    content_type: str = "application/json; charset=UTF-8"
    reason: str = ""
    committed: tuple[Mapping[str, object], ...] = ()


def as_json(value: object, status: int = 200) -> Answer:
    """Return a JSON answer."""
    return Answer(status, json.dumps(value, separators=(",", ":")))


class Application:
    """Answers iControl REST for one device."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def __call__(self, environ: Mapping[str, Any], start: StartResponse) -> Iterable[bytes]:
        begun, at = time.perf_counter(), self._device.journal.clock()
        request = read_request(environ)
        answer = self._answer(request)
        path = request.path + (f"?{request.raw_query}" if request.raw_query else "")
        entry = Entry(
            request.method,
            path,
            answer.status,
            (time.perf_counter() - begun) * 1000,
            at,
            str(environ.get("REMOTE_ADDR", "")),
            request.transaction or _transaction_in(request.path),
            answer.committed,
        )
        self._device.journal.record(entry, is_commit=bool(answer.committed))
        payload = answer.body.encode()
        reason = answer.reason or HTTPStatus(answer.status).phrase
        headers = [("Content-Type", answer.content_type), ("Content-Length", str(len(payload)))]
        start(f"{answer.status} {reason}", headers)
        return [payload]

    def _answer(self, request: Request) -> Answer:
        faults = self._device.faults
        try:
            faults.on_request()
            if faults.unavailable():
                return Answer(503, RESTARTING, "text/html; charset=UTF-8")
            return self._authorized(request)
        except RefusedError as refusal:
            return as_json(refusal.body(), refusal.status)
        except UnauthorizedError as error:
            if error.page:
                return Answer(401, error.page, "text/html; charset=iso-8859-1", error.reason)
            return as_json(_framework_error(401, str(error)), 401)
        except RejectedError as error:
            return as_json(_framework_error(error.status, str(error)), error.status)

    def _authorized(self, request: Request) -> Answer:
        sessions = self._device.sessions
        if request.path == "/mgmt/shared/authn/login" and request.method == "POST":
            return as_json(sessions.login(request.body()))
        token = request.headers.get("HTTP_X_F5_AUTH_TOKEN")
        sessions.check(token, request.headers.get("HTTP_AUTHORIZATION"), request.path)
        if request.path.startswith("/mgmt/shared/authz/tokens"):
            return self._tokens(request, request.path.split("/")[5:])
        if request.path.startswith("/mgmt/tm/transaction"):
            return self._transactions(request, request.path.split("/")[4:])
        if request.path.startswith("/mgmt/tm/"):
            return self._configuration(request, request.path.removeprefix("/mgmt/tm/").strip("/"))
        raise RejectedError(404, "Public URI path not registered")

    def _tokens(self, request: Request, rest: list[str]) -> Answer:
        sessions, name = self._device.sessions, rest[0] if rest else None
        if request.method == "DELETE":
            sessions.end(name)
            return as_json({})
        if name is None:
            kind = "shared:authz:tokens:authtokencollectionstate"
            return as_json({"kind": kind, "items": sessions.tokens()})
        if request.method in {"PATCH", "PUT"}:
            return as_json(sessions.extend(name, request.body()))
        return as_json(sessions.token(name))

    def _transactions(self, request: Request, rest: list[str]) -> Answer:
        transactions, method = self._device.transactions, request.method
        if request.transaction:
            # The commit goes without the header: section 2. What a device answers is unverified.
            text = "transaction requests do not take the coordination header"
            raise RefusedError(400, text, refusals.ICRD)
        if not rest and method == "POST":
            return as_json(transactions.begin())
        match rest, method:
            case [number], "GET":
                return as_json(transactions.state(number))
            case [number], "DELETE":
                transactions.abandon(number)
                return Answer(200)
            case [number], "PATCH":
                body, commands = transactions.commit(number, request.body())
                done = tuple(_told(command) for command in commands)
                return Answer(200, as_json(body).body, committed=done)
            case [number, "commands"], "GET":
                return as_json(transactions.commands(number))
            case [number, "commands", command], "GET":
                return as_json(transactions.command(number, command))
            case [number, "commands", command], "PATCH":
                return as_json(transactions.reorder(number, command, request.body()))
            case [number, "commands", command], "DELETE":
                transactions.drop(number, command)
                return Answer(200)
        raise refusals.no_such_uri(request.path)

    def _configuration(self, request: Request, path: str) -> Answer:
        target = find(path)
        if request.method == "GET":
            return self._read(request, path, target)
        if path == "sys/config" and request.method == "POST":
            if request.transaction:  # not in a transaction: section 2; the text is unverified
                raise RefusedError(400, "sys config is not part of a transaction", refusals.ICRD)
            return as_json(save_configuration(request.body()))
        if target is None or target.tail:
            raise refusals.no_such_uri(request.path)
        return self._write(request, target)

    def _read(self, request: Request, path: str, target: Target | None) -> Answer:
        device = self._device
        if target is None:
            totals = device.performance.read(path)
            if totals is not None:
                return Answer(200, totals)
            about = device.system.read(path)
            if about is None:
                raise refusals.no_such_uri(request.path)
            return as_json(about)
        with device.configuration.reading() as tree:
            if target.tail == "stats":
                stats = Statistics(tree, device.plane, device.hand, device.identity.version)
                return as_json(stats.read(target))
            if target.tail:
                raise refusals.no_such_uri(request.path)
            reader = Reader(tree, device.identity.version, device.plane)
            query = read_query(request.query)
            if target.name is None:
                return as_json(reader.collection(target, query))
            return as_json(reader.object(target, query))

    def _write(self, request: Request, target: Target) -> Answer:
        is_collection = target.name is None
        if is_collection != (request.method == "POST"):
            raise RefusedError(405, f"{request.method} is not allowed here", refusals.ICRD)
        uri = f"https://localhost{request.path}"
        command = Command(request.method, target, request.body(), uri)
        device = self._device
        if request.transaction:
            return as_json(device.transactions.queue(request.transaction, command))
        key = device.configuration.write(command)
        if request.method == "DELETE":
            return Answer(200)
        with device.configuration.reading() as tree:
            item = tree.get(key)
            if item is None:  # another request has deleted it meanwhile
                return Answer(200)
            reader = Reader(tree, device.identity.version, device.plane)
            return as_json(reader.render(item))


def read_request(environ: Mapping[str, Any]) -> Request:
    """Read a WSGI environment."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    raw_query = str(environ.get("QUERY_STRING", ""))
    return Request(
        str(environ["REQUEST_METHOD"]),
        str(environ["PATH_INFO"]).rstrip("/") or "/",
        dict(parse_qsl(raw_query, keep_blank_values=True)),
        raw_query,
        {name: str(value) for name, value in environ.items() if name.startswith("HTTP_")},
        environ["wsgi.input"].read(length) if length else b"",
    )


def _told(command: Command) -> Mapping[str, object]:
    target = command.target
    path = target.kind.path
    name = target.name or str(command.body.get("name", ""))
    told: dict[str, object] = {"method": command.method, "kind": path, "name": name}
    partition = command.body.get("partition")
    if target.name is None and partition is not None:
        told["partition"] = partition
    if target.owner:
        told["owner"] = target.owner
    return told


def _transaction_in(path: str) -> str:
    parts = path.split("/")
    return parts[4] if path.startswith("/mgmt/tm/transaction/") and len(parts) > 4 else ""


def _framework_error(status: int, message: str) -> Mapping[str, object]:
    return {
        "code": status,
        "message": message,
        "referer": "Unknown",
        "restOperationId": 0,
        "kind": ":resterrorresponse",
    }
