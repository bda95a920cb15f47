"""A fleet in a database: agents, groups, reports, and load balancers that are placed already."""

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import create_engine

from bigip_lbaas.domain.capacity import CapacityReport, Reading
from bigip_lbaas.domain.costs import EVERYBODY
from bigip_lbaas.domain.graph import (
    Algorithm,
    HealthMonitor,
    Listener,
    ListenerProtocol,
    Member,
    MonitorType,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import (
    AgentId,
    EnvironmentName,
    GroupNumber,
    LoadBalancerId,
    ObjectId,
    ProjectId,
    RequestId,
)
from bigip_lbaas.store import records, schema
from bigip_lbaas.store.children import children_of
from bigip_lbaas.store.shape import plain_row, shape_of
from bigip_lbaas.store.tables import table_of

ENVIRONMENT = EnvironmentName("bench")
MOST_GROUPS = 100
BATCH = 5000
METRICS = ("throughput", "active_connections", "tenant_count", "node_count")
FILL = 0.5  # of each limit, so that there is room for all that a run places
FAR_AHEAD = 10.0 * 365 * 86400  # reports and heartbeats stay fresh for as long as a run takes


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is: agents, and load balancers that have been placed."""

    agents: int
    load_balancers: int

    @property
    def groups(self) -> int:
        """Return how many device groups the agents are in."""
        return min(MOST_GROUPS, self.agents)

    @property
    def projects(self) -> int:
        """Return how many projects the load balancers belong to."""
        return max(10, self.load_balancers // 5)

    def __str__(self) -> str:
        """Return it as it stands in the figures."""
        return f"{self.agents} agents, {self.load_balancers} load balancers"


def project(number: int) -> ProjectId:
    """Return a project's id."""
    return ProjectId(f"{number:032x}")


def graph(number: int, of_project: ProjectId, prefix: str = "lb") -> ServiceGraph:
    """Return a load balancer with a listener, a pool, two members and a monitor."""
    name = f"{prefix}-{number}"
    members = tuple(
        Member(ObjectId(f"{name}-m{n}"), f"10.{number >> 16 & 255}.{number >> 8 & 255}.{n}", 80)
        for n in (1, 2)
    )
    monitor = HealthMonitor(ObjectId(f"{name}-h"), MonitorType.HTTP, 5, 3, 3)
    pool = Pool(
        ObjectId(f"{name}-p"), PoolProtocol.HTTP, Algorithm.ROUND_ROBIN, members=members,
        monitor=monitor,
    )  # fmt: skip
    listener = Listener(ObjectId(f"{name}-l"), ListenerProtocol.HTTP, 80, pool.id)
    vip = f"{number >> 24 & 255 | 64}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return ServiceGraph(LoadBalancerId(name), of_project, vip, listeners=(listener,), pools=(pool,))


def load_balancer(of: ServiceGraph, phase: records.Phase) -> records.LoadBalancer:
    """Return the row of a load balancer."""
    return records.LoadBalancer(
        of.id, ENVIRONMENT, of.project_id, 1, of, True, phase, RequestId(f"req-{of.id}"), 0.0
    )


def zipf(size: Size, seed: int) -> Iterator[int]:
    """Yield project numbers without end, the first ones far more often."""
    dice = random.Random(seed)
    weights = list(itertools.accumulate(1 / rank for rank in range(1, size.projects + 1)))
    while True:
        yield from dice.choices(range(size.projects), cum_weights=weights, k=1000)


def fill(url: str, size: Size) -> None:
    """Make the tables and put the fleet and its load balancers into them."""
    schema.upgrade(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        for rows in _batches(_all(size)):
            record = type(rows[0])
            names = [field.name for field in shape_of(record).fields]
            connection.execute(
                table_of(record).insert(),
                [dict(zip(names, plain_row(r), strict=True)) for r in rows],
            )
    if engine.dialect.name == "postgresql":  # as it does by itself within a minute
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def _all(size: Size) -> Iterator[Any]:
    yield records.Environment(ENVIRONMENT)
    for number in range(1, size.groups + 1):
        yield records.Group(ENVIRONMENT, GroupNumber(number), devices=(f"serial-{number}",))
    for number in range(1, size.groups + 1):
        yield records.GroupBooks(ENVIRONMENT, GroupNumber(number))
    yield from (_agent(size, number) for number in range(size.agents))
    yield from (_report(size, number) for number in range(size.agents))
    chosen = zipf(size, 1)
    owners = [project(next(chosen)) for _ in range(size.load_balancers)]
    groups = {owner: GroupNumber(1 + int(owner, 16) % size.groups) for owner in owners}
    for owner, group in groups.items():
        yield records.Home(ENVIRONMENT, owner, group, agent_of(size, group), 1, "n")
    for number, owner in enumerate(owners):
        yield load_balancer(graph(number, owner), records.Phase.APPLIED)
    for number, owner in enumerate(owners):
        yield from children_of(graph(number, owner))
    for owner, count in Counter(owners).items():
        yield records.Residence(ENVIRONMENT, owner, groups[owner], count, count)
    for group, count in Counter(groups[owner] for owner in owners).items():
        yield records.Residence(ENVIRONMENT, EVERYBODY, group, count, count)
    for number, owner in enumerate(owners):
        id_ = LoadBalancerId(f"lb-{number}")
        yield records.PlacementRow(id_, ENVIRONMENT, owner, groups[owner])


def agent_of(size: Size, group: int) -> AgentId:
    """Return the first agent of a group."""
    return AgentId(f"host-{(group - 1) % size.agents}:{group}")


def _agent(size: Size, number: int) -> records.Agent:
    group = GroupNumber(1 + number % size.groups)
    return records.Agent(
        AgentId(f"host-{number}:{group}"), ENVIRONMENT, f"host-{number}", group, f"epoch-{number}",
        1, True, True, (f"serial-{group}",), 0.0, FAR_AHEAD * 10,
    )  # fmt: skip


def _report(size: Size, number: int) -> records.Report:
    group = GroupNumber(1 + number % size.groups)
    limit = 1e9
    readings = tuple(
        Reading(metric, limit * FILL * (1 + group / size.groups) / 2, limit) for metric in METRICS
    )
    agent = AgentId(f"host-{number}:{group}")
    report = CapacityReport(
        ENVIRONMENT, group, agent, f"epoch-{number}", True, readings, (), (f"serial-{group}",),
        as_of=0.0, number=1,
    )  # fmt: skip
    return records.Report(agent, ENVIRONMENT, group, FAR_AHEAD * 10, report)


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    for _, of_one_kind in itertools.groupby(rows, type):
        while batch := list(itertools.islice(of_one_kind, BATCH)):
            yield batch
