"""Keeps decisions of placement, with all that is needed to say them again."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bigip_lbaas.controller.ledger import Ground, OpenBooks
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.errors import ConcurrentUpdate
from bigip_lbaas.domain.fleet import GroupState, Standing
from bigip_lbaas.domain.ids import GroupNumber, LoadBalancerId
from bigip_lbaas.domain.placement import Need, Placement, Unplaced
from bigip_lbaas.scheduling.recall import outcome_of
from bigip_lbaas.store import records
from bigip_lbaas.store.port import AtMost, OneOf, Transaction

FIRST = 1  # revision: none of its decisions has been dropped yet, so the first has number 1
MOST_OF_ONE = 20  # of one load balancer, which somebody fails over again and again
GROUND_HOLDS_S = 600.0  # so long later decisions may rest on a snapshot
SNAPSHOT_STAYS_S = 3600.0  # so long it is not looked at whether any decision still rests on it
FEW_CHANGES = 16  # a decision names so many changed groups; for more a new snapshot is smaller


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of a transaction. bookings: how many it made before."""

    need: Need
    revision: int
    standings: tuple[Standing, ...]
    bookings: int
    answer: Placement | Unplaced


def record_decisions(
    tx: Transaction,
    settings: ControllerSettings,
    books: OpenBooks,
    decided: Sequence[Decided],
    new_id: str,
    *,
    orphaned: bool = False,
) -> None:
    """Store questions and answers; of the answers while it waits only the latest is kept.

    books: of the transaction, after all that it placed. new_id: for a snapshot, if it takes one.
    orphaned: there will be no such load balancers.
    """
    changed = _changed(books)
    shared = _needs_a_snapshot(books, changed, len(decided), tx.now())
    if shared:
        books.ground = _store_snapshot(tx, settings, books, len(decided), new_id)
    assert books.ground is not None
    rows = [
        records.PlacementDecision(
            one.need.load_balancer_id,
            1,
            settings.environment,
            tx.now(),
            one.revision,
            settings.name,
            books.ground.id,
            one.bookings if shared else 0,
            () if shared else tuple(_after(changed, books, one.bookings).values()),
            one.need,
            one.standings,
            outcome_of(one.answer),
            tx.now() if orphaned else None,
        )
        for one in decided
    ]
    if len(rows) == 1 and rows[0].revision == FIRST:  # mostly decided about for the first time
        with suppress(ConcurrentUpdate):
            tx.insert(rows[0])
            return
    numbers = _numbers(tx, [row.load_balancer_id for row in rows])
    rows = [replace(row, number=numbers.get(row.load_balancer_id, 1)) for row in rows]
    tx.put_all(rows)
    _drop_the_oldest(tx, rows)


def _store_snapshot(
    tx: Transaction,
    settings: ControllerSettings,
    books: OpenBooks,
    decisions: int,
    new_id: str,
) -> Ground:
    """Store what the groups were before the transaction placed anything."""
    bookings = tuple(books.bookings) if decisions > 1 else ()
    groups = tuple(books.began.values())
    now = tx.now()
    tx.put(
        records.FleetSnapshot(new_id, settings.environment, now, groups, settings.rules, bookings)
    )
    return Ground(new_id, now, books.began)


def _drop_the_oldest(tx: Transaction, rows: Iterable[records.PlacementDecision]) -> None:
    for row in rows:
        if row.number > MOST_OF_ONE:
            oldest = AtMost("number", row.number - MOST_OF_ONE)
            id_ = row.load_balancer_id
            _drop(tx, tx.select(records.PlacementDecision, oldest, load_balancer_id=id_))


def _changed(books: OpenBooks) -> dict[GroupNumber, GroupState]:
    """Return the groups that were not as in the ground when the transaction began."""
    if books.ground is None:
        return {}
    known = books.ground.groups
    return {
        number: state
        for number, state in books.began.items()
        if known.get(number) is not state and known.get(number) != state
    }


def _needs_a_snapshot(
    books: OpenBooks, changed: dict[GroupNumber, GroupState], decisions: int, now: float
) -> bool:
    ground = books.ground
    if ground is None or now - ground.made_at > GROUND_HOLDS_S:
        return True
    few = max(FEW_CHANGES, len(books.began) // 4)
    return ground.groups.keys() != books.began.keys() or len(changed) + decisions > few


def _after(
    changed: dict[GroupNumber, GroupState], books: OpenBooks, bookings: int
) -> dict[GroupNumber, GroupState]:
    """Return the changed groups after so many bookings of the transaction."""
    if not bookings:
        return changed
    now_changed = dict(changed)
    for booking in books.bookings[:bookings]:
        state = now_changed.get(booking.group, books.began[booking.group])
        now_changed[booking.group] = booking.entered(state)
    return now_changed


def _numbers(tx: Transaction, ids: Sequence[LoadBalancerId]) -> dict[LoadBalancerId, int]:
    """Return which number the next decision of each has that was decided about before.

    Of the answers while it waits only the latest is kept: the next one replaces it.
    """
    known = OneOf("load_balancer_id", tuple(sorted(ids)))
    numbers, given_up = {}, set()
    for row in tx.select(records.PlacementDecision, known, order_by="number"):
        waited = isinstance(row.outcome, Unplaced) and row.outcome.may_wait
        numbers[row.load_balancer_id] = row.number if waited else row.number + 1
        if waited:
            given_up.add(row.snapshot)
    _suspect(tx, given_up)
    return numbers


def orphan_decisions(tx: Transaction, load_balancer_id: LoadBalancerId) -> None:
    """Note that the load balancer is gone: from now on its decisions are kept for a time."""
    tx.alter(
        records.PlacementDecision,
        change={"orphaned_at": tx.now()},
        load_balancer_id=load_balancer_id,
    )


def forget_decisions(tx: Transaction, settings: ControllerSettings, at_most: int) -> int:
    """Delete decisions about load balancers that are gone for long; return how many."""
    old = AtMost("orphaned_at", tx.now() - settings.decisions_kept_s)
    environment = settings.environment
    rows = tx.select(records.PlacementDecision, old, limit=at_most, environment=environment)
    _drop(tx, rows)
    return len(rows)


def _drop(tx: Transaction, rows: Iterable[records.PlacementDecision]) -> None:
    snapshots = set()
    for row in rows:
        tx.delete(records.PlacementDecision, row.load_balancer_id, row.number)
        snapshots.add(row.snapshot)
    _suspect(tx, snapshots)


def _suspect(tx: Transaction, snapshots: set[str]) -> None:
    if snapshots:
        those = OneOf("id", tuple(sorted(snapshots)))
        tx.alter(records.FleetSnapshot, those, change={"is_suspect": True})


def forget_snapshots(tx: Transaction, settings: ControllerSettings, at_most: int) -> int:
    """Delete snapshots on which no decision rests any more; return how many.

    A young one stays: the controller that made it may be about to store a decision on it.
    """
    young = AtMost("made_at", tx.now() - SNAPSHOT_STAYS_S)
    suspects = tx.select(
        records.FleetSnapshot,
        young,
        environment=settings.environment,
        is_suspect=True,
        limit=at_most,
    )
    ids = tuple(row.id for row in suspects)
    used = tx.count(records.PlacementDecision, "snapshot", OneOf("snapshot", ids))
    for row in suspects:
        if row.id in used:
            tx.put(replace(row, is_suspect=False))
        else:
            tx.delete(records.FleetSnapshot, row.id)
    return len(ids) - len(used)
