"""What one request, and one transaction, meets on its way through a device that misbehaves.

A commit tells the request that asks for it which faults acted, because both are of one thread.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from bigip_sim.faults import answers
from bigip_sim.faults.acting import Active, Faults
from bigip_sim.faults.kinds import Place
from bigip_sim.refusals import RefusedError, busy

_noted: ContextVar[list[str] | None] = ContextVar("noted", default=None)


class Meeting:
    """One request's; each step returns, takes its time, or raises what is answered instead."""

    def __init__(self, faults: Faults, method: str, path: str) -> None:
        self._faults = faults
        self._method = method
        self._path = path
        self._passed = False
        self._entered: list[Active] = []
        self.acted: list[str] = []  # "kind#number" of each fault that acted

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Take note of the faults that act on what this thread commits meanwhile."""
        before = _noted.set(self.acted)
        try:
            yield
        finally:
            _noted.reset(before)

    def at_gateway(self) -> None:
        """Act before anything is known of the request but its path."""
        for active in self._due(Place.GATEWAY):
            if active.fault.kind == "concurrency" and self._faults.enter(active):
                self._entered.append(active)
                continue
            self._note(active)
            match active.fault.kind:
                case "latency":
                    self._faults.pause(active)
                case "concurrency":
                    raise answers.crowded()
                case "unavailable":
                    raise answers.unavailable(active.fault.word("answer"), self._path)
                case "unauthorized":
                    raise answers.unauthorized(active.fault.word("answer"), self._path)
                case "reset":
                    raise answers.CutError
                case "timeout":
                    raise self._late(active)
        self._passed = True

    def at_worker(self) -> None:
        """Act on a request that may be answered."""
        for active in self._due(Place.WORKER):
            self._note(active)
            if active.fault.kind == "busy":
                raise busy()
            missing = self._faults.missing(self._path)
            if active.fault.kind == "mcpd":
                share = active.fault.number("not_found_share")
                if missing is None or active.draws.random() >= share:
                    raise answers.mcpd_lost()
            if missing is not None:
                raise missing

    def at_return(self) -> None:
        """Act when the work is done; nothing was done for one that was not let in."""
        if not self._passed:
            return
        for active in self._due(Place.RETURN):
            self._note(active)
            if active.fault.kind == "reset":
                raise answers.CutError
            raise self._timed_out(active)

    def leave(self) -> None:
        """Make room for the next request."""
        for active in self._entered:
            self._faults.leave(active)

    def _timed_out(self, active: Active) -> Exception:
        self._faults.wait_s(active, active.fault.number("seconds"))
        return answers.timed_out(active.fault.word("answer"), self._method)

    def _late(self, active: Active) -> Exception:
        late_s = active.fault.number("late_s")
        wait = partial(self._faults.wait_s, active, late_s)
        return answers.LateError(self._timed_out(active), wait)

    def _due(self, place: Place) -> list[Active]:
        return self._faults.due(place, self._method, self._path)

    def _note(self, active: Active) -> None:
        self.acted.append(_name(active))


class CommitMeeting:
    """One transaction's: the time it takes, and the command at which it fails."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._seen: dict[int, int] = {}  # fault -> commands of this transaction that it names

    def begins(self) -> None:
        """Take the time that a slow commit takes."""
        for active in self._faults.due(Place.COMMIT, "PATCH", "*"):
            self._note(active)
            self._faults.pause(active)

    def command(self, method: str, path: str) -> None:
        """Fail at this command, if it is the one."""
        for active in self._faults.due(Place.COMMAND, method, path):
            seen = self._seen[active.number] = self._seen.get(active.number, 0) + 1
            if seen == active.fault.number("command") and self._faults.draws(active):
                self._note(active)
                raise RefusedError(400, active.fault.word("text"))

    def _note(self, active: Active) -> None:
        noted = _noted.get()
        if noted is not None:
            noted.append(_name(active))


def _name(active: Active) -> str:
    return f"{active.fault.kind}#{active.number}"
