"""Writes down what an agent's capacity report says: of the moment, of the hour, of the policy."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from bigip_lbaas.controller.costs import learn_from
from bigip_lbaas.controller.fullness import remember_full
from bigip_lbaas.controller.homes import agent_of_epoch
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.capacity import CapacityReport
from bigip_lbaas.domain.history import SPANS_S, Span, begin_of, extended
from bigip_lbaas.scheduling.policy_difference import difference
from bigip_lbaas.store import records
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import AtMost, Store, Transaction
from bigip_lbaas.store.versions import books_changed

REPORTS_AT_ONCE = 64  # in a transaction


@dataclass
class ReportsWaiting:
    """Reports that have come and are not written down yet: many share a transaction.

    A large fleet costs no more commits for that than a small one. What is lost with a controller
    comes again with the next report. kept: some report was written down. survive: does something
    and returns the defect that it met.
    """

    store: Store
    settings: ControllerSettings
    kept: Callable[[], None]
    survive: Callable[[Callable[[], None]], Exception | None]
    _waiting: deque[CapacityReport] = field(default_factory=deque)
    _arrived: threading.Event = field(default_factory=threading.Event)

    def put(self, report: CapacityReport) -> None:
        """Have a report wait with the others."""
        self._waiting.append(report)
        self._arrived.set()

    def serve(self, stop: threading.Event) -> None:
        """Write what comes until told to stop (see `wake`); at once after a quiet time."""
        while not stop.is_set():
            self._arrived.wait()
            self._arrived.clear()
            while self._waiting and not stop.is_set():
                self.write_some()
                stop.wait(self.settings.report_gather_s)

    def wake(self) -> None:
        """Have `serve` look whether it is to stop."""
        self._arrived.set()

    def write_some(self) -> None:
        """Write down the oldest that wait, together; what fails so, one by one."""
        if not self._waiting:
            return
        some = [self._waiting.popleft() for _ in range(min(REPORTS_AT_ONCE, len(self._waiting)))]
        if self.survive(partial(self._write, some)) is not None and len(some) > 1:
            for report in some:
                self.survive(partial(self._write, (report,)))

    def _write(self, reports: Sequence[CapacityReport]) -> None:
        in_order = sorted(reports, key=lambda one: (one.group, one.agent_id, one.number))
        kept = self.store.write(
            lambda tx: [record_report(tx, self.settings, one) for one in in_order]
        )
        if any(kept):
            self.kept()


def record_report(tx: Transaction, settings: ControllerSettings, report: CapacityReport) -> bool:
    """Keep the report, and add it to the history; release the reservations that it has seen.

    False: of an ended epoch, or overtaken by a newer one of the same agent.
    """
    if agent_of_epoch(tx, settings, report.agent_id, report.epoch) is None:
        return False
    kept = tx.get(records.Report, settings.environment, report.agent_id, lock=True)
    if kept and kept.report.epoch == report.epoch and kept.report.number > report.number:
        return False
    if report.standings and not report.devices:
        # Nothing was read: the last readings hold until they are too old.
        if kept:
            tx.put(replace(kept, report=replace(kept.report, standings=report.standings)))
        return False
    tx.put(records.Report(report.agent_id, settings.environment, report.group, tx.now(), report))
    _compare_policies(tx, settings, report)
    released = _release(tx, settings, report)
    if report.has_policy and report.environment_capacity_score is not None:
        learn_from(tx, settings, report, released)
    if (report.environment_capacity_score or 0.0) >= 1.0:  # whether it may open, a decision says
        remember_full(tx, settings, {report.group: report.environment_capacity_score})
    _remember(tx, settings, report)
    books_changed(tx, settings.environment, (report.group,))
    return True


def _release(
    tx: Transaction, settings: ControllerSettings, report: CapacityReport
) -> tuple[records.Reservation, ...]:
    """Take back what is reserved for load balancers that this report has measured; return it."""
    if report.as_of is None or report.environment_capacity_score is None:
        return ()
    seen = tx.select(
        records.Reservation,
        AtMost("applied_at", report.as_of),
        environment=settings.environment,
        group=report.group,
    )
    for reservation in seen:
        tx.delete(records.Reservation, reservation.load_balancer_id)
    return seen


def _remember(tx: Transaction, settings: ControllerSettings, report: CapacityReport) -> None:
    """Add the report to the spans of the history in which it lies."""
    for span_s in SPANS_S:
        key = (settings.environment, report.group, span_s, begin_of(tx.now(), span_s))
        row = locked(tx, records.History(*key, Span()), *key)
        tx.put(replace(row, span=extended(row.span, report)))


def _compare_policies(
    tx: Transaction, settings: ControllerSettings, report: CapacityReport
) -> None:
    """Record an event when agents of one group begin to report by different policies, or end to."""
    said = difference(_fresh_reports(tx, settings, report))
    group = tx.get(records.Group, settings.environment, report.group)
    if said is None or group is None or said == group.policies_differ:
        return
    group = tx.get(records.Group, settings.environment, report.group, lock=True)
    if group is None or said == group.policies_differ:
        return  # another report has just said so
    tx.put(replace(group, policies_differ=said))
    kind, text = "capacity policies agree", "the agents agree again"
    if said:
        kind, text = "capacity policies differ", f"{said}; of each metric the strictest limit holds"
    record_event(tx, settings.environment, kind, f"group {report.group}", text)


def _fresh_reports(
    tx: Transaction, settings: ControllerSettings, report: CapacityReport
) -> Iterable[CapacityReport]:
    since = tx.now() - settings.report_ttl_s
    rows = tx.select(records.Report, environment=settings.environment, group=report.group)
    return tuple(row.report for row in rows if row.received_at >= since)


def forget_history(tx: Transaction, settings: ControllerSettings, at_most: int) -> int:
    """Delete spans that are older than they are kept, at most so many; return how many."""
    gone = 0
    for span_s, kept_s in zip(SPANS_S, settings.history_kept_s, strict=True):
        oldest = tx.now() - kept_s - span_s
        for row in tx.select(
            records.History,
            AtMost("begin", oldest),
            environment=settings.environment,
            span_s=span_s,
            limit=at_most - gone,
        ):
            tx.delete(records.History, row.environment, row.group, row.span_s, row.begin)
            gone += 1
    return gone
