"""How tmsh lists objects: nested braces, names of properties with hyphens, short full paths."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bigip_sim import refusals
from bigip_sim.catalogue import KINDS, display, inside
from bigip_sim.kinds import Kind
from bigip_sim.names import join_path
from bigip_sim.reading import Reader
from bigip_sim.tree import Item, Tree

if TYPE_CHECKING:
    from bigip_sim.device import Device

_OPTIONS = frozenset({"one-line", "all-properties", "non-default-properties", "recursive", "all"})
_ALWAYS = frozenset({"address", "destination", "session", "state", "defaultsFrom", "ipProtocol"})
_NEVER = frozenset({"creationTime", "lastModifiedTime", "vsIndex", "ephemeral"})
_HOME = "/Common/"


def told(device: "Device", kind: Kind, words: Sequence[str], folder: str) -> str:
    """Return what `list` prints of one object, or of all in a folder."""
    options = {word for word in words if word in _OPTIONS}
    names = [word for word in words if word not in _OPTIONS]
    if kind.single:
        names = ["", *names]
    fields = names[1:]
    with device.configuration.reading() as tree:
        listing = _Listing(device, tree, "all-properties" in options, fields)
        if names:
            items = [_found(tree, kind, names[0], folder)]
        else:
            inner = f"{folder.rstrip('/')}/"
            found = tree.of_kind(kind.path)
            items = [i for i in found if not kind.partitioned or i.key.name.startswith(inner)]
        lines = [line for item in items for line in listing.lines(item)]
    if "one-line" in options:
        return "".join(f"{' '.join(' '.join(block).split())}\n" for block in _blocks(lines))
    return "".join(f"{line}\n" for line in lines)


def _found(tree: Tree, kind: Kind, name: str, folder: str) -> Item:
    is_path = name.startswith("/") or not kind.partitioned or kind.single
    key = kind.key(name if is_path else join_path(name, folder.strip("/")))
    item = tree.get(key)
    if item is None or item.kind != kind.path:
        raise refusals.not_found(kind.human, display(kind, key))
    return item


def _blocks(lines: Sequence[str]) -> list[list[str]]:
    blocks: list[list[str]] = []
    for line in lines:
        if not line.startswith((" ", "}")):
            blocks.append([])
        blocks[-1].append(line)
    return blocks


class _Listing:
    def __init__(
        self, device: "Device", tree: Tree, everything: bool, fields: Sequence[str]
    ) -> None:
        version = device.identity.version
        self._tree = tree
        self._reader = Reader(tree, version, device.plane, device.standing())
        self._everything = everything
        self._fields = fields

    def lines(self, item: Item) -> list[str]:
        """Return one object, as a block."""
        head = f"{item.kind.replace('/', ' ')} {_short(item.key.name)}".strip() + " {"
        wanted = set(self._fields)
        body = [
            line
            for name, inner in self._properties(item)
            if not wanted or name in wanted
            for line in inner
        ]
        return [head, *(f"    {line}" for line in body), "}"]

    def _properties(self, item: Item) -> list[tuple[str, list[str]]]:
        kind = KINDS[item.kind]
        found = {
            _hyphened(field): _lines(_hyphened(field), value)
            for field, value in self._reader.attributes(item).items()
            if self._is_told(item, field)
        }
        for leaf in kind.subcollections:
            children = self._tree.of_kind(f"{kind.path}/{leaf}", inside(item.key))
            if children:
                inner = [line for child in children for line in self._child(child)]
                found[leaf] = [f"{leaf} {{", *(f"    {line}" for line in inner), "}"]
        return sorted(found.items())

    def _child(self, item: Item) -> list[str]:
        inner = [line for _, lines in self._properties(item) for line in lines]
        name = _short(item.key.name)
        if not inner:
            return [f"{name} {{ }}"]
        return [f"{name} {{", *(f"    {line}" for line in inner), "}"]

    def _is_told(self, item: Item, field: str) -> bool:
        if field.endswith("Reference") or field in _NEVER:
            return False
        return self._everything or field in item.own or field in _ALWAYS


def _hyphened(field: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in field)


def _lines(name: str, value: object) -> list[str]:
    if value is True:
        return [name]
    if isinstance(value, Mapping):
        return [f"{name} {{", *(f"    {line}" for line in _inner(value)), "}"]
    if isinstance(value, list | tuple):
        entries = []
        for entry in value:
            if not isinstance(entry, Mapping):
                entries.append(_short(str(entry)))
                continue
            more = {n: v for n, v in entry.items() if n not in {"name", "partition"}}
            block = " ".join(_inner(more))
            entries.append(f"{_short(str(entry.get('name')))} {{ {block} }}".replace("  ", " "))
        return [f"{name} {{", *(f"    {entry}" for entry in entries), "}"]
    return [f"{name} {_quoted(_short(str(value)))}"]


def _inner(value: Mapping[str, object]) -> list[str]:
    return [
        line
        for name, inner in sorted(value.items())
        if not name.endswith("Reference") and not name.startswith("~")
        for line in _lines("name" if name == "tmName" else _hyphened(name), inner)
    ]


def _quoted(text: str) -> str:
    return f'"{text}"' if not text or any(c in text for c in ' {}"') else text


def _short(name: str) -> str:
    """Return a name without /Common, as in its folder."""
    return name[len(_HOME) :] if name.startswith(_HOME) and name.count("/") == 2 else name
