"""How networks are kept as they are read. Source: iControl REST reference, sections 1.5 and 3.2.

Texts of refusals here are unverified.
"""

import ipaddress

from bigip_sim import refusals
from bigip_sim.kinds import DOMAIN
from bigip_sim.names import Address, parse_address, split_path
from bigip_sim.shaping import Write, keep_address, keep_full, keep_paths
from bigip_sim.tree import Draft, Item, Key

_HIGHEST_TAG = 4094
_LOCAL_ONLY = "/Common/traffic-group-local-only"
_FIRST_GROUP = "/Common/traffic-group-1"


def route_domain(write: Write) -> None:
    """A route domain has a number; a VLAN or tunnel sits in exactly one."""
    name = split_path(write.key.name).name
    number = write.own.get("id", name)
    if isinstance(number, str):
        if not number.isdigit():
            raise refusals.nothing_specified()
        number = int(number)
    if not isinstance(number, int) or not 0 <= number <= 65534:
        raise refusals.invalid_value("id", number)
    write.own["id"] = number
    keep_full(write, "parent")
    keep_paths(write, "vlans")
    key = Key(DOMAIN, "", str(number))
    known = write.draft.get(key)
    if known is None:
        write.draft.put(key, DOMAIN, {"of": write.key.name}, builtin=number == 0)
    elif known.own.get("of") != write.key.name:
        raise refusals.configuration_error(f"The route domain id {number} is in use")
    vlans = _vlans(write.own)
    before = _vlans(write.old.own) if write.old is not None else []
    for other in write.draft.of_kind("net/route-domain"):
        if other.key != write.key and set(_vlans(other.own)) & set(vlans):
            _put_vlans(write.draft, other, [v for v in _vlans(other.own) if v not in vlans])
    for vlan in before:
        if vlan not in vlans and not _rejoin(write, vlan):
            write.own["vlans"] = vlans = [*vlans, vlan]


def _rejoin(write: Write, vlan: str) -> bool:
    """Put a VLAN that was let go into its partition's domain; False if that is this one."""
    home = domain_item(write.draft, write.default_domain(split_path(vlan).partition))
    if home is None or home.key == write.key:
        return False
    _put_vlans(write.draft, home, [*_vlans(home.own), vlan])
    return True


def _vlans(own: object) -> list[str]:
    found = own.get("vlans") if hasattr(own, "get") else None
    return list(found) if isinstance(found, list | tuple) else []


def _put_vlans(draft: Draft, domain: Item, vlans: list[str]) -> None:
    own = {field: value for field, value in domain.own.items() if field != "vlans"}
    if vlans:
        own["vlans"] = vlans
    draft.put(domain.key, domain.kind, own, domain.builtin)


def domain_item(draft: Draft, number: int | str) -> Item | None:
    """Return the route domain of a number."""
    twin = draft.get(Key(DOMAIN, "", str(number)))
    return None if twin is None else draft.get(Key("net/route-domain", "", str(twin.own["of"])))


def leave_domain(draft: Draft, vlan: Key) -> None:
    """Take a VLAN or tunnel that goes out of its route domain."""
    for domain in draft.of_kind("net/route-domain"):
        if vlan.name in _vlans(domain.own):
            _put_vlans(draft, domain, [v for v in _vlans(domain.own) if v != vlan.name])


def _join_domain(write: Write) -> None:
    """A new VLAN or tunnel joins the domain that is its partition's default."""
    domain = domain_item(write.draft, write.default_domain())
    if domain is not None and write.key.name not in _vlans(domain.own):
        _put_vlans(write.draft, domain, [*_vlans(domain.own), write.key.name])


def _number_interface(write: Write) -> None:
    if write.old is None:
        both = [i for path in ("net/vlan", "net/tunnels/tunnel") for i in write.draft.of_kind(path)]
        taken = [i.own.get("~ifIndex", 0) for i in both]
        highest = max((n for n in taken if isinstance(n, int)), default=96)
        write.own["~ifIndex"] = highest + 16
        _join_domain(write)


def vlan(write: Write) -> None:
    """Without a tag the device takes the highest that is free."""
    if write.own.get("tag") in {None, 0}:
        taken = {item.own.get("tag") for item in write.draft.of_kind("net/vlan")}
        if write.old is not None:
            write.own["tag"] = write.old.own["tag"]
        else:
            write.own["tag"] = next(t for t in range(_HIGHEST_TAG, 0, -1) if t not in taken)
    tag = write.own["tag"]
    if not isinstance(tag, int) or not 1 <= tag <= _HIGHEST_TAG:
        raise refusals.invalid_value("tag", tag)
    _number_interface(write)


def vlan_interface(write: Write) -> None:
    """An interface is in a VLAN tagged or untagged, not both."""
    if write.body.get("tagged") and write.body.get("untagged"):
        raise refusals.not_together("tagged", "untagged")


