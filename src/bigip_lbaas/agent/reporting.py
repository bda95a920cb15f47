"""Reports how full the group is: at intervals, and soon after what was changed."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace

from bigip_lbaas.agent import capacity
from bigip_lbaas.agent.group import DeviceGroup
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.settings import AgentSettings, Clock
from bigip_lbaas.domain.capacity import CapacityReport

# A reservation is released by a report whose measuring began after the change was written down.
# So a change is reported with the next answered heartbeats, not at once: then what is measured
# and what is reserved are rarely counted both. Two, since the first may have overtaken the change.
REPORTS_AFTER_A_CHANGE = 2


class Reporter:
    """Measures and reports, for a thread of its own: no heartbeat waits for a device."""

    def __init__(
        self,
        settings: AgentSettings,
        group: DeviceGroup,
        life: Life,
        clock: Clock,
        pool: Executor,
        send: Callable[[CapacityReport], None],
    ) -> None:
        """Keep what is given; whoever has the thread calls report_once and wait in turn."""
        self._settings = settings
        self._group = group
        self._life = life
        self._clock = clock
        self._pool = pool
        self._send = send
        self._stop = threading.Event()
        self._now = threading.Event()
        self._survey = capacity.Survey(settings, pool, clock, self._stop)
        self._told: tuple[float, float] | None = None  # the database's clock, and when on ours
        self._clock_offset_s: float | None = None
        self._number = 0
        self._due = 0
        self._looks = 0  # at devices of which one has not said who it is: soon, then more rarely

    def begin(self) -> None:
        """A new life has begun: what the database's clock says is not known yet."""
        self._told = None
        self._due = REPORTS_AFTER_A_CHANGE

    def heard(self, store_time: float) -> None:
        """A heartbeat was answered: what was recorded until now can be seen from now on."""
        self._told = store_time, self._clock.monotonic_s()
        self._clock_offset_s = self._clock.time_s() - store_time
        if self._due:
            self._due -= 1
            self._now.set()

    def changed(self) -> None:
        """Something was changed: report it with the next answered heartbeats."""
        self._due = REPORTS_AFTER_A_CHANGE

    def hurry(self) -> None:
        """Report now."""
        self._now.set()

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._stop.set()
        self._now.set()

    def wait(self) -> None:
        """Wait until the next report is due, or is asked for, or it is time to stop."""
        pause_s = self._settings.report_interval_s
        if any(not member.serial for member in self._group.members):
            pause_s = min(pause_s, self._settings.retry_s * 2 ** min(self._looks, 10))
            self._looks += 1
        if not self._stop.is_set():
            self._clock.wait(self._now, pause_s)
        self._now.clear()

    def _as_of(self, begun_s: float) -> float | None:
        """Return the database's clock when a measuring began, or rather a little earlier.

        The last answer told it, and so much has passed since: the answer's way is not counted, nor
        what this host's clocks may have stood still for.
        """
        told = self._told
        return None if told is None else told[0] + begun_s - told[1]

    def report_once(self, first_look_s: float) -> None:
        """Measure the group and report it, with what the measuring can have seen.

        first_look_s: how long to wait for devices that have not said who they are.
        """
        self._group.identify(self._pool, first_look_s)
        if not self._life.epoch:
            return
        epoch, begun_s = self._life.epoch, self._clock.monotonic_s()
        as_of = self._as_of(begun_s)
        members = {one.serial: one for one in self._group.reachable() if one.serial}
        measurings = self._survey.measure(self._group.by_serial(members.values()))
        for found in measurings:
            if found.is_late:
                continue  # slow at counting is not slow at work
            if found.error is not None:
                self._group.failed(members[found.serial], found.error)
            else:
                self._group.answered(members[found.serial])
        took_s = self._clock.monotonic_s() - begun_s
        self._number += 1
        report = capacity.report(self._settings, epoch, measurings, as_of, self._number)
        report = report or capacity.nothing_read(self._settings, epoch, self._number)
        standings = self._group.standings(self._as_of)
        self._send(
            replace(report, took_s=took_s, clock_offset_s=self._clock_offset_s, standings=standings)
        )
