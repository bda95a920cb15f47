"""What HAProxy and the datagram forwarder have to do, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bigip_sim.dataplane.checks import Watch

LOCAL_GROUP = "/Common/traffic-group-local-only"
MAIN_GROUP = "/Common/traffic-group-1"


@dataclass(frozen=True, slots=True)
class Tuning:
    """What of a member changes without a reload."""

    weight: int = 1
    disabled: bool = False  # only sessions that persist go on
    offline: bool = False  # forced by an administrator
    group: int = 0  # priority; the highest is used first


@dataclass(frozen=True, slots=True)
class Server:
    """One pool member."""

    id: str
    pool: str
    member: str
    address: str
    port: int
    node: str = ""
    limit: int = 0
    watch: Watch | None = None
    native: bool = False  # HAProxy itself carries the monitor out
    cookie: str = ""
    rate: int = 0  # new connections per second


@dataclass(frozen=True, slots=True)
class Queue:
    """How those wait whom no member has room for."""

    depth: int = 0  # 0: any number
    wait_ms: int = 0  # 0: for as long as they like


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool: who serves, and what decides among them."""

    id: str
    name: str
    servers: tuple[Server, ...] = ()
    tunings: Mapping[str, Tuning] = field(default_factory=dict)  # by server id
    nodes: Mapping[str, tuple[str, Watch]] = field(default_factory=dict)  # name -> address, watch
    minimum: int = 0  # members that must be available before a lower group may rest
    balance: str = "roundrobin"
    problems: tuple[str, ...] = ()
    queue: Queue | None = None
    ends: bool = False  # the connections of a member that goes down


@dataclass(frozen=True, slots=True)
class Stick:
    """A table that remembers who was sent where."""

    key: str  # HAProxy's expression
    seconds: int
    kind: str = "ip"  # ip, ipv6 or string
    learns: str = ""  # what of the answer is remembered, instead of what was asked


@dataclass(frozen=True, slots=True)
class Cookie:
    """How a cookie names the member."""

    name: str
    words: str  # HAProxy's, after the name
    blank: str = ""  # the name under which members leave room for it


@dataclass(frozen=True, slots=True)
class Tls:
    """How clients are met over TLS."""

    listing: str  # the file that lists certificates
    words: str


@dataclass(frozen=True, slots=True)
class ServerTls:
    """How members are spoken to over TLS."""

    words: str


@dataclass(frozen=True, slots=True)
class Need:
    """How one virtual server wants its pool."""

    pool: str
    mode: str = "tcp"
    cookie: Cookie | None = None
    sticks: tuple[Stick, ...] = ()
    reuses: bool = False
    sources: tuple[str, ...] = ()  # addresses that connections to members come from
    tls: ServerTls | None = None
    keeps_port: bool = False  # members are asked on the port that the client asked for


@dataclass(frozen=True, slots=True)
class Backend:
    """One pool as one or several virtual servers want it."""

    id: str
    mode: str  # http or tcp
    balance: str
    servers: tuple[Server, ...]
    need: Need
    checker: str = ""  # the backend of the same pool whose checks count; "" if this is it
    queue: Queue | None = None


@dataclass(frozen=True, slots=True)
class Frontend:
    """One virtual server."""

    id: str
    virtual: str
    address: str
    port: int
    mode: str
    backend: str = ""
    limit: int = 0
    rate: int = 0  # new connections per second
    source: str = ""  # who may connect; "" for everybody
    forwards: bool = False  # X-Forwarded-For
    rules: tuple[str, ...] = ()  # lines of policies and iRules
    tls: Tls | None = None
    group: str = MAIN_GROUP
    place: str = ""  # its virtual address
    place_limit: int = 0  # connections of all virtual servers on that
    beside: tuple[str, ...] = ()  # the others on it


@dataclass(frozen=True, slots=True)
class Datagrams:
    """One UDP virtual server."""

    id: str
    virtual: str
    address: str
    port: int
    pool: str
    idle_s: float = 60.0
    limit: int = 0
    each: bool = False  # every datagram finds its member anew
    by_source: float = 0.0  # seconds for which a client's address keeps its member
    group: str = MAIN_GROUP
    source_bits: int = 128  # of the client's address, how much of it counts


@dataclass(frozen=True, slots=True)
class Layout:
    """All of it."""

    frontends: tuple[Frontend, ...] = ()
    backends: tuple[Backend, ...] = ()
    datagrams: tuple[Datagrams, ...] = ()
    pools: Mapping[str, Pool] = field(default_factory=dict)  # by name
    files: Mapping[str, str] = field(default_factory=dict)  # name -> content
    problems: tuple[str, ...] = ()

    def servers(self) -> dict[str, Server]:
        """Return the members by id."""
        return {server.id: server for pool in self.pools.values() for server in pool.servers}

    def same_shape(self, other: "Layout") -> bool:
        """Whether HAProxy would be told the same, but for what it takes while it runs."""
        return (self.frontends, self.backends, self.files) == (
            other.frontends,
            other.backends,
            other.files,
        )

    def without(self, addresses: Mapping[tuple[str, int], str]) -> "Layout":
        """Leave out what cannot listen, for the reasons given."""
        kept = tuple(f for f in self.frontends if (f.address, f.port) not in addresses)
        lost = [f for f in self.frontends if (f.address, f.port) in addresses]
        reasons = [
            f"virtual server {f.virtual} does not listen on {f.address}:{f.port}: "
            f"{addresses[f.address, f.port]}"
            for f in lost
        ]
        return replace(self, frontends=kept, problems=(*self.problems, *reasons))
