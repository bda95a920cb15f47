"""What an agent says of how full its device group is."""

from dataclasses import dataclass

from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber

# Counts are known exactly when a load balancer is placed; everything else can only be estimated.
EXACT_METRICS = frozenset({"tenant_count", "node_count"})
# These are on the devices as soon as the load balancer is; traffic, and what it takes, comes later.
COUNTS = EXACT_METRICS | {
    "route_domain_count",
    "vlan_count",
    "tunnel_count",
    "clientssl_profile_count",
    "virtual_server_count",
    "pool_member_count",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric of a group, in the metric's unit, and its limit.

    over: of how many devices value and limit are the sum. 1: the fullest device's value and the
    limit of one; more: traffic that so many active devices share.
    """

    metric: str
    value: float
    limit: float
    over: int = 1

    @property
    def share(self) -> float:
        """Return value / limit: 0.0 idle, 1.0 at capacity."""
        return self.value / self.limit


@dataclass(frozen=True, slots=True)
class DeviceStanding:
    """How one device does, as one agent sees it.

    answers: work goes there; is_slow: it has not finished earlier work, and gets no other until
    then. since_at: when it began to answer, or not to. said: its last error. again_at: when it is
    asked again. Both on the database's clock, seconds since 1970. allowed: how many requests the
    agent may have under way there now, of its share.
    """

    device: str  # serial number
    answers: bool
    is_slow: bool = False
    since_at: float | None = None
    said: str = ""
    again_at: float | None = None
    allowed: int = 0
    share: int = 0


@dataclass(frozen=True, slots=True)
class CapacityReport:
    """One measuring of one device group by one agent.

    as_of is the database's clock (seconds since 1970) when the measuring began, or rather a
    little earlier: as told by the last heartbeat answer, and what has passed since (None before
    the first answer). Whatever was recorded as applied earlier has been seen by these readings.
    has_policy False: nothing is measured and the score is 0.0. unreadable names metrics that
    could not be read, with the reason: then the score is not known. standings: of all devices of
    the group; a report without any device that was read says nothing else.
    """

    environment: EnvironmentName
    group: GroupNumber
    agent_id: AgentId
    epoch: str
    has_policy: bool
    readings: tuple[Reading, ...] = ()
    unreadable: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()  # serial numbers of the devices that were read
    took_s: float = 0.0
    as_of: float | None = None
    number: int = 0
    clock_offset_s: float | None = None
    standings: tuple[DeviceStanding, ...] = ()

    @property
    def environment_capacity_score(self) -> float | None:
        """Return the highest share; 0.0 without a policy; None when a metric was unreadable."""
        if not self.has_policy:
            return 0.0
        if self.unreadable or not self.readings:
            return None
        return max(reading.share for reading in self.readings)

    @property
    def binding_metric(self) -> str | None:
        """Return the metric that makes the score, or None when there is no score."""
        if not self.has_policy or self.unreadable or not self.readings:
            return None
        return max(self.readings, key=lambda reading: (reading.share, reading.metric)).metric
