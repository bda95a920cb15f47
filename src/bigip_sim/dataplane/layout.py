"""Puts together what HAProxy and the datagram forwarder have to do for a configuration.

Mapping: iControl REST reference, section 5.1. What cannot be carried becomes a problem, a sentence.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import TypeVar

from bigip_sim.dataplane.memory import Memory
from bigip_sim.dataplane.parts import LOCAL_GROUP, Backend, Datagrams, Frontend, Layout, Need, Pool
from bigip_sim.dataplane.pools import read_pool
from bigip_sim.dataplane.sight import Ids, Sight
from bigip_sim.dataplane.virtuals import Carried, backend_id, read_virtual
from bigip_sim.tree import Item, Key, Tree

Active = bool | Collection[str]  # whether everything is carried, or for which traffic groups
T = TypeVar("T")
_BEGIN = frozenset({"ltm/virtual", "ltm/pool"})  # what nothing else has to name


def carries(active: Active, group: str) -> bool:
    """Whether a traffic group is carried."""
    if isinstance(active, bool):
        return active
    return group == LOCAL_GROUP or group in active


class Planner:
    """Builds the layout of a tree; keeps names, and what has not changed, from time to time."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._ids = Ids()
        self._memory = Memory()

    def plan(self, tree: Tree, *, active: Active, changed: Iterable[Key] | None = None) -> Layout:
        """Return what is to be done; what is not active only monitors.

        `changed` names what differs from the tree of the last time; None: nobody knows.
        """
        if changed is None:
            self._memory.clear()
        else:
            self._memory.forget(changed)
        virtuals, pools = tree.of_kind("ltm/virtual"), tree.of_kind("ltm/pool")
        carried = [self._recall(tree, item, read_virtual) for item in virtuals]
        read = [self._recall(tree, item, read_pool) for item in pools]
        self._memory.keep(item.key for item in (*virtuals, *pools))
        sight = Sight(tree, self._ids, self._version)
        needs: dict[str, list[Need]] = {}
        for need in dict.fromkeys(need for one in carried for need in one.needs):
            needs.setdefault(need.pool, []).append(need)
        backends: list[Backend] = []
        for item, pool in zip(pools, read, strict=True):
            backends += _backends(sight, item, pool, needs.get(pool.name, [Need(pool.name)]))
        listening = _Listening(active)
        for one in carried:
            listening.add(one)
        problems = [*listening.problems, *(p for pool in read for p in pool.problems)]
        return Layout(
            _beside(listening.frontends),
            tuple(backends),
            tuple(listening.datagrams),
            {pool.name: pool for pool in read},
            {name: text for one in carried for name, text in one.files.items()},
            tuple(problems),
        )

    def concerned(self, changed: Iterable[Key]) -> bool:
        """Whether what has changed may make another layout."""
        return any(key.family in _BEGIN or self._memory.knows(key) for key in changed)

    def _recall(self, tree: Tree, item: Item, read: Callable[[Sight, Item], T]) -> T:
        return self._memory.recall(
            item.key, tree, lambda seen: read(Sight(seen, self._ids, self._version), item)
        )


def _backends(sight: Sight, item: Item, pool: Pool, needs: list[Need]) -> list[Backend]:
    """One pool becomes a backend for each way it is wanted; the first one's checks count."""
    named = [(backend_id(sight, item, need), need) for need in needs]
    named.sort(key=lambda pair: (len(pair[0]), pair[0]))
    checker = ""
    backends = []
    for name, need in named:
        about = (need.mode, pool.balance, pool.servers, need, checker, pool.queue)
        backends.append(Backend(name, *about))
        checker = checker or name
    return backends


def _beside(frontends: list[Frontend]) -> tuple[Frontend, ...]:
    """Let those whose virtual address has a limit know of each other."""
    places: dict[str, list[str]] = {}
    for one in frontends:
        if one.place_limit:
            places.setdefault(one.place, []).append(one.id)
    return tuple(
        replace(one, beside=tuple(name for name in places[one.place] if name != one.id))
        if one.place_limit
        else one
        for one in frontends
    )


class _Listening:
    """What listens where; one address and port of this host can be carried for one only."""

    def __init__(self, active: Active) -> None:
        self._active = active
        self._taken: dict[tuple[str, int, bool], str] = {}
        self.frontends: list[Frontend] = []
        self.datagrams: list[Datagrams] = []
        self.problems: list[str] = []

    def add(self, one: Carried) -> None:
        self.problems += one.problems
        if one.frontend is not None and self._takes(one.frontend, udp=False):
            self.frontends.append(one.frontend)
        if one.datagrams is not None and self._takes(one.datagrams, udp=True):
            self.datagrams.append(one.datagrams)

    def _takes(self, listener: Frontend | Datagrams, *, udp: bool) -> bool:
        place = (listener.address, listener.port, udp)
        holder = self._taken.setdefault(place, listener.virtual)
        if holder != listener.virtual:
            self.problems.append(
                f"virtual server {listener.virtual} is not carried: "
                f"{listener.address}:{listener.port} is carried for {holder}"
            )
            return False
        return carries(self._active, listener.group)
