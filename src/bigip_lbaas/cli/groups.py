"""What is known of the device groups: as the scheduler sees them, with history and agents."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bigip_lbaas.cli.app import FleetOf
from bigip_lbaas.domain.cluster import SYNC
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.fleet import Fleet, GroupState
from bigip_lbaas.domain.history import FINE_S, HOURLY_S
from bigip_lbaas.domain.home import SHARED
from bigip_lbaas.domain.ids import AgentId, EnvironmentName, LoadBalancerId, ProjectId
from bigip_lbaas.domain.placement import Need, PlacementRules
from bigip_lbaas.scheduling.forecast import FEWEST, Forecast, forecast
from bigip_lbaas.scheduling.judgement import Judgement, judge
from bigip_lbaas.scheduling.scores import Book, open_book
from bigip_lbaas.store import records
from bigip_lbaas.store.cluster_records import ClusterSource, ClusterView
from bigip_lbaas.store.port import Store, Transaction

ANYBODY = Need(LoadBalancerId("any"), ProjectId("any"))


@dataclass(frozen=True, slots=True)
class Written:
    """Which devices of a group agents write. only_one: the others follow by their own sync.

    source: that one's serial number; empty while it changes to `next`. for_s: of this state.
    is_level: it has said that its peers are in sync.
    """

    only_one: bool = False
    source: str = ""
    next: str = ""
    for_s: float = 0.0
    is_level: bool = False


@dataclass(frozen=True, slots=True)
class KnownGroup:
    """One device group. age_s: of its newest report; score, by_metric: where it may be full when.

    book: what is measured and reserved, or why that is not known. written: which device is.
    """

    row: records.Group
    state: GroupState
    agents: tuple[records.Agent, ...]
    homes: Mapping[str, int]
    age_s: float | None
    book: Book | str
    judgement: Judgement
    trend: Forecast
    by_metric: Mapping[str, Forecast]
    written: Written

    @property
    def score(self) -> float | None:
        """Return its score with what is reserved; None when it is not known."""
        return self.book.score if isinstance(self.book, Book) else None

    @property
    def binding_metric(self) -> str:
        """Return what makes the score."""
        binding = self.book.binding if isinstance(self.book, Book) else None
        return binding.metric if binding else "-"


def known_groups(
    store: Store, fleet_of: FleetOf, environment: str | None = None, number: int | None = None
) -> tuple[KnownGroup, ...]:
    """Return the groups, of one environment and of one number if told. Raises RequestRejected."""

    def work(tx: Transaction) -> tuple[KnownGroup, ...]:
        rows = tx.select(records.Group)
        names = sorted({row.environment for row in rows})
        if environment is not None and environment not in names:
            known = ", ".join(names) or "none"
            raise RequestRejected(f"there is no environment {environment!r} here; known: {known}")
        wanted = [
            row
            for row in rows
            if environment in (None, row.environment) and number in (None, row.number)
        ]
        if number is not None and not wanted:
            known = ", ".join(str(row.number) for row in rows) or "none"
            raise RequestRejected(f"there is no device group {number} here; known: {known}")
        fleets = {name: fleet_of(tx, name) for name in {row.environment for row in wanted}}
        homes = {name: numbers_of_homes(tx, name) for name in fleets}
        return tuple(
            _known(tx, row, fleets[row.environment], homes[row.environment]) for row in wanted
        )

    return store.read(work)


def _known(
    tx: Transaction, row: records.Group, fleet: Fleet, homes: Mapping[AgentId, int]
) -> KnownGroup:
    where: dict[str, Any] = {"environment": row.environment, "group": row.number}
    state = next(group for group in fleet.groups if group.number == row.number)
    agents = tx.select(records.Agent, **where)
    reports = tx.select(records.Report, **where, order_by="-received_at", limit=1)
    history = _history(tx, row)
    scores = [(at, span.last) for at, span in history if span.last is not None]
    nothing = dict.fromkeys(state.limits, 0.0)
    return KnownGroup(
        row,
        state,
        agents,
        {agent.id: homes[agent.id] for agent in agents},
        tx.now() - reports[0].received_at if reports else None,
        open_book(state, nothing, frozenset()),
        judge(ANYBODY, state, PlacementRules()),
        forecast(scores, 1.0),
        {
            metric: forecast(
                [(at, span.metrics[metric].last) for at, span in history if metric in span.metrics],
                limit,
            )
            for metric, limit in sorted(state.limits.items())
        },
        _written(tx, where),
    )


def _written(tx: Transaction, where: Mapping[str, Any]) -> Written:
    views = tx.select(ClusterView, device_sync=SYNC, **where)
    if not views:
        return Written()
    rows = tx.select(ClusterSource, **where)
    source = rows[0] if rows else ClusterSource(where["environment"], where["group"])
    sights = [sight for view in views for sight in view.sees if sight.device == source.source]
    return Written(
        True,
        source.source,
        source.next,
        tx.now() - source.since_at if source.number or source.source else 0.0,
        any(sight.is_level for sight in sights),
    )


def numbers_of_homes(tx: Transaction, environment: EnvironmentName) -> Counter[AgentId]:
    """Return id of an agent -> how many projects' homes it has."""
    found = Counter(tx.count(records.Home, by="agent_id", environment=environment))
    shared = tx.select(records.Home, environment=environment, project_id=SHARED)
    found.subtract(row.agent_id for row in shared)
    return found


def _history(tx: Transaction, row: records.Group) -> list[tuple[float, Any]]:
    """Return (seconds, span), oldest first: by the hour, or finer while there are few hours."""
    for span_s in (HOURLY_S, FINE_S):
        spans = tx.select(
            records.History,
            environment=row.environment,
            group=row.number,
            span_s=span_s,
            order_by="begin",
        )
        if len(spans) >= FEWEST:
            break
    return [(float(one.begin), one.span) for one in spans]