def tunnel(write: Write) -> None:
    """A tunnel has a profile, and addresses that are addresses."""
    keep_full(write, "profile")
    if "profile" not in write.own:
        raise refusals.nothing_specified()
    for field in ("localAddress", "remoteAddress", "secondaryAddress"):
        if field in write.own:
            parse_address(str(write.own[field]), field)
    _number_interface(write)


def tunnel_profile(write: Write) -> None:
    """What is not set follows the parent."""
    keep_full(write, "defaultsFrom")


def self_ip(write: Write) -> None:
    """A self IP has an address with its prefix, a VLAN, and services that it lets in."""
    own = write.own
    keep_full(write, "vlan", "trafficGroup")
    text, slash, prefix = str(own.get("address", "")).partition("/")
    if not slash or "vlan" not in own:
        raise refusals.nothing_specified()
    address = write.shown(parse_address(text))
    try:
        network = ipaddress.ip_interface(f"{address.ip}/{prefix}").network
    except ValueError as error:
        raise refusals.invalid_value("address", own["address"]) from error
    own["address"] = f"{address}/{network.prefixlen}"
    own["~place"] = write.place(address)
    own["~network"] = str(network)
    _keep_group(write)
    _keep_services(write)


def _keep_group(write: Write) -> None:
    """Floating is the word for: in a traffic group that floats."""
    own, body = write.own, write.body
    if "floating" in body and "trafficGroup" not in body:
        own["trafficGroup"] = _FIRST_GROUP if body["floating"] == "enabled" else _LOCAL_ONLY
    floats = own.get("trafficGroup", _LOCAL_ONLY) != _LOCAL_ONLY
    own["floating"] = "enabled" if floats else "disabled"
    own["unit"] = 1 if floats else 0


def _keep_services(write: Write) -> None:
    value = write.own.get("allowService")
    if value in ("all", ["all"]):
        write.own["allowService"] = "all"
        return
    if value in (None, "none", [], ["none"]):
        write.own.pop("allowService", None)
        return
    words = value if isinstance(value, list | tuple) else [value]
    for word in words:
        protocol, colon, _ = str(word).partition(":")
        if word != "default" and (not colon or not protocol):
            raise refusals.invalid_value("allowService", word)
    write.own["allowService"] = list(words)


def route(write: Write) -> None:
    """A route leads to one gateway, pool, interface, or nowhere."""
    own = write.own
    keep_full(write, "pool", "tmInterface")
    ways = [field for field in ("gw", "pool", "tmInterface", "blackhole") if field in own]
    if len(ways) != 1:
        text = f"A route ({write.key.name}) has one of gw, pool, interface and blackhole"
        raise refusals.configuration_error(text)
    network, domain = _network(str(own.get("network", "default")))
    if "gw" in own:
        gateway = parse_address(str(own["gw"]), "gw")
        own["gw"] = str(gateway)
        own["~gateway"] = write.place(gateway)
        domain = domain or gateway.route_domain
    else:
        own.pop("~gateway", None)
    own["network"] = network
    domain = domain or str(write.default_domain())
    own["~place"] = f"{network.replace(f'%{domain}', '')}%{domain}"


def _network(text: str) -> tuple[str, str]:
    """Read `default`, `default%10` or `10.0.0.0%10/8`; returns it in its form, and the domain."""
    bare, slash, prefix = text.partition("/")
    word, _, domain = bare.partition("%")
    if domain and not domain.isdigit():
        raise refusals.invalid_value("network", text)
    tail = f"%{domain}" if domain else ""
    if word in {"default", "default-inet6", "any", "any6"} and not slash:
        return ("default-inet6" if word.endswith("6") else "default") + tail, domain
    try:
        network = ipaddress.ip_network(f"{word}/{prefix}" if slash else word)
    except ValueError as error:
        raise refusals.invalid_value("network", text) from error
    if not network.prefixlen:
        return ("default" if network.version == 4 else "default-inet6") + tail, domain
    return f"{network.network_address}{tail}/{network.prefixlen}", domain


def neighbour(write: Write) -> None:
    """An ARP or NDP entry has an address, which may be its name, and a MAC address."""
    write.own.setdefault("ipAddress", split_path(write.key.name).name)
    keep_address(write, "ipAddress")
    if "macAddress" not in write.own:
        raise refusals.nothing_specified()


def fdb_record(write: Write) -> None:
    """A record's name is a MAC address; what is behind it is an address or an interface."""
    endpoint = write.own.get("endpoint")
    in_tunnel = write.kind.path == "net/fdb/tunnel/records"
    if in_tunnel and not write.own.keys() & {"endpoint", "endpoints"}:
        _refuse_empty(write)
    if isinstance(endpoint, str):
        address: Address = parse_address(endpoint, "endpoint")
        write.own["endpoint"] = str(address)


def _refuse_empty(write: Write) -> None:
    """From 12.1 a record says what is behind it: issue 733 of f5-common-python, and its text."""
    if write.about.at_least("12.1"):
        record = f"{write.key.owner} {write.key.name}"
        text = f"The tunnel FDB record ({record}) has an empty entry."
        raise refusals.configuration_error(text)
