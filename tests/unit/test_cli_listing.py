"""What the lists of homes, devices and events show."""

from dataclasses import replace
from typing import Any

import pytest
from bookkeeping import Books, ready

from bigip_lbaas.cli import listing, reading
from bigip_lbaas.domain.capacity import DeviceStanding
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.store import records
from bigip_lbaas.store.events import record_event


def table(columns: tuple[str, ...], rows: Any) -> list[dict[str, Any]]:
    return [dict(zip(columns, map(str, row), strict=True)) for row in rows]


@pytest.fixture
def books() -> Books:
    books = Books()
    ready(books)
    return books


def test_a_home_shows_its_agent_its_fence_and_how_much_lives_there(books: Books) -> None:
    for number, project in ((1, "blue"), (2, "blue"), (3, "red")):
        books.assigned(books.accept(number, project))
    blue, red = table(listing.HOME_COLUMNS, listing.home_rows(books.store, {}))
    fence = books.store.read(lambda tx: tx.select(records.Home))[0].fence_number
    assert blue == {
        "project": "blue",
        "environment": "dev",
        "group": "1",
        "agent": "h1:1",
        "fence": str(fence),
        "load balancers": "2",
        "agent alive": "yes",
    }
    assert red["load balancers"] == "1"
    which = listing.wanted(project_id="red", agent_id=None)
    assert table(listing.HOME_COLUMNS, listing.home_rows(books.store, which)) == [red]
    assert listing.home_rows(books.store, listing.wanted(agent_id="nobody")) == ()


def test_only_what_is_pending_or_failed_is_listed_when_asked_for(books: Books) -> None:
    done, failed, waiting = (books.accept(number) for number in (1, 2, 3))
    books.end(books.assigned(done))
    books.end(books.assigned(failed), applied=False, error="big: no such thing")

    def ids(*phases: Any, **which: Any) -> set[str]:
        rows = reading.load_balancer_rows(books.store, which, *phases)
        return {row["id"] for row in table(reading.LOAD_BALANCER_COLUMNS, rows)}

    assert ids() == {done.id, failed.id, waiting.id}
    assert ids(records.UNFINISHED) == {waiting.id}
    assert ids(reading.ERROR) == {failed.id}
    assert ids(project_id="another") == set()


def test_the_latest_events_are_shown_oldest_first(books: Books) -> None:
    for number in range(4):
        subject = "lb-1" if number == 2 else "h1:1"
        books.write(lambda tx, n=number, s=subject: record_event(tx, "dev", f"kind {n}", s, "text"))
        books.now += 1.0
    rows = table(listing.EVENT_COLUMNS, listing.event_rows(books.store, {}, 2))
    assert [row["kind"] for row in rows] == ["kind 2", "kind 3"]
    about = listing.event_rows(books.store, listing.wanted(subject="lb-1"), 10)
    (row,) = table(listing.EVENT_COLUMNS, about)
    assert (row["kind"], row["text"], row["request id"]) == ("kind 2", "text", "-")
    assert row["time"].endswith("Z")


def test_a_device_shows_who_manages_it_and_what_it_has_not_got_yet(books: Books) -> None:
    (said,) = books.store.read(lambda tx: tx.select(records.Report))
    stands = DeviceStanding("device-of-1", False, False, 0.0, "big-1: is off", books.now + 9, 2, 5)
    report = replace(said.report, devices=("device-of-1",), standings=(stands,))
    books.put(replace(said, report=report))
    books.now += 3.0
    (device,) = table(listing.DEVICE_COLUMNS, listing.device_rows(books.store, None))
    assert device == {
        "serial number": "device-of-1",
        "environment": "dev",
        "group": "1",
        "agents": "1 of 1 alive",
        "state": "left alone",
        "covered by a report": "3.0 s",
        "to bring level": "0",
    }
    row = books.accept(1)
    books.put(replace(row, behind=True, unclean=("device-of-1",)))
    facts = listing.device_facts(books.store, None, "device-of-1")
    assert str(facts["to bring level"]) == row.id
    assert str(facts["agents"]) == "h1:1"
    assert str(facts["as agents see it"]) == (
        "h1:1: left alone since 1970-01-01 00:00:00Z; asked again in 6 s; 2 requests at once, of a"
        " share of 5; last error: big-1: is off"
    )


def test_a_device_that_is_not_known_or_not_clear_is_refused_with_what_there_is(
    books: Books,
) -> None:
    with pytest.raises(RequestRejected, match="no device 'x' here; known: device-of-1"):
        listing.device_facts(books.store, None, "x")
    other = records.Group("prod", 1, devices=("device-of-1",))  # type: ignore[arg-type]
    books.put(other)
    with pytest.raises(RequestRejected, match="several environments: name one of dev, prod"):
        listing.device_facts(books.store, None, "device-of-1")
    facts = listing.device_facts(books.store, "prod", "device-of-1")
    assert (facts["environment"], str(facts["covered by a report"])) == ("prod", "never")
