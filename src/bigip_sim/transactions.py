"""Transactions: commands wait unchecked until the commit, which takes all of them or none.

Source: iControl REST reference, section 2.
"""

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bigip_sim import refusals
from bigip_sim.configuration import Configuration
from bigip_sim.faults.acting import Faults
from bigip_sim.faults.meeting import CommitMeeting
from bigip_sim.reading import BASE
from bigip_sim.refusals import RefusedError
from bigip_sim.writes import Command

IDLE_LIMIT_S = 120
IDLE_LIMIT_11_S = 30
EXECUTION_LIMIT_S = 300
Json = dict[str, object]


@dataclass(slots=True)
class Queued:
    """One command that waits."""

    number: int
    order: int
    command: Command


@dataclass(slots=True)
class Transaction:
    """One open transaction."""

    number: int
    touched_at: float
    commands: list[Queued] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def ordered(self) -> list[Queued]:
        """Return the commands as they will be carried out."""
        return sorted(self.commands, key=lambda queued: (queued.order, queued.number))


class Transactions:
    """The open transactions of one device."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Callable[[], float],
        version: str,
        faults: Faults,
    ) -> None:
        self._configuration = configuration
        self._clock = clock
        self._version = version
        self._faults = faults
        self._idle_limit_s = IDLE_LIMIT_11_S if version.startswith("11.") else IDLE_LIMIT_S
        self._open: dict[int, Transaction] = {}
        self._lock = threading.Lock()
        self._last = 0

    def forget_all(self) -> None:
        """Drop every open transaction, as losing power does."""
        with self._lock:
            self._open.clear()

    def begin(self) -> Json:
        """POST /mgmt/tm/transaction."""
        with self._lock:
            self._expire()
            number = max(int(self._clock() * 1_000_000), self._last + 1)
            self._last = number
            self._open[number] = Transaction(number, self._clock())
        return self._render(number, "STARTED")

    def state(self, number: str) -> Json:
        """GET of one transaction."""
        return self._render(self._find(number).number, "STARTED")

    def abandon(self, number: str) -> None:
        """DELETE of one transaction."""
        transaction = self._find(number)
        with self._lock:
            self._open.pop(transaction.number, None)

    def queue(self, number: str, command: Command) -> Json:
        """Take a write with the coordination header; not even its existence is checked."""
        transaction = self._find(number)
        with self._lock:
            next_number = next(transaction.numbers)
            queued = Queued(next_number, next_number, command)
            transaction.commands.append(queued)
        return self._command(transaction, queued)

    def commands(self, number: str) -> Json:
        """GET of the commands that wait."""
        transaction = self._find(number)
        return {
            "kind": "tm:transaction:commandscollectionstate",
            "selfLink": f"{BASE}/transaction/{number}/commands?ver={self._version}",
            "items": [self._command(transaction, queued) for queued in transaction.ordered()],
        }

    def command(self, number: str, command_number: str) -> Json:
        """GET of one command."""
        transaction = self._find(number)
        return self._command(transaction, _queued(transaction, command_number))

    def reorder(self, number: str, command_number: str, body: Mapping[str, object]) -> Json:
        """PATCH of a command's evalOrder: the others keep their order around it."""
        transaction = self._find(number)
        moved = _queued(transaction, command_number)
        place = body.get("evalOrder")
        if not isinstance(place, int) or not 1 <= place <= len(transaction.commands):
            raise refusals.invalid_value("evalOrder", place)
        with self._lock:
            others = [queued for queued in transaction.ordered() if queued is not moved]
            others.insert(place - 1, moved)
            for order, queued in enumerate(others, start=1):
                queued.order = order
        return self._command(transaction, moved)

    def drop(self, number: str, command_number: str) -> None:
        """DELETE of one command."""
        transaction = self._find(number)
        queued = _queued(transaction, command_number)
        with self._lock:
            transaction.commands.remove(queued)

    def commit(self, number: str, body: Mapping[str, object]) -> tuple[Json, list[Command]]:
        """PATCH with state VALIDATING; returns the answer and what was carried out."""
        transaction = self._find(number)
        if body.get("state") != "VALIDATING":
            raise refusals.invalid_value("state", body.get("state"))
        commands = [queued.command for queued in transaction.ordered()]
        if not commands:
            text = "there is no command to commit in the transaction."
            raise RefusedError(404, text, refusals.ICRD)
        validates_only = body.get("validateOnly") is True
        with self._lock:  # whatever comes of it, the transaction is gone
            if self._open.pop(transaction.number, None) is None:
                raise _gone(number)
        try:
            self._configuration.commit(
                commands, keeps=not validates_only, watch=CommitMeeting(self._faults)
            )
        except RefusedError as refusal:
            if refusal.api_error == refusals.BUSY:
                raise
            raise RefusedError(
                400, f"transaction failed:{refusal.message}", refusals.TRANSACTION
            ) from refusal
        answer = self._render(transaction.number, "COMPLETED")
        answer["validateOnly"] = validates_only
        return answer, [] if validates_only else commands

    def _find(self, number: str) -> Transaction:
        with self._lock:
            self._expire()
            transaction = self._open.get(int(number)) if number.isdigit() else None
            if transaction is None:
                raise _gone(number)
            transaction.touched_at = self._clock()
            return transaction

    def _expire(self) -> None:
        oldest = self._clock() - self._idle_limit_s
        for number in [n for n, t in self._open.items() if t.touched_at < oldest]:
            del self._open[number]

    def _render(self, number: int, state: str) -> Json:
        return {
            "transId": number,
            "state": state,
            "timeoutSeconds": self._idle_limit_s,
            "asyncExecution": False,
            "validateOnly": False,
            "executionTimeout": EXECUTION_LIMIT_S,
            "executionTime": 0,
            "failureReason": "",
            "kind": "tm:transactionstate",
            "selfLink": f"{BASE}/transaction/{number}?ver={self._version}",
        }

    def _command(self, transaction: Transaction, queued: Queued) -> Json:
        path = f"{BASE}/transaction/{transaction.number}/commands/{queued.number}"
        return {
            "method": queued.command.method,
            "uri": queued.command.uri,
            "body": dict(queued.command.body),
            "evalOrder": queued.order,
            "commandId": queued.number,
            "kind": "tm:transaction:commandsstate",
            "selfLink": f"{path}?ver={self._version}",
        }


def _queued(transaction: Transaction, number: str) -> Queued:
    for queued in transaction.commands:
        if str(queued.number) == number:
            return queued
    raise RefusedError(400, f"Found invalid command id {number}", refusals.ICRD)


def _gone(number: str) -> RefusedError:
    """A transaction that is unknown or timed out. The 404 is known, the text is unverified."""
    return RefusedError(404, f"Transaction {number} was not found.", refusals.ICRD)
