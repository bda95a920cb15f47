"""A BIG-IP in memory: the device port's promises without a device, for tests of what uses them.

It refuses what a device refuses, and more: no dangling reference after any command (a device
looks at the end), nothing deleted that is in use, also when it was in use only until the same
transaction, no name both deleted and created in one transaction, and in the end no destination
and no address twice.
"""

import threading
import time
from collections.abc import (
    Callable,
    Collection,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from typing import TYPE_CHECKING, Any

from bigip_lbaas.domain.errors import DeviceRefused, StampRefused
from bigip_lbaas.icontrol.memory_rules import Refused, Tree, committed
from bigip_lbaas.icontrol.metrics import TRAFFIC, Metric
from bigip_lbaas.icontrol.port import DeviceIdentity, PartitionStamps, Sample, SyncState
from bigip_lbaas.icontrol.room import Room
from bigip_lbaas.icontrol.sampling import Sampling, Sources, sample
from bigip_lbaas.icontrol.session import always_allowed
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.canonical import canonical
from bigip_lbaas.ltm.names import GUARD, STAMP_BEGINS
from bigip_lbaas.ltm.state import Attributes, ObjectPath, State, Step

if TYPE_CHECKING:
    from bigip_lbaas.icontrol.memory_cluster import MemoryCluster

Image = Mapping[str, Tree]  # partition -> its objects; none of these is changed in place


class MemoryDevice:
    """One BIG-IP's partitions; see the port for what its methods promise."""

    def __init__(self, name: str = "bigip", may_write: Callable[[], None] = always_allowed) -> None:
        """Begin as a device without partitions of anyone."""
        self.name = name
        self.requests = 0
        self.room = Room(5)
        self.active = True
        self.is_unsaved = False
        self.saves = 0
        self.commits = 0
        self.monotonic_s: Callable[[], float] = time.monotonic
        self.traffic: dict[str, float] = dict.fromkeys(("bitsIn", "bitsOut", "curConns"), 0.0)
        self.cluster: MemoryCluster | None = None
        self._may_write = may_write
        self._lock = threading.RLock()
        self._trees: dict[str, Tree] = {"Common": {}}

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def save(self) -> None:
        """Count it: what is in memory outlives no reboot."""
        self.requests += 1
        self._may_write()
        self.is_unsaved = False
        self.saves += 1

    def identity(self) -> DeviceIdentity:
        """Say which device this is: its name is its serial number."""
        return DeviceIdentity(self.name, f"{self.name}.example", "15.1.0")

    def partitions(self) -> frozenset[str]:
        """Return the names of all partitions."""
        self.requests += 1
        with self._lock:
            return frozenset(self._trees)

    def stamps(self, partition: str) -> PartitionStamps | None:
        """Return who writes in a partition; None when there is none of that name."""
        self.requests += 1
        with self._lock:
            tree = self._trees.get(partition)
        return None if tree is None else _stamps_of(tree)

    def all_stamps(self) -> Mapping[str, PartitionStamps]:
        """Return who writes in every partition that has a stamp or a guard."""
        self.requests += 1
        with self._lock:
            trees = dict(self._trees)
        found = {name: _stamps_of(tree) for name, tree in trees.items()}
        return {name: stamps for name, stamps in found.items() if stamps != PartitionStamps()}

    def virtual_addresses(self) -> State:
        """Return the virtual addresses of all partitions, with address and description only."""
        self.requests += 1
        return {
            path: {
                name: attributes[name] for name in ("address", "description") if name in attributes
            }
            for path, attributes in self._all()
            if path.collection == kinds.VIRTUAL_ADDRESS
        }

    def read(self, partition: str) -> State:
        """Return all objects of a partition, of the kinds that we write."""
        self.requests += 1
        with self._lock:
            tree = self._trees.get(partition, {})
        return {
            path: canonical(path.collection, partition, attributes)
            for path, attributes in tree.items()
            if path.collection in kinds.KIND_OF
        }

    def contents(self, owns: Callable[[str], bool]) -> Iterator[tuple[ObjectPath, Attributes]]:
        """Yield all objects of the kinds that we write in all partitions whose names it owns."""
        self.requests += len(kinds.KINDS)
        for path, attributes in self._all():
            if owns(path.partition) and path.collection in kinds.KIND_OF:
                yield path, canonical(path.collection, path.partition, attributes)

    def object(self, path: ObjectPath) -> Attributes | None:
        """Return one object; None when it is not there."""
        self.requests += 1
        with self._lock:
            found = self._trees.get(path.partition, {}).get(path)
        return None if found is None else canonical(path.collection, path.partition, found)

    def create_partition(self, partition: str) -> bool:
        """Make a partition; False when it is there already."""
        self.requests += 1
        self._may_write()
        self.is_unsaved = True
        with self._lock:
            is_new = partition not in self._trees
            self._trees.setdefault(partition, {})
        self._send_on()
        return is_new

    def delete_partition(self, partition: str) -> None:
        """Take an empty partition away; one that is not there is no error."""
        self.requests += 1
        self._may_write()
        self.is_unsaved = True
        with self._lock:
            if self._trees.get(partition):
                raise DeviceRefused(
                    self.name,
                    "refuses: You must remove all objects from a partition before removing the "
                    f"partition ({partition})",
                )
            self._trees.pop(partition, None)
        self._send_on()

    def commit(self, steps: Sequence[Step], stamps: Collection[str] = ()) -> None:
        """Carry out `steps`: all of them or none."""
        self.requests += len(steps) + 2
        self.commits += 1
        self._may_write()
        self.is_unsaved = True
        with self._lock:
            # nothing refers to another partition but to /Common, so no other can be in the way
            touched = {step.path.partition for step in steps} | {"Common"}
            before = {
                path: each for name in touched for path, each in self._trees.get(name, {}).items()
            }
            try:
                after = committed(before, self._trees.keys(), steps)
            except Refused as refused:
                is_stamp = refused.path.full in stamps
                raise (StampRefused if is_stamp else DeviceRefused)(
                    self.name, f"refuses: {refused}"
                ) from refused
            trees: dict[str, Tree] = {name: {} for name in touched}
            for path, each in after.items():
                trees[path.partition][path] = each
            self._trees.update({name: trees[name] for name in touched & self._trees.keys()})
        self._send_on()

    def sample(
        self, metrics: Mapping[str, Metric], owns: Callable[[str], bool] | None = None
    ) -> Sample:
        """Read capacity metrics of what is in memory."""
        return sample(
            Sampling(Sources(self._statistics, self._items, self.monotonic_s), owns),
            metrics,
            self.name,
        )

    def is_active(self) -> bool:
        """Say whether it is active, as `active` has been set."""
        self.requests += 1
        return self.active

    def sync_state(self) -> SyncState:
        """Say whether it and its peers have the same configuration."""
        self.requests += 1
        return SyncState("Standalone") if self.cluster is None else self.cluster.state(self)

    def sync_to_group(self, group: str) -> None:
        """Have its configuration replace that of its peers in the device group."""
        self.requests += 1
        self._may_write()
        if self.cluster is None:
            raise DeviceRefused(self.name, f"refuses: Device group ({group}) not found")
        self.cluster.push(self, group)

    @property
    def objects(self) -> MutableMapping[ObjectPath, dict[str, Any]]:
        """Return all objects, for who works on the device by hand: nothing is checked."""
        return _Objects(self._trees)

    def image(self) -> Image:
        """Return the whole configuration as it is now."""
        with self._lock:
            return dict(self._trees)

    def load(self, image: Image) -> None:
        """Have that configuration, as after a reboot or from another device of its cluster."""
        with self._lock:
            self._trees.clear()
            self._trees.update(image)

    def _send_on(self) -> None:
        if self.cluster is not None:
            self.cluster.changed(self)

    def _statistics(self, path: str) -> Mapping[str, Any]:
        self.requests += 1
        if path != TRAFFIC:
            raise DeviceRefused(self.name, f"refuses reading {path}: there is none in memory")
        entries = {f"clientSideTraffic.{field}": {"value": n} for field, n in self.traffic.items()}
        return {"entries": entries}

    def _items(self, collection: str, _fields: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        self.requests += 1
        if collection == "auth/partition":
            with self._lock:
                return iter([{"name": name} for name in sorted(self._trees)])
        return iter(
            [
                {**attributes, "name": path.name, "partition": path.partition}
                for path, attributes in self._all()
                if path.collection == collection
            ]
        )

    def _all(self) -> list[tuple[ObjectPath, dict[str, Any]]]:
        with self._lock:
            return [each for tree in self._trees.values() for each in tree.items()]


def _stamps_of(tree: Tree) -> PartitionStamps:
    names = sorted(path.name for path in tree if path.collection == kinds.DATA_GROUP)
    return PartitionStamps(
        tuple(n for n in names if n.startswith(STAMP_BEGINS) and n != GUARD), GUARD in names
    )


class _Objects(MutableMapping[ObjectPath, dict[str, Any]]):
    """The objects of all partitions; a changed partition is a new one, so images stay."""

    def __init__(self, trees: dict[str, Tree]) -> None:
        self._trees = trees

    def __getitem__(self, path: ObjectPath) -> dict[str, Any]:
        return self._trees[path.partition][path]

    def __setitem__(self, path: ObjectPath, attributes: dict[str, Any]) -> None:
        self._trees[path.partition] = {**self._trees.get(path.partition, {}), path: attributes}

    def __delitem__(self, path: ObjectPath) -> None:
        tree = dict(self._trees[path.partition])
        del tree[path]
        self._trees[path.partition] = tree

    def __iter__(self) -> Iterator[ObjectPath]:
        return iter([path for tree in self._trees.values() for path in tree])

    def __len__(self) -> int:
        return sum(map(len, self._trees.values()))
