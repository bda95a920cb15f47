"""Keeps what load balancers have been seen to cost, from report to report."""

from collections.abc import Callable, Collection, Iterable, Set
from dataclasses import replace

from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.capacity import CapacityReport
from bigip_lbaas.domain.costs import EVERYBODY, CostBook, Lesson, Watch
from bigip_lbaas.domain.ids import ProjectId
from bigip_lbaas.scheduling.coming import (
    LONGEST_S,
    Arrived,
    Seen,
    ramps_of,
    still_to_come,
    watch_on,
)
from bigip_lbaas.scheduling.learning import costs_to_reserve, learn, levels, seen_costs
from bigip_lbaas.store import records
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import AtLeast, AtMost, OneOf, Transaction

COSTS_GOOD_FOR_S = 5.0
MOST_PROJECTS = 10_000  # that are remembered


def costs_of_all(
    tx: Transaction, settings: ControllerSettings, projects: Collection[ProjectId]
) -> dict[ProjectId, dict[str, float]]:
    """Return project -> metric -> what to reserve for a load balancer of its, where known."""
    books, everybody = _books_of(tx, settings, projects)
    return {
        project: costs_to_reserve(everybody, books.get(project, CostBook())) for project in projects
    }


def _books_of(
    tx: Transaction, settings: ControllerSettings, projects: Collection[ProjectId]
) -> tuple[dict[ProjectId, CostBook], CostBook]:
    """Return what has been learned of these projects, and of everybody's."""
    some = OneOf("project_id", tuple(sorted({EVERYBODY, *projects})))
    rows = tx.select(records.SeenCosts, some, environment=settings.environment)
    books = {row.project_id: row.book for row in rows}
    return books, books.get(EVERYBODY, CostBook())


class RememberedCosts:
    """What projects' load balancers cost, as read a moment ago: estimates need no last second.

    What a decision was worked out with is stored with it, so it is said again all the same.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._read: dict[ProjectId, tuple[float, dict[str, float]]] = {}

    def of(
        self,
        projects: Set[ProjectId],
        now: float,
        read: Callable[[Set[ProjectId]], dict[ProjectId, dict[str, float]]],
    ) -> dict[ProjectId, dict[str, float]]:
        """Return project -> its costs; `read` gives those that were not read lately.

        now: on the database's clock.
        """
        known = self._read
        late = {p for p in projects if p not in known or now - known[p][0] > COSTS_GOOD_FOR_S}
        found = read(late) if late else {}
        if len(known) > MOST_PROJECTS:
            known = self._read = {p: known[p] for p in projects - late}
        known |= {project: (now, costs) for project, costs in found.items()}
        return {project: known[project][1] for project in projects}


def learn_from(
    tx: Transaction,
    settings: ControllerSettings,
    report: CapacityReport,
    released: Iterable[records.Reservation],
) -> None:
    """Learn from a report that is complete, and is the first to have seen `released`.

    What those are still to bring goes on being reserved. A report that another agent's has
    overtaken teaches nothing.
    """
    key = (settings.environment, report.group)
    row = locked(tx, records.GroupWatch(*key), *key)
    if report.as_of is None or (row.watch and report.as_of < row.watch.as_of):
        return
    everybody = tx.get(records.SeenCosts, settings.environment, EVERYBODY)
    ramps = ramps_of(everybody.book if everybody else CostBook())
    seen = _seen(tx, settings, report, report.as_of, released)
    watch, lesson = watch_on(row.watch, seen, ramps)
    tx.put(replace(row, watch=watch))
    if lesson is not None:
        _learn(tx, settings, lesson)
    coming = still_to_come(watch, ramps, _of_those_coming(tx, settings, watch))
    before = tx.get(records.StillComing, *key)
    if coming != (before.costs if before else {}):
        tx.put(records.StillComing(*key, coming))


def _seen(
    tx: Transaction,
    settings: ControllerSettings,
    report: CapacityReport,
    as_of: float,
    released: Iterable[records.Reservation],
) -> Seen:
    """Return what the report says; what has been in flight for very long does not count as such."""
    environment, group = settings.environment, report.group
    lives = tx.get(records.Residence, environment, EVERYBODY, group)
    since = AtLeast("made_at", tx.now() - LONGEST_S)
    waiting = tx.select(records.Reservation, since, environment=environment, group=group)
    in_flight = sum(each.expires_at is None for each in waiting)
    return Seen(
        as_of,
        {reading.metric: reading.value for reading in report.readings},
        max((lives.load_balancers if lives else 0) - in_flight, 0),
        tuple(
            Arrived(each.project_id, each.applied_at, each.costs)
            for each in released
            if each.applied_at is not None
        ),
        in_flight,
    )


def _learn(tx: Transaction, settings: ControllerSettings, lesson: Lesson) -> None:
    rows = {
        project: locked(
            tx,
            records.SeenCosts(settings.environment, project, CostBook(), tx.now()),
            *(settings.environment, project),
        )
        for project in sorted({EVERYBODY, *lesson.arrived})
    }
    learned = learn(lesson, {project: row.book for project, row in rows.items()})
    for project, book in learned.items():
        tx.put(replace(rows[project], book=book, learned_at=tx.now()))


def _of_those_coming(
    tx: Transaction, settings: ControllerSettings, watch: Watch
) -> dict[ProjectId, dict[str, float]]:
    """Return project -> metric -> what it is known by now that a load balancer of it costs."""
    projects = {one.project_id for one in watch.coming}
    if not projects:
        return {}
    books, everybody = _books_of(tx, settings, projects)
    return {project: seen_costs(everybody, books.get(project, CostBook())) for project in projects}


def level_costs(tx: Transaction, settings: ControllerSettings) -> None:
    """Work out anew what one load balancer costs in the long run, from all groups."""
    watches = tx.select(records.GroupWatch, environment=settings.environment)
    level = levels(row.watch for row in watches if row.watch is not None)
    if not level:
        return
    key = (settings.environment, EVERYBODY)
    row = locked(tx, records.SeenCosts(*key, CostBook(), tx.now()), *key)
    tx.put(replace(row, book=replace(row.book, level=level), learned_at=tx.now()))


def forget_costs(tx: Transaction, settings: ControllerSettings, at_most: int) -> int:
    """Delete what was learned of projects that nothing came of for long; return how many."""
    oldest = AtMost("learned_at", tx.now() - settings.costs_kept_s)
    rows = tx.select(records.SeenCosts, oldest, environment=settings.environment, limit=at_most)
    for row in rows:
        tx.delete(records.SeenCosts, row.environment, row.project_id)
    return len(rows)
