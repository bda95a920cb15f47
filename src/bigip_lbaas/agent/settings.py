"""What an agent can be told, as plain values; read from configuration in cmd."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bigip_lbaas.domain.cluster import EACH, EQUAL
from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber
from bigip_lbaas.icontrol.metrics import ESTABLISHED, Metric
from bigip_lbaas.reconcile.render import TRAFFIC_GROUP_1
from bigip_lbaas.scheduling.capacity_policy import CapacityPolicy


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """One agent's settings.

    traffic_groups: full paths; projects are spread over them.
    instance: random, of this process; two that live at the same time cannot be one agent.
    runs_as: its number and configuration files, for whoever is refused because of it.
    device_sync, device_set: see domain.cluster. sync_look_s: how often the devices of a group that
    syncs by itself are asked how that stands.
    report_interval_s: how often the group's capacity is measured and reported. retry_s: the
    first wait after a device could not be reached or was busy; it doubles up to retry_most_s.
    device_retry_most_s: the same most for asking a device again that is left alone. slow_s: how
    long a device may go on when another one of the group has done the same.
    call_timeout_s: how long a first call may stay unanswered before the next one is tried; once a
    lease is known, a third of it. measure_timeout_s: how long a report waits for a device.
    save_interval_s: how often devices are told to save what was changed; 0: never.
    purge_limit: so many partitions that belong to nobody are taken away from a device at most;
    stray_interval_s: how often they are looked for.
    audit_interval_s: how often devices are compared with what the database wants; 0: only when an
    operator asks. audit_policy: report, or repair.
    metrics: all that can be measured, by name. counted: names whose partitions (and objects in
    /Common) are counted; None: everything on the device is.
    """

    environment: EnvironmentName
    host: str
    group: GroupNumber
    policy: CapacityPolicy | None = None
    tags: tuple[str, ...] = ()
    report_interval_s: float = 10.0
    retry_s: float = 1.0
    retry_most_s: float = 30.0
    device_retry_most_s: float = 30.0
    slow_s: float = 5.0
    call_timeout_s: float = 2.0
    measure_timeout_s: float = 10.0
    workers: int = 4
    save_interval_s: float = 30.0
    purge_limit: int = 50
    stray_interval_s: float = 300.0
    audit_interval_s: float = 3600.0
    audit_policy: str = "repair"
    traffic_groups: tuple[str, ...] = (TRAFFIC_GROUP_1,)
    metrics: Mapping[str, Metric] = field(default_factory=lambda: ESTABLISHED)
    counted: Callable[[str], bool] | None = None
    instance: str = ""
    runs_as: str = ""
    device_sync: str = EACH
    device_set: str = EQUAL
    sync_look_s: float = 2.0

    @property
    def agent_id(self) -> AgentId:
        """Return who this agent is: one per host and device group, so a restart replaces it."""
        return AgentId(f"{self.host}:{self.group}")


class Pause(Protocol):
    """Something that can be waited for, such as a threading.Event."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set or the time is over; return whether it is set."""


class Clock(Protocol):
    """The only clock of an agent."""

    def monotonic_s(self) -> float:
        """Return seconds on a clock that only grows."""

    def time_s(self) -> float:
        """Return seconds since 1970, as this machine has them."""

    def wait(self, pause: Pause, timeout_s: float) -> bool:
        """Wait for `pause`, at most timeout_s; return whether it was set."""
