"""Lines of tmsh that create, modify, delete and list objects, in the one-line forms.

The grammar is that of the manufacturer's tmsh reference in short; which attributes `list` leaves
out, and in which order it tells the others, is unverified. Refusals are those of REST.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigip_sim import tmsh_listing
from bigip_sim.catalogue import KINDS, inside
from bigip_sim.kinds import Kind
from bigip_sim.names import camel, join_path
from bigip_sim.refusals import RefusedError
from bigip_sim.routes import Target
from bigip_sim.tree import Item
from bigip_sim.writes import Command

if TYPE_CHECKING:
    from bigip_sim.actions import Call

VERBS = frozenset({"create", "modify", "delete", "list"})
_HOW = frozenset({"add", "delete", "modify", "replace-all-with", "none"})
_LONGEST = 4  # words of a type, such as `sys log-config destination splunk`
Entry = tuple[str, dict[str, object]]


class TmshError(Exception):
    """A line that tmsh does not take; the message is what it prints."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to be done to one list: `members modify { … }`."""

    field: str
    how: str  # replace-all-with where nothing was said
    entries: tuple[Entry, ...]


def knows(words: Sequence[str]) -> bool:
    """Whether a line begins with a verb and a type of this module."""
    return words[:1] != [] and words[0] in VERBS and _kind(words[1:])[0] is not None


def run(call: "Call", words: Sequence[str], folder: str = "/Common") -> str:
    """Carry a line out and return what it prints; `folder` is where bare names are."""
    tokens = [token for word in words for token in _braces(word)]
    kind, rest = _kind(tokens[1:])
    assert kind is not None
    try:
        if tokens[0] == "list":
            return tmsh_listing.told(call.device, kind, rest, folder)
        if kind.single:
            rest = ["", *rest]  # there is one, without a name
        if not rest:
            raise TmshError(f"Syntax Error: {tokens[0]}: a name is missing\n")
        name = _name(kind, rest[0], folder)
        if tokens[0] == "delete":
            _write(call, Command("DELETE", Target(kind, "", name), {}))
            return ""
        body, changes = _Reading(kind, rest[1:]).read()
        if tokens[0] == "create":
            _create(call, kind, name, body, changes)
        else:
            _modify(call, kind, name, body, changes)
    except RefusedError as refusal:
        raise TmshError(f"{refusal.message}\n") from refusal
    return ""


def _braces(word: str) -> Iterator[str]:
    """Take braces off the words that they are written to: `{1.1}`."""
    inner = word.lstrip("{")
    yield from "{" * (len(word) - len(inner))
    bare = inner.rstrip("}")
    if bare or (not inner and not word):
        yield bare
    yield from "}" * (len(inner) - len(bare))


def _kind(words: Sequence[str]) -> tuple[Kind | None, Sequence[str]]:
    for length in range(min(_LONGEST, len(words)), 1, -1):
        kind = KINDS.get("/".join(words[:length]))
        if kind is not None and not kind.parent:
            return kind, words[length:]
    return None, words


def _name(kind: Kind, word: str, folder: str) -> str:
    if kind.path == "sys/folder":
        return word if word.startswith("/") else f"{folder}/{word}"
    if not kind.partitioned or kind.single:
        return word
    return word if word.startswith("/") else join_path(word, folder.strip("/"))


class _Reading:
    """Reads properties and their values from tokens."""

    def __init__(self, kind: Kind, tokens: Sequence[str]) -> None:
        self._kind = kind
        self._left = list(tokens)
        if self._left[:1] == ["{"] and self._left[-1:] == ["}"]:
            self._left = self._left[1:-1]

    def read(self) -> tuple[dict[str, object], list[_Change]]:
        body: dict[str, object] = {}
        changes = []
        flags = {name for pair in self._kind.flags for name in pair} | self._kind.marks
        while self._left:
            field = camel(self._next())
            if field in flags:
                body[field] = True
            elif self._is_list(field):
                changes.append(self._change(field))
            else:
                body[field] = self._value(field)
        return body, changes

    def _is_list(self, field: str) -> bool:
        if isinstance(self._kind.defaults.get(field), Mapping) or field == "monitor":
            return False
        return self._left[:1] == ["{"] or (
            self._left[:1] != [] and self._left[0] in _HOW and self._left[1:2] == ["{"]
        )

    def _change(self, field: str) -> _Change:
        how = self._next() if self._left[0] in _HOW else "replace-all-with"
        block = self._block()
        entries: list[Entry] = []
        while block:
            name, more = block.pop(0), {}
            if block[:1] == ["{"]:
                end = _closing(block)
                more = dict(_pairs(self._within(field), block[1:end]))
                block = block[end + 1 :]
            entries.append((name, more))
        return _Change(field, how, tuple(entries))

    def _within(self, field: str) -> Kind | None:
        return KINDS.get(f"{self._kind.path}/{field}")

    def _value(self, field: str) -> object:
        if self._left[:1] == ["{"]:
            return {_of_fqdn(n): v for n, v in _pairs(None, self._block())}
        value = self._next()
        if field == "monitor" and value == "min":
            count, of = self._next(), self._next()
            return f"min {count} {of} {{ {' '.join(self._block())} }}"
        while field == "monitor" and self._left[:1] == ["and"]:
            self._next()
            value += f" and {self._next()}"
        return value

    def _block(self) -> list[str]:
        end = _closing(self._left)
        block = self._left[1:end]
        del self._left[: end + 1]
        return block

    def _next(self) -> str:
        if not self._left:
            raise TmshError("Syntax Error: a value is missing\n")
        return self._left.pop(0)


