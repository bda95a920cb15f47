"""How single types read what a client writes: destinations, members, monitors, persistence.

Source: iControl REST reference, sections 1.5, 3.3 to 3.9.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bigip_sim import refusals
from bigip_sim.catalogue import KINDS
from bigip_sim.kinds import Kind
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
from bigip_sim.tree import Draft, Item, Key


@dataclass(slots=True)
class Write:
    """One object being written: what was sent, and what it will hold."""

    draft: Draft
    kind: Kind
    key: Key
    body: Mapping[str, object]
    own: dict[str, object]
    old: Item | None


def _full(value: object) -> str:
    return join_path(str(value))  # a bare name means /Common: section 1.3


def _monitor_expression(write: Write) -> None:
    """Keep monitors as they are read: full paths joined by ` and `, or `min N of { … }`."""
    value = write.own.get("monitor")
    if value is None:
        return
    words = str(value).replace("{", " ").replace("}", " ").split()
    if words[:1] == ["min"] and len(words) > 3:
        if not words[1].isdigit() or words[2] != "of":
            raise refusals.invalid_value("monitor", value)
        names = " ".join(_full(word) for word in words[3:])
        write.own["monitor"] = f"min {words[1]} of {{ {names} }}"
    elif words and words != ["default"]:
        write.own["monitor"] = " and ".join(_full(w) for w in words if w != "and")


def _administration(write: Write) -> None:
    """Keep what an administrator asked for apart from what monitors find: section 3.3."""
    session, state = write.body.get("session"), write.body.get("state")
    if session is not None:
        if session not in {"user-enabled", "user-disabled", "monitor-enabled"}:
            raise refusals.invalid_value("session", session)
        write.own["~session"] = "user-disabled" if session == "user-disabled" else "user-enabled"
    if state is not None:
        write.own["~state"] = "user-down" if state == "user-down" else "user-up"


def _node(write: Write) -> None:
    _monitor_expression(write)
    _administration(write)
    address = write.own.get("address")
    if address is None:
        raise refusals.nothing_specified()  # that it is required is known, the text unverified
    write.own["address"] = str(parse_address(str(address)))
    if write.own.get("monitor") in {"none", ""}:
        write.own["monitor"] = "/Common/none"


def _member(write: Write) -> None:
    """A member stands on a node; a missing one is made with it: section 3.3."""
    _monitor_expression(write)
    _administration(write)
    path = split_path(write.key.name)
    host, port = split_port(path.name)
    parse_port(port, "name")
    if write.draft.base.get(Key("sys/folder", "", f"/{path.partition}")) is None:
        name = f"{write.key.owner} /{path.partition}/{host} {port}"
        raise refusals.configuration_error(
            f"Can't associate Pool Member ({name}) folder does not exist"
        )
    nodes = KINDS["ltm/node"]
    node = write.draft.get(nodes.key(f"/{path.partition}/{host}"))
    if node is None:
        address = str(parse_address(str(write.own.get("address", host))))
        node = write.draft.put(
            nodes.key(f"/{path.partition}/{host}"), nodes.path, {"address": address}
        )
    write.own["address"] = node.own["address"]


def _data_group(write: Write) -> None:
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
    write.own["records"] = sorted(entries, key=lambda entry: entry["name"])


def _virtual_address(write: Write) -> None:
    address = write.own.get("address", write.key.name.rpartition("/")[2])
    parsed = parse_address(str(address))
    write.own["address"] = str(parsed)
    write.own.setdefault("mask", _mask(parsed))


def _mask(address: Address) -> str:
    if address.ip in {"0.0.0.0", "::"}:  # noqa: S104  (compared, not bound)
        return "any" if address.ip != "::" else "any6"
    return "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" if address.is_v6 else "255.255.255.255"


def _virtual(write: Write) -> None:
    own = write.own
    for field in ("pool", "lastHopPool", "fallbackPersistence"):
        if isinstance(own.get(field), str):
            own[field] = _full(own[field])
    for field in ("rules", "vlans", "persist"):
        if field in own:
            own[field] = _names(own[field])
            if not own[field]:
                del own[field]
    translation = own.get("sourceAddressTranslation")
    if isinstance(translation, Mapping):
        kept = {k: v for k, v in translation.items() if not k.endswith("Reference")}
        if isinstance(kept.get("pool"), str):
            kept["pool"] = _full(kept["pool"])
        own["sourceAddressTranslation"] = kept
    _destination(write)
    if write.old is None and "profiles" not in write.body:
        profile = KINDS["ltm/virtual/profiles"]
        key = profile.key("/Common/fastL4", write.key.name)
        write.draft.put(key, profile.path, {})


def _names(value: object) -> list[str]:
    entries = value if isinstance(value, list | tuple) else [value]
    names = []
    for entry in entries:
        if isinstance(entry, Mapping):
            partition = str(entry.get("partition", "Common"))
            names.append(join_path(str(entry.get("name", "")), partition))
        elif str(entry) not in {"", "none"}:
            names.append(_full(entry))
    return names


def _destination(write: Write) -> None:
    """A virtual server stands on a virtual address; a missing one is made: section 3.5."""
    text = str(write.own.get("destination", "0.0.0.0:0"))
    partition = split_path(write.key.name).partition
    folder, _, endpoint = text.rpartition("/")
    address, port = parse_endpoint(endpoint)
    home = folder.strip("/") or partition
    kind = KINDS["ltm/virtual-address"]
    holder = write.draft.get(kind.key(f"/{home}/{address}")) or _address_holder(write, address)
    if holder is None and home != "Common":
        shared = write.draft.get(kind.key(f"/Common/{address}"))
        if shared is not None:
            holder, home = shared, "Common"
    if holder is None:
        own = {"address": str(address), "mask": _mask(address)}
        holder = write.draft.put(kind.key(f"/{home}/{address}"), kind.path, own)
    write.own["~address"] = holder.key.name
    write.own["destination"] = f"/{home}/{write_endpoint(address, port, address.is_v6)}"
    write.own.setdefault("mask", _mask(address))


def _address_holder(write: Write, address: Address) -> Item | None:
    """Return the virtual address that has this address under whatever name: section 3.5."""
    draft, kind = write.draft, "ltm/virtual-address"
    for item in draft.changed.values():
        if item is not None and item.kind == kind and item.own.get("address") == str(address):
            return item
    known = draft.base.holder(("Virtual Address", str(address)))
    return None if known is None or known in draft.changed else draft.base.get(known)


def _virtual_profile(write: Write) -> None:
    """client-ssl goes to the client's side by itself, server-ssl to the server's: section 3.5."""
    profile = write.draft.get(Key("profile", "", write.key.name))
    if profile is not None and profile.kind == "ltm/profile/client-ssl":
        write.own["context"] = "clientside"


def _snatpool(write: Write) -> None:
    """A snat pool makes the translations that it names: section 3.6."""
    names = _names(write.own.get("members", []))
    partition = split_path(write.key.name).partition
    kind = KINDS["ltm/snat-translation"]
    paths = []
    for name, given in zip(names, _raw(write.own.get("members", [])), strict=True):
        path = name if given.startswith("/") else join_path(given, partition)
        paths.append(path)
        if write.draft.get(kind.key(path)) is None:
            address = str(parse_address(split_path(path).name))
            write.draft.put(kind.key(path), kind.path, {"address": address})
    write.own["members"] = paths


def _raw(value: object) -> list[str]:
    entries = value if isinstance(value, list | tuple) else [value]
    return [str(e.get("name", "")) if isinstance(e, Mapping) else str(e) for e in entries]


def _monitor(write: Write) -> None:
    parent = write.own.get("defaultsFrom")
    if parent is None:
        return
    write.own["defaultsFrom"] = _full(parent)
    if write.own["defaultsFrom"] == write.key.name:
        raise refusals.configuration_error("A monitor may not default from itself")
    for field in ("interval", "timeout"):
        value = write.own.get(field, 1)
        if isinstance(value, int) and value < (field == "timeout"):
            raise refusals.invalid_value(field, value)


def _inheriting(write: Write) -> None:
    parent = write.own.get("defaultsFrom", "none")
    if parent != "none":
        write.own["defaultsFrom"] = _full(parent)


def _snat_translation(write: Write) -> None:
    address = write.own.get("address", split_path(write.key.name).name)
    write.own["address"] = str(parse_address(str(address)))


Shape = Callable[[Write], None]
SHAPES: Mapping[str, Shape] = {
    "ltm/node": _node,
    "ltm/pool": _monitor_expression,
    "ltm/pool/members": _member,
    "ltm/data-group/internal": _data_group,
    "ltm/virtual-address": _virtual_address,
    "ltm/virtual": _virtual,
    "ltm/virtual/profiles": _virtual_profile,
    "ltm/snatpool": _snatpool,
    "ltm/snat-translation": _snat_translation,
    **{path: _monitor for path in KINDS if path.startswith("ltm/monitor/")},
    **{path: _inheriting for path, kind in KINDS.items() if kind.root and "monitor" not in path},
}
