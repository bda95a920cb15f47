"""Says that a device group's books have changed, to all who keep in memory what they read."""

from collections.abc import Iterable

from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber
from bigip_lbaas.store import records
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import OneOf, Plus, Transaction


def books_changed(
    tx: Transaction, environment: EnvironmentName, groups: Iterable[GroupNumber]
) -> None:
    """Give the groups' books a new version; with the transaction that changed them.

    To be called by whoever changes a group's row, reports, reservations or number of load
    balancers, or whether an agent of it is alive, switched on and in it; also when one that was
    silent is heard of again, or may be silent for another time.
    """
    numbers = tuple(sorted(set(groups)))
    if not numbers:
        return
    some = OneOf("group", numbers)
    there = tx.alter(records.GroupBooks, some, change={"version": Plus(1)}, environment=environment)
    if there < len(numbers):  # of a group that is new
        for number in numbers:
            row = locked(tx, records.GroupBooks(environment, number), environment, number)
            tx.put(records.GroupBooks(environment, number, row.version + 1))
