"""What the operator's commands show."""

from dataclasses import replace

import pytest
from bookkeeping import ENVIRONMENT, Books, ready

from bigip_lbaas.cli import reading
from bigip_lbaas.domain.capacity import Reading
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.store import records


def table(columns: tuple[str, ...], rows: reading.Rows) -> list[dict[str, str]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]


def groups(books: Books) -> list[dict[str, str]]:
    return table(reading.GROUP_COLUMNS, reading.group_rows(books.store))


def test_an_empty_store_shows_nothing() -> None:
    books = Books()
    assert reading.group_rows(books.store) == ()
    assert reading.agent_rows(books.store) == ()
    assert reading.load_balancer_rows(books.store) == ()


def test_a_group_shows_its_score_what_binds_it_and_what_is_reserved() -> None:
    books = Books()
    ready(books, readings=(Reading("node_count", 1.0, 100.0), Reading("tenant_count", 4.0, 10.0)))
    books.assigned(books.accept(1))
    books.now += 2.0
    assert groups(books) == [
        {
            "environment": "dev",
            "group": "1",
            "score": "0.400",
            "binding metric": "tenant_count",
            "reserved": "node_count 2, tenant_count 1",
            "load balancers": "1",
            "agents": "1 of 1 alive",
            "devices": "device-of-1",
            "report age": "2.0 s",
        }
    ]


def test_a_score_that_is_not_known_is_never_shown_as_a_number() -> None:
    books = Books()
    answer = books.register()
    assert groups(books)[0]["score"] == "unknown"
    assert groups(books)[0]["report age"] == "-"
    books.report("h1:1", answer.epoch, unreadable=("node_count: odd",))
    assert groups(books)[0]["score"] == "unknown"
    assert groups(books)[0]["binding metric"] == "-"


def test_a_group_without_a_policy_says_so() -> None:
    books = Books()
    answer = books.register()
    books.report("h1:1", answer.epoch, has_policy=False, readings=())
    assert groups(books)[0]["score"] == "0.000 (no policy)"


def test_draining_and_dead_agents_are_seen() -> None:
    books = Books()
    ready(books)
    books.register("h2", 1, ("device-of-1",))
    books.take_homes(books.agent("h1:1"))
    group = books.get(records.Group, ENVIRONMENT, 1)
    assert group is not None
    books.put(replace(group, draining=True))
    assert groups(books)[0]["group"] == "1 (draining)"
    assert groups(books)[0]["agents"] == "1 of 2 alive"
    agents = table(reading.AGENT_COLUMNS, reading.agent_rows(books.store))
    assert [agent["alive"] for agent in agents] == ["no", "yes"]


def test_an_agent_shows_its_homes_and_when_it_was_heard_of() -> None:
    books = Books()
    ready(books)
    for number in range(2):
        books.assigned(books.accept(number, f"project-{number}"))
    books.now += 1.5
    (agent,) = table(reading.AGENT_COLUMNS, reading.agent_rows(books.store))
    assert agent == {
        "id": "h1:1",
        "environment": "dev",
        "group": "1",
        "alive": "yes",
        "admin up": "yes",
        "homes": "2",
        "heard of": "1.5 s ago",
        "devices": "device-of-1",
    }


def test_a_load_balancer_shows_where_it_lives_how_far_it_is_and_why() -> None:
    books = Books()
    waiting = books.accept(1)
    shown = table(reading.LOAD_BALANCER_COLUMNS, reading.load_balancer_rows(books.store))[0]
    assert (shown["group"], shown["agent"], shown["phase"]) == ("-", "-", "waiting")
    ready(books)
    books.end(books.assigned(waiting), applied=False, error="big: no such thing")
    shown = table(reading.LOAD_BALANCER_COLUMNS, reading.load_balancer_rows(books.store))[0]
    assert shown == {
        "id": waiting.id,
        "name": "-",
        "project": "acme",
        "vip": waiting.graph.vip_address,
        "group": "1",
        "agent": "h1:1",
        "phase": "failed",
        "revision": "1",
        "reason": "big: no such thing",
    }


def test_an_explanation_tells_every_decision_by_whom_and_of_what() -> None:
    books = Books()
    ready(books)
    row = books.accept(1)
    books.assigned(row)
    books.write(lambda tx: tx.delete(records.PlacementRow, row.id))
    books.put(replace(row, revision=2))
    books.assigned(row)
    text = reading.explanation(books.store, row.id)
    assert "decision 1, by controller-1, of revision 1" in text
    assert "decision 2, by controller-1, of revision 2" in text
    decision = books.all(records.Decision)[0]
    assert decision.answer.because in text


def test_an_unknown_load_balancer_is_said_to_be_unknown() -> None:
    with pytest.raises(RequestRejected, match="Nothing has been decided about load balancer x-1"):
        reading.explanation(Books().store, "x-1")
