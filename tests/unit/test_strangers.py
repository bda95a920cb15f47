"""Load balancers that devices have and the database does not know: who is taken in, who goes."""

from dataclasses import replace
from typing import Any

from bookkeeping import Books, ready

from bigip_lbaas.controller.strangers import record_sightings, take_off
from bigip_lbaas.domain.home import Fence
from bigip_lbaas.store import records
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.messages import Sighting, Sightings
from tests.integration.graphs import graph


def books_with(number: int = 2) -> Books:
    books = Books()
    ready(books)
    ready(books, "h2", 2)
    for each in range(number):
        books.end(books.assigned(books.accept(each)))
    return books


def lose_commits(books: Books) -> None:
    agent = books.agent("h1:1")
    assert books.beat("h1:1", agent.epoch, 1, seen=Fence(10**6, "dead")).epoch_ended
    ready(books)
    ready(books, "h2", 2)


def see(books: Books, *numbers: int, group: int = 1) -> tuple[Any, ...]:
    made = [graph(number) for number in numbers]
    seen = tuple(Sighting(one.id, one.project_id, one.vip_address) for one in made)
    message = Sightings(f"h{group}:{group}", group, seen)  # type: ignore[arg-type]
    return books.write(lambda tx: record_sightings(tx, books.settings, message))


def turn_away(books: Books, *numbers: int) -> None:
    for number in numbers:
        row = books.get(records.Stranger, graph(number).id)
        assert row is not None
        books.put(replace(row, unwanted=True))


def go(books: Books) -> tuple[Any, ...]:
    return books.write(lambda tx: take_off(tx, books.settings))


def test_what_the_database_knows_is_no_stranger() -> None:
    books = books_with()
    assert see(books, 0, 1) == ()
    assert books.all(records.Stranger) == ()


def test_a_stranger_is_written_down_once_with_the_place_that_it_has() -> None:
    books = books_with()
    for _ in range(2):
        assert see(books, 0, 7, group=2) == ()
    (row,) = books.all(records.Stranger)
    assert (row.load_balancer_id, row.group, row.unwanted) == (graph(7).id, 2, False)
    place = books.get(records.PlacementRow, graph(7).id)
    assert place is not None
    assert place.group == 2
    assert [e.subject for e in books.all(records.Event) if e.kind == "stranger"] == [graph(7).id]


def test_one_that_nobody_knows_is_taken_off_like_a_tombstone_and_nobody_is_told() -> None:
    books = books_with()
    lose_commits(books)
    see(books, 7)
    assert go(books) == ()  # nobody has asked the API
    turn_away(books, 7)
    (gone,) = go(books)
    row = books.get(records.LoadBalancer, gone)
    assert row is not None
    assert (row.phase, row.wanted, row.graph.id) == (Phase.GONE, False, graph(7).id)
    assignment = books.assigned(row)
    assert not assignment.wanted
    books.end(assignment)
    assert books.get(records.LoadBalancer, gone) is None
    assert books.get(records.PlacementRow, gone) is None
    assert books.get(records.StatusMessage, gone) is None
    assert go(books) == ()


def test_where_no_commit_was_lost_nothing_is_taken_off() -> None:
    books = books_with()
    see(books, 7)
    turn_away(books, 7)
    assert go(books) == ()
    assert books.get(records.PlacementRow, graph(7).id) is None  # it keeps no home alive
    assert books.all(records.Stranger) == ()
    (said,) = [event.text for event in books.all(records.Event) if event.kind == "left alone"]
    assert "since no commits are known to have been lost" in said


def test_more_strangers_than_friends_are_left_alone() -> None:
    books = books_with()
    lose_commits(books)
    see(books, 7, 8, 9)
    turn_away(books, 7, 8, 9)
    assert go(books) == ()
    assert len([e for e in books.all(records.Event) if e.kind == "left alone"]) == 3
    books.end(books.assigned(books.accept(3)))
    see(books, 7, 8, 9)  # the next inventory
    turn_away(books, 7, 8, 9)
    assert len(go(books)) == 3


def test_one_that_has_been_accepted_meanwhile_stays() -> None:
    books = books_with()
    lose_commits(books)
    see(books, 7)
    turn_away(books, 7)
    accepted = books.accept(7)
    assert go(books) == ()
    assert books.lb(accepted) == accepted
    assert books.all(records.Stranger) == ()


def test_one_that_waits_for_a_place_has_it_where_it_is_seen() -> None:
    books = books_with()
    row = books.accept(7)
    assert see(books, 7, group=2) == (row.id,)
    assert books.assigned(row).home.agent_id == "h2:2"


def test_one_that_was_placed_again_elsewhere_leaves_where_it_was() -> None:
    books = books_with()
    row = books.accept(7)
    books.end(books.assigned(row))
    lose_commits(books)
    place = books.get(records.PlacementRow, row.id)
    assert place is not None
    other = 3 - place.group
    (copy,) = see(books, 7, group=other)
    tombstone = books.get(records.LoadBalancer, copy)
    assert tombstone is not None
    assignment = books.assigned(tombstone)
    assert assignment.home.group == other
    assert (assignment.wanted, assignment.graph.id) == (False, row.id)
    assert assignment.home_is_ending
    books.end(assignment, let_go=assignment.home.fence)
    assert books.home(group=other) is None
    assert books.get(records.LoadBalancer, copy) is None
    assert books.lb(row) is not None
    assert see(books, 7, group=place.group) == ()


def test_a_group_whose_agents_were_given_another_number_loses_nothing() -> None:
    books = books_with()
    books.now += 10_000
    lose_commits(books)
    assert see(books, 0, 1, group=2) == ()


def test_those_of_another_environment_are_left_alone() -> None:
    books = books_with()
    lose_commits(books)
    for row in books.all(records.LoadBalancer):
        books.put(replace(row, environment="other"))  # type: ignore[arg-type]
    assert see(books, 0, 1, group=2) == ()
    assert books.all(records.Stranger) == ()
