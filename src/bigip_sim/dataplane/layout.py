"""What HAProxy has to do for a configuration, as plain values.

Mapping: iControl REST reference, section 5.1. What cannot be carried becomes a problem, a sentence.
"""

import re
from dataclasses import dataclass, replace

from bigip_sim.dataplane.checks import NOT_SIMULATED, PING, Check, read_check
from bigip_sim.dataplane.cookies import cookie_value
from bigip_sim.health import member_monitor, node_of
from bigip_sim.kinds import monitor_names
from bigip_sim.names import parse_address, parse_endpoint, split_path, split_port
from bigip_sim.reading import Reader
from bigip_sim.traffic import Idle
from bigip_sim.tree import Item, Key, Tree

HEAVIEST = 256  # HAProxy's largest weight
_NO_TOKEN = re.compile(r"[^A-Za-z0-9_.~-]")  # what cannot be in a cookie's name
_LEAST = ("least-connections", "observed", "predictive", "fastest", "least-sessions", "dynamic")


@dataclass(frozen=True, slots=True)
class Server:
    """One pool member."""

    id: str
    pool: str
    member: str
    address: str
    port: int
    weight: int = 1
    offline: bool = False  # forced by an administrator
    backup: bool = False
    limit: int = 0
    check: Check | None = None
    cookie: str = ""


@dataclass(frozen=True, slots=True)
class Backend:
    """One pool, in one mode and with one kind of persistence."""

    id: str
    mode: str  # http or tcp
    balance: str
    servers: tuple[Server, ...]
    checker: str = ""  # the backend of the same pool whose checks count; "" if this is it
    cookie_name: str = ""
    reuses: bool = False


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
    forwards: bool = False  # X-Forwarded-For


@dataclass(frozen=True, slots=True)
class Layout:
    """All of it."""

    frontends: tuple[Frontend, ...] = ()
    backends: tuple[Backend, ...] = ()
    problems: tuple[str, ...] = ()

    def servers(self) -> dict[str, Server]:
        """Return the members by id."""
        return {server.id: server for backend in self.backends for server in backend.servers}

    def without(self, addresses: dict[tuple[str, int], str]) -> "Layout":
        """Leave out what cannot listen, for the reasons given."""
        kept = tuple(f for f in self.frontends if (f.address, f.port) not in addresses)
        lost = [f for f in self.frontends if (f.address, f.port) in addresses]
        reasons = [
            f"virtual server {f.virtual} does not listen on {f.address}:{f.port}: "
            f"{addresses[f.address, f.port]}"
            for f in lost
        ]
        return replace(self, frontends=kept, problems=(*self.problems, *reasons))


class Ids:
    """Short names for HAProxy, the same for as long as the object lives."""

    def __init__(self) -> None:
        self._known: dict[tuple[Key, int], str] = {}

    def of(self, prefix: str, item: Item) -> str:
        """Return the name; an object deleted and made again gets another."""
        key = (item.key, item.born)
        if key not in self._known:
            self._known[key] = f"{prefix}{len(self._known) + 1}"
        return self._known[key]


@dataclass(frozen=True, slots=True)
class _Need:
    """How one virtual server wants its pool."""

    pool: str
    mode: str = "tcp"
    cookie: bool = False
    by_source: bool = False
    reuses: bool = False

    @property
    def suffix(self) -> str:
        marks = (
            "c" if self.cookie else "",
            "s" if self.by_source else "",
            "r" if self.reuses else "",
        )
        return f".{self.mode}{''.join(marks)}"


