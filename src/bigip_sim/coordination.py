"""Requests below /mgmt/tm/transaction, each to what it means for a transaction.

Source: iControl REST reference, section 2.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bigip_sim import refusals
from bigip_sim.auth import UnknownUriError
from bigip_sim.exchange import Answer, Request, as_json
from bigip_sim.refusals import RefusedError
from bigip_sim.transactions import Transactions
from bigip_sim.writes import Command

BELOW = "/mgmt/tm/transaction"


def answer(transactions: Transactions, request: Request) -> Answer:
    """Answer a request about transactions themselves."""
    if request.transaction and request.method != "GET":
        # The commit goes without the header: section 2. What a device answers is unverified.
        text = "transaction requests do not take the coordination header"
        raise RefusedError(400, text, refusals.ICRD)
    match request.path.removeprefix(BELOW).split("/")[1:], request.method:
        case [], "POST":
            return as_json(transactions.begin(request.body()))
        case [], "GET":
            return as_json(transactions.all())
        case [number], "GET":
            return _with_done(*transactions.state(number))
        case [number], "DELETE":
            transactions.abandon(number)
            return Answer(200)
        case [number], "PATCH":
            return _with_done(*transactions.change(number, request.body()))
        case [number, "commands"], "GET":
            return as_json(transactions.commands(number))
        case [number, "commands", command], "GET":
            return as_json(transactions.command(number, command))
        case [number, "commands", command], "PATCH":
            return as_json(transactions.reorder(number, command, request.body()))
        case [number, "commands", command], "DELETE":
            transactions.drop(number, command)
            return Answer(200)
    raise UnknownUriError(request.path)


def _with_done(body: Mapping[str, object], done: Iterable[Command]) -> Answer:
    return replace(as_json(body), committed=tuple(_told(command) for command in done))


def number_in(path: str) -> str:
    """Return the number of the transaction that a path is about, or nothing."""
    parts = path.split("/")
    return parts[4] if path.startswith(f"{BELOW}/") and len(parts) > 4 else ""


def _told(command: Command) -> Mapping[str, object]:
    target = command.target
    if target is None:
        return {"method": command.method, "kind": command.path, **command.body}
    path = target.kind.path
    name = target.name or str(command.body.get("name", ""))
    told: dict[str, object] = {"method": command.method, "kind": path, "name": name}
    partition = command.body.get("partition")
    if target.name is None and partition is not None:
        told["partition"] = partition
    if target.owner:
        told["owner"] = target.owner
    return told
