"""What statistics are made from: the configuration, what monitors found, what was carried."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bigip_sim.health import Probes
from bigip_sim.meter import Meter
from bigip_sim.standing import Standing
from bigip_sim.sync_status import Member
from bigip_sim.traffic import NOTHING, Counters
from bigip_sim.tree import Item, Key, Tree


class Around(Protocol):
    """What a device knows of its cluster."""

    def standing(self) -> Standing:
        """Return how it stands."""

    def members(self, group: str) -> Sequence[Member]:
        """Return what is known of each device of a device group."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The state of one device while statistics are read."""

    tree: Tree
    probes: Probes
    meter: Meter
    around: Around
    version: str

    def virtuals_with(self, key: Key) -> list[str]:
        """Return the virtual servers that name an object, by themselves or in a subcollection."""
        users = self.tree.users(key)
        names = {user.owner or user.name for user in users if self._is_virtual(user)}
        return sorted(names)

    def of_virtuals(self, key: Key) -> Counters:
        """Return what the virtual servers that name an object have carried since boot."""
        total = NOTHING
        for name in self.virtuals_with(key):
            total += self.meter.virtual_since_boot(name)
        return total

    def _is_virtual(self, user: Key) -> bool:
        item: Item | None = self.tree.get(user)
        return item is not None and item.kind in _IN_VIRTUALS


_IN_VIRTUALS = frozenset(
    {"ltm/virtual", "ltm/virtual/profiles", "ltm/virtual/policies", "ltm/virtual/persist"}
)
