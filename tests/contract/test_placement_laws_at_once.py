"""The laws of placement hold whatever arrives at once, through two controllers, on a real database.

The books are worked out here anew, from what was placed in which order: nothing is believed.
"""

import random
import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest
from databases import SERVERS

from bigip_lbaas.controller.gathering import Gathering
from bigip_lbaas.controller.placing import Attended, Desk, attend_all
from bigip_lbaas.controller.reporting import record_report
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.capacity import CapacityReport, Reading
from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber, LoadBalancerId, RequestId
from bigip_lbaas.domain.placement import Placement, PlacementRules, Unplaced
from bigip_lbaas.scheduling.schedule import schedule
from bigip_lbaas.store import records
from bigip_lbaas.store.children import children_of
from bigip_lbaas.store.decisions import Decision
from bigip_lbaas.store.decisions import decisions as decisions_of
from bigip_lbaas.store.memory import MemoryStore
from bigip_lbaas.store.port import Store, Transaction
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.messages import Assignment
from tests.integration.graphs import graph

ENVIRONMENT = EnvironmentName("dev")
GROUPS = range(1, 5)
PROJECTS = 14
ARRIVALS = 48
THREADS = 8
CONNECTIONS = 10.0  # that one is expected to cost
RULES = PlacementRules(headroom=0.9, expected_cost={"active_connections": CONNECTIONS})


@dataclass
class Fleets:
    """What each group has measured, of which limits; and the load balancers that arrive."""

    dice: random.Random
    measured: dict[int, dict[str, float]] = field(default_factory=dict)
    limits: dict[int, dict[str, float]] = field(default_factory=dict)
    arrivals: list[records.LoadBalancer] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number in GROUPS:
            limits = {
                "tenant_count": float(self.dice.choice((3, 5, 8))),
                "node_count": float(self.dice.choice((10, 30))),
                "active_connections": self.dice.choice((60.0, 100.0, 200.0)),
            }
            self.limits[number] = limits
            self.measured[number] = {m: float(self.dice.choice((0, 0, 1))) for m in limits}
        for number in range(ARRIVALS):
            project = f"project-{min(int(self.dice.paretovariate(0.7)), PROJECTS)}"
            made = graph(number, project, members=self.dice.choice((0, 1, 3)))
            self.arrivals.append(
                records.LoadBalancer(
                    made.id, ENVIRONMENT, made.project_id, 1, made, True, Phase.WAITING,
                    RequestId("req"), 0.0,
                )
            )  # fmt: skip

    def agents(self) -> Iterator[tuple[AgentId, int]]:
        for number in GROUPS:
            for host in ("a", "b"):
                yield AgentId(f"{host}:{number}"), number

    def report(self, agent: AgentId, number: int) -> CapacityReport:
        readings = tuple(
            Reading(metric, self.measured[number][metric], limit)
            for metric, limit in self.limits[number].items()
        )
        return CapacityReport(ENVIRONMENT, GroupNumber(number), agent, "e", True, readings)

    def set_up(self, tx: Transaction) -> None:
        now = tx.now()
        for number in GROUPS:
            tx.put(records.Group(ENVIRONMENT, GroupNumber(number)))
        for agent, number in self.agents():
            group, host = GroupNumber(number), agent.partition(":")[0]
            row = (agent, ENVIRONMENT, host, group, "e", 1, True, True, (), now, now)
            tx.put(records.Agent(*row))
            tx.put(records.Report(agent, ENVIRONMENT, group, now, self.report(agent, number)))
        for arrival in self.arrivals:
            tx.put(arrival)
            for child in children_of(arrival.graph):
                tx.put(child)


class Books:
    """The books as they must be, one placement after the other."""

    def __init__(self, fleets: Fleets) -> None:
        self.fleets = fleets
        self.reserved: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self.nodes: dict[tuple[int, str], set[str]] = defaultdict(set)
        self.lives: set[tuple[int, str]] = set()

    def costs(self, lb: records.LoadBalancer, group: int) -> dict[str, float]:
        known = self.nodes[group, lb.project_id]
        return {
            "tenant_count": 0.0 if (group, lb.project_id) in self.lives else 1.0,
            "node_count": float(len(lb.graph.member_addresses() - known)),
            "active_connections": CONNECTIONS,
        }

    def share(self, group: int, costs: dict[str, float]) -> float:
        measured, limits = self.fleets.measured[group], self.fleets.limits[group]
        reserved = self.reserved[group]
        return max(
            (measured[m] + reserved[m] + costs.get(m, 0.0)) / limit for m, limit in limits.items()
        )

    def has_room(self, lb: records.LoadBalancer, group: int) -> bool:
        return self.share(group, {}) < 1.0 and self.share(group, self.costs(lb, group)) <= 1.0

    def place(self, lb: records.LoadBalancer, group: int) -> None:
        for metric, cost in self.costs(lb, group).items():
            self.reserved[group][metric] += cost
        self.lives.add((group, lb.project_id))
        self.nodes[group, lb.project_id] |= lb.graph.member_addresses()


