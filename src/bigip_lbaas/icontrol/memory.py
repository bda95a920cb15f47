"""A BIG-IP in memory: the device port's promises without a device, for tests of what uses them.

It refuses what a device refuses, and more: no dangling reference after any command (a device
looks at the end), nothing deleted that is in use, also when it was in use only until the same
transaction, no name both deleted and created in one transaction, and in the end no destination
and no address twice.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bigip_lbaas.domain.errors import DeviceRefused, StampRefused
from bigip_lbaas.icontrol.metrics import TRAFFIC, Metric
from bigip_lbaas.icontrol.port import DeviceIdentity, PartitionStamps, Sample, SyncState
from bigip_lbaas.icontrol.room import Room
from bigip_lbaas.icontrol.sampling import Sampling, Sources, sample
from bigip_lbaas.icontrol.session import always_allowed
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.addresses import address_of, without_port
from bigip_lbaas.ltm.canonical import canonical
from bigip_lbaas.ltm.names import GUARD, STAMP_BEGINS
from bigip_lbaas.ltm.state import Action, Attributes, ObjectPath, State, Step, merge

if TYPE_CHECKING:
    from bigip_lbaas.icontrol.memory_cluster import MemoryCluster

Tree = dict[ObjectPath, dict[str, Any]]


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
        self._partitions = {"Common"}
        self._tree: Tree = {}

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
        return frozenset(self._partitions)

    def stamps(self, partition: str) -> PartitionStamps | None:
        """Return who writes in a partition; None when there is none of that name."""
        self.requests += 1
        with self._lock:
            if partition not in self._partitions:
                return None
            return self._stamps_of(partition)

    def all_stamps(self) -> Mapping[str, PartitionStamps]:
        """Return who writes in every partition that has a stamp or a guard."""
        self.requests += 1
        with self._lock:
            found = {name: self._stamps_of(name) for name in self._partitions}
        return {name: stamps for name, stamps in found.items() if stamps != PartitionStamps()}

    def virtual_addresses(self) -> State:
        """Return the virtual addresses of all partitions, with address and description only."""
        self.requests += 1
        with self._lock:
            return {
                path: {
                    name: attributes[name]
                    for name in ("address", "description")
                    if name in attributes
                }
                for path, attributes in self._tree.items()
                if path.collection == kinds.VIRTUAL_ADDRESS
            }

    def read(self, partition: str) -> State:
        """Return all objects of a partition, of the kinds that we write."""
        self.requests += 1
        with self._lock:
            return {
                path: canonical(path.collection, partition, attributes)
                for path, attributes in self._tree.items()
                if path.partition == partition and path.collection in kinds.KIND_OF
            }

    def contents(self, owns: Callable[[str], bool]) -> Iterator[tuple[ObjectPath, Attributes]]:
        """Yield all objects of the kinds that we write in all partitions whose names it owns."""
        with self._lock:
            self.requests += len(kinds.KINDS)
            tree = self._tree
            found = [(path, tree[path]) for path in tree if owns(path.partition)]
        for path, attributes in found:
            if path.collection in kinds.KIND_OF:
                yield path, canonical(path.collection, path.partition, attributes)

    def object(self, path: ObjectPath) -> Attributes | None:
        """Return one object; None when it is not there."""
        self.requests += 1
        with self._lock:
            found = self._tree.get(path)
        return None if found is None else canonical(path.collection, path.partition, found)

    def create_partition(self, partition: str) -> bool:
        """Make a partition; False when it is there already."""
        self.requests += 1
        self._may_write()
        self.is_unsaved = True
        with self._lock:
            is_new = partition not in self._partitions
            self._partitions.add(partition)
        self._send_on()
        return is_new

    def delete_partition(self, partition: str) -> None:
        """Take an empty partition away; one that is not there is no error."""
        self.requests += 1
        self._may_write()
        self.is_unsaved = True
        with self._lock:
            if any(path.partition == partition for path in self._tree):
                raise DeviceRefused(
                    self.name,
                    "refuses: You must remove all objects from a partition before removing the "
                    f"partition ({partition})",
                )
            self._partitions.discard(partition)
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
            before = {path: each for path, each in self._tree.items() if path.partition in touched}
            try:
                after = committed(before, self._partitions, steps)
            except Refused as refused:
                is_stamp = refused.path.full in stamps
                raise (StampRefused if is_stamp else DeviceRefused)(
                    self.name, f"refuses: {refused}"
                ) from refused
            tree = dict(self._tree)  # a copy: who reads goes on with the one before
            for path in before.keys() - after.keys():
                del tree[path]
            tree.update(
                (path, each) for path, each in after.items() if before.get(path) is not each
            )
            self._tree = tree
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

    def take(self, other: "MemoryDevice") -> None:
        """Have the configuration that another device of the cluster has."""
        with self._lock:
            self._tree, self._partitions = dict(other._tree), set(other._partitions)

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
        with self._lock:
            if collection == "auth/partition":
                return iter([{"name": name} for name in sorted(self._partitions)])
            return iter(
                [
                    {**attributes, "name": path.name, "partition": path.partition}
                    for path, attributes in self._tree.items()
                    if path.collection == collection
                ]
            )

    def _stamps_of(self, partition: str) -> PartitionStamps:
        names = sorted(
            path.name
            for path in self._tree
            if path.partition == partition and path.collection == kinds.DATA_GROUP
        )
        return PartitionStamps(
            tuple(n for n in names if n.startswith(STAMP_BEGINS) and n != GUARD), GUARD in names
        )


class Refused(Exception):
    """A transaction that would leave the tree as no device allows it."""

    def __init__(self, path: ObjectPath, why: str) -> None:
        """Name the object that is in the way."""
        super().__init__(f"{path.collection} {path.full} {why}")
        self.path = path


def committed(before: Tree, partitions: Collection[str], steps: Sequence[Step]) -> Tree:
    """Return the tree after `steps`. Raises: Refused when it would not be sound."""
    tree = dict(before)
    deleted: set[ObjectPath] = set()
    for step in steps:
        path = step.path
        if step.action is Action.CREATE:
            if path.partition not in partitions:
                raise Refused(path, "is in a folder that was not found")
            if path in tree or path in deleted:
                raise Refused(path, "already exists")
            tree[path] = dict(step.attributes)
        elif path not in tree:
            raise Refused(path, "was not found")
        elif step.action is Action.CHANGE:
            _refuse_fixed(step)
            tree[path] = merge(tree[path], step.attributes)
        else:
            deleted.add(path)
            del tree[path]
        if path.collection != kinds.DATA_GROUP:  # which nothing refers to, nor does it
            _add_implied(tree)
            _refuse_dangling(tree)
    for path in deleted:
        _refuse_in_use(path, before, tree)
    _refuse_shared(tree)
    return tree


def _refuse_fixed(step: Step) -> None:
    for name in kinds.KIND_OF[step.path.collection].fixed:
        if name in step.attributes:
            raise Refused(step.path, f"has a fixed {name}")


def _add_implied(tree: Tree) -> None:
    """Add the nodes of new members, and the virtual address of a destination that has none."""
    for path, attributes in list(tree.items()):
        for member in attributes.get("members", ()):
            node = ObjectPath(kinds.NODE, path.partition, without_port(member["name"]))
            tree.setdefault(node, {"address": member["address"]})
        if path.collection == kinds.VIRTUAL:
            address = address_of(attributes["destination"])
            if address not in _addresses(tree, path.partition):
                implied = ObjectPath(kinds.VIRTUAL_ADDRESS, path.partition, address)
                tree[implied] = {"address": address, "enabled": "yes", "autoDelete": "true"}


def _addresses(tree: Tree, partition: str) -> set[str]:
    return {
        attributes["address"]
        for path, attributes in tree.items()
        if path.collection == kinds.VIRTUAL_ADDRESS and path.partition == partition
    }


def _references(tree: Tree, path: ObjectPath) -> Iterator[tuple[str, str]]:
    """Yield what an object refers to: a word for the kind, and a full path or an address."""
    attributes = tree[path]
    if attributes.get("pool"):
        yield kinds.POOL, attributes["pool"]
    if path.collection == kinds.POOL and attributes.get("monitor"):
        yield "ltm/monitor", attributes["monitor"]
    for member in attributes.get("members", ()):
        yield kinds.NODE, f"/{path.partition}/{without_port(member['name'])}"
    if path.collection == kinds.VIRTUAL:
        address = address_of(attributes["destination"])
        yield kinds.VIRTUAL_ADDRESS, f"/{path.partition}/{address}"


def _identity(path: ObjectPath, attributes: Mapping[str, Any]) -> tuple[str, str]:
    """Return the word and path by which others refer to an object."""
    if path.collection == kinds.VIRTUAL_ADDRESS:
        return path.collection, f"/{path.partition}/{attributes['address']}"
    word = "ltm/monitor" if path.collection.startswith("ltm/monitor/") else path.collection
    return word, path.full


def _refuse_in_use(path: ObjectPath, before: Tree, after: Tree) -> None:
    """Refuse to delete what an object that stays used, even only until this transaction."""
    if path not in before or path.collection == kinds.DATA_GROUP:
        return
    gone = _identity(path, before[path])
    for user in before.keys() & after.keys():
        if gone in _references(before, user) and path.collection != kinds.VIRTUAL_ADDRESS:
            raise Refused(path, f"is in use by {user.full}")


def _refuse_dangling(tree: Tree) -> None:
    there = {_identity(path, attributes) for path, attributes in tree.items()}
    for path in tree:
        for reference in _references(tree, path):
            if reference not in there:
                raise Refused(path, f"names {reference[1]}, which was not found")


def _refuse_shared(tree: Tree) -> None:
    """Refuse what two objects cannot both have; looked at last, so that they can swap it."""
    places: dict[tuple[str, str, str], ObjectPath] = {}
    for path, attributes in tree.items():
        for name in ("destination", "address"):
            if name in attributes:
                place = (path.partition, path.collection, attributes[name])
                if place in places:
                    raise Refused(path, f"shares its {name} with {places[place].full}")
                places[place] = path
