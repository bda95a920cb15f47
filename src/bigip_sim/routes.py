"""Which object or collection a path below /mgmt/tm names."""

from dataclasses import dataclass

from bigip_sim.catalogue import KINDS, inside
from bigip_sim.kinds import Kind
from bigip_sim.names import COMMON, from_segment, join_path, split_path


@dataclass(frozen=True, slots=True)
class Target:
    """A collection (no name) or an object, and whether its statistics are asked for."""

    kind: Kind
    owner: str = ""
    name: str | None = None
    tail: str = ""  # "stats" or "example"


def find(path: str) -> Target | None:
    """Read the path below /mgmt/tm; None if no type of configuration object is there."""
    segments = [s for s in path.split("/") if s]
    tail = segments.pop() if segments and segments[-1] in {"stats", "example"} else ""
    for end in range(1, min(len(segments), 5) + 1):
        kind = KINDS.get("/".join(segments[:end]))
        if kind is not None and kind.single and end < len(segments):
            continue  # what is below stands for itself
        if kind is not None and not kind.path.startswith("~"):
            return _within(kind, "", segments[end:], tail)
    return None


def _within(kind: Kind, owner: str, rest: list[str], tail: str) -> Target | None:
    if not rest:
        return Target(kind, owner, "" if kind.single else None, tail)
    name = _name(kind, owner, rest[0])
    if len(rest) == 1:
        return Target(kind, owner, name, tail)
    inner = KINDS.get(f"{kind.path}/{rest[1]}")
    if inner is None:
        return None
    return _within(inner, inside(kind.key(name, owner)), rest[2:], tail)


def _name(kind: Kind, owner: str, segment: str) -> str:
    name = from_segment(segment)
    if kind.path == "sys/management-ip":  # named by address and prefix
        return name.replace("~", "/")
    if kind.path == "sys/folder":
        return name if name.startswith("/") else f"/{name}"
    if not kind.partitioned:
        return name if kind.full_names else name.strip("/")
    return join_path(name, split_path(owner).partition if owner else COMMON)