def arrive_at_once(store: Store, fleets: Fleets) -> list[Assignment]:
    """Let two controllers place everything, each load balancer by both, while reports come."""
    controllers = [
        ControllerSettings(ENVIRONMENT, f"controller-{n}", RULES, lease_s=600.0, report_ttl_s=600.0)
        for n in (1, 2)
    ]
    staff = list(fleets.agents())

    gatherings = [_gathering(store, settings) for settings in controllers]

    def work(number: int) -> Assignment | None:
        settings = controllers[number % 2]
        if number % 8 == 7:
            report = fleets.report(*staff[number % len(staff)])
            store.write(lambda tx: record_report(tx, settings, report))
        load_balancer = fleets.arrivals[number % ARRIVALS].id
        gathering = gatherings[number % 2]
        attended = gathering.answer_to(gathering.put(load_balancer))
        return attended.assignment if attended else None

    # the other controller comes to each a moment after the first
    order = [n for first in range(ARRIVALS) for n in (first, first + ARRIVALS + 1)]
    with ThreadPoolExecutor(THREADS) as pool:
        return [found for found in pool.map(work, order) if found is not None]


def _gathering(store: Store, settings: ControllerSettings) -> Gathering[LoadBalancerId, Attended]:
    """Return what a controller places with: several in a transaction, with a ledger of its own."""
    desk = Desk(settings, lambda _lb: 0.0, lambda: secrets.token_hex(4))

    def attend(ids: Sequence[LoadBalancerId]) -> dict[LoadBalancerId, Attended]:
        done = store.write(lambda tx: attend_all(tx, desk, ids))
        if done.books is not None:
            desk.ledger.keep(done.books)
        return done.results

    return Gathering(attend, 5)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", ["memory", *SERVERS], indirect=True)
def test_the_laws_hold_whatever_arrives_at_once(store: Store, seed: int) -> None:
    fleets = Fleets(random.Random(seed))
    store.write(fleets.set_up)
    assignments = arrive_at_once(store, fleets)
    decisions = sorted(store.read(lambda tx: decisions_of(tx)), key=_in_order)
    assert len(decisions) == ARRIVALS
    assert len({decision.row.load_balancer_id for decision in decisions}) == ARRIVALS
    by_id = {lb.id: lb for lb in fleets.arrivals}
    books = Books(fleets)
    for decision in decisions:
        lb, answer = by_id[decision.row.load_balancer_id], decision.answer
        rooms = [group for group in GROUPS if books.has_room(lb, group)]
        _saw_everything_before(decision, books)
        _order_does_not_matter(decision)
        if isinstance(answer, Unplaced):
            assert not any(books.share(group, {}) < 1.0 for group in GROUPS)
            _gives_a_reason_for_every_group(answer)
            continue
        assert books.share(answer.group, books.costs(lb, answer.group)) <= 1.0 or not rooms
        assert books.costs(lb, answer.group) == answer.costs
        books.place(lb, answer.group)
    _one_home_for_each_project_in_a_group(store, assignments)


def _in_order(decision: Decision) -> tuple[int, float]:
    """Return the order of decisions: each saw all that had been placed before it."""
    return sum(each.load_balancers for each in decision.fleet.groups), decision.row.decided_at


def _saw_everything_before(decision: Decision, books: Books) -> None:
    for group in decision.fleet.groups:
        seen = {metric: cost for metric, cost in group.reserved.items() if cost}
        assert seen == {m: cost for m, cost in books.reserved[group.number].items() if cost}


def _order_does_not_matter(decision: Decision) -> None:
    mixed = [
        replace(group, agents=tuple(reversed(group.agents)))
        for group in reversed(decision.fleet.groups)
    ]
    fleet = Fleet(ENVIRONMENT, tuple(mixed))
    assert schedule(decision.need, fleet, decision.rules) == decision.answer


def _gives_a_reason_for_every_group(answer: Unplaced) -> None:
    assert [opinion.group for opinion in answer.opinions] == list(GROUPS)
    for opinion in answer.opinions:
        assert f"group {opinion.group} {opinion.why_not}" in answer.because
        assert " is at " in (opinion.why_not or "")


def _one_home_for_each_project_in_a_group(store: Store, assignments: list[Assignment]) -> None:
    homes = defaultdict(set)
    for assignment in assignments:
        home = assignment.home
        homes[home.project_id, home.group].add((home.agent_id, home.fence))
    assert {len(found) for found in homes.values()} == {1}
    rows = store.read(lambda tx: tx.select(records.Home))
    assert {(row.project_id, row.group) for row in rows} == set(homes)
    fences = {row.fence_number for row in rows}
    assert len(fences) == len(rows)


def test_the_worlds_of_these_tests_fill_up_and_refuse() -> None:
    placed = refused = 0
    for seed in (1, 2):
        fleets, store = Fleets(random.Random(seed)), MemoryStore(lambda: 1000.0)
        store.write(fleets.set_up)
        arrive_at_once(store, fleets)
        answers = [each.answer for each in store.read(lambda tx: decisions_of(tx))]
        placed += sum(isinstance(answer, Placement) for answer in answers)
        refused += sum(isinstance(answer, Unplaced) for answer in answers)
    assert placed > 40
    assert refused > 5
