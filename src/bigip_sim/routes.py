"""Which object or collection a path below /mgmt/tm names."""

from dataclasses import dataclass

from bigip_sim.catalogue import KINDS
from bigip_sim.kinds import Kind
from bigip_sim.names import from_segment, join_path, split_path


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
    for end in range(1, min(len(segments), 4) + 1):
        kind = KINDS.get("/".join(segments[:end]))
        if kind is not None:
            return _within(kind, segments[end:], tail)
    return None


def _within(kind: Kind, rest: list[str], tail: str) -> Target | None:
    if not rest:
        return Target(kind, tail=tail)
    name = _name(kind, rest[0])
    if len(rest) == 1:
        return Target(kind, name=name, tail=tail)
    inner = KINDS.get(f"{kind.path}/{rest[1]}")
    if inner is None or len(rest) > 3:
        return None
    if len(rest) == 2:
        return Target(inner, owner=name, tail=tail)
    partition = split_path(name).partition
    inner_name = from_segment(rest[2])
    return Target(inner, name, join_path(inner_name, partition), tail)


def _name(kind: Kind, segment: str) -> str:
    name = from_segment(segment)
    return (
        join_path(name) if kind.partitioned and kind.path != "sys/folder" else _folder(kind, name)
    )


def _folder(kind: Kind, name: str) -> str:
    if kind.path == "sys/folder":
        return name if name.startswith("/") else f"/{name}"
    return name.strip("/")
