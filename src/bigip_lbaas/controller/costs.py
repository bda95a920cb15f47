"""Keeps what load balancers have been seen to cost, from report to report."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.capacity import CapacityReport
from bigip_lbaas.domain.costs import EVERYBODY, CostBook
from bigip_lbaas.domain.ids import ProjectId
from bigip_lbaas.scheduling.learning import Seen, learn, levels, seen_costs, watch_on
from bigip_lbaas.store import records
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import AtMost, Transaction


def costs_of(tx: Transaction, settings: ControllerSettings, project: ProjectId) -> dict[str, float]:
    """Return metric -> what a load balancer of that project is expected to cost, where known."""
    everybody = tx.get(records.SeenCosts, settings.environment, EVERYBODY)
    own = tx.get(records.SeenCosts, settings.environment, project) if everybody else None
    return seen_costs(everybody.book if everybody else CostBook(), own.book if own else CostBook())


def learn_from(
    tx: Transaction,
    settings: ControllerSettings,
    report: CapacityReport,
    released: Iterable[records.Reservation],
) -> None:
    """Learn from a report that is complete, and is the first to have seen `released`."""
    key = (settings.environment, report.group)
    row = locked(tx, records.GroupWatch(*key), *key)
    where: dict[str, Any] = {"environment": settings.environment, "group": report.group}
    lives = tx.get(records.Residence, settings.environment, EVERYBODY, report.group)
    seen = Seen(
        tx.now(),
        {reading.metric: reading.value for reading in report.readings},
        lives.load_balancers if lives else 0,
        tuple((each.project_id, each.costs) for each in released),
        more_to_come=bool(tx.select(records.Reservation, limit=1, **where)),
    )
    watch, lesson = watch_on(row.watch, seen)
    tx.put(replace(row, watch=watch))
    if lesson is None:
        return
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
