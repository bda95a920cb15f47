"""What a virtual server asks for: where it listens, what it does with requests, which pool.

Sources: iControl REST reference, sections 3.5, 3.6 and 5.1.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

from bigip_sim.dataplane.headers import apply_headers
from bigip_sim.dataplane.parts import MAIN_GROUP, Datagrams, Frontend, Need
from bigip_sim.dataplane.persistence import Persistence
from bigip_sim.dataplane.policies import apply_policy
from bigip_sim.dataplane.rulebook import Rulebook
from bigip_sim.dataplane.scripts import apply_rule
from bigip_sim.dataplane.sight import Sight, number
from bigip_sim.dataplane.tls import Files, client_tls, server_tls
from bigip_sim.names import Address, parse_endpoint
from bigip_sim.tree import Item, Key

_FORWARDING = ("ipForward", "l2Forward", "dhcpRelay", "internal")  # these have no pool: inert
_EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})
_UDP_IDLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Carried:
    """One virtual server as it is carried."""

    frontend: Frontend | None = None
    datagrams: Datagrams | None = None
    needs: tuple[Need, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_virtual(sight: Sight, virtual: Item) -> Carried:
    """Return what a virtual server asks for."""
    return _Reading(sight, virtual).carried()


class _Reading:
    def __init__(self, sight: Sight, virtual: Item) -> None:
        self._sight = sight
        self._virtual = virtual
        self._own = virtual.own
        self._profiles = self._read_profiles()
        self._is_http = "ltm/profile/http" in self._profiles
        self._files = Files()
        self._persistence = Persistence(
            sight,
            virtual,
            is_http=self._is_http,
            has_tls="ltm/profile/client-ssl" in self._profiles,
        )
        self._needs: dict[Need, None] = {}

    def carried(self) -> Carried:
        backend = self._pool()
        if self._own.get("translateAddress") == "disabled":
            self._say("is carried with addresses translated")
        if self._own.get("rateLimit", "disabled") != "disabled" and (
            self._own.get("rateLimitMode", "object") != "object"
        ):
            self._say("has its rate limit counted as a whole, whatever rateLimitMode says")
        frontend, datagrams = self._listeners(backend)
        problems = tuple(dict.fromkeys(self._sight.problems))
        return Carried(frontend, datagrams, tuple(self._needs), self._files.found, problems)

    def _listeners(self, backend: str) -> tuple[Frontend | None, Datagrams | None]:
        own = self._own
        if own.get("disabled") or any(own.get(flag) for flag in _FORWARDING):
            return None, None
        if own.get("vlansEnabled") and not own.get("vlans"):
            return None, None  # enabled on no VLAN
        about = self._address()
        if about.get("enabled", "yes") != "yes":
            return None, None
        address, port = parse_endpoint(str(own["destination"]).rpartition("/")[2])
        protocol = str(own.get("ipProtocol", "any"))
        if why_not := _why_not(address, port, protocol):
            self._say(f"is not carried: {why_not}")
            return None, None
        group = str(about.get("trafficGroup", MAIN_GROUP))
        udp = protocol == "udp" or "ltm/profile/udp" in self._profiles
        frontend = None if udp else self._frontend(address, port, backend, group)
        datagrams = None
        if udp or (protocol == "any" and not self._is_http):
            datagrams = self._datagrams(address, port, group)
        return frontend, datagrams

    def _frontend(self, address: Address, port: int, backend: str, group: str) -> Frontend | None:
        limit = number(self._address().get("connectionLimit"))
        http = self._profile("http")
        http2 = self._profile("http2")
        tls = client_tls(
            self._sight,
            self._files,
            self._profiles.get("ltm/profile/client-ssl", ()),
            self._sight.attributes(http2) if http2 is not None and self._is_http else None,
        )
        if tls is not None and not tls.listing:
            self._say("is not carried: it has no certificate to show")
            return None
        return Frontend(
            self._sight.ids.of("v", self._virtual),
            self._virtual.key.name,
            address.ip,
            port,
            "http" if self._is_http else "tcp",
            "" if self._own.get("reject") else backend,
            number(self._own.get("connectionLimit")),
            number(self._own.get("rateLimit")),
            self._source(),
            self._attribute(http, "insertXforwardedFor") == "enabled",
            self._rules(),
            tls,
            group,
            str(self._own.get("~address", "")),
            limit,
        )

    def _address(self) -> Mapping[str, object]:
        where = self._sight.get("ltm/virtual-address", self._own.get("~address", ""))
        return self._sight.attributes(where) if where is not None else {}

    def _rules(self) -> tuple[str, ...]:
        """Return what policies, then iRules do: that it is this order is unverified."""
        book = Rulebook(self._is_http)
        http = self._profile("http")
        if http is not None:
            has_tls = "ltm/profile/client-ssl" in self._profiles
            attributes = self._sight.attributes(http)
            for what in apply_headers(attributes, book, has_tls=has_tls):
                self._say(f"has an http profile whose {what}")
        tree, name = self._sight.tree, self._virtual.key.name
        for link in tree.of_kind("ltm/virtual/policies", name):
            policy = self._sight.get("ltm/policy", link.key.name)
            if policy is not None:
                apply_policy(self._sight, policy, book, self._backend)
        rules = self._own.get("rules")
        for rule in rules if isinstance(rules, list) else ():
            item = self._sight.get("ltm/rule", rule)
            text = str(item.own.get("apiAnonymous", "")) if item is not None else ""
            why_not = apply_rule(str(rule), text, book, self._backend, self._records)
            if why_not:
                self._say(f"has an iRule that does nothing: {rule} holds {why_not!r}")
        return book.written()

    def _records(self, group: str) -> list[str]:
        item = self._sight.get("value list", group)
        records = item.own.get("records") if item is not None else None
        return [str(r["name"]) for r in records] if isinstance(records, list) else []

    def _datagrams(self, address: Address, port: int, group: str) -> Datagrams | None:
        pool = self._own.get("pool")
        if not isinstance(pool, str) or self._own.get("reject"):
            return None
        udp = self._profile("udp")
        idle = self._attribute(udp, "idleTimeout")
        each = self._attribute(udp, "datagramLoadBalancing") == "enabled" or idle == "immediate"
        return Datagrams(
            self._sight.ids.of("v", self._virtual),
            self._virtual.key.name,
            address.ip,
            port,
            pool,
            float(number(idle)) or _UDP_IDLE_S,
            number(self._own.get("connectionLimit")),
            each,
            self._persistence.source_seconds(),
            group,
            self._persistence.source_bits(),
        )

    def _source(self) -> str:
        text = str(self._own.get("source", "0.0.0.0/0"))
        bare, slash, bits = text.partition("/")
        try:
            network = ipaddress.ip_network(f"{bare.partition('%')[0]}{slash}{bits}", strict=False)
        except ValueError:
            return ""
        return "" if str(network) in _EVERYBODY else str(network)

    def _pool(self) -> str:
        pool = self._own.get("pool")
        return self._backend(pool) if isinstance(pool, str) else ""

    def _backend(self, pool: str) -> str:
        """Return the backend for a pool as this virtual server wants it."""
        item = self._sight.get("ltm/pool", pool)
        if item is None:
            return ""
        outward = self._profile("server-ssl")
        need = Need(
            pool,
            "http" if self._is_http else "tcp",
            self._persistence.cookie(pool),
            self._persistence.sticks(),
            self._is_http and "ltm/profile/one-connect" in self._profiles,
            self._sources(),
            server_tls(self._sight, self._files, outward) if outward is not None else None,
            self._own.get("translatePort") == "disabled",
        )
        self._needs[need] = None
        return backend_id(self._sight, item, need)

    def _sources(self) -> tuple[str, ...]:
        """Return the addresses that members are spoken to from; SNAT: section 3.6."""
        translation = self._own.get("sourceAddressTranslation")
        if not isinstance(translation, dict) or translation.get("type") != "snat":
            return ()  # automap's self IPs are not on this host; any loopback address will do
        pool = self._sight.get("ltm/snatpool", translation.get("pool", ""))
        members = pool.own.get("members") if pool is not None else None
        found = []
        for name in members if isinstance(members, list) else ():
            item = self._sight.get("ltm/snat-translation", name)
            address = str(item.own.get("address", "")).partition("%")[0] if item else ""
            if address.startswith("127."):
                found.append(address)
            elif address:
                self._say(f"cannot speak to members from {address}: no loopback address")
        return tuple(found)

    def _read_profiles(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {}
        for link in self._sight.tree.of_kind("ltm/virtual/profiles", self._virtual.key.name):
            item = self._sight.tree.get(Key("profile", "", link.key.name))
            if item is not None:
                found.setdefault(item.kind, []).append(item)
        return found

    def _profile(self, leaf: str) -> Item | None:
        return next(iter(self._profiles.get(f"ltm/profile/{leaf}", ())), None)

    def _attribute(self, item: Item | None, name: str) -> object:
        return self._sight.attributes(item).get(name) if item is not None else None

    def _say(self, what: str) -> None:
        self._sight.problem(f"virtual server {self._virtual.key.name} {what}")


def backend_id(sight: Sight, pool: Item, need: Need) -> str:
    """Return the name of the backend that a pool is for one kind of virtual server."""
    return sight.ids.named(f"{sight.ids.of('p', pool)}.", need)


def _why_not(address: Address, port: int, protocol: str) -> str:
    if not (address.ip.startswith("127.") or address.ip == "::1"):
        return f"{address.ip} is no loopback address"
    if port < 1:
        return "it listens on every port"
    if protocol not in {"tcp", "udp", "any"}:
        return f"bigip-sim carries TCP and UDP, not {protocol}"
    return ""
