"""What an agent does beside its line: it reports, saves, sweeps and counts what its devices have.

Each chore has a thread of its own: none holds up the work, nor another chore.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from bigip_lbaas.agent.beating import FIRST_LOOK_S
from bigip_lbaas.agent.group import DeviceGroup
from bigip_lbaas.agent.inventory import Inventory
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.reporting import Reporter
from bigip_lbaas.agent.saving import Saver
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.strays import Strays
from bigip_lbaas.agent.surroundings import Surroundings
from bigip_lbaas.bus import topics
from bigip_lbaas.wire.codec import decode, encode
from bigip_lbaas.wire.messages import Homeless, StraySearch

LOG = logging.getLogger(__name__)


@dataclass
class Chores:
    """An agent's chores. cast: tells the controllers something, by method and message."""

    settings: AgentSettings
    group: DeviceGroup
    life: Life
    around: Surroundings
    pool: Executor
    cast: Callable[[str, Any], None]
    reporter: Reporter = field(init=False)
    inventory: Inventory = field(init=False)
    strays: Strays = field(init=False)
    saver: Saver = field(init=False)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Have the parts; nothing is begun."""
        naming = self.around.leveller.naming
        self.reporter = Reporter(
            self.settings, self.group, self.life, self.around.clock, self.pool,
            lambda report: self.cast("report", report),
        )  # fmt: skip
        self.inventory = Inventory(
            self.settings, self.group, naming, lambda found: self.cast("sightings", found)
        )
        self.strays = Strays(self.settings, self.group, self.life, naming, self._ask_for_homeless)
        self.saver = Saver(self.group, self.pool)

    def loops(self) -> tuple[Callable[[], None], ...]:
        """Return what threads are to run until `stop`."""
        return (self.report_loop, self.save_loop, self.inventory_loop, self.stray_loop)

    def stop(self) -> None:
        """Have the loops end."""
        self._stop.set()
        self.reporter.stop()
        self.inventory.stop()

    def save(self, within_s: float) -> None:
        """Save what was changed, once more, unless that is never to be done."""
        if self.settings.save_interval_s:
            self.saver.save(within_s)

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

    def _survive(self, doing: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            LOG.exception("a bug: %s could not %s; it goes on", self.settings.agent_id, doing)

    def _ask_for_homeless(self, search: StraySearch) -> Homeless:
        queue = topics.global_queue(self.settings.environment)
        timeout_s = self.settings.call_timeout_s
        answer = self.around.bus.call(queue, "strays", encode(search), timeout_s)
        return decode(Homeless, answer)
