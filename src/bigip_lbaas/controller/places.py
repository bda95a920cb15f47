"""Keeps who lives where, and counts it, so that no decision has to."""

from dataclasses import replace

from bigip_lbaas.domain.costs import EVERYBODY
from bigip_lbaas.domain.ids import LoadBalancerId
from bigip_lbaas.store import records
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import Transaction

# A home is locked before its residence, here and wherever both are: so nobody waits in a circle.


def move_in(tx: Transaction, row: records.PlacementRow) -> None:
    """Write down where a load balancer lives. Raises ConcurrentUpdate when it has a place."""
    tx.insert(row)
    _count(tx, row, 1, living=1)


def move_out(tx: Transaction, load_balancer_id: LoadBalancerId) -> None:
    """Forget where a load balancer lived, if anywhere."""
    row = tx.get(records.PlacementRow, load_balancer_id)
    if row is not None:
        tx.delete(records.PlacementRow, load_balancer_id)
        _count(tx, row, -1, living=0 if row.tombstone else -1)


def leave_a_tombstone(tx: Transaction, row: records.PlacementRow) -> None:
    """Note that it is gone, but not from every device yet."""
    if not row.tombstone:
        tx.put(replace(row, tombstone=True))
        _count(tx, row, 0, living=-1)


def _count(tx: Transaction, row: records.PlacementRow, load_balancers: int, living: int) -> None:
    for project in (EVERYBODY, row.project_id):
        key = (row.environment, project, row.group)
        before = locked(tx, records.Residence(*key), *key)
        after = replace(
            before,
            load_balancers=before.load_balancers + load_balancers,
            living=before.living + living,
        )
        if after.load_balancers:
            tx.put(after)
        else:
            tx.delete(records.Residence, *key)
