"""A service graph: one load balancer with everything under it, as it must be."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bigip_lbaas.domain.ids import LoadBalancerId, ObjectId, ProjectId


class ObjectKind(StrEnum):
    """The kinds of object that have a status of their own."""

    LOAD_BALANCER = "loadbalancer"
    LISTENER = "listener"
    POOL = "pool"
    MEMBER = "member"
    HEALTH_MONITOR = "healthmonitor"


class ListenerProtocol(StrEnum):
    """Protocols of a listener; HTTPS is passed through, not terminated."""

    HTTP = "HTTP"
    TCP = "TCP"
    HTTPS = "HTTPS"


class PoolProtocol(StrEnum):
    """Protocols of a pool."""

    HTTP = "HTTP"
    TCP = "TCP"
    HTTPS = "HTTPS"


class Algorithm(StrEnum):
    """How a pool chooses among its members."""

    ROUND_ROBIN = "ROUND_ROBIN"
    LEAST_CONNECTIONS = "LEAST_CONNECTIONS"
    SOURCE_IP = "SOURCE_IP"


class MonitorType(StrEnum):
    """How a health monitor probes a member."""

    HTTP = "HTTP"
    TCP = "TCP"
    PING = "PING"


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """Names one object of a graph."""

    kind: ObjectKind
    id: str


@dataclass(frozen=True, slots=True)
class HealthMonitor:
    """How a pool's members are probed.

    delay_s between probes, timeout_s for one probe; max_retries good answers bring a member up,
    max_retries_down bad ones take it down. expected_codes as the API writes them: "200",
    "200,202" or "200-204". The three HTTP fields are None for TCP and PING.
    """

    id: ObjectId
    type: MonitorType
    delay_s: int
    timeout_s: int
    max_retries: int
    max_retries_down: int = 3
    admin_state_up: bool = True
    http_method: str | None = None
    url_path: str | None = None
    expected_codes: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One address that answers requests. weight 0..256; 0 takes no new connections."""

    id: ObjectId
    address: str  # IPv4 or IPv6, canonical text
    protocol_port: int
    weight: int = 1
    admin_state_up: bool = True


@dataclass(frozen=True, slots=True)
class Pool:
    """Members and how to choose among them; members are sorted by id."""

    id: ObjectId
    protocol: PoolProtocol
    algorithm: Algorithm
    admin_state_up: bool = True
    members: tuple[Member, ...] = ()
    monitor: HealthMonitor | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """One port of the VIP. connection_limit -1 means no limit."""

    id: ObjectId
    protocol: ListenerProtocol
    protocol_port: int
    default_pool_id: ObjectId | None = None
    connection_limit: int = -1
    admin_state_up: bool = True


@dataclass(frozen=True, slots=True)
class ServiceGraph:
    """One load balancer with everything under it; listeners and pools are sorted by id."""

    id: LoadBalancerId
    project_id: ProjectId
    vip_address: str  # IPv4 or IPv6, canonical text
    name: str = ""
    admin_state_up: bool = True
    listeners: tuple[Listener, ...] = ()
    pools: tuple[Pool, ...] = ()

    def pool(self, pool_id: str) -> Pool | None:
        """Return the pool of that id, or None."""
        return next((pool for pool in self.pools if pool.id == pool_id), None)

    def objects(self) -> Iterator[ObjectRef]:
        """Yield every object, the load balancer first, parents before children."""
        yield ObjectRef(ObjectKind.LOAD_BALANCER, self.id)
        for listener in self.listeners:
            yield ObjectRef(ObjectKind.LISTENER, listener.id)
        for pool in self.pools:
            yield ObjectRef(ObjectKind.POOL, pool.id)
            for member in pool.members:
                yield ObjectRef(ObjectKind.MEMBER, member.id)
            if pool.monitor:
                yield ObjectRef(ObjectKind.HEALTH_MONITOR, pool.monitor.id)

    def member_addresses(self) -> frozenset[str]:
        """Return the distinct addresses of all members: each becomes one node."""
        return frozenset(member.address for pool in self.pools for member in pool.members)
