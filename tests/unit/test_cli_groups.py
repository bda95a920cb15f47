"""What the operator's commands say of device groups, to people and to programs."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from bookkeeping import ENVIRONMENT, Books, ready

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.commands import COMMANDS
from bigip_lbaas.controller.books import read_fleet
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.capacity import Reading
from bigip_lbaas.domain.cluster import EQUAL, SYNC, Sight
from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.history import HOURLY_S, Span, Trace
from bigip_lbaas.domain.ids import (
    AgentId,
    EnvironmentName,
    GroupNumber,
    LoadBalancerId,
    ProjectId,
)
from bigip_lbaas.domain.placement import Need
from bigip_lbaas.scheduling.shipped import SHIPPED
from bigip_lbaas.store import records
from bigip_lbaas.store.cluster_records import ClusterSource, ClusterView
from bigip_lbaas.store.port import Store, Transaction

READINGS = (Reading("node_count", 1.0, 100.0), Reading("tenant_count", 4.0, 10.0))


def run(books: Books, *words: str) -> tuple[int, str, str]:
    """Run a command on these books; return its status, and what it says and complains of."""

    class OnThese(OperatorApp):
        def open_store(self) -> Store:
            return books.store

    def fleet_of(tx: Transaction, environment: EnvironmentName) -> Fleet:
        nobody = Need(LoadBalancerId(""), ProjectId("nobody"))
        return read_fleet(tx, ControllerSettings(environment, "operator"), nobody)

    out, err = io.StringIO(), io.StringIO()
    app = OnThese(COMMANDS, fleet_of, SHIPPED, stdout=out, stderr=err)
    return app.run(list(words)), out.getvalue(), err.getvalue()


def told(books: Books, *words: str) -> Any:
    """Return what a command tells a program."""
    status, out, err = run(books, *words, "-f", "json")
    assert (status, err) == (0, "")
    return json.loads(out)


def filled(readings: tuple[Reading, ...] = READINGS) -> Books:
    books = Books()
    ready(books, readings=readings)
    books.assigned(books.accept(1))
    books.now += 2.0
    return books


def remember(books: Books, *values: float) -> None:
    """Write an hourly history of tenant_count that ends now."""
    for row in books.all(records.History):
        key = (row.environment, row.group, row.span_s, row.begin)
        books.write(lambda tx, key=key: tx.delete(records.History, *key))
    first = int(books.now) - len(values) * HOURLY_S
    for number, value in enumerate(values):
        trace = {"tenant_count": Trace(value, value, 10.0)}
        span = Span(value / 10, value / 10, trace, 1)
        begin = first + number * HOURLY_S
        books.put(records.History(ENVIRONMENT, 1, HOURLY_S, begin, span))


def test_a_group_shows_its_score_with_what_is_reserved_and_what_binds_it() -> None:
    assert told(filled(), "group", "list") == [
        {
            "group": 1,
            "score": 0.5,
            "binding": "tenant_count",
            "reserved": {"node_count": 2.0, "tenant_count": 1.0},
            "trend": None,
            "load balancers": 1,
            "agents": {"alive": 1, "of": 1},
            "devices": ["device-of-1"],
            "age": 2.0,
            "environment": "dev",
        }
    ]


def test_an_empty_database_has_no_groups() -> None:
    assert told(Books(), "group", "list") == []
    assert told(Books(), "why-full") == []


def test_a_score_that_is_not_known_is_never_shown_as_a_number() -> None:
    books = Books()
    answer = books.register()
    assert told(books, "group", "list")[0]["score"] is None
    books.report("h1:1", answer.epoch, unreadable=("node_count: odd",))
    shown = told(books, "group", "show", "1")
    assert shown["score"] is None
    assert shown["takes new"] is False
    _, text, _ = run(books, "group", "show", "1")
    assert "no: it has no known score (not read: node_count: odd)" in text


def test_a_group_without_a_policy_says_so() -> None:
    books = Books()
    answer = books.register()
    books.report("h1:1", answer.epoch, has_policy=False, readings=())
    assert "0 (no policy)" in run(books, "group", "list")[1]


def test_draining_and_dead_agents_are_seen() -> None:
    books = filled()
    books.register("h2", 1, ("device-of-1",))
    books.take_homes(books.agent("h1:1"))
    group = books.get(records.Group, ENVIRONMENT, 1)
    assert group is not None
    books.put(replace(group, draining=True))
    _, text, _ = run(books, "group", "list")
    assert "1 (draining)" in text
    assert "1 of 2" in text
    assert told(books, "group", "show", "1")["takes new"] is False


def test_what_fills_a_group_is_told_metric_by_metric_fullest_first() -> None:
    books = filled((Reading("node_count", 1.0, 100.0), Reading("tenant_count", 9.0, 10.0)))
    rows = told(books, "why-full", "1")
    assert [(row["metric"], row["share"], row["takes new"]) for row in rows] == [
        ("tenant_count", 1.0, False),
        ("node_count", 0.03, False),
    ]
    _, text, _ = run(books, "why-full", "--fit-width")
    assert "is full" in text


@pytest.mark.parametrize(
    ("values", "in_words", "in_seconds"),
    [
        ((1.0,) * 3, "too little history", None),
        ((4.0,) * 12, "not growing", None),
        ((4.0, 5.0, 4.0, 5.0, 4.0, 5.0, 4.0, 5.0, 4.0, 5.0), "not growing", None),
        ((5.0, 7.0, 4.0, 6.0, 5.0, 7.0, 5.0, 7.0, 6.0, 6.5), "not growing", None),  # chance
        (tuple(10 - n / 10 for n in range(12)), "not growing", None),
        (tuple(n / 2 for n in range(12)), "9.0 h", 32400.0),
        ((*(n / 2 for n in range(11)), 0.0), "9.0 h", 32400.0),  # one odd hour bends nothing
        (tuple(8 + n / 2 for n in range(12)), "full now", 0.0),
    ],
)
def test_a_forecast_says_when_a_metric_will_be_at_its_limit(
    values: tuple[float, ...], in_words: str, in_seconds: float | None
) -> None:
    books = filled()
    remember(books, *values)
    nodes, tenants = told(books, "group", "forecast")
    assert (nodes["metric"], nodes["full in"]) == ("node_count", None)
    assert tenants["full in"] == in_seconds
    _, text, _ = run(books, "group", "forecast", "1")
    assert in_words in next(line for line in text.splitlines() if "tenant_count" in line)


def test_a_trend_is_shown_with_the_groups() -> None:
    books = filled()
    remember(books, *(n / 2 for n in range(12)))
    assert told(books, "group", "list")[0]["trend"] == 1.2
    assert "+1.200/day" in run(books, "group", "list")[1]


def test_a_group_or_environment_that_is_not_there_is_refused_with_those_that_are() -> None:
    status, _, err = run(filled(), "group", "show", "7")
    assert status == 1
    assert "there is no device group 7 here; known: 1" in err
    status, _, err = run(filled(), "group", "list", "--environment", "prod")
    assert status == 1
    assert "there is no environment 'prod' here; known: dev" in err


def test_a_decision_is_explained_to_people_in_words_and_to_programs_in_rows() -> None:
    books = filled()
    name = books.all(records.LoadBalancer)[0].id
    _, text, _ = run(books, "loadbalancer", "explain", name)
    words = text.partition("+--")[0].splitlines()
    assert any("asked: " in line for line in words)
    assert max(len(line) for line in words) <= 80
    assert text.startswith("decision 1, by controller-1, of revision 1\nasked: load balancer")
    assert "rules: policy lowest-score" in text
    (row,) = told(books, "loadbalancer", "explain", name)
    assert (row["group"], row["stage"], row["chosen"]) == (1, "within headroom", True)
    assert "| chosen: alone can take it, at score" in text


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize(
    "words",
    [
        ("group", "list"),
        ("group", "show", "1"),
        ("why-full",),
        ("group", "forecast"),
        ("device", "list"),
        ("device", "show", "device-of-1"),
        ("agent", "list"),
        ("home", "list"),
        ("event", "list"),
        ("loadbalancer", "list"),
    ],
)
def test_tables_keep_within_the_terminal(
    words: tuple[str, ...], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIFF_FIT_WIDTH", "1")
    monkeypatch.setattr("cliff.utils.terminal_width", lambda: width)
    _, text, _ = run(filled(), *words)
    assert max(len(line) for line in text.splitlines()) <= width


def test_which_device_is_written_is_shown() -> None:
    books = filled()
    assert told(books, "group", "show", "1")["written"] is None
    sights = (Sight("device-of-1", 0.0, is_level=True), Sight("device-2"))
    view = ClusterView(ENVIRONMENT, AgentId("h1:1"), GroupNumber(1), SYNC, EQUAL, 0, sights)
    books.put(view)
    assert "none now: it changes to the first that agents reach" in run(
        books, "group", "show", "1"
    )[1].replace("\n", " ")
    source = ClusterSource(ENVIRONMENT, GroupNumber(1), "device-of-1", since_at=books.now - 7200)
    books.put(source)
    assert told(books, "group", "show", "1")["written"] == "device-of-1"
    shown = run(books, "group", "show", "1")[1]
    assert "device-of-1, for 2.0 h; its peers are in sync" in shown
    books.put(replace(view, sees=(Sight("device-of-1"),)))
    assert "its peers are not in sync yet" in run(books, "group", "show", "1")[1]
    books.put(replace(source, source="", next="device-2", number=1))
    assert "none now: it changes to device-2" in run(books, "group", "show", "1")[1]
