"""What an agent does beside its line: it reports, saves, sweeps, and looks at what devices have.

Each chore has a thread of its own: none holds up the work, nor another chore.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from bigip_lbaas.agent.audit import Audit, Ears
from bigip_lbaas.agent.beating import FIRST_LOOK_S
from bigip_lbaas.agent.group import DeviceGroup
from bigip_lbaas.agent.inventory import Inventory
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.reporting import Reporter
from bigip_lbaas.agent.saving import Saver
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.strays import Strays
from bigip_lbaas.agent.surroundings import Surroundings
from bigip_lbaas.agent.syncing import SyncWatch
from bigip_lbaas.bus import topics
from bigip_lbaas.wire.codec import decode, encode
from bigip_lbaas.wire.messages import (
    Assignment,
    AuditOrder,
    Graphs,
    GraphsWanted,
    Homeless,
    StraySearch,
)

LOG = logging.getLogger(__name__)
A = TypeVar("A")
BY_ITSELF = AuditOrder(0)  # what no operator has asked for
LOOK_AT_EACH_S = 60.0

QUIET_S = 10.0  # between two small questions to a device that answers
PROBE_LOOK_S = 0.5  # between two looks whether a device's time has come


@dataclass
class Chores:
    """An agent's chores.

    cast: tells the controllers something, by method and message. repair: has a load balancer
    brought level once more.
    """

    settings: AgentSettings
    group: DeviceGroup
    life: Life
    around: Surroundings
    pool: Executor
    cast: Callable[[str, Any], None]
    repair: Callable[[Assignment], None]
    reporter: Reporter = field(init=False)
    inventory: Inventory = field(init=False)
    strays: Strays = field(init=False)
    saver: Saver = field(init=False)
    audit: Audit = field(init=False)
    _orders: deque[AuditOrder] = field(default_factory=deque)
    _ordered: threading.Event = field(default_factory=threading.Event)
    syncs: SyncWatch = field(init=False)
    _in_part: int = 0  # audits in a row that left something to be looked at again
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Have the parts; nothing is begun."""
        naming = self.around.leveller.naming
        self.reporter = Reporter(
            self.settings, self.group, self.life, self.around.clock, self.pool,
            lambda report: self.cast("report", report),
        )  # fmt: skip
        tell_sightings = partial(self.cast, "sightings")
        self.inventory = Inventory(self.settings, self.group, naming, tell_sightings)
        self.strays = Strays(
            self.settings, self.group, self.life, naming, self._ask_for_homeless, tell_sightings
        )
        self.saver = Saver(self.group, self.pool)
        clock = self.around.clock
        self.syncs = SyncWatch(self.group, self.life, self.pool, clock.monotonic_s)
        ears = Ears(
            self._ask_for_graphs, lambda found: self.cast("drift", found), self.repair, self.look,
            self._note_audit, clock.monotonic_s,
        )  # fmt: skip
        self.audit = Audit(self.settings, self.group, self.life, self.around.leveller, ears)

    def loops(self) -> tuple[Callable[[], None], ...]:
        """Return what threads are to run until `stop`."""
        loops = (
            self.probe_loop, self.report_loop, self.save_loop, self.inventory_loop,
            self.stray_loop, self.audit_loop,
        )  # fmt: skip
        return (*loops, self.sync_loop) if len(self.group.members) > 1 else loops

    def stop(self) -> None:
        """Have the loops end."""
        self._stop.set()
        self.reporter.stop()
        self.inventory.stop()
        self._ordered.set()

    def look(self) -> None:
        """Look at what the devices have soon: a life has begun, or a device has returned."""
        self.inventory.ask()
        if self.settings.audit_interval_s:
            self.order(BY_ITSELF)

    def order(self, order: AuditOrder) -> None:
        """Have an audit made soon; one that is ordered twice meanwhile is made once."""
        if order not in self._orders:
            self._orders.append(order)
        self._ordered.set()

    def save(self, within_s: float) -> None:
        """Save what was changed, once more, unless that is never to be done."""
        if self.settings.save_interval_s:
            self.saver.save(within_s)

    def probe_loop(self) -> None:
        """Ask devices that are left alone again when their time has come, the others now and then.

        So it is noticed that one has been away though there was nothing to do there.
        """
        while not self.around.clock.wait(self._stop, PROBE_LOOK_S):
            self._survive("ask its devices", lambda: self.group.identify(self.pool, 0.0, QUIET_S))

    def report_loop(self) -> None:
        """Measure the group and report it, at intervals and when asked."""
        while not self._stop.is_set():
            self._survive("report", lambda: self.reporter.report_once(FIRST_LOOK_S))
            self.reporter.wait()

    def save_loop(self) -> None:
        """Save changed devices at intervals."""
        interval_s = self.settings.save_interval_s
        while interval_s and not self.around.clock.wait(self._stop, interval_s):
            self._survive("save", lambda: self.saver.save(interval_s))

    def inventory_loop(self) -> None:
        """Look at what the devices have, when asked."""
        while self.inventory.wait():
            self._survive("look at what its devices have", self.inventory.take)

    def stray_loop(self) -> None:
        """Sweep away what is nobody's, at intervals."""
        interval_s = self.settings.stray_interval_s
        while not self.around.clock.wait(self._stop, interval_s * (0.5 + self.around.jitter())):
            self._survive("sweep", self.strays.sweep_once)

    def audit_loop(self) -> None:
        """Compare what the devices have with what is wanted, at intervals and when asked."""
        while not self._stop.is_set():
            pause_s = self.audit_pause_s() * (0.5 + self.around.jitter())
            pause_s = min(pause_s, threading.TIMEOUT_MAX)
            if not self.around.clock.wait(self._ordered, pause_s):
                self.order(BY_ITSELF)
            self._ordered.clear()
            while self._orders and not self._stop.is_set():
                self._survive("audit", self.audit_once)

    def audit_pause_s(self) -> float:
        """Return how long until the next audit, about: sooner where something needs another look.

        It was left out, or is nobody's, which is removed only if it is found twice.
        """
        interval_s = self.settings.audit_interval_s or threading.TIMEOUT_MAX
        if not (self._in_part and self.settings.audit_interval_s):
            return interval_s
        later_s: float = self.settings.retry_most_s * 2 ** min(self._in_part, 10)
        return min(interval_s, later_s)

    def _note_audit(self, is_whole: bool) -> None:
        self._in_part = 0 if is_whole else self._in_part + 1

    def audit_once(self) -> None:
        """Make the audit that was ordered first, if one was."""
        if self._orders:
            self.audit.run(self._orders.popleft())

    def sync_loop(self) -> None:
        """Watch how the devices agree; seldom where each is written, and nothing depends on it."""
        pause_s = self.settings.sync_look_s if self.group.writes_one else LOOK_AT_EACH_S
        while not self.around.clock.wait(self._stop, pause_s):
            self._survive("look at how its devices agree", self.syncs.look)

    def _survive(self, doing: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            LOG.exception("a bug: %s could not %s; it goes on", self.settings.agent_id, doing)

    def _ask_for_homeless(self, search: StraySearch) -> Homeless:
        return self._ask("strays", search, Homeless)

    def _ask_for_graphs(self, wanted: GraphsWanted) -> Graphs:
        return self._ask("graphs", wanted, Graphs)

    def _ask(self, method: str, message: Any, kind: type[A]) -> A:
        queue = topics.global_queue(self.settings.environment)
        timeout_s = self.settings.call_timeout_s
        return decode(kind, self.around.bus.call(queue, method, encode(message), timeout_s))
