"""What monitors have found, member by member, from one worker to the next.

Source: iControl REST reference, section 3.4: up after the first good answer unless `timeUntilUp`,
down after `timeout` seconds without a good one; until then a new member is `checking`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bigip_sim.dataplane.checks import Check, Watch
from bigip_sim.dataplane.config import Begin
from bigip_sim.dataplane.counts import Row
from bigip_sim.dataplane.parts import Layout, Pool, Server

UP, DOWN, CHECKING = "up", "down", "checking"
DISABLED = "disabled"  # up, but recvDisable matched
NODE_DOWN = "node-down"
UNCHECKED = "unchecked"
GOOD, BAD, DISABLES = "good", "bad", "disables"  # what one probe says


@dataclass(frozen=True, slots=True)
class Target:
    """One place that a check asks."""

    check: Check
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one member, or of one place that a prober of our own asks."""

    check: Check
    since: float  # when this monitor began to look
    state: str = CHECKING
    failing_since: float | None = None
    good_since: float | None = None
    good_at: float = 0.0  # the last good answer


class Verdicts:
    """Keeps them; times are those of one monotonic clock."""

    def __init__(self) -> None:
        self._native: dict[str, Verdict] = {}  # by server, as HAProxy's checks find
        self._probed: dict[Target, Verdict] = {}
        self._servers: dict[tuple[str, str], Server] = {}
        self._nodes: dict[str, tuple[str, Watch]] = {}
        self._down: set[str] = set()  # in pools that end connections then

    def expect(self, layout: Layout, now: float) -> None:
        """Take over who is monitored how; a new monitor begins anew."""
        native: dict[str, Verdict] = {}
        targets: dict[Target, Verdict] = {}
        nodes: dict[str, tuple[str, Watch]] = {}
        for pool in layout.pools.values():
            nodes.update(pool.nodes)
            for server in pool.servers:
                if server.watch is None:
                    continue
                if server.native:
                    check = server.watch.checks[0]
                    old = self._native.get(server.id)
                    same = old is not None and old.check == check
                    native[server.id] = old if old is not None and same else Verdict(check, now)
                    continue
                for target in targets_of(server.watch, server.address, server.port):
                    targets[target] = self._probed.get(target) or Verdict(target.check, now)
        for address, watch in nodes.values():
            for target in targets_of(watch, address, 0):
                targets[target] = self._probed.get(target) or Verdict(target.check, now)
        self._native, self._probed, self._nodes = native, targets, nodes
        self._servers = {(s.pool, s.member): s for p in layout.pools.values() for s in p.servers}

    def targets(self) -> frozenset[Target]:
        """Return what a prober of our own has to ask."""
        return frozenset(self._probed)

    def observe(self, rows: Iterable[Row], now: float) -> bool:
        """Take what a worker tells of its servers; returns whether a state has changed."""
        changed = False
        for row in rows:
            verdict = self._native.get(row.server)
            if verdict is None or not row.check_status:
                continue  # not monitored, or a backend that follows another's checks
            if row.check_status in {"INI", "UNK"} or row.status.startswith("MAINT"):
                continue
            good = row.check_status.endswith(("OK", "OKC"))
            if row.status.startswith(("UP", "DRAIN", "NOLB")):
                state = UP
            elif verdict.state == CHECKING and now - verdict.since < verdict.check.timeout_s:
                state = CHECKING
            else:
                state = DOWN
            failing_since = None if good else (verdict.failing_since or now)
            if (state, failing_since) != (verdict.state, verdict.failing_since):
                changed = changed or state != verdict.state
                self._native[row.server] = replace(
                    verdict, state=state, failing_since=failing_since
                )
        return changed

    def answer(self, target: Target, now: float, outcome: str) -> bool:
        """Take one answer to a probe of our own; returns whether the state has changed."""
        verdict = self._probed.get(target)
        if verdict is None:
            return False
        judged = _judge(verdict, now, outcome)
        self._probed[target] = judged
        return judged.state != verdict.state

    def of(self, pool: str, member: str) -> str:
        """Return up, down, checking or disabled."""
        server = self._servers.get((pool, member))
        if server is None or server.watch is None:
            return CHECKING  # the configuration is newer than what is carried
        return self._watched(server)

    def of_node(self, node: str) -> str:
        """Return the same for a node that is monitored."""
        if node not in self._nodes:
            return CHECKING
        address, watch = self._nodes[node]
        return self._combined(watch, address, 0)

    def state(self, server: Server) -> str:
        """Return how a member is, with its node: also unchecked and node-down."""
        if server.node in self._nodes and self.of_node(server.node) == DOWN:
            return NODE_DOWN
        return UNCHECKED if server.watch is None else self._watched(server)

    def fallen(self, pools: Iterable[Pool]) -> list[str]:
        """Return who has gone down since this was last asked, of pools that end connections."""
        down = {
            server.id
            for pool in pools
            if pool.ends
            for server in pool.servers
            if self.state(server) in {DOWN, NODE_DOWN}
        }
        fallen, self._down = down - self._down, down
        return sorted(fallen)

    def begins(self, now: float) -> dict[str, Begin]:
        """Return how each member that HAProxy watches begins in a new worker."""
        return {name: _begin(verdict, now) for name, verdict in self._native.items()}

    def _watched(self, server: Server) -> str:
        if server.native:
            verdict = self._native.get(server.id)
            return CHECKING if verdict is None else verdict.state
        assert server.watch is not None
        return self._combined(server.watch, server.address, server.port)

    def _combined(self, watch: Watch, address: str, port: int) -> str:
        found = [self._probed.get(target) for target in targets_of(watch, address, port)]
        states = [CHECKING if verdict is None else verdict.state for verdict in found]
        content = sum(state in {UP, DISABLED} for state in states)
        if content >= watch.need:
            return DISABLED if DISABLED in states else UP
        return CHECKING if content + states.count(CHECKING) >= watch.need else DOWN


def targets_of(watch: Watch, address: str, port: int) -> list[Target]:
    """Return whom the monitors over one member ask."""
    return [Target(c, c.address or address, c.port or port) for c in watch.checks]


def _judge(verdict: Verdict, now: float, outcome: str) -> Verdict:
    check = verdict.check
    if outcome == BAD:
        looked_for = now - (verdict.good_at if verdict.state != CHECKING else verdict.since)
        state = verdict.state if looked_for < check.timeout_s else DOWN
        return replace(verdict, state=state, good_since=None)
    good_since = verdict.good_since if verdict.good_since is not None else now
    state = DISABLED if outcome == DISABLES else UP
    if verdict.state not in {UP, DISABLED} and now - good_since < check.until_up_s:
        state = verdict.state
    return replace(verdict, state=state, good_since=good_since, good_at=now)


def _begin(verdict: Verdict, now: float) -> Begin:
    up = verdict.state == UP
    failures = 0
    if up and verdict.failing_since is not None:
        failures = int((now - verdict.failing_since) / verdict.check.interval_s)
    return Begin(up, failures)
