"""Keeps HAProxy doing what the configuration says, and tells what came of it.

One thread starts and replaces workers and asks its own prober; REST answers never wait for it.
Changes are gathered until they have been quiet for `QUIET_S`, and reloads keep `GAP_S` apart.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping

from bigip_sim.configuration import Configuration
from bigip_sim.dataplane.layout import Layout, Planner
from bigip_sim.dataplane.ping import Pinger
from bigip_sim.dataplane.process import WorkerError
from bigip_sim.dataplane.verdicts import UP, Verdicts
from bigip_sim.dataplane.workers import Workers
from bigip_sim.traffic import Counters, Rates
from bigip_sim.tree import Item, Key

log = logging.getLogger(__name__)

QUIET_S = 0.2
GAP_S = 1.0
POLL_S = 0.5
POLL_SHARE = 20  # reading takes at most one part of so many of the time
FRESH_S = 0.2  # counters of this age are good enough for an answer
FRESH_SHARE = 5  # or of so many times what reading takes
PATIENCE_S = 0.2  # what an answer may wait for fresher ones
RETRY_S = 0.3
SILENT_LIMIT_S = 30.0  # a worker that is just starting is waited for
RATE_OVER_S = 5.0
_WITHOUT_EFFECT = frozenset({"value list", "sys/folder", "auth/partition", "ltm/rule"})


class DataPlane:
    """HAProxy for one device; answers as `Traffic` and as `Probes`."""

    def __init__(self, configuration: Configuration, version: str, program: str) -> None:
        self._configuration = configuration
        self._planner = Planner(version)
        self._workers = Workers(program)
        self._verdicts = Verdicts()
        self._lock = threading.Lock()  # over verdicts, samples and names
        self._names: dict[str, str] = {}  # virtual server -> frontend
        self._members: dict[tuple[str, str], str] = {}  # (pool, member) -> server
        self._samples: deque[tuple[float, Counters]] = deque(maxlen=32)
        self._wake = threading.Event()
        self._silent = threading.Event()  # set when power is off and no worker is left
        self._stopping = False
        self._powered, self._active = True, False
        self._layout: Layout | None = None  # what the worker was given
        self._problems: tuple[str, ...] = ()
        self._dirty_since: float | None = time.monotonic()
        self._due_at = 0.0
        self._reloaded_at = self._polled_at = -GAP_S
        self._tended_at = -GAP_S  # when pings were sent and old workers let go
        self._poll_cost_s = self._reload_cost_s = 0.0
        self._reloads = 0
        self._reloading = False
        self._pinger = Pinger()
        self._pinged_at: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="dataplane", daemon=True)

    def start(self) -> None:
        """Begin; nothing listens until the unit is active."""
        self._configuration.on_change(self._changed)
        self._thread.start()

    def stop(self) -> None:
        """End every worker and leave nothing behind."""
        self._stopping = True
        self._wake.set()
        if self._thread.ident is not None:  # a start that failed half way
            self._thread.join()
        self._workers.clean_up()
        self._pinger.close()

    def place(self, *, powered: bool, active: bool) -> None:
        """Say whether the unit has power, and whether it is the one that carries traffic.

        Losing power waits until nothing is carried any more.
        """
        if (powered, active) == (self._powered, self._active):
            return
        self._powered, self._active = powered, active
        self._silent.clear()
        self._dirty_since = time.monotonic() - QUIET_S  # at once
        self._due_at = 0.0
        self._wake.set()
        if not powered and self._thread.is_alive():
            self._silent.wait(SILENT_LIMIT_S)

    def health(self) -> dict[str, object]:
        """Return how it goes, for the control API."""
        problems = [*self._problems, *([self._pinger.limited] if self._pinger.limited else [])]
        return {
            "state": "on" if self._thread.is_alive() else "failed, the log says why",
            "pid": self._workers.pid,
            "listening": len(self._layout.frontends) if self._layout is not None else 0,
            "settled": self._dirty_since is None and not self._reloading,
            "reloads": self._reloads,
            "last_reload_ms": round(self._reload_cost_s * 1000, 1),
            "last_read_ms": round(self._poll_cost_s * 1000, 1),
            "retired_workers": self._workers.retired,
            "problems": problems,
        }

    def virtual(self, name: str) -> Counters:
        """Return what a virtual server has carried."""
        self._refresh()
        return self._workers.ledger.of(self._names.get(name, ""))

    def member(self, pool: str, member: str) -> Counters:
        """Return what a pool member has carried."""
        self._refresh()
        return self._workers.ledger.of(self._members.get((pool, member), ""))

    def totals(self) -> Counters:
        """Return what the device has carried on its client side."""
        self._refresh()
        return self._workers.ledger.totals()

    def rates(self) -> Rates:
        """Return the rates over the last seconds."""
        self._refresh()
        with self._lock:
            if not self._samples:
                return Rates()
            last_at, last = self._samples[-1]
            first_at, first = next(
                (s for s in self._samples if last_at - s[0] <= RATE_OVER_S), self._samples[-1]
            )
        over = last_at - first_at
        if over <= 0:
            return Rates(active_connections=last.current)
        return Rates(
            active_connections=last.current,
            throughput_in=max(0.0, (last.bytes_in - first.bytes_in) * 8 / over),
            throughput_out=max(0.0, (last.bytes_out - first.bytes_out) * 8 / over),
        )

    def result(self, pool: str, member: str) -> str:
        """Return what the monitor of a member has found."""
        with self._lock:
            return self._verdicts.of(pool, member)

    def node_result(self, node: str) -> str:
        """Monitors of nodes are not carried out; a node counts as up."""
        del node
        return UP

    def _changed(self, changed: Mapping[Key, Item | None]) -> None:
        if all(key.family in _WITHOUT_EFFECT for key in changed):
            return
        now = time.monotonic()
        if self._dirty_since is None:
            self._dirty_since = now
        self._due_at = min(now + QUIET_S, self._dirty_since + GAP_S)
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(self._pause_s(time.monotonic()))
            self._wake.clear()
            now = time.monotonic()
            if self._workers.died():
                log.error("HAProxy has ended by itself; it is started anew")
                self._workers.stop()
                self._layout, self._dirty_since = None, now
            if self._dirty_since is not None and now >= self._reload_at():
                self._reloading = True
                self._reload(now)
                self._reloading = False
            if now - self._polled_at >= self._poll_every_s():
                self._poll()
            if now - self._tended_at >= POLL_S:
                self._tended_at = now
                self._ping(now)
                self._workers.reap()
        self._workers.stop()

    def _reload_at(self) -> float:
        if not self._active or self._layout is None or not self._layout.frontends:
            return self._due_at  # what listens on nothing can be replaced as often as one likes
        return max(self._due_at, self._reloaded_at + GAP_S)

    def _poll_every_s(self) -> float:
        return max(POLL_S, self._poll_cost_s * POLL_SHARE)

    def _pause_s(self, now: float) -> float:
        next_turn = self._tended_at + POLL_S - now
        next_reload = self._reload_at() - now if self._dirty_since is not None else next_turn
        return max(0.0, min(next_turn, next_reload))

    def _reload(self, now: float) -> None:
        self._dirty_since = None
        if not self._powered:
            self._workers.stop()
            self._layout = None
            self._silent.set()
            return
        if not self._active and self._layout is not None and self._layout.frontends:
            self._workers.stop()  # a unit that stands by lets every connection go at once
            self._layout = None
        with self._configuration.reading() as tree:
            snapshot = tree.snapshot()
        wanted = self._planner.plan(snapshot, active=self._active)
        layout = self._workers.listenable(wanted)
        self._problems = layout.problems
        servers = layout.servers()
        with self._lock:
            self._verdicts.expect(servers, now)
            self._names = {f.virtual: f.id for f in wanted.frontends}
            self._members = {(s.pool, s.member): name for name, s in servers.items()}
            self._workers.ledger.keep({*servers, *self._names.values()})
        if self._is_new(layout):
            self._replace(layout)
        if len(layout.frontends) != len(wanted.frontends):
            self._try_again()

    def _is_new(self, layout: Layout) -> bool:
        old = self._layout
        return old is None or (old.frontends, old.backends) != (layout.frontends, layout.backends)

    def _replace(self, layout: Layout) -> None:
        started = time.monotonic()
        with self._lock:
            begins = self._verdicts.begins(started)
        try:
            self._workers.replace(layout, begins)
        except WorkerError as error:
            log.exception("HAProxy keeps its old configuration")
            self._problems = (*self._problems, str(error))
            self._try_again()
            return
        self._layout = layout
        self._reloads += 1
        self._reloaded_at = time.monotonic()
        self._reload_cost_s = self._reloaded_at - started

    def _try_again(self) -> None:
        now = time.monotonic()
        self._dirty_since = self._dirty_since or now
        self._due_at = now + RETRY_S

    def _refresh(self) -> None:
        if time.monotonic() - self._polled_at > max(FRESH_S, self._poll_cost_s * FRESH_SHARE):
            self._poll(PATIENCE_S)

    def _poll(self, wait_s: float = -1) -> None:
        began = time.monotonic()
        rows = self._workers.read(wait_s)
        if rows is None:
            return
        now = time.monotonic()
        self._poll_cost_s, self._polled_at = now - began, now
        totals = self._workers.ledger.totals()
        with self._lock:
            self._verdicts.observe(rows, now)
            if not self._samples or now - self._samples[-1][0] >= POLL_S / 2:
                self._samples.append((now, totals))

    def _ping(self, now: float) -> None:
        with self._lock:
            pinged = self._verdicts.pinged()
        servers = self._layout.servers() if self._layout is not None else {}
        due = {
            name: servers[name].address
            for name, verdict in pinged.items()
            if name in servers and now - self._pinged_at.get(name, -1e9) >= verdict.check.interval_s
        }
        if not due:
            return
        answered = self._pinger.ping(due.values())
        lines = []
        with self._lock:
            for name, address in due.items():
                self._pinged_at[name] = now
                before = self._verdicts.is_up(name)
                self._verdicts.answer(name, now, good=address in answered)
                if before != self._verdicts.is_up(name):
                    lines += self._hold(name, up=not before)
        self._workers.command(lines)

    def _hold(self, name: str, *, up: bool) -> list[str]:
        """Return the commands that put a member back into service, or take it out."""
        assert self._layout is not None
        return [
            f"set server {backend.id}/{name} state {'ready' if up else 'maint'}"
            for backend in self._layout.backends
            for server in backend.servers
            if server.id == name and not server.offline
        ]