def _closing(tokens: Sequence[str]) -> int:
    depth = 0
    for place, word in enumerate(tokens):
        depth += {"{": 1, "}": -1}.get(word, 0)
        if depth == 0 and place:
            return place
    raise TmshError("Syntax Error: a brace is not closed\n")


def _pairs(kind: Kind | None, tokens: Sequence[str]) -> Iterator[tuple[str, object]]:
    """Yield the properties in a block; a word that is a flag stands alone."""
    left = list(tokens)
    flags = {n for pair in kind.flags for n in pair} | kind.marks if kind is not None else set()
    while left:
        field = camel(left.pop(0))
        if field in flags:
            yield field, True
        elif left[:1] == ["{"]:
            end = _closing(left)
            yield field, {_of_fqdn(n): v for n, v in _pairs(None, left[1:end])}
            del left[: end + 1]
        elif left:
            yield field, left.pop(0)


def _of_fqdn(field: str) -> str:
    return "tmName" if field == "name" else field


def _create(
    call: "Call", kind: Kind, name: str, body: dict[str, object], changes: Sequence[_Change]
) -> None:
    for change in changes:
        body[change.field] = _listed(kind, change.field, change.entries)
    parts = {"name": name}
    if kind.partitioned and kind.path != "sys/folder":
        folder, _, leaf = name.rpartition("/")
        partition, _, sub = folder.strip("/").partition("/")
        parts = {"name": leaf, "partition": partition, **({"subPath": sub} if sub else {})}
    _write(call, Command("POST", Target(kind), {**parts, **body}))


def _modify(
    call: "Call", kind: Kind, name: str, body: dict[str, object], changes: Sequence[_Change]
) -> None:
    target = Target(kind, "", name)
    tree = call.device.configuration.tree
    item = tree.get(kind.key(name))
    for change in changes:
        below = KINDS.get(f"{kind.path}/{change.field}")
        if below is None or change.how in {"replace-all-with", "none"}:
            body[change.field] = _changed(kind, item, change)
            continue
        for entry, more in change.entries:
            owner = inside(kind.key(name))
            partition = name.split("/")[1] if name.startswith("/") else "Common"
            path = join_path(entry, partition) if below.partitioned else entry
            if change.how == "add":
                _write(call, Command("POST", Target(below, owner), {"name": entry, **more}))
            elif change.how == "delete":
                _write(call, Command("DELETE", Target(below, owner, path), {}))
            else:
                _write(call, Command("PATCH", Target(below, owner, path), more))
    if body or not changes:
        _write(call, Command("PATCH", target, body))


def _changed(kind: Kind, item: Item | None, change: _Change) -> list[object]:
    """Return a list as it is to be."""
    said = _listed(kind, change.field, change.entries)
    before = item.own.get(change.field) if item is not None else None
    kept = list(before) if isinstance(before, list | tuple) else []
    if change.how == "none":
        return []
    if change.how == "replace-all-with":
        return said
    names = {_leaf(entry) for entry in said}
    left = [entry for entry in kept if _leaf(entry) not in names]
    return left if change.how == "delete" else [*left, *said]


def _listed(kind: Kind, field: str, entries: Sequence[Entry]) -> list[object]:
    plain = field == "persist" or not any(more for _, more in entries)
    if plain and f"{kind.path}/{field}" not in KINDS:
        return [name for name, _ in entries]
    return [{"name": name, **more} for name, more in entries]


def _leaf(entry: object) -> str:
    name = str(entry.get("name")) if isinstance(entry, Mapping) else str(entry)
    return name.rpartition("/")[2]


def _write(call: "Call", command: Command) -> None:
    target = command.target
    assert target is not None
    uri = f"https://localhost/mgmt/tm/{target.kind.path}"
    whole = Command(command.method, target, command.body, uri, user=call.user)
    call.device.configuration.write(whole)
