"""Transactions: commands wait unchecked until the commit, which takes all of them or none.

Source: iControl REST reference, section 2. What `asyncExecution` and `validateOnly` do is
unverified.
"""

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bigip_sim import refusals
from bigip_sim.configuration import Configuration
from bigip_sim.faults.acting import Faults
from bigip_sim.faults.meeting import CommitMeeting
from bigip_sim.later import Later
from bigip_sim.reading import BASE
from bigip_sim.refusals import RefusedError
from bigip_sim.versions import at_least
from bigip_sim.writes import Command

IDLE_LIMIT_S = 120
IDLE_LIMIT_11_5_S = 30
EXECUTION_LIMIT_S = 300
STARTED, VALIDATING, COMPLETED, FAILED = "STARTED", "VALIDATING", "COMPLETED", "FAILED"
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client may choose for its transaction."""

    idle_limit_s: int
    execution_limit_s: int = EXECUTION_LIMIT_S
    in_background: bool = False
    validates_only: bool = False

    def changed(self, body: Mapping[str, object]) -> "Terms":
        """Return the terms with what a body says of them."""
        return replace(
            self,
            idle_limit_s=_seconds(body, "timeoutSeconds", self.idle_limit_s),
            execution_limit_s=_seconds(body, "executionTimeout", self.execution_limit_s),
            in_background=_flag(body, "asyncExecution", now=self.in_background),
            validates_only=_flag(body, "validateOnly", now=self.validates_only),
        )


@dataclass(slots=True)
class Queued:
    """One command that waits."""

    number: int
    order: int
    command: Command


@dataclass(slots=True)
class Transaction:
    """One transaction: open, or one whose commit goes on or went on in the background."""

    number: int
    touched_at: float
    terms: Terms
    state: str = STARTED
    reason: str = ""  # why it failed
    took_s: float = 0.0
    commands: list[Queued] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    untold: list[Command] = field(default_factory=list)  # carried out, but not yet in the journal

    def ordered(self) -> list[Queued]:
        """Return the commands as they will be carried out."""
        return sorted(self.commands, key=lambda queued: (queued.order, queued.number))


class Transactions:
    """The transactions of one device that it still knows of."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Callable[[], float],
        version: str,
        faults: Faults,
        later: Later,
    ) -> None:
        self._configuration = configuration
        self._clock = clock
        self._version = version
        self._faults = faults
        self._later = later
        idle_limit_s = IDLE_LIMIT_S if at_least(version, "11.6") else IDLE_LIMIT_11_5_S
        self._terms = Terms(idle_limit_s)
        self._known: dict[int, Transaction] = {}
        self._lock = threading.Lock()
        self._last = 0

    def forget_all(self) -> None:
        """Drop every transaction, as losing power does."""
        with self._lock:
            self._known.clear()

    def begin(self, body: Mapping[str, object]) -> Json:
        """POST /mgmt/tm/transaction."""
        terms = self._terms.changed(body)
        with self._lock:
            self._expire()
            number = max(int(self._clock() * 1_000_000), self._last + 1)
            self._last = number
            made = self._known[number] = Transaction(number, self._clock(), terms)
            return self._render(made)

    def all(self) -> Json:
        """GET /mgmt/tm/transaction."""
        with self._lock:
            self._expire()
            items = [self._render(transaction) for transaction in self._known.values()]
        link = f"{BASE}/transaction?ver={self._version}"
        return {"kind": "tm:transactioncollectionstate", "selfLink": link, "items": items}

    def state(self, number: str) -> tuple[Json, list[Command]]:
        """GET of one transaction; the second is what a commit has done since it was last asked."""
        transaction = self._find(number)
        with self._lock:
            untold, transaction.untold = transaction.untold, []
            return self._render(transaction), untold

    def abandon(self, number: str) -> None:
        """DELETE of one transaction."""
        transaction = self._find(number)
        with self._lock:
            self._known.pop(transaction.number, None)

    def queue(self, number: str, command: Command) -> Json:
        """Take a write with the coordination header; not even its existence is checked."""
        transaction = self._find(number)
        with self._lock:
            if transaction.state != STARTED:
                raise _gone(number)
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
        place = _seconds(body, "evalOrder", 0)
        if not 1 <= place <= len(transaction.commands):
            raise refusals.invalid_value("evalOrder", body.get("evalOrder"))
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

    def change(self, number: str, body: Mapping[str, object]) -> tuple[Json, list[Command]]:
        """PATCH: other terms, or with state VALIDATING the commit; second is what it has done."""
        transaction = self._find(number)
        terms = transaction.terms.changed(body)
        if body.get("state", STARTED) not in {STARTED, VALIDATING}:
            raise refusals.invalid_value("state", body["state"])
        if not body:
            raise refusals.nothing_specified()
        if body.get("state", STARTED) == VALIDATING and not transaction.commands:
            text = "there is no command to commit in the transaction."
            raise RefusedError(404, text, refusals.ICRD)
        with self._lock:
            if transaction.state != STARTED or transaction.number not in self._known:
                raise _gone(number)
            transaction.terms = terms
            if body.get("state", STARTED) == STARTED:
                return self._render(transaction), []
            transaction.state = VALIDATING
        if terms.in_background:
            self._later.start(lambda: self._commit_in_background(transaction))
            return self._render(transaction), []
        return self._commit(transaction)

    def _commit(self, transaction: Transaction) -> tuple[Json, list[Command]]:
        """Commit while the client waits; the transaction is gone, unless it only validated.

        That one that only validated can still be committed is how bigrest uses it.
        """
        commands = [queued.command for queued in transaction.ordered()]
        validates_only = transaction.terms.validates_only
        try:
            self._carry_out(transaction, commands)
            answer = {**self._render(transaction), "state": COMPLETED}
        except RefusedError as refusal:
            validates_only = False
            if refusal.api_error == refusals.BUSY:
                raise
            text = f"transaction failed:{refusal.message}"
            raise RefusedError(400, text, refusals.TRANSACTION) from refusal
        finally:
            with self._lock:
                transaction.state = STARTED
                transaction.terms = replace(transaction.terms, validates_only=False)
                if not validates_only:
                    self._known.pop(transaction.number, None)
        return answer, [] if validates_only else commands

    def _commit_in_background(self, transaction: Transaction) -> None:
        """Commit while the client asks for the state, which it can until the idle limit."""
        commands = [queued.command for queued in transaction.ordered()]
        try:
            self._carry_out(transaction, commands)
        except RefusedError as refusal:  # whether a device repeats `transaction failed:` is open
            state, reason, done = FAILED, refusal.message, []
        else:
            state, reason = COMPLETED, ""
            done = [] if transaction.terms.validates_only else commands
        with self._lock:
            transaction.reason, transaction.untold = reason, done
            transaction.touched_at = self._clock()
            transaction.state = state

    def _carry_out(self, transaction: Transaction, commands: list[Command]) -> None:
        begun = self._clock()
        meeting = CommitMeeting(self._faults)
        watch = _Limited(meeting, self._clock, begun + transaction.terms.execution_limit_s)
        keeps = not transaction.terms.validates_only
        self._configuration.commit(commands, keeps=keeps, watch=watch)
        transaction.took_s = self._clock() - begun

    def _find(self, number: str) -> Transaction:
        with self._lock:
            self._expire()
            transaction = self._known.get(int(number)) if number.isdigit() else None
            if transaction is None:
                raise _gone(number)
            transaction.touched_at = self._clock()
            return transaction

    def _expire(self) -> None:
        now = self._clock()
        for number, transaction in list(self._known.items()):
            idle_s = now - transaction.touched_at
            if transaction.state != VALIDATING and idle_s > transaction.terms.idle_limit_s:
                del self._known[number]

    def _render(self, transaction: Transaction) -> Json:
        terms = transaction.terms
        return {
            "transId": transaction.number,
            "state": transaction.state,
            "timeoutSeconds": terms.idle_limit_s,
            "asyncExecution": terms.in_background,
            "validateOnly": terms.validates_only,
            "executionTimeout": terms.execution_limit_s,
            "executionTime": int(transaction.took_s),
            "failureReason": transaction.reason,
            "kind": "tm:transactionstate",
            "selfLink": f"{BASE}/transaction/{transaction.number}?ver={self._version}",
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


class _Limited:
    """Lets a commit fail that takes longer than its limit, before anything of it is real."""

    def __init__(self, meeting: CommitMeeting, clock: Callable[[], float], ends_at: float) -> None:
        self._meeting = meeting
        self._clock = clock
        self._ends_at = ends_at

    def begins(self) -> None:
        self._meeting.begins()
        self._look()

    def command(self, method: str, path: str) -> None:
        self._meeting.command(method, path)
        self._look()

    def _look(self) -> None:
        if self._clock() > self._ends_at:  # that there is a limit is known, the text unverified
            raise RefusedError(400, "the execution time limit was exceeded", refusals.TRANSACTION)


def _queued(transaction: Transaction, number: str) -> Queued:
    for queued in transaction.commands:
        if str(queued.number) == number:
            return queued
    raise RefusedError(404, f"Found invalid command id {number}", refusals.ICRD)  # unverified


def _gone(number: str) -> RefusedError:
    """A transaction that is unknown or timed out. The 404 is known, the text is unverified."""
    return RefusedError(404, f"Transaction {number} was not found.", refusals.ICRD)


def _seconds(body: Mapping[str, object], name: str, now: int) -> int:
    value = body.get(name, now)
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise refusals.invalid_value(name, value)
    return value


def _flag(body: Mapping[str, object], name: str, *, now: bool) -> bool:
    value = body.get(name, now)
    if value in ("true", "false"):
        value = value == "true"
    if not isinstance(value, bool):
        raise refusals.invalid_value(name, value)
    return value
