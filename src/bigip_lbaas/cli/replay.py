"""Reads from the database what a simulation begins with: today's fleet, or what was decided."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bigip_lbaas.cli.app import FleetOf
from bigip_lbaas.domain.capacity import EXACT_METRICS
from bigip_lbaas.domain.costs import EVERYBODY, CostBook
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber, ProjectId
from bigip_lbaas.domain.placement import Placement
from bigip_lbaas.scheduling.learning import seen_costs
from bigip_lbaas.scheduling.whatif.estimates import Learned
from bigip_lbaas.scheduling.whatif.world import Arrival, SimulatedGroup, groups_of
from bigip_lbaas.store import records
from bigip_lbaas.store.decisions import Decision, decisions
from bigip_lbaas.store.port import Store, Transaction


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a simulation begins with. learned: what the environment knows of costs."""

    groups: tuple[SimulatedGroup, ...]
    learned: Learned
    arrivals: tuple[Arrival, ...] = ()

    def everybodys_costs(self) -> dict[str, float]:
        """Return metric -> what a load balancer has been seen to cost here, where known."""
        return seen_costs(self.learned.books.get(EVERYBODY, CostBook()), CostBook())


def todays(store: Store, fleet_of: FleetOf, environment: str | None) -> Beginning:
    """Return today's fleet with all that lives there. Raises RequestRejected."""

    def work(tx: Transaction) -> Beginning:
        name = _environment(tx, environment)
        homes: dict[ProjectId, set[GroupNumber]] = defaultdict(set)
        for row in tx.select(records.PlacementRow, environment=name, tombstone=False):
            homes[row.project_id].add(row.group)
        frozen = {project: frozenset(numbers) for project, numbers in homes.items()}
        return Beginning(groups_of(fleet_of(tx, name), frozen), _learned(tx, name))

    return store.read(work)


def recorded(store: Store, environment: str | None) -> Beginning:
    """Return the fleet of the first decision that is kept, and all that was asked since.

    What each load balancer truly cost is not known: it is what was expected. Raises
    RequestRejected.
    """

    def work(tx: Transaction) -> Beginning:
        name = _environment(tx, environment)
        rows = decisions(tx, environment=name, order_by="decided_at")
        last = {each.row.load_balancer_id: each for each in rows}
        kept = sorted(
            last.values(), key=lambda each: (each.row.decided_at, each.row.load_balancer_id)
        )
        if not kept:
            raise RequestRejected(f"no decision is recorded in environment {name}")
        groups = groups_of(kept[0].fleet, _homes_before(kept))
        return Beginning(groups, _learned(tx, name), tuple(_arrival(row, kept[0]) for row in kept))

    return store.read(work)


def _homes_before(kept: Sequence[Decision]) -> dict[ProjectId, frozenset[GroupNumber]]:
    """Return where each project lived when it was first decided about."""
    homes: dict[ProjectId, frozenset[GroupNumber]] = {}
    for each in kept:
        lived = frozenset(one.group for one in each.row.standings if one.lives_here)
        homes.setdefault(each.need.project_id, lived)
    return homes


def _arrival(decision: Decision, first: Decision) -> Arrival:
    row, need, outcome = decision.row, decision.need, decision.row.outcome
    costs = outcome.costs if isinstance(outcome, Placement) else need.seen_costs
    return Arrival(
        row.decided_at - first.row.decided_at,
        row.load_balancer_id,
        need.project_id,
        {metric: cost for metric, cost in costs.items() if metric not in EXACT_METRICS},
        need.member_addresses,
        need.demands,
    )


def _learned(tx: Transaction, environment: EnvironmentName) -> Learned:
    rows = tx.select(records.SeenCosts, environment=environment)
    return Learned(books={row.project_id: row.book for row in rows})


def _environment(tx: Transaction, asked: str | None) -> EnvironmentName:
    names = sorted({row.environment for row in tx.select(records.Group)})
    if asked is not None and asked in names:
        return EnvironmentName(asked)
    known = ", ".join(names) or "none"
    if asked is not None:
        raise RequestRejected(f"there is no environment {asked!r} here; known: {known}")
    if len(names) != 1:
        raise RequestRejected(f"environments here: {known}; say which with --environment")
    return names[0]
