"""How nodes, members, virtual servers and what they stand on are kept as they are read.

Source: iControl REST reference, sections 1.5, 3.3, 3.5, 3.6 and 3.8.
"""

import ipaddress
from collections.abc import Mapping

from bigip_sim import fitting, refusals
from bigip_sim.catalogue import KINDS
from bigip_sim.names import (
    Address,
    join_path,
    parse_address,
    parse_endpoint,
    parse_port,
    split_path,
    split_port,
    write_endpoint,
)
from bigip_sim.shaping import (
    NONE,
    Write,
    keep_address,
    keep_administration,
    keep_full,
    keep_monitors,
    keep_paths,
    paths,
)
from bigip_sim.tree import Item, Key


def node(write: Write) -> None:
    """A node has an address, or a name to look addresses up by."""
    keep_monitors(write)
    keep_administration(write)
    fqdn = _fqdn(write)
    if fqdn.get("tmName"):
        write.own["address"] = "any6"
        write.own.pop("~place", None)
    else:
        write.own.setdefault("address", split_path(write.key.name).name)
        keep_address(write)
    if write.own.get("monitor") in {"none", ""}:
        write.own["monitor"] = NONE


def _fqdn(write: Write) -> Mapping[str, object]:
    """Of `fqdn` only the name may change: section 1.5."""
    given = write.own.get("fqdn")
    if not isinstance(given, Mapping):
        return {}
    before = write.kind.defaults.get("fqdn")
    if write.old is not None:
        before = write.old.own.get("fqdn", before)
    assert isinstance(before, Mapping)
    if write.old is not None:
        for field in given.keys() - {"tmName", "name"}:
            if given[field] != before.get(field):
                raise refusals.not_changeable(f"fqdn.{field}")
    write.own["fqdn"] = kept = {**before, **given}
    return kept


def member(write: Write) -> None:
    """A member stands on a node; a missing one is made with it: section 3.3."""
    keep_monitors(write)
    keep_administration(write)
    fqdn = _fqdn(write)
    path = split_path(write.key.name)
    host, port = split_port(path.name)
    parse_port(port, "name")
    if write.draft.base.get(Key("sys/folder", "", f"/{path.partition}")) is None:
        name = f"{write.key.owner} /{path.partition}/{host} {port}"
        raise refusals.configuration_error(
            f"Can't associate Pool Member ({name}) folder does not exist"
        )
    nodes = KINDS["ltm/node"]
    under = write.draft.get(nodes.key(f"/{path.partition}/{host}"))
    if under is None:
        under = _new_node(write, f"/{path.partition}/{host}", fqdn)
    write.own["address"] = under.own["address"]
    write.own.pop("~place", None)
    if "~place" in under.own:
        write.own["~place"] = under.own["~place"]


def _new_node(write: Write, name: str, fqdn: Mapping[str, object]) -> Item:
    kind = KINDS["ltm/node"]
    path = split_path(name)
    if fqdn.get("tmName"):
        base = kind.defaults["fqdn"]
        assert isinstance(base, Mapping)
        return write.draft.put(
            kind.key(name), kind.path, {"address": "any6", "fqdn": {**base, **fqdn}}
        )
    address = parse_address(str(write.own.get("address", path.name)))
    address = write.shown(address, path.partition)
    own = {"address": str(address), "~place": write.place(address, path.partition)}
    return write.draft.put(kind.key(name), kind.path, own)


def virtual_address(write: Write) -> None:
    """The address is the name's unless another is given."""
    write.own.setdefault("address", write.key.name.rpartition("/")[2])
    parsed = keep_address(write)
    write.own.setdefault("mask", _mask(parsed))
    announced = write.own.get("routeAdvertisement", "disabled")
    newer = write.about.at_least("13.0")
    if announced not in (_ANNOUNCED if newer else {"enabled", "disabled"}):
        raise refusals.invalid_value("routeAdvertisement", announced)


_ANNOUNCED = frozenset({"disabled", "selective", "always", "any", "all"})  # from 13.x: section 3.5


