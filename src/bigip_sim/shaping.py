"""One object being written, and the forms that several types have in common.

Source: iControl REST reference, sections 1.3, 1.5, 3.1 and 3.3.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bigip_sim import refusals
from bigip_sim.kinds import Kind
from bigip_sim.names import Address, join_path, parse_address, split_path
from bigip_sim.surroundings import Surroundings
from bigip_sim.tree import Draft, Item, Key

NONE = "/Common/none"


@dataclass(slots=True)
class Write:
    """One object being written: what was sent, and what it will hold."""

    draft: Draft
    kind: Kind
    key: Key
    body: Mapping[str, object]
    own: dict[str, object]
    old: Item | None

    @property
    def about(self) -> Surroundings:
        """Return release, clock and files."""
        return self.draft.about

    @property
    def partition(self) -> str:
        """Return the partition that the object is in."""
        return split_path(self.key.owner or self.key.name).partition

    def path(self, value: object, family: str) -> str:
        """Return a full path; a bare name means the object's own partition, then /Common.

        That it is the object's own partition first is what the OpenStack agent of real devices
        depends on: it writes pools, monitors, VLANs and snat pools of its tenants by bare names,
        and tunnel profiles of /Common in the same way.
        """
        name = str(value)
        if not name.startswith("/"):
            own = join_path(name, self.partition)
            if self.draft.get(Key(family, "", own)) is not None:
                return own
        return full(name)

    def family(self, field: str) -> str:
        """Return which objects an attribute names, "" for one that names none."""
        named = (link for link in self.kind.links if link.field in {field, f"~{field}"})
        return next((link.family for link in named), "")

    def default_domain(self, partition: str = "") -> int:
        """Return the route domain that addresses without `%` are in: section 3.1."""
        home = self.draft.get(Key("auth/partition", "", partition or self.partition))
        number = home.own.get("defaultRouteDomain", 0) if home is not None else 0
        return number if isinstance(number, int) else 0

    def shown(self, address: Address, partition: str = "") -> Address:
        """Return an address as it reads: without its route domain where that is the default.

        That a domain which is written out is left off then, as f5-cccl expects of devices, holds
        for the partition's own default domain; that it holds for others is unverified.
        """
        is_default = address.route_domain == str(self.default_domain(partition))
        return Address(address.ip) if is_default else address

    def place(self, address: Address, partition: str = "") -> str:
        """Return an address with the route domain it is in, whatever was written."""
        return f"{address.ip}%{address.route_domain or self.default_domain(partition)}"


def full(value: object) -> str:
    """Return a full path; a bare name means /Common, as in a URI: section 1.3."""
    return join_path(str(value))


def paths(value: object, path: Callable[[str], str] = full) -> list[str]:
    """Read a list of names, or of {"name", "partition"}, or one name, as full paths.

    `path` says what a bare name means.
    """
    entries = value if isinstance(value, list | tuple) else [value]
    found = []
    for entry in entries:
        if isinstance(entry, Mapping):
            whole = entry.get("name", "") if "partition" in entry else entry.get("fullPath")
            name = str(whole or entry.get("name", ""))
            partition = entry.get("partition")
            found.append(path(name) if partition is None else join_path(name, str(partition)))
        elif str(entry) not in {"", "none"}:
            found.append(path(str(entry)))
    return found


def keep_full(write: Write, *fields: str) -> None:
    """Keep single references as full paths."""
    for field in fields:
        value = write.own.get(field)
        if isinstance(value, str) and value not in {"none", ""}:
            write.own[field] = write.path(value, write.family(field))


def keep_paths(write: Write, *fields: str) -> None:
    """Keep lists of references as full paths, and empty ones not at all."""
    for field in fields:
        if field in write.own:
            path = partial(write.path, family=write.family(field))
            write.own[field] = paths(write.own[field], path)
            if not write.own[field]:
                del write.own[field]


def keep_address(write: Write, field: str = "address") -> Address:
    """Keep an address in its normal form, and where it is beside it."""
    value = write.own.get(field)
    if value is None:
        raise refusals.nothing_specified()  # that it is required is known, the text unverified
    address = write.shown(parse_address(str(value), field))
    write.own[field] = str(address)
    write.own["~place"] = write.place(address)
    return address


def keep_monitors(write: Write) -> None:
    """Keep monitors as they are read: full paths joined by ` and `, or `min N of { … }`."""
    value = write.own.get("monitor")
    if value is None:
        return
    words = str(value).replace("{", " ").replace("}", " ").split()
    if words[:1] == ["min"] and len(words) > 3:
        if not words[1].isdigit() or words[2] != "of":
            raise refusals.invalid_value("monitor", value)
        names = " ".join(write.path(word, "monitor") for word in words[3:])
        write.own["monitor"] = f"min {words[1]} of {{ {names} }}"
    elif words and words != ["default"]:
        write.own["monitor"] = " and ".join(write.path(w, "monitor") for w in words if w != "and")


def keep_administration(write: Write) -> None:
    """Keep what an administrator asked for apart from what monitors find: section 3.3."""
    session, state = write.body.get("session"), write.body.get("state")
    if session is not None:
        if session not in {"user-enabled", "user-disabled", "monitor-enabled"}:
            raise refusals.invalid_value("session", session)
        write.own["~session"] = "user-disabled" if session == "user-disabled" else "user-enabled"
    if state is not None:
        if str(state) not in _STATES:
            raise refusals.invalid_value("state", state)
        write.own["~state"] = "user-down" if state == "user-down" else "user-up"


_STATES = frozenset(  # what may be written, and what is read and sent back: section 3.3
    {"user-up", "user-down", "up", "down", "unchecked", "checking", "addr-down", "forced-down"}
    | {"fqdn-up", "fqdn-up-no-addr", "fqdn-down", "fqdn-checking"}
)
