"""Reads stored decisions of placement, and says them again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.placement import Need, Placement, PlacementRules, Unplaced
from bigip_lbaas.scheduling.ranking import Policies
from bigip_lbaas.scheduling.recall import fleet_at, say_again
from bigip_lbaas.scheduling.shipped import SHIPPED
from bigip_lbaas.store import records
from bigip_lbaas.store.port import Condition, OneOf, Transaction


@dataclass(frozen=True)  # without slots, or nothing could be kept once it is worked out
class Decision:
    """One decision with the snapshot that it rests on. policies: the ones that are known here."""

    row: records.PlacementDecision
    snapshot: records.FleetSnapshot
    policies: Policies = field(default_factory=lambda: SHIPPED)

    @property
    def need(self) -> Need:
        """Return what was asked."""
        return self.row.need

    @property
    def rules(self) -> PlacementRules:
        """Return the rules that held."""
        return self.snapshot.rules

    @cached_property
    def fleet(self) -> Fleet:
        """Return the fleet as the request saw it."""
        groups = {group.number: group for group in self.snapshot.groups}
        groups |= {group.number: group for group in self.row.changed}
        bookings = self.snapshot.bookings[: self.row.bookings]
        return fleet_at(self.row.environment, groups.values(), bookings, self.row.standings)

    @cached_property
    def answer(self) -> Placement | Unplaced:
        """Return the whole answer, with an opinion of every group."""
        return say_again(self.need, self.fleet, self.rules, self.row.outcome, self.policies)


def decisions(
    tx: Transaction,
    *conditions: Condition,
    policies: Policies = SHIPPED,
    order_by: str | None = None,
    limit: int | None = None,
    **equals: Any,
) -> tuple[Decision, ...]:
    """Return the stored decisions that meet every condition; see Transaction.select."""
    rows = tx.select(
        records.PlacementDecision, *conditions, order_by=order_by, limit=limit, **equals
    )
    snapshots = _snapshots(tx, rows)
    return tuple(Decision(row, snapshots[row.snapshot], policies) for row in rows)


def _snapshots(
    tx: Transaction, rows: Iterable[records.PlacementDecision]
) -> dict[str, records.FleetSnapshot]:
    ids = OneOf("id", tuple(sorted({row.snapshot for row in rows})))
    return {row.id: row for row in tx.select(records.FleetSnapshot, ids)}
