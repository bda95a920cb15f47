"""What the planner sees of one tree: objects by name, effective attributes, and short names."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from bigip_sim.reading import Reader
from bigip_sim.traffic import Idle
from bigip_sim.tree import Item, Key, Tree


class Ids:
    """Short names for HAProxy, the same for as long as what they stand for lives."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Hashable], str] = {}

    def of(self, prefix: str, item: Item) -> str:
        """Return the name; an object deleted and made again gets another."""
        return self.named(prefix, (item.key, item.born))

    def named(self, prefix: str, what: Hashable) -> str:
        """Return the name of anything else."""
        if (prefix, what) not in self._known:
            self._known[prefix, what] = f"{prefix}{len(self._known) + 1}"
        return self._known[prefix, what]


@dataclass(slots=True)
class Sight:
    """One look at a tree while one part of the layout is made."""

    tree: Tree
    ids: Ids
    version: str
    problems: list[str] = field(default_factory=list)

    def get(self, family: str, name: object) -> Item | None:
        """Return an object by its full path."""
        return self.tree.get(Key(family, "", str(name)))

    def attributes(self, item: Item) -> Mapping[str, object]:
        """Return the attributes that hold for an object."""
        return Reader(self.tree, self.version, Idle()).attributes(item)

    def problem(self, sentence: str) -> None:
        """Say what cannot be carried as it is asked for."""
        self.problems.append(sentence)


def number(value: object, otherwise: int = 0) -> int:
    """Read a number that may be written as text."""
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value if isinstance(value, int) else otherwise
