"""Objects that come and go with each other, as a partition with its folder: one table.

Source: iControl REST reference, sections 3.1, 3.2 and 3.10.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bigip_sim.catalogue import KINDS
from bigip_sim.tree import Draft, Item, Key


@dataclass(frozen=True, slots=True)
class _Twin:
    path: str
    name: Callable[[str], str]  # of the one -> of the other; "" if it has no twin


def _same(name: str) -> str:
    return name


def _folder_of(partition: str) -> str:
    return f"/{partition}"


def _partition_of(folder: str) -> str:
    return folder[1:] if folder.count("/") == 1 else ""


_TWINS: Mapping[str, _Twin] = {
    "auth/partition": _Twin("sys/folder", _folder_of),
    "sys/folder": _Twin("auth/partition", _partition_of),
    "net/vlan": _Twin("net/fdb/vlan", _same),
    "net/tunnels/tunnel": _Twin("net/fdb/tunnel", _same),
    "sys/file/ssl-cert": _Twin("sys/crypto/cert", _same),
    "sys/file/ssl-key": _Twin("sys/crypto/key", _same),
    "sys/crypto/cert": _Twin("sys/file/ssl-cert", _same),
    "sys/crypto/key": _Twin("sys/file/ssl-key", _same),
}


def twins(draft: Draft, path: str, key: Key) -> tuple[Item, ...]:
    """Return what goes with an object of this type."""
    twin = _TWINS.get(path)
    if twin is None:
        return ()
    name = twin.name(key.name)
    item = draft.get(KINDS[twin.path].key(name)) if name else None
    return () if item is None else (item,)


def add_twins(draft: Draft, path: str, key: Key, *, builtin: bool = False) -> None:
    """Make what comes with an object of this type."""
    twin = _TWINS.get(path)
    name = "" if twin is None else twin.name(key.name)
    if twin is None or not name:
        return
    other = KINDS[twin.path].key(name)
    if draft.get(other) is None:
        draft.put(other, twin.path, {}, builtin)
