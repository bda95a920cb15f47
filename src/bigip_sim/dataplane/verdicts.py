"""What monitors have found, member by member, from one worker to the next.

Source: iControl REST reference, section 3.4: up after the first good answer, down after `timeout`
seconds without one; until then a new member is `checking`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bigip_sim.dataplane.checks import PING, Check
from bigip_sim.dataplane.config import Begin
from bigip_sim.dataplane.counts import Row
from bigip_sim.dataplane.layout import Server

UP, DOWN, CHECKING = "up", "down", "checking"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one member."""

    check: Check
    since: float  # when this monitor began to look
    state: str = CHECKING
    failing_since: float | None = None


class Verdicts:
    """Keeps them; times are those of one monotonic clock."""

    def __init__(self) -> None:
        self._known: dict[str, Verdict] = {}
        self._names: dict[tuple[str, str], str] = {}  # (pool, member) -> server

    def expect(self, servers: Mapping[str, Server], now: float) -> None:
        """Take over which members are monitored how; a new monitor begins anew."""
        known = {}
        for name, server in servers.items():
            if server.check is None:
                continue
            old = self._known.get(name)
            same = old is not None and old.check == server.check
            known[name] = old if old is not None and same else Verdict(server.check, now)
        self._known = known
        self._names = {(s.pool, s.member): name for name, s in servers.items()}

    def observe(self, rows: Iterable[Row], now: float) -> None:
        """Take what a worker tells of its servers."""
        for row in rows:
            verdict = self._known.get(row.server)
            if verdict is None or verdict.check.how == PING or not row.check_status:
                continue  # not monitored, or a backend that follows another's checks
            if row.check_status in {"INI", "UNK"} or row.status.startswith("MAINT"):
                continue
            good = row.check_status.endswith(("OK", "OKC"))
            up = row.status.startswith(("UP", "DRAIN", "NOLB"))
            self._judge(row.server, verdict, now, good=good, up=up)

    def answer(self, name: str, now: float, *, good: bool) -> None:
        """Take one answer to a ping, or its absence."""
        verdict = self._known.get(name)
        if verdict is None:
            return
        failing = 0.0 if good or verdict.failing_since is None else now - verdict.failing_since
        up = good or (verdict.state == UP and failing < verdict.check.timeout_s)
        self._judge(name, verdict, now, good=good, up=up)

    def _judge(self, name: str, verdict: Verdict, now: float, *, good: bool, up: bool) -> None:
        if up:
            state = UP
        elif verdict.state == CHECKING and now - verdict.since < verdict.check.timeout_s:
            state = CHECKING
        else:
            state = DOWN
        failing_since = None if good else (verdict.failing_since or now)
        self._known[name] = replace(verdict, state=state, failing_since=failing_since)

    def of(self, pool: str, member: str) -> str:
        """Return up, down or checking."""
        verdict = self._known.get(self._names.get((pool, member), ""))
        return CHECKING if verdict is None else verdict.state

    def is_up(self, name: str) -> bool:
        """Whether a server that is monitored is up."""
        verdict = self._known.get(name)
        return verdict is not None and verdict.state == UP

    def pinged(self) -> dict[str, Verdict]:
        """Return the members that a prober of our own looks after."""
        return {name: v for name, v in self._known.items() if v.check.how == PING}

    def begins(self, now: float) -> dict[str, Begin]:
        """Return how each monitored server begins in a new worker."""
        return {name: _begin(verdict, now) for name, verdict in self._known.items()}


def _begin(verdict: Verdict, now: float) -> Begin:
    up = verdict.state == UP
    if verdict.check.how == PING:
        return Begin(up=True, held=not up)
    failures = 0
    if up and verdict.failing_since is not None:
        failures = int((now - verdict.failing_since) / verdict.check.interval_s)
    return Begin(up=up, failures=failures)
