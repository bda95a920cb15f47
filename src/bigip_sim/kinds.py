"""What a type of object is: its words, defaults, fixed and optional attributes, and its links."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bigip_sim.tree import Item, Key


@dataclass(frozen=True, slots=True)
class Link:
    """An attribute that names other objects."""

    field: str
    family: str
    read: Callable[[Item], Iterable[str]]  # -> full paths of the objects it names
    many: bool = False
    anywhere: bool = False  # may name what is in any partition


DESCRIBED = frozenset({"description", "appService", "metadata"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of configuration object."""

    path: str  # below /mgmt/tm
    human: str  # the device's word for it in errors
    family: str = ""  # types whose names must differ share one; "" means the path
    partitioned: bool = True
    full_names: bool = False  # without partition, and the name itself is a full path
    defaults: Mapping[str, object] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()  # absent while unset
    fixed: frozenset[str] = frozenset()  # cannot change after creation
    read_only: frozenset[str] = frozenset()
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    flags: tuple[tuple[str, str], ...] = ()  # presence flags; the first holds by default
    marks: frozenset[str] = frozenset()  # presence flags that stand alone: true or absent
    links: tuple[Link, ...] = ()
    root: str = ""  # the built-in parent of types that inherit (defaultsFrom)
    subcollections: tuple[str, ...] = ()
    numbered: bool = False  # in a list without names they are 0, 1, 2 …
    quiet: bool = False  # does not say that it has subcollections
    parent: str = ""  # path of the type whose subcollection this is
    simulated: bool = True  # False: it reads as empty, writes are refused
    single: bool = False  # there is one, and it has no name
    by_device: bool = False  # comes and goes by itself: neither POST nor DELETE

    @property
    def of_family(self) -> str:
        """Return the family in which names are unique."""
        return self.family or self.path

    @property
    def leaf(self) -> str:
        """Return the last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def state_name(self) -> str:
        """Return the `kind` of an object, such as tm:ltm:pool:poolstate."""
        return f"tm:{self.path.replace('/', ':')}:{self.leaf}state"

    @property
    def collection_name(self) -> str:
        """Return the `kind` of a collection, such as tm:ltm:pool:poolcollectionstate."""
        return f"tm:{self.path.replace('/', ':')}:{self.leaf}collectionstate"

    def key(self, name: str, owner: str = "") -> Key:
        """Return the identity of the object of this name."""
        return Key(self.of_family, owner, name)

    def known(self, name: str) -> bool:
        """Whether the type has this attribute."""
        return (
            name in self.defaults
            or name in self.optional
            or name in self.fixed
            or name in self.read_only
            or name in self.marks
            or name in self.subcollections
            or any(name in pair for pair in self.flags)
        )


def one(name: str) -> Callable[[Item], Iterable[str]]:
    """Read a reference to one object."""

    def read(item: Item) -> Iterable[str]:
        value = item.own.get(name)
        return (value,) if isinstance(value, str) and value.startswith("/") else ()

    return read


def many(name: str) -> Callable[[Item], Iterable[str]]:
    """Read a list of references."""

    def read(item: Item) -> Iterable[str]:
        value = item.own.get(name)
        return tuple(str(v) for v in value) if isinstance(value, list | tuple) else ()

    return read


def monitors(name: str) -> Callable[[Item], Iterable[str]]:
    """Read a monitor expression: `/C/a and /C/b`, or `min 1 of { /C/a /C/b }`."""

    def read(item: Item) -> Iterable[str]:
        return monitor_names(str(item.own.get(name, "")))

    return read


def monitor_names(expression: str) -> tuple[str, ...]:
    """Return the monitors that an expression names."""
    return tuple(
        word for word in expression.split() if word.startswith("/") and word != "/Common/none"
    )


def within(name: str, inner: str) -> Callable[[Item], Iterable[str]]:
    """Read a reference inside a nested attribute."""

    def read(item: Item) -> Iterable[str]:
        value = item.own.get(name)
        target = value.get(inner) if isinstance(value, Mapping) else None
        return (target,) if isinstance(target, str) and target.startswith("/") else ()

    return read


DOMAIN = "~route-domain"  # route domains by number, which is how addresses name them


def placed(name: str) -> Callable[[Item], Iterable[str]]:
    """Read the route domain of an address; domain 0 always is there."""

    def read(item: Item) -> Iterable[str]:
        number = str(item.own.get(name, "")).rpartition("%")[2]
        return () if number in {"", "0"} else (number,)

    return read


def in_group() -> Link:
    """Return the link to the traffic group that carries an object."""
    return Link("~trafficGroup", "cm/traffic-group", one("trafficGroup"), anywhere=True)


def itself(item: Item) -> Iterable[str]:
    """The object's own name is the reference, as in a virtual server's profiles."""
    return (item.key.name,)
