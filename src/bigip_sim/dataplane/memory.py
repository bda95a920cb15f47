"""Remembers what was made of a tree, and which objects it was made of.

A commit changes a few objects of thousands; only what was made of these is made again.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from bigip_sim.catalogue import KINDS
from bigip_sim.tree import Item, Key, Tree

T = TypeVar("T")
_Place = tuple[str, str]  # family and owner of a collection that was read
_Source = Key | _Place


class _Watched(Tree):
    """A tree that notes what is read of it."""

    def __init__(self, tree: Tree) -> None:
        super().__init__(tree.references, tree.claims)
        self._tree = tree
        self.read: set[_Source] = set()

    def get(self, key: Key) -> Item | None:
        self.read.add(key)
        return self._tree.get(key)

    def of_kind(self, kind: str, owner: str = "") -> list[Item]:
        self.read.add((KINDS[kind].of_family, owner))
        return self._tree.of_kind(kind, owner)


class Memory:
    """Keeps values by name until something that they were made of changes."""

    def __init__(self) -> None:
        self._kept: dict[Key, Any] = {}
        self._sources: dict[Key, set[_Source]] = {}
        self._made_of: dict[_Source, set[Key]] = {}

    def recall(self, name: Key, tree: Tree, make: Callable[[Tree], T]) -> T:
        """Return what was made before of the object of this name, or make it."""
        if name not in self._kept:
            watched = _Watched(tree)
            watched.read.add(name)
            self._kept[name] = make(watched)
            self._sources[name] = watched.read
            for source in watched.read:
                self._made_of.setdefault(source, set()).add(name)
        value: T = self._kept[name]
        return value

    def knows(self, key: Key) -> bool:
        """Whether something was made of this object, or of what it is among."""
        return key in self._made_of or (key.family, key.owner) in self._made_of

    def forget(self, changed: Iterable[Key]) -> None:
        """Let go of what was made of these objects."""
        for key in changed:
            for source in (key, (key.family, key.owner)):
                for name in list(self._made_of.get(source, ())):
                    self._drop(name)

    def keep(self, names: Iterable[Key]) -> None:
        """Let go of everything but these."""
        for name in self._kept.keys() - set(names):
            self._drop(name)

    def clear(self) -> None:
        """Let go of everything."""
        self._kept.clear()
        self._sources.clear()
        self._made_of.clear()

    def _drop(self, name: Key) -> None:
        self._kept.pop(name, None)
        for source in self._sources.pop(name, ()):
            names = self._made_of[source]
            names.discard(name)
            if not names:
                del self._made_of[source]