def _mask(address: Address) -> str:
    if address.ip in {"0.0.0.0", "::"}:  # noqa: S104  (compared, not bound)
        return "any" if address.ip != "::" else "any6"
    return "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" if address.is_v6 else "255.255.255.255"


def virtual(write: Write) -> None:
    """A virtual server stands on its address and, for want of others, on a fastL4 profile."""
    own = write.own
    own["lastModifiedTime"] = write.about.now()
    if write.old is None:
        own["creationTime"] = own["lastModifiedTime"]
        # Only that no two are the same matters, and that finding one costs nothing.
        own["vsIndex"] = write.draft.generation * 1024 + len(write.draft.changed) % 1024
    keep_full(write, "pool", "lastHopPool", "fallbackPersistence")
    keep_paths(write, "rules", "vlans", "persist")
    _older_snat(write)
    translation = own.get("sourceAddressTranslation")
    if isinstance(translation, Mapping):
        kept = {k: v for k, v in translation.items() if not k.endswith("Reference")}
        if isinstance(kept.get("pool"), str):
            kept["pool"] = write.path(kept["pool"], "ltm/snatpool")
        if kept.get("type") != "snat":
            kept.pop("pool", None)
        own["sourceAddressTranslation"] = kept
    _destination(write)
    fitting.fit(write)


def _older_snat(write: Write) -> None:
    """Up to 11.x `snat` says the same in one word: section 3.5."""
    word = write.own.pop("snat", None)
    if word is None:
        return
    if write.about.at_least("12.0"):
        raise refusals.unknown_property("snat")
    kinds = {"none": {"type": "none"}, "automap": {"type": "automap"}}
    write.own["sourceAddressTranslation"] = kinds.get(str(word), {"type": "snat", "pool": word})


def _destination(write: Write) -> None:
    """A virtual server stands on a virtual address; a missing one is made: section 3.5."""
    text = str(write.own.get("destination", "0.0.0.0:0"))
    partition = split_path(write.key.name).partition
    folder, _, endpoint = text.rpartition("/")
    address, port = parse_endpoint(endpoint)
    home = folder.strip("/") or partition
    address = write.shown(address, home)
    kind = KINDS["ltm/virtual-address"]
    holder = write.draft.get(kind.key(f"/{home}/{address}")) or _address_holder(write, address)
    if holder is None and home != "Common":
        shared = write.draft.get(kind.key(f"/Common/{address}"))
        if shared is not None:
            holder, home = shared, "Common"
    if holder is None:
        place = write.place(address, home)
        mask = str(write.body.get("mask", _mask(address)))
        own = {"address": str(address), "mask": mask, "~place": place}
        holder = write.draft.put(kind.key(f"/{home}/{address}"), kind.path, own)
    write.own["~address"] = holder.key.name
    write.own["~place"] = write.place(address, home)
    write.own["destination"] = f"/{home}/{write_endpoint(address, port, address.is_v6)}"
    if write.old is None or write.old.own.get("destination") != write.own["destination"]:
        if "mask" not in write.body:
            write.own["mask"] = holder.own.get("mask", _mask(address))
        if "source" not in write.body and str(write.own.get("source", "0.0.0.0/0")) in _ALL:
            write.own["source"] = "::/0" if address.is_v6 else "0.0.0.0/0"
    if isinstance(write.own.get("source"), str):
        write.own["source"] = _network(write, str(write.own["source"]), home)


def _network(write: Write, text: str, partition: str) -> str:
    """Return a source as it reads: with its prefix, and a route domain if it is no default one."""
    host, slash, prefix = text.partition("/")
    address = write.shown(parse_address(host, "source"), partition)
    try:
        length = ipaddress.ip_interface(f"{address.ip}{slash}{prefix}").network.prefixlen
    except ValueError as error:
        raise refusals.invalid_value("source", text) from error
    return f"{address}/{length}"


_ALL = ("0.0.0.0/0", "::/0")


