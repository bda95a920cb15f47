"""Keeps who lives where, and counts it, so that no decision has to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bigip_lbaas.domain.costs import EVERYBODY
from bigip_lbaas.domain.ids import GroupNumber, LoadBalancerId, ProjectId
from bigip_lbaas.store import records
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import OneOf, Plus, Transaction
from bigip_lbaas.store.versions import books_changed

# A home is locked before its residence, and that before its group's books, here and wherever they
# are: so nobody waits in a circle.


def move_all_in(tx: Transaction, rows: Sequence[records.PlacementRow]) -> None:
    """Write down where load balancers of one environment live.

    Raises ConcurrentUpdate when one has a place.
    """
    tx.insert_all(rows)
    environment = rows[0].environment
    if len(rows) == 1:
        _count_one(tx, rows[0])
        return
    added: Counter[tuple[ProjectId, GroupNumber]] = Counter()
    for row in rows:
        added[EVERYBODY, row.group] += 1
        added[row.project_id, row.group] += 1
    projects = OneOf("project_id", tuple(sorted({project for project, _ in added})))
    groups = OneOf("group", tuple(sorted({group for _, group in added})))
    known = tx.select(records.Residence, projects, groups, environment=environment, lock=True)
    before = {(row.project_id, row.group): row for row in known}
    tx.put_all(
        [
            replace(
                row, load_balancers=row.load_balancers + added[key], living=row.living + added[key]
            )
            for key, row in before.items()
            if key in added
        ]
    )
    new = sorted(added.keys() - before.keys())  # only who places makes them, one at a time
    tx.insert_all([records.Residence(environment, *key, added[key], added[key]) for key in new])


def _count_one(tx: Transaction, row: records.PlacementRow) -> None:
    """Count one more, where it mostly is: among others of its project."""
    both = OneOf("project_id", (EVERYBODY, row.project_id))
    where: dict[str, Any] = {"environment": row.environment, "group": row.group}
    one_more = {"load_balancers": Plus(1), "living": Plus(1)}
    if tx.alter(records.Residence, both, change=one_more, **where) == len(both.values):
        return
    there = {each.project_id for each in tx.select(records.Residence, both, **where)}
    new = [project for project in both.values if project not in there]
    tx.insert_all([records.Residence(row.environment, each, row.group, 1, 1) for each in new])


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
    books_changed(tx, row.environment, (row.group,))
