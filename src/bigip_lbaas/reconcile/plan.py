"""Plans the steps from what a partition holds to what it must hold. Pure.

A plan is at most three transactions, each all or nothing:

1. only when an attribute that can never change must change: what is to be made anew goes, because
   one name must not be deleted and created in one transaction;
2. what is new and what changes, in the order of dependency, after those virtual servers and
   virtual addresses whose place something else takes;
3. what is no longer wanted, in reverse order, because a monitor just detached from its pool, or a
   node just left by its members, cannot go in the transaction that lets go of it.

Source: iControl REST reference, transactions ("Do after").
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.addresses import address_of, is_address, without_port
from bigip_lbaas.ltm.kinds import KIND_OF, RANK
from bigip_lbaas.ltm.state import Action, Attributes, ObjectPath, State, Step


@dataclass(frozen=True, slots=True)
class Plan:
    """Transactions, to be committed one after the other; none of them is empty."""

    transactions: tuple[tuple[Step, ...], ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return all steps in their order."""
        return tuple(step for transaction in self.transactions for step in transaction)


def plan(desired: State, observed: State) -> Plan:
    """Return the steps from `observed` to `desired`, both of one whole partition.

    Attributes that `desired` does not name are left as they are. Nodes are not planned: they come
    with the members that need them, and one that no member in `desired` uses any more goes.
    """
    wanted = {path: a for path, a in desired.items() if path.collection != kinds.NODE}
    replaced = _replaced(wanted, observed)
    present = {path: a for path, a in observed.items() if path not in replaced}
    writes = sorted(_writes(wanted, present), key=lambda step: _rank(step.path))
    gone = {path for path in present if path.collection != kinds.NODE and path not in wanted}
    first = _in_the_way(gone, present, {step.path: wanted[step.path] for step in writes})
    last = gone - first | _idle_nodes(wanted, present)
    transactions = (_deletes(replaced), (*_deletes(first), *writes), _deletes(last))
    return Plan(tuple(transaction for transaction in transactions if transaction))


def _rank(path: ObjectPath) -> tuple[int, ObjectPath]:
    return RANK[path.collection], path


def _deletes(paths: Iterable[ObjectPath]) -> tuple[Step, ...]:
    return tuple(Step(Action.DELETE, path) for path in sorted(paths, key=_rank, reverse=True))


def _writes(wanted: State, present: State) -> Iterable[Step]:
    """Yield what must be created or changed, in no order."""
    for path, attributes in wanted.items():
        if path not in present:
            given = {name: value for name, value in attributes.items() if not is_unset(value)}
            yield Step(Action.CREATE, path, given)
        elif attributes is present[path]:
            continue  # most of a partition: what the targets do not touch is passed on as it is
        elif changed := changes(attributes, present[path]):
            yield Step(Action.CHANGE, path, changed)


def changes(wanted: Attributes, present: Attributes) -> Attributes:
    """Return the attributes of `wanted` that an object has otherwise, or not at all."""
    return {
        name: value
        for name, value in wanted.items()
        if present.get(name) != value and not (name not in present and is_unset(value))
    }


def is_unset(value: Any) -> bool:
    """Return whether a device shows an attribute of this value by leaving it out."""
    return value in ("", ())


def _replaced(wanted: State, observed: State) -> frozenset[ObjectPath]:
    """Return what must be deleted and made anew, with what uses it."""
    anew = {
        path
        for path in wanted.keys() & observed.keys()
        if wanted[path] is not observed[path]
        and any(
            observed[path].get(name) != wanted[path].get(name)
            for name in KIND_OF[path.collection].fixed
        )
    }
    return frozenset(anew | _users_of(anew, observed, observed))


def _users_of(
    addresses: Collection[ObjectPath], among: Iterable[ObjectPath], observed: State
) -> set[ObjectPath]:
    """Return the virtual servers of `among` on any of these virtual addresses."""
    taken = {
        (path.partition, observed[path].get("address"))
        for path in addresses
        if path.collection == kinds.VIRTUAL_ADDRESS
    }
    return {
        path
        for path in among
        if path.collection == kinds.VIRTUAL
        and (path.partition, address_of(observed[path].get("destination", ""))) in taken
    }


def _in_the_way(
    gone: set[ObjectPath], present: State, written: Mapping[ObjectPath, Attributes]
) -> set[ObjectPath]:
    """Return what of `gone` holds a place that something written needs.

    No two virtual servers may share a destination, no two virtual addresses an address.
    """
    places = {place for path, a in written.items() if (place := _place(path, a))}
    blocking = {path for path in gone if _place(path, present[path]) in places}
    return blocking | _users_of(blocking, gone, present)


def _place(path: ObjectPath, attributes: Attributes) -> tuple[str, str, Any] | None:
    unique = {kinds.VIRTUAL: "destination", kinds.VIRTUAL_ADDRESS: "address"}
    name = unique.get(path.collection)
    return (path.partition, path.collection, attributes.get(name)) if name else None


def _idle_nodes(wanted: State, present: State) -> set[ObjectPath]:
    """Return the nodes named by their address that no wanted member uses."""
    used = {
        (path.partition, without_port(str(member["name"])))
        for path, attributes in wanted.items()
        for member in attributes.get("members", ())
    }
    return {
        path
        for path in present
        if path.collection == kinds.NODE
        and is_address(path.name)
        and (path.partition, path.name) not in used
    }