def _address_holder(write: Write, address: Address) -> Item | None:
    """Return the virtual address that has this address under whatever name: section 3.5."""
    draft, kind = write.draft, "ltm/virtual-address"
    place = write.place(address)
    for item in draft.changed.values():
        if item is not None and item.kind == kind and item.own.get("~place") == place:
            return item
    known = draft.base.holder(("Virtual Address", place))
    return None if known is None or known in draft.changed else draft.base.get(known)


def virtual_profile(write: Write) -> None:
    """client-ssl goes to the client's side by itself, server-ssl to the server's: section 3.5."""
    if write.old is None:
        fitting.make_room(write)
    profile = write.draft.get(Key("profile", "", write.key.name))
    if profile is not None and profile.kind in _SIDES:
        write.own["context"] = _SIDES[profile.kind]


_SIDES = {"ltm/profile/client-ssl": "clientside", "ltm/profile/server-ssl": "serverside"}


def snatpool(write: Write) -> None:
    """A snat pool makes the translations that it names: section 3.6.

    That they stay when it goes is unverified.
    """
    given = write.own.get("members", [])
    kept = []
    for name, raw in zip(paths(given), _raw(given), strict=True):
        path = name if raw.startswith("/") else join_path(raw, write.partition)
        kept.append(path)
        _make_translation(write, path)
    write.own["members"] = kept


def _make_translation(write: Write, path: str) -> None:
    """Make a translation that is named and is not there; its name is its address."""
    kind = KINDS["ltm/snat-translation"]
    if write.draft.get(kind.key(path)) is None:
        parts = split_path(path)
        address = write.shown(parse_address(parts.name), parts.partition)
        own = {"address": str(address), "~place": write.place(address, parts.partition)}
        write.draft.put(kind.key(path), kind.path, own)


def _raw(value: object) -> list[str]:
    entries = value if isinstance(value, list | tuple) else [value]
    return [str(e.get("name", "")) if isinstance(e, Mapping) else str(e) for e in entries]


def snat_translation(write: Write) -> None:
    """The address is the name's unless another is given."""
    write.own.setdefault("address", split_path(write.key.name).name)
    keep_address(write)


def snat(write: Write) -> None:
    """A snat translates what comes from its origins.

    That it makes its translation as a snat pool does is unverified: Terraform's examples name one
    that nothing else makes.
    """
    keep_full(write, "snatpool", "translation")
    if "translation" in write.own:
        _make_translation(write, str(write.own["translation"]))
    keep_paths(write, "vlans")
    origins = write.own.get("origins")
    if origins is not None:
        names = [str(o.get("name")) if isinstance(o, Mapping) else str(o) for o in _listed(origins)]
        write.own["origins"] = [{"name": name} for name in names]


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def data_group(write: Write) -> None:
    """Records are replaced as a whole, sorted by key, and always have data: section 3.8."""
    records = write.own.get("records")
    if records is None:
        return
    if not isinstance(records, list | tuple):
        raise refusals.invalid_value("records", records)
    entries = []
    for record in records:
        entry = record if isinstance(record, Mapping) else {"name": record}
        entries.append({"name": str(entry.get("name", "")), "data": str(entry.get("data", ""))})
    order = _ORDERS.get(str(write.own.get("type", "string")), _by_text)
    write.own["records"] = sorted(entries, key=lambda entry: order(entry["name"]))


def _by_text(name: str) -> tuple[int, int, str]:
    return (0, 0, name)


def _by_number(name: str) -> tuple[int, int, str]:
    if not name.lstrip("-").isdigit():
        raise refusals.invalid_value("records", name)
    return (0, int(name), "")


def _by_address(name: str) -> tuple[int, int, str]:
    bare, slash, prefix = name.partition("/")
    try:
        network = ipaddress.ip_network(bare.partition("%")[0] + slash + prefix, strict=False)
    except ValueError as error:
        raise refusals.invalid_value("records", name) from error
    return (network.version, int(network.network_address), name)


_ORDERS = {"integer": _by_number, "ip": _by_address}