class Planner:
    """Builds the layout of one tree; keeps names from one time to the next."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._ids = Ids()

    def plan(self, tree: Tree, *, active: bool) -> Layout:
        """Return what HAProxy has to do; a standby unit only monitors."""
        return _Plan(tree, self._ids, Reader(tree, self._version, Idle())).build(active=active)


class _Plan:
    def __init__(self, tree: Tree, ids: Ids, reader: Reader) -> None:
        self._tree = tree
        self._ids = ids
        self._reader = reader
        self._checks: dict[str, Check | None] = {}
        self._problems: list[str] = []

    def build(self, *, active: bool) -> Layout:
        needs: dict[_Need, None] = {}
        frontends = []
        taken: dict[tuple[str, int], str] = {}
        for virtual in self._tree.of_kind("ltm/virtual"):
            frontend, need = self._frontend(virtual)
            if need is not None:
                needs[need] = None
            if frontend is None:
                continue
            place = (frontend.address, frontend.port)
            if place in taken:
                self._problem(virtual, f"{place[0]}:{place[1]} is carried for {taken[place]}")
                continue
            taken[place] = virtual.key.name
            frontends.append(frontend)
        backends = self._backends(needs)
        kept = tuple(frontends) if active else ()
        return Layout(kept, tuple(backends), tuple(dict.fromkeys(self._problems)))

    def _problem(self, virtual: Item, why: str) -> None:
        self._problems.append(f"virtual server {virtual.key.name} is not carried: {why}")

    def _frontend(self, virtual: Item) -> tuple[Frontend | None, _Need | None]:
        own = virtual.own
        profiles = self._profiles(virtual)
        mode = "http" if "ltm/profile/http" in profiles else "tcp"
        pool = own.get("pool")
        need = self._need(virtual, pool, mode, profiles) if isinstance(pool, str) else None
        if own.get("disabled") or not self._address_enabled(virtual):
            return None, need
        address, port = parse_endpoint(str(own["destination"]).rpartition("/")[2])
        why_not = _not_carried(address.ip, port, str(own.get("ipProtocol", "any")), profiles)
        if why_not:
            self._problem(virtual, why_not)
            return None, need
        http = profiles.get("ltm/profile/http")
        forwards = http is not None and self._attribute(http, "insertXforwardedFor") == "enabled"
        backend = self._backend_id(need) if need is not None else ""
        return (
            Frontend(
                self._ids.of("v", virtual),
                virtual.key.name,
                address.ip,
                port,
                mode,
                backend,
                _int(own.get("connectionLimit")),
                forwards,
            ),
            need,
        )

    def _need(self, virtual: Item, pool: object, mode: str, profiles: dict[str, Item]) -> _Need:
        persist = virtual.own.get("persist")
        names = persist if isinstance(persist, list) else []
        items = [self._tree.get(Key("persistence", "", name)) for name in names]
        kinds = {item.kind for item in items if item is not None}
        return _Need(
            str(pool),
            mode,
            mode == "http" and "ltm/persistence/cookie" in kinds,
            "ltm/persistence/source-addr" in kinds,
            mode == "http" and "ltm/profile/one-connect" in profiles,
        )

    def _profiles(self, virtual: Item) -> dict[str, Item]:
        found = {}
        for link in self._tree.of_kind("ltm/virtual/profiles", virtual.key.name):
            item = self._tree.get(Key("profile", "", link.key.name))
            if item is not None:
                found[item.kind] = item
        return found

    def _address_enabled(self, virtual: Item) -> bool:
        key = Key("ltm/virtual-address", "", str(virtual.own.get("~address", "")))
        address = self._tree.get(key)
        return address is None or address.own.get("enabled", "yes") == "yes"

    def _attribute(self, item: Item, name: str) -> object:
        return self._reader.attributes(item).get(name)

    def _backend_id(self, need: _Need) -> str:
        pool = self._tree.get(Key("ltm/pool", "", need.pool))
        return self._ids.of("p", pool) + need.suffix if pool is not None else ""

    def _backends(self, needs: dict[_Need, None]) -> list[Backend]:
        wanted: dict[str, list[_Need]] = {}
        for need in needs:
            wanted.setdefault(need.pool, []).append(need)
        backends = []
        for pool in self._tree.of_kind("ltm/pool"):
            servers = self._servers(pool)
            checks = {s.check for s in servers if s.check is not None and s.check.how != PING}
            if len(checks) > 1:
                self._problems.append(f"members of {pool.key.name} share the first's monitor")
            checker = ""
            of_pool = sorted(
                wanted.get(pool.key.name, [_Need(pool.key.name)]), key=lambda n: n.suffix
            )
            for need in of_pool:
                backends.append(self._backend(pool, need, servers, checker))
                checker = checker or backends[-1].id
        return backends

    def _backend(
        self, pool: Item, need: _Need, servers: tuple[Server, ...], checker: str
    ) -> Backend:
        mode = str(pool.own.get("loadBalancingMode", "round-robin"))
        balance = "leastconn" if any(word in mode for word in _LEAST) else "roundrobin"
        if need.by_source:
            balance = "source"
        name = ""
        if need.cookie:
            name = "BIGipServer" + _NO_TOKEN.sub("_", split_path(pool.key.name).name)
            servers = tuple(replace(s, cookie=cookie_value(s.address, s.port)) for s in servers)
        return Backend(
            self._ids.of("p", pool) + need.suffix,
            need.mode,
            balance,
            servers,
            checker,
            name,
            need.reuses,
        )

    def _servers(self, pool: Item) -> tuple[Server, ...]:
        members = self._tree.of_kind("ltm/pool/members", pool.key.name)
        by_ratio = "ratio" in str(pool.own.get("loadBalancingMode", ""))
        highest = max((_int(m.own.get("priorityGroup")) for m in members), default=0)
        grouped = _int(pool.own.get("minActiveMembers")) > 0
        return tuple(
            self._server(
                member,
                weight=_int(member.own.get("ratio"), 1) if by_ratio else 1,
                backup=grouped and _int(member.own.get("priorityGroup")) < highest,
            )
            for member in members
        )

    def _server(self, member: Item, *, weight: int, backup: bool) -> Server:
        node = node_of(self._tree, member)
        owns = [member.own] + ([node.own] if node is not None else [])
        disabled = any(own.get("~session") == "user-disabled" for own in owns)
        _, port = split_port(split_path(member.key.name).name)
        return Server(
            self._ids.of("s", member),
            member.key.owner,
            member.key.name,
            parse_address(str(member.own["address"])).ip,
            int(port) if port.isdigit() else 0,
            0 if disabled else min(max(weight, 1), HEAVIEST),
            any(own.get("~state") == "user-down" for own in owns),
            backup,
            _int(member.own.get("connectionLimit")),
            self._check(member),
        )

    def _check(self, member: Item) -> Check | None:
        expression = member_monitor(self._tree, member)
        if expression not in self._checks:
            self._checks[expression] = self._read_check(expression)
        return self._checks[expression]

    def _read_check(self, expression: str) -> Check | None:
        names = monitor_names(expression)
        if len(names) > 1:
            self._problems.append(f"of the monitors {expression} only {names[0]} is carried out")
        for name in names:
            item = self._tree.get(Key("monitor", "", name))
            if item is None:
                continue
            if item.kind in NOT_SIMULATED:
                self._problems.append(
                    f"monitor {name} is carried out as {NOT_SIMULATED[item.kind]}"
                )
            return read_check(item.kind, self._reader.attributes(item))
        return None


def _not_carried(ip: str, port: int, protocol: str, profiles: dict[str, Item]) -> str:
    if not (ip.startswith("127.") or ip == "::1"):
        return f"{ip} is no loopback address"
    if port < 1:
        return "it listens on every port"
    if protocol not in {"tcp", "any"} or "ltm/profile/udp" in profiles:
        return f"bigip-sim carries TCP only, not {protocol}"
    if "ltm/profile/client-ssl" in profiles:
        return "bigip-sim does not terminate TLS yet"
    return ""


def _int(value: object, otherwise: int = 0) -> int:
    return value if isinstance(value, int) else otherwise
