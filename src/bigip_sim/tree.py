"""The configuration: objects by identity, indexes kept with them, and drafts laid over them.

A draft holds what one transaction changes; reading through it shows the end state. `Tree.merge`
makes it real in one step, at a cost that grows with the draft and not with the tree.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bigip_sim.surroundings import Surroundings


class Key(NamedTuple):
    """An object's identity. Types whose names must differ from each other share a family."""

    family: str
    owner: str  # full path of the object whose subcollection this is in; "" for top level
    name: str  # full path, or the plain name for types without partition


@dataclass(frozen=True, slots=True)
class Item:
    """One configuration object; `own` is what was set explicitly, never a default."""

    key: Key
    kind: str
    own: Mapping[str, object]
    born: int  # the generation that made it
    generation: int
    builtin: bool = False


References = Callable[[Item], Iterable[Key]]
Claims = Callable[[Item], Iterable[Hashable]]


class Tree:
    """What is committed. Written only by `merge`; the caller holds the device's lock."""

    def __init__(self, references: References, claims: Claims) -> None:
        self.references = references
        self.claims = claims
        self.items: dict[Key, Item] = {}
        self.generation = 0
        self._by_kind: dict[tuple[str, str], dict[Key, Item]] = {}
        self._users: dict[Key, set[Key]] = {}  # target -> the objects that name it
        self._holders: dict[Hashable, Key] = {}  # what only one object may have -> who has it
        self._population: dict[str, int] = {}  # partition -> number of objects in it

    def get(self, key: Key) -> Item | None:
        """Return the object, or None."""
        return self.items.get(key)

    def of_kind(self, kind: str, owner: str = "") -> list[Item]:
        """Return the objects of one type (in one subcollection), by name."""
        return sorted(self._by_kind.get((kind, owner), {}).values(), key=lambda i: i.key.name)

    def users(self, key: Key) -> frozenset[Key]:
        """Return who names this object."""
        return frozenset(self._users.get(key, ()))

    def holder(self, claim: Hashable) -> Key | None:
        """Return who has what only one object may have."""
        return self._holders.get(claim)

    def population(self, partition: str) -> int:
        """Return how many objects live in a partition."""
        return self._population.get(partition, 0)

    def snapshot(self) -> "Tree":
        """Return a tree for reading that later changes do not reach."""
        copy = Tree(self.references, self.claims)
        copy.items = dict(self.items)
        copy._by_kind = {name: dict(items) for name, items in self._by_kind.items()}
        return copy

    def merge(self, changed: Mapping[Key, Item | None]) -> None:
        """Make a draft's changes real."""
        for key in changed:
            if (old := self.items.get(key)) is not None:
                self._unlink(old)
        for item in changed.values():
            if item is not None:
                self._link(item)

    def _link(self, item: Item) -> None:
        self.items[item.key] = item
        self._by_kind.setdefault((item.kind, item.key.owner), {})[item.key] = item
        for target in self.references(item):
            self._users.setdefault(target, set()).add(item.key)
        for claim in self.claims(item):
            self._holders[claim] = item.key
        if (partition := partition_of(item.key)) is not None:
            self._population[partition] = self._population.get(partition, 0) + 1

    def _unlink(self, item: Item) -> None:
        del self.items[item.key]
        siblings = self._by_kind[item.kind, item.key.owner]
        del siblings[item.key]
        if not siblings:
            del self._by_kind[item.kind, item.key.owner]
        for target in self.references(item):
            users = self._users.get(target, set())
            users.discard(item.key)
            if not users:
                self._users.pop(target, None)
        for claim in self.claims(item):
            if self._holders.get(claim) == item.key:
                del self._holders[claim]
        if (partition := partition_of(item.key)) is not None:
            self._population[partition] -= 1


def partition_of(key: Key) -> str | None:
    """Return the partition an object fills; subcollections and folders fill none."""
    if key.owner or key.family == "sys/folder" or not key.name.startswith("/"):
        return None
    return key.name[1:].partition("/")[0]


_NOTHING_AROUND = Surroundings()


class Draft:
    """A tree with changes laid over it, none of them real yet."""

    def __init__(self, base: Tree, about: Surroundings = _NOTHING_AROUND) -> None:
        self.base = base
        self.about = about
        self.changed: dict[Key, Item | None] = {}
        self.generation = base.generation + 1

    def get(self, key: Key) -> Item | None:
        """Return the object as it would be."""
        return self.changed[key] if key in self.changed else self.base.get(key)

    def of_kind(self, kind: str, owner: str = "") -> list[Item]:
        """Return the objects of one type as they would be."""
        items = [i for i in self.base.of_kind(kind, owner) if i.key not in self.changed]
        items += [
            item
            for key, item in self.changed.items()
            if item is not None and item.kind == kind and key.owner == owner
        ]
        return sorted(items, key=lambda i: i.key.name)

    def put(self, key: Key, kind: str, own: Mapping[str, object], builtin: bool = False) -> Item:
        """Create or change an object."""
        old = self.get(key)
        born = self.generation if old is None else old.born
        item = Item(key, kind, own, born, self.generation, builtin)
        self.changed[key] = item
        return item

    def touch(self, key: Key) -> None:
        """Raise an object's generation because something inside it changed."""
        item = self.get(key)
        if item is not None and item.generation != self.generation:
            self.changed[key] = Item(
                key, item.kind, item.own, item.born, self.generation, item.builtin
            )

    def drop(self, key: Key) -> None:
        """Remove an object."""
        self.changed[key] = None

    def users(self, key: Key) -> Iterator[Item]:
        """Yield the objects that would name this one."""
        for user in self.base.users(key):
            if user not in self.changed and (item := self.base.get(user)) is not None:
                yield item
        for item in self.changed.values():
            if item is not None and key in self.base.references(item):
                yield item

    def population(self, partition: str) -> int:
        """Return how many objects would live in a partition."""
        count = self.base.population(partition)
        for key, item in self.changed.items():
            if partition_of(key) == partition:
                count += (item is not None) - (self.base.get(key) is not None)
        return count

    def apply(self) -> None:
        """Make the changes real."""
        self.base.merge(self.changed)
        self.base.generation = self.generation
