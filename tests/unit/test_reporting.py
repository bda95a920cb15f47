"""What is remembered of capacity reports: the history, and policies that differ."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from bookkeeping import ENVIRONMENT, Books, ready

from bigip_lbaas.controller.reporting import ReportsWaiting, forget_history
from bigip_lbaas.domain.capacity import CapacityReport, DeviceStanding, Reading
from bigip_lbaas.domain.history import Trace, begin_of
from bigip_lbaas.scheduling.policy_difference import difference
from bigip_lbaas.store import records
from bigip_lbaas.store.port import Store, Transaction


def tenants(value: float, limit: float = 10.0) -> tuple[Reading, ...]:
    return (Reading("tenant_count", value, limit),)


def test_the_history_keeps_the_highest_and_the_last_value_of_each_span() -> None:
    books = Books(now=3600.0)
    epoch = ready(books, readings=tenants(2.0)).epoch
    for later_s, value in ((10.0, 6.0), (20.0, 4.0), (300.0, 1.0)):
        books.now = 3600.0 + later_s
        books.report("h1:1", epoch, readings=tenants(value, 20.0))
    rows = {(row.span_s, row.begin): row.span for row in books.all(records.History, group=1)}
    assert set(rows) == {(300, 3600), (300, 3900), (3600, 3600)}
    first, hour = rows[300, 3600], rows[3600, 3600]
    assert first.metrics == {"tenant_count": Trace(6.0, 4.0, 20.0)}
    assert (first.highest, first.last, first.reports) == (0.3, 0.2, 3)
    assert hour.metrics == {"tenant_count": Trace(6.0, 1.0, 20.0)}
    assert hour.reports == 4


def test_a_report_without_a_score_is_counted_and_is_no_zero() -> None:
    books = Books()
    epoch = ready(books, readings=(), unreadable=("tenant_count: odd",)).epoch
    (span,) = (row.span for row in books.all(records.History, span_s=300))
    assert (span.highest, span.last, span.metrics, span.unknown) == (None, None, {}, 1)
    books.report("h1:1", epoch, readings=tenants(5.0))
    (span,) = (row.span for row in books.all(records.History, span_s=300))
    assert (span.highest, span.last, span.reports, span.unknown) == (0.5, 0.5, 2, 1)


def test_the_history_is_forgotten_when_it_is_old_a_part_at_a_time() -> None:
    books = Books(now=0.0)
    epoch = ready(books).epoch
    kept_s, hourly_s = books.settings.history_kept_s
    for span in range(5):
        books.now = span * 300.0
        books.report("h1:1", epoch)
    books.now = kept_s + 3.5 * 300.0

    def forget(at_most: int) -> int:
        return books.write(lambda tx: forget_history(tx, books.settings, at_most))

    assert [forget(2), forget(2)] == [2, 1]
    begins = [(row.span_s, row.begin) for row in books.all(records.History)]
    assert begins == [(300, 900), (300, 1200), (3600, 0)]
    books.now = hourly_s + 3600.0
    assert forget(9) == 3
    assert books.all(records.History) == ()


def test_spans_begin_on_whole_multiples_of_their_length() -> None:
    assert [begin_of(at, 300) for at in (0.0, 299.9, 300.0, 1e9)] == [0, 0, 300, 999999900]


# -- policies that differ


def report(agent: str, limits: dict[str, float], **more: object) -> CapacityReport:
    readings = tuple(Reading(metric, 0.0, limit) for metric, limit in limits.items())
    return CapacityReport(ENVIRONMENT, 1, agent, "e", bool(limits), readings, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ([{"tenant_count": 10.0}], ""),
        ([{"tenant_count": 10.0}, {"tenant_count": 10.0}], ""),
        (
            [{"tenant_count": 10.0}, {"tenant_count": 20.0}],
            "tenant_count: a0 says 10, a1 says 20",
        ),
        (
            [{"ssltps": 1e6}, {}],
            "ssltps: a0 says 1M, a1 says no limit",
        ),
    ],
)
def test_how_policies_differ_is_said_by_metric_and_agent(
    policies: list[dict[str, float]], said: str
) -> None:
    reports = [report(f"a{number}", limits) for number, limits in enumerate(policies)]
    assert difference(reports) == difference(reversed(reports)) == said


def test_one_policy_over_one_and_over_two_active_devices_is_the_same() -> None:
    two = Reading("throughput", 3e9, 2e10, over=2)
    one = Reading("throughput", 1e9, 1e10)
    reports = [
        CapacityReport(ENVIRONMENT, 1, agent, "e", True, (reading,))  # type: ignore[arg-type]
        for agent, reading in (("a", two), ("b", one))
    ]
    assert difference(reports) == ""


def test_an_event_names_policies_that_differ_once_and_when_they_agree_again() -> None:
    books = Books()
    first = ready(books, readings=tenants(0.0, 10.0)).epoch
    second = books.register("h2", 1, ("device-of-1",)).epoch

    def told() -> list[str]:
        return [e.text for e in books.all(records.Event) if e.kind.startswith("capacity policies")]

    for _ in range(3):
        books.report("h1:1", first, readings=tenants(1.0, 10.0))
        assert told() == []
    for _ in range(3):
        books.report("h2:1", second, readings=tenants(1.0, 20.0))
        books.report("h1:1", first, readings=tenants(1.0, 10.0))
        books.report("h2:1", second, unreadable=("tenant_count: odd",), readings=())
    said = "tenant_count: h1:1 says 10, h2:1 says 20; of each metric the strictest limit holds"
    assert told() == [said]
    for _ in range(2):
        books.report("h2:1", second, readings=tenants(1.0, 10.0))
    assert told() == [said, "the agents agree again"]


def test_a_report_of_a_group_of_which_no_device_answers_leaves_the_last_readings() -> None:
    books = Books()
    standing = DeviceStanding("device-of-1", True)
    read = {"devices": ("device-of-1",), "readings": tenants(4.0), "standings": (standing,)}
    epoch = ready(books, number=1, **read).epoch
    first = books.now
    books.now += 10.0
    off = replace(standing, answers=False, said="big-1: is off")
    unread = {"readings": (), "unreadable": ("no device answers",)}
    assert not books.report("h1:1", epoch, number=2, standings=(off,), **unread)
    (kept,) = books.all(records.Report)
    assert kept.received_at == first
    assert (kept.report.readings, kept.report.unreadable) == (tenants(4.0), ())
    assert kept.report.standings == (off,)
    assert books.report("h1:1", epoch, number=3, **read)
    (kept,) = books.all(records.Report)
    assert (kept.received_at, kept.report.standings) == (books.now, (standing,))


class CountedWrites:
    """A store that counts the transactions that are written."""

    def __init__(self, store: Store) -> None:
        self.store, self.count = store, 0

    def write(self, work: Callable[[Transaction], Any]) -> Any:
        self.count += 1
        return self.store.write(work)


def test_reports_that_wait_share_a_transaction_and_a_bad_one_takes_none_with_it() -> None:
    books = Books()
    agents = ("h3:1", "h1:1", "h2:1")
    for agent in agents:
        books.register(agent.partition(":")[0], 1, ("device-of-1",))
    kept: list[str] = []
    defects: list[Exception] = []

    def survive(work: Callable[[], None]) -> Exception | None:
        try:
            work()
        except ValueError as error:
            defects.append(error)
            return error
        return None

    def come(number: int, **more: Any) -> None:
        for agent in agents:
            fields = {"has_policy": True, "readings": tenants(2.0), "number": number}
            fields |= more if agent == "h2:1" else {}
            waiting.put(CapacityReport(ENVIRONMENT, 1, agent, books.agent(agent).epoch, **fields))
        waiting.write_some()

    def numbers() -> dict[str, int]:
        return {row.report.agent_id: row.report.number for row in books.all(records.Report)}

    writes = CountedWrites(books.store)
    waiting = ReportsWaiting(writes, books.settings, lambda: kept.append("kept"), survive)
    come(1)
    assert (writes.count, kept, numbers()) == (1, ["kept"], dict.fromkeys(agents, 1))
    come(2, readings=(Reading("tenant_count", None, 10.0),))
    assert len(defects) == 2  # of all together, and of that one alone
    assert numbers() == {"h1:1": 2, "h2:1": 1, "h3:1": 2}
