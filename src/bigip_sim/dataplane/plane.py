"""Keeps HAProxy doing what the configuration says, and tells what came of it.

One thread starts and replaces workers and tells them who may take what; REST answers never wait
for it. Changes are gathered until they are quiet for a while; reloads keep apart (`Haproxy`).
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bigip_sim.configuration import Configuration
from bigip_sim.dataplane.beside import Beside
from bigip_sim.dataplane.layout import Active, Planner, carries
from bigip_sim.dataplane.parts import Layout
from bigip_sim.dataplane.process import WorkerError
from bigip_sim.dataplane.steering import Stand, choices, commands, steer
from bigip_sim.dataplane.verdicts import Target, Verdicts
from bigip_sim.dataplane.workers import Workers
from bigip_sim.traffic import Counters
from bigip_sim.tree import Item, Key

log = logging.getLogger(__name__)

POLL_S = 0.5
POLL_SHARE = 20  # reading takes at most one part of so many of the time
FRESH_S = 0.2  # counters of this age are good enough for an answer
FRESH_SHARE = 5  # or of so many times what reading takes
PATIENCE_S = 0.2  # what an answer may wait for fresher ones
RETRY_S = 1.0
REFUSED_S = 5.0  # until HAProxy is asked again with the same configuration
SILENT_LIMIT_S = 30.0  # a worker that is just starting is waited for
SAMPLES = 1200  # of the totals: five minutes at two or four a second
FEW = 200  # changes that are looked at while the configuration waits
BESIDE = -1  # what is carried beside HAProxy, as a worker's number


@dataclass(frozen=True, slots=True)
class Haproxy:
    """Which program carries traffic, and how soon after one reload the next may come."""

    program: str = "haproxy"
    gap_s: float = 1.0

    @property
    def quiet_s(self) -> float:
        """Return how long nothing must have changed before a change is carried out."""
        return self.gap_s / 5

    @property
    def poll_s(self) -> float:
        """Return how often workers are looked at."""
        return min(POLL_S, self.gap_s / 2)


class DataPlane:
    """HAProxy for one device; answers as `Traffic` and as `Probes`."""

    def __init__(self, configuration: Configuration, version: str, haproxy: Haproxy) -> None:
        self._configuration = configuration
        self._haproxy = haproxy
        self._planner = Planner(version)
        self._workers = Workers(haproxy.program)
        self._verdicts = Verdicts()
        self._beside = Beside(self._answered)
        self._lock = threading.Lock()  # over verdicts, samples and names
        self._names: dict[str, str] = {}  # virtual server -> frontend
        self._members: dict[tuple[str, str], str] = {}  # (pool, member) -> server
        self._samples: deque[tuple[float, Counters]] = deque(maxlen=SAMPLES)
        self._wake = threading.Event()
        self._silent = threading.Event()  # set when power is off and no worker is left
        self._stopping = False
        self._powered = True
        self._active: Active = False
        self._layout: Layout | None = None  # what is wanted
        self._carried: Layout | None = None  # what the worker was given
        self._replacing = False  # the worker has to be replaced for what is wanted
        self._retry_at = 0.0
        self._refused: tuple[str, ...] = ()  # why there is no new worker
        self._stands: dict[str, Stand] = {}  # what it was told of its servers
        self._backends: dict[str, list[str]] = {}  # server -> the backends that it is in
        self._problems: tuple[str, ...] = ()
        self._changes = threading.Lock()
        self._changed_keys: set[Key] | None = None  # since the last plan; None: everything
        self._dirty_since: float | None = time.monotonic()
        self._planning = False
        self._steering_due = False
        self._due_at = 0.0
        self._reloaded_at = self._polled_at = self._tended_at = -haproxy.gap_s
        self._poll_cost_s = self._reload_cost_s = self._plan_cost_s = 0.0
        self._reloads = 0
        self._busy = False
        self._thread = threading.Thread(target=self._run, name="dataplane", daemon=True)

    def start(self) -> None:
        """Begin; nothing listens until the unit is active."""
        self._configuration.on_change(self._changed)
        self._thread.start()

    def stop(self) -> None:
        """End every worker and leave nothing behind."""
        self._stopping = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        else:  # a start that failed half way
            self._beside.stop()
        self._workers.clean_up()

    def place(self, *, powered: bool, active: Active) -> None:
        """Say whether the unit has power, and whether it is the one that carries traffic.

        Losing power waits until nothing is carried any more.
        """
        if (powered, active) == (self._powered, self._active):
            return
        self._powered, self._active = powered, active
        self._silent.clear()
        with self._changes:
            self._dirty_since = time.monotonic() - self._haproxy.quiet_s  # at once
            self._due_at = 0.0
        self._wake.set()
        if not powered and self._thread.is_alive():
            self._silent.wait(SILENT_LIMIT_S)

    def health(self) -> dict[str, object]:
        """Return how it goes, for the control API."""
        listening = len(self._carried.frontends) if self._carried is not None else 0
        waits = self._dirty_since is not None or self._replacing
        return {
            "state": "on" if self._thread.is_alive() else "failed, the log says why",
            "pid": self._workers.pid,
            "listening": listening + self._beside.listening,
            "settled": not (waits or self._busy or self._steering_due),
            "reloads": self._reloads,
            "last_plan_ms": round(self._plan_cost_s * 1000, 1),
            "last_reload_ms": round(self._reload_cost_s * 1000, 1),
            "last_read_ms": round(self._poll_cost_s * 1000, 1),
            "retired_workers": self._workers.retired,
            "problems": [*self._problems, *self._refused, *self._beside.problems],
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

    def server_side(self) -> Counters:
        """Return what the device has carried to and from members."""
        self._refresh()
        return self._workers.ledger.server_side()

    def history(self) -> list[tuple[float, Counters]]:
        """Return the totals of the last minutes, oldest first."""
        self._refresh()
        with self._lock:
            return list(self._samples)

    def result(self, pool: str, member: str) -> str:
        """Return what the monitors of a member have found."""
        with self._lock:
            return self._verdicts.of(pool, member)

    def node_result(self, node: str) -> str:
        """Return what the monitors of a node have found."""
        with self._lock:
            return self._verdicts.of_node(node)

    def _changed(self, changed: Mapping[Key, Item | None]) -> None:
        now = time.monotonic()
        with self._changes:
            if not self._planning and not self._planner.concerned(changed):
                return
            if self._changed_keys is not None:
                self._changed_keys.update(changed)
            if self._dirty_since is None:
                self._dirty_since = now
            pace = self._haproxy
            self._due_at = min(now + pace.quiet_s, self._dirty_since + pace.gap_s)
        self._wake.set()

    def _answered(self, target: Target, now: float, outcome: str) -> None:
        with self._lock:
            changed = self._verdicts.answer(target, now, outcome)
        if changed:
            self._steering_due = True
            self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(self._pause_s(time.monotonic()))
            self._wake.clear()
            self._busy = True
            self._turn(time.monotonic())
            self._busy = False
        self._beside.stop()
        self._workers.stop()

    def _turn(self, now: float) -> None:
        if self._workers.died():
            log.error("HAProxy has ended by itself; it is started anew")
            self._stop_workers()
            self._dirty_since = self._due_at = now
        if self._dirty_since is not None and now >= self._due_at:
            self._renew(now)
        if self._replacing and now >= self._replace_at():
            self._replace(now)
        if now - self._polled_at >= self._poll_every_s():
            self._poll()
        if self._steering_due:
            self._steering_due = False
            self._steer()
        if now - self._tended_at >= self._haproxy.poll_s:
            self._tended_at = now
            self._workers.reap()

    def _replace_at(self) -> float:
        if self._carried is None or not self._carried.frontends:
            return self._retry_at  # what listens on nothing can be replaced as often as one likes
        return max(self._retry_at, self._reloaded_at + self._haproxy.gap_s)

    def _poll_every_s(self) -> float:
        return max(self._haproxy.poll_s, self._poll_cost_s * POLL_SHARE)

    def _pause_s(self, now: float) -> float:
        turns = [self._tended_at + self._haproxy.poll_s]
        if self._dirty_since is not None:
            turns.append(self._due_at)
        if self._replacing:
            turns.append(self._replace_at())
        return max(0.0, min(turns) - now)

    def _renew(self, now: float) -> None:
        """Look at the configuration anew; what needs no new worker is done at once."""
        with self._changes:
            self._dirty_since = None
        if not self._powered:
            self._stop_workers()
            self._beside.listen(())
            self._beside.watch(frozenset())
            self._silent.set()
            return
        groups = [one.group for one in self._carried.frontends] if self._carried is not None else []
        if groups and not any(carries(self._active, group) for group in groups):
            self._stop_workers()  # a unit that stands by lets every connection go at once
        wanted = self._workers.acceptable(self._plan())
        layout = self._workers.listenable(wanted)
        self._say(layout.problems)
        servers = layout.servers()
        with self._lock:
            self._verdicts.expect(layout, now)
            targets = self._verdicts.targets()
            self._names = {one.virtual: one.id for one in wanted.frontends}
            self._names.update((one.virtual, one.id) for one in wanted.datagrams)
            self._members = {(s.pool, s.member): name for name, s in servers.items()}
            self._workers.ledger.keep({*servers, *self._names.values()})
        self._layout, self._retry_at = layout, 0.0
        self._shut(layout)
        self._replacing = self._carried is None or not layout.same_shape(self._carried)
        self._beside.watch(targets)
        self._steer()
        listens = self._beside.listen(layout.datagrams)
        if not listens or len(layout.frontends) != len(wanted.frontends):
            with self._changes:
                self._dirty_since, self._due_at = now, now + RETRY_S

    def _say(self, problems: tuple[str, ...]) -> None:
        for problem in problems:
            if problem not in self._problems:
                log.warning("%s", problem)
        self._problems = problems

    def _shut(self, layout: Layout) -> None:
        """Let go at once of what is listened on no more; the next worker may be a second away."""
        if self._carried is None:
            return
        places = {(f.address, f.port) for f in layout.frontends}
        kept = tuple(f for f in self._carried.frontends if (f.address, f.port) in places)
        if len(kept) == len(self._carried.frontends):
            return
        self._poll()  # what these have carried is not told any more
        gone = set(self._carried.frontends) - set(kept)
        self._workers.command([f"shutdown frontend {frontend.id}" for frontend in gone])
        self._carried = replace(self._carried, frontends=kept)

    def _stop_workers(self) -> None:
        self._workers.stop()
        self._layout = self._carried = None
        self._replacing = False

    def _plan(self) -> Layout:
        began = time.thread_time()
        with self._changes:
            changed, self._changed_keys = self._changed_keys, set()
            self._planning = True
        few = changed is not None and len(changed) < FEW
        with self._configuration.reading() as tree:
            if few:  # sooner done than copying the tree
                layout = self._planner.plan(tree, active=self._active, changed=changed)
            else:
                snapshot = tree.snapshot()
        if not few:
            layout = self._planner.plan(snapshot, active=self._active, changed=changed)
        self._planning = False
        self._plan_cost_s = time.thread_time() - began
        return layout

    def _replace(self, now: float) -> None:
        layout = self._layout
        assert layout is not None
        with self._lock:
            begins = self._verdicts.begins(now)
            stands = self._wanted_stands(layout)
        try:
            layout = self._workers.replace(layout, begins, stands)
        except WorkerError as error:
            log.exception("HAProxy keeps its old configuration")
            self._refused = (str(error),)
            self._retry_at = time.monotonic() + REFUSED_S
            with self._changes:  # what may be listened on may be different then
                self._dirty_since = self._dirty_since or self._retry_at
                self._due_at = self._retry_at
            return
        self._say(layout.problems)
        self._layout = self._carried = layout
        self._stands, self._refused = stands, ()
        self._replacing = False
        self._backends = {}
        for backend in layout.backends:
            for server in backend.servers:
                self._backends.setdefault(server.id, []).append(backend.id)
        self._reloads += 1
        self._reloaded_at = time.monotonic()
        self._reload_cost_s = self._reloaded_at - now

    def _wanted_stands(self, layout: Layout) -> dict[str, Stand]:
        stands: dict[str, Stand] = {}
        for pool in layout.pools.values():
            stands.update(steer(pool, self._verdicts.state))
        return stands

    def _steer(self) -> None:
        """Tell HAProxy and the forwarder who may take what, as far as that has changed."""
        layout = self._layout
        if layout is None:
            return
        with self._lock:
            wanted = self._wanted_stands(layout)
            asked = {d.pool for d in layout.datagrams} & layout.pools.keys()
            state = self._verdicts.state
            datagrams = {name: choices(layout.pools[name], wanted, state) for name in asked}
            downs = self._verdicts.fallen(layout.pools.values())
        told = [
            f"shutdown sessions server {backend}/{name}"
            for name in downs
            for backend in self._backends.get(name, ())
        ]
        told += [
            line
            for name, stand in wanted.items()
            for line in commands(self._backends.get(name, ()), name, self._stands.get(name), stand)
        ]
        self._workers.command(told)
        self._stands = wanted
        self._beside.choose(datagrams)

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
        self._workers.ledger.tell(BESIDE, self._beside.counters())
        totals = self._workers.ledger.totals()
        with self._lock:
            self._steering_due |= self._verdicts.observe(rows, now)
            if not self._samples or now - self._samples[-1][0] >= POLL_S / 2:
                self._samples.append((now, totals))
