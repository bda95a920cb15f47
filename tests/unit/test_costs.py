"""What load balancers cost: learned with reports, used for the next, known exactly where it is."""

import pytest
from bookkeeping import ENVIRONMENT, Books, ready

from bigip_lbaas.controller.books import read_fleet
from bigip_lbaas.controller.costs import costs_of_all, forget_costs, level_costs
from bigip_lbaas.domain.capacity import Reading
from bigip_lbaas.domain.costs import EVERYBODY, CostBook, Estimate
from bigip_lbaas.domain.placement import Need, Placement
from bigip_lbaas.scheduling.reservations import brought_by
from bigip_lbaas.store import records
from tests.integration.graphs import graph

CONNECTIONS = "active_connections"


def connections(value: float) -> tuple[Reading, ...]:
    return Reading(CONNECTIONS, value, 1e6), Reading("virtual_server_count", 0.0, 500.0)


def arrive(books: Books, number: int, project: str, epoch: str, value: float) -> None:
    """Let one load balancer be placed, applied and seen by a report."""
    books.end(books.assigned(books.accept(number, project)))
    books.now += 10.0
    books.beat("h1:1", epoch, number + 1)
    books.report("h1:1", epoch, readings=connections(value), as_of=books.now)


def test_what_reports_have_seen_is_reserved_for_the_next_and_stored_with_its_decision() -> None:
    books = Books()
    epoch = ready(books, readings=connections(0.0)).epoch
    value = 0.0
    for number in range(12):
        value += 500.0 if number % 2 else 100.0
        arrive(books, number, "large" if number % 2 else "small", epoch, value)
    books.write(lambda tx: level_costs(tx, books.settings))
    assert books.all(records.Reservation) == ()
    for number, project in enumerate(("small", "large", "unseen"), start=90):
        books.assigned(books.accept(number, project))
    small, large, unseen = (row.costs[CONNECTIONS] for row in books.all(records.Reservation))
    assert small < 200.0 < 400.0 < large
    usual = (small + large) / 2
    assert 1.3 * usual < unseen < 1.9 * usual  # of a stranger more is reserved than is expected
    (decision,) = books.decisions(load_balancer_id=graph(92).id)
    assert isinstance(decision.answer, Placement)
    assert decision.need.seen_costs[CONNECTIONS] == decision.answer.costs[CONNECTIONS]


def test_a_virtual_server_count_is_known_from_the_graph_once_it_has_listeners() -> None:
    whole = graph(1)
    counts = brought_by(whole)
    assert counts["virtual_server_count"] == len(whole.listeners)
    assert counts["pool_member_count"] == sum(len(pool.members) for pool in whole.pools)
    assert counts["vlan_count"] == counts["clientssl_profile_count"] == 0.0
    empty = type(whole)(whole.id, whole.project_id, whole.vip_address)
    assert not {"virtual_server_count", "pool_member_count"} & brought_by(empty).keys()


def test_a_report_that_knows_no_score_teaches_nothing() -> None:
    books = Books()
    ready(books, readings=connections(1.0), unreadable=("ssltps: odd",))
    assert books.all(records.GroupWatch) == ()


def test_what_was_learned_of_a_project_is_forgotten_when_nothing_has_come_of_it_for_long() -> None:
    books = Books()
    old = records.SeenCosts(ENVIRONMENT, "old", CostBook(), books.now)  # type: ignore[arg-type]
    books.put(old)
    books.now += books.settings.costs_kept_s
    books.put(records.SeenCosts(ENVIRONMENT, EVERYBODY, CostBook(), books.now))
    books.write(lambda tx: forget_costs(tx, books.settings, 10))
    assert [row.project_id for row in books.all(records.SeenCosts)] == [EVERYBODY]
    assert books.store.read(lambda tx: costs_of_all(tx, books.settings, ["old"])) == {"old": {}}  # type: ignore[list-item]


def test_what_a_seen_load_balancer_is_still_to_bring_stays_reserved_until_it_has() -> None:
    books = Books()
    epoch = ready(books, readings=connections(0.0), as_of=books.now).epoch
    known = {CONNECTIONS: Estimate(1000.0, 50.0)}
    late = {CONNECTIONS: Estimate(60.0, 50.0)}  # so it comes over two minutes
    books.put(
        records.SeenCosts(ENVIRONMENT, EVERYBODY, CostBook(known, known, late), books.now),
        records.SeenCosts(ENVIRONMENT, "acme", CostBook(known), books.now),  # type: ignore[arg-type]
    )
    books.end(books.assigned(books.accept(1)))
    applied_at, reserved = books.now, []
    for number in range(5):
        books.now = applied_at + 30.0 * number
        come = 250.0 * number
        books.report("h1:1", epoch, readings=connections(come), as_of=books.now, number=number + 1)
        books.beat("h1:1", epoch, number + 1)
        assert books.all(records.Reservation) == ()
        need = Need(graph(2).id, graph(2).project_id)
        fleet = books.store.read(lambda tx, need=need: read_fleet(tx, books.settings, need))  # type: ignore[misc]
        reserved.append(fleet.groups[0].reserved.get(CONNECTIONS, 0.0))
        assert "virtual_server_count" not in fleet.groups[0].reserved
    assert reserved == [pytest.approx(left, rel=0.01) for left in (1000.0, 750.0, 500.0, 250.0, 0)]


def test_what_another_agents_report_has_overtaken_teaches_nothing() -> None:
    books = Books()
    epoch = ready(books, readings=connections(5.0), as_of=books.now).epoch
    books.report("h1:1", epoch, readings=connections(900.0), as_of=books.now - 1.0)
    watch = books.all(records.GroupWatch)[0].watch
    assert watch is not None
    assert watch.values[CONNECTIONS] == 5.0
