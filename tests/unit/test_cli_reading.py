"""What the operator's commands show."""

from dataclasses import replace
from typing import Any

import pytest
from bookkeeping import Books, ready

from bigip_lbaas.cli import reading
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.scheduling.shipped import SHIPPED
from bigip_lbaas.store import records


def table(columns: tuple[str, ...], rows: Any) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]


def test_an_empty_store_shows_nothing() -> None:
    books = Books()
    assert reading.agent_rows(books.store) == ()
    assert reading.load_balancer_rows(books.store) == ()


def test_an_agent_shows_its_homes_and_when_it_was_heard_of() -> None:
    books = Books()
    ready(books)
    for number in range(2):
        books.assigned(books.accept(number, f"project-{number}"))
    books.now += 1.5
    (agent,) = table(reading.AGENT_COLUMNS, reading.agent_rows(books.store))
    assert agent["devices"].machine_readable() == ["device-of-1"]
    assert {**agent, "devices": str(agent["devices"])} == {
        "id": "h1:1",
        "environment": "dev",
        "group": "1",
        "alive": "yes",
        "admin up": "yes",
        "homes": "2",
        "heard of": "1.5 s ago",
        "devices": "device-of-1",
        "reason": "-",
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
    decisions = reading.decisions(books.store, row.id, SHIPPED)
    said = [reading.said_of(decision) for decision in decisions]
    assert said[0].startswith("decision 1, by controller-1, of revision 1\nasked: ")
    assert said[1].startswith("decision 2, by controller-1, of revision 2\nasked: ")
    assert decisions[0].answer.because in " ".join(said[0].split())
    assert "rules: policy lowest-score" in said[0]
    (row,) = table(reading.CANDIDATE_COLUMNS, reading.candidate_rows(decisions[0]))
    assert (row["group"].machine_readable(), row["stage"]) == (1, "within headroom")
    assert row["chosen"] is True
    assert str(row["reason"]).startswith("chosen: alone can take it")


def test_an_unknown_load_balancer_is_said_to_be_unknown() -> None:
    with pytest.raises(RequestRejected, match="Nothing has been decided about load balancer x-1"):
        reading.decisions(Books().store, "x-1", SHIPPED)
