"""What many load balancers need on a device, as hashes, and what of a device does not match. Pure.

A device's objects come by as they are read, and only what does not match is kept: a group of
10,000 load balancers has some 70,000 objects. A hash that matches means that nothing would be
written; what does not match is compared again, attribute by attribute.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from bigip_lbaas.domain.graph import ObjectRef, ServiceGraph
from bigip_lbaas.domain.ids import LoadBalancerId, ProjectId
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.addresses import is_address, without_port
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.ltm.state import Attributes, ObjectPath, State
from bigip_lbaas.reconcile.plan import is_unset
from bigip_lbaas.reconcile.render import RenderSettings, described, render

_ENCODER = msgspec.json.Encoder(order="deterministic")
_ANY = 0  # the hash of what only has to be there


def _hash(value: object) -> int:
    return int.from_bytes(blake2b(_ENCODER.encode(value), digest_size=8).digest(), "big")


def _key(collection: str, partition: str, name: str) -> int:
    return _hash(f"{collection} /{partition}/{name}")


def fingerprint(attributes: Attributes) -> int:
    """Return a hash that two objects share when writing one over the other changes nothing."""
    return _hash({name: value for name, value in attributes.items() if not is_unset(value)}) or 1


class Expected:
    """What settled load balancers need; of those that are being changed nothing is judged."""

    def __init__(self, naming: Naming, settings: RenderSettings) -> None:
        """Expect nothing yet."""
        self.naming = naming
        self.settings = settings
        self.ids: list[LoadBalancerId] = []
        self.revisions = array("q")
        self.unsettled: set[str] = set()  # ids of load balancers, and of what is under them
        self.in_flux: set[str] = set()  # partitions with such ones: their nodes are not judged
        self._numbers: dict[LoadBalancerId, int] = {}
        self._places: dict[int, int] = {}  # hash of a path -> where the following have it
        self._hashes = array("Q")
        self._owners = array("L")

    def __len__(self) -> int:
        """Return how many load balancers are settled."""
        return len(self.ids)

    def add(self, graph: ServiceGraph, revision: int) -> None:
        """Expect a load balancer that is settled at that revision.

        Raises: RequestRejected when it cannot be rendered.
        """
        state = render(graph, self.naming, self.settings)
        number = len(self.ids)
        self.ids.append(graph.id)
        self.revisions.append(revision)
        self._numbers[graph.id] = number
        for path, attributes in state.items():
            self._put(path, fingerprint(attributes), number)
            for member in attributes.get("members", ()):
                node = without_port(str(member["name"]))
                self._put(ObjectPath(kinds.NODE, path.partition, node), _ANY, number)

    def leave_out(self, graph: ServiceGraph, leaving: Iterable[ObjectRef] = ()) -> None:
        """Judge nothing of a load balancer that is being changed, or could not be."""
        self.unsettled |= {ref.id for ref in (*graph.objects(), *leaving)}
        self.in_flux.add(self.naming.name(graph.project_id))

    def number(self, id_: LoadBalancerId) -> int | None:
        """Return which of the settled ones it is; None when it is none of them."""
        return self._numbers.get(id_)

    def place(self, path: ObjectPath) -> int | None:
        """Return where an object stands; None when nothing needs it."""
        return self._places.get(_key(path.collection, path.partition, path.name))

    def is_alike(self, place: int, attributes: Attributes) -> bool:
        """Return whether an object is there as it is needed."""
        return self._hashes[place] in (_ANY, fingerprint(attributes))

    def owner(self, place: int) -> int:
        """Return which load balancer needs what stands there."""
        return self._owners[place]

    @property
    def places(self) -> int:
        """Return how many objects are needed."""
        return len(self._hashes)

    def is_only_to_be_there(self, place: int) -> bool:
        """Return whether it stands for a node."""
        return self._hashes[place] == _ANY

    def _put(self, path: ObjectPath, content: int, owner: int) -> None:
        key = _key(path.collection, path.partition, path.name)
        if key not in self._places:
            self._places[key] = len(self._hashes)
            self._hashes.append(content)
            self._owners.append(owner)


@dataclass
class Comparison:
    """One device on its way past what is expected.

    partitions: those that are judged. otherwise: what is there, but not as it is needed, by whose
    it is. extra: what a known one's mark is on and nothing needs; orphans: the same of unknown
    ones; nobodys: what bears no mark at all. seen: how many objects came by.
    """

    expected: Expected
    partitions: frozenset[str]
    seen: int = 0
    otherwise: dict[int, dict[ObjectPath, Attributes]] = field(default_factory=dict)
    extra: dict[int, dict[ObjectPath, Attributes]] = field(default_factory=dict)
    orphans: dict[ObjectPath, Attributes] = field(default_factory=dict)
    nobodys: dict[ObjectPath, Attributes] = field(default_factory=dict)
    _found: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        """Nothing has been found yet."""
        self._found = bytearray(self.expected.places)

    def see(self, path: ObjectPath, attributes: Attributes) -> None:
        """Take note of one object."""
        if path.partition not in self.partitions:
            return
        self.seen += 1
        place = self.expected.place(path)
        if place is None:
            self._see_unexpected(path, attributes)
            return
        self._found[place] = 1
        if not self.expected.is_alike(place, attributes):
            self.otherwise.setdefault(self.expected.owner(place), {})[path] = attributes

    def forget(self, partition: str) -> None:
        """Judge a partition no more: it was written to meanwhile."""
        self.partitions -= {partition}
        for found in (self.orphans, self.nobodys, *self.otherwise.values(), *self.extra.values()):
            for path in [path for path in found if path.partition == partition]:
                del found[path]

    def suspects(self) -> frozenset[int]:
        """Return the load balancers with which something is not as it should be."""
        missing = {
            self.expected.owner(place)
            for place, found in enumerate(self._found)
            if not found and not self.expected.is_only_to_be_there(place)
        }
        others = {
            number for number, found in (*self.otherwise.items(), *self.extra.items()) if found
        }
        return frozenset(missing | others)

    def found_of(self, number: int, wanted: State) -> State:
        """Return what there is of a load balancer, which is to be `wanted`; nodes are left out."""
        there = {}
        for path, attributes in wanted.items():
            place = self.expected.place(path)
            if place is not None and self._found[place]:
                there[path] = attributes
        return {**there, **self.otherwise.get(number, {}), **self.extra.get(number, {})}

    def _see_unexpected(self, path: ObjectPath, attributes: Attributes) -> None:
        if path.collection == kinds.NODE and path.partition in self.expected.in_flux:
            return
        if path.collection == kinds.NODE and not is_address(path.name):
            return
        id_ = described(str(attributes.get("description", "")))
        ours = self.expected.naming.id_of(path.name)
        if id_ in self.expected.unsettled or ours in self.expected.unsettled:
            return
        number = self.expected.number(id_) if id_ else None
        if number is not None and ours:
            self.extra.setdefault(number, {})[path] = attributes
        elif id_ and ours and number is None:
            self.orphans[path] = attributes
        else:
            self.nobodys[path] = attributes


def project_of(path: ObjectPath, naming: Naming) -> ProjectId:
    """Return whose partition an object lies in."""
    return ProjectId(naming.id_of(path.partition) or path.partition)
