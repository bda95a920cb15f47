"""What a controller does for one load balancer: place it, record why, say what to assign."""

from dataclasses import replace

import pytest
from bookkeeping import ENVIRONMENT, Books, ready

from bigip_lbaas.controller.books import read_fleet
from bigip_lbaas.controller.places import leave_a_tombstone
from bigip_lbaas.domain.capacity import Reading
from bigip_lbaas.domain.graph import ObjectKind, ObjectRef
from bigip_lbaas.domain.placement import Need, Placement, Unplaced
from bigip_lbaas.store import records
from bigip_lbaas.store.records import Phase
from tests.integration.graphs import graph

FULL = (Reading("tenant_count", 10.0, 10.0),)


def group_of(books: Books, number: int, project: str = "acme"):  # type: ignore[no-untyped-def]
    addresses = graph(1).member_addresses()
    need = Need("asks", project, addresses)  # type: ignore[arg-type]
    fleet = books.store.read(lambda tx: read_fleet(tx, books.settings, need))
    return next(group for group in fleet.groups if group.number == number)


def test_one_transaction_places_reserves_houses_and_records_why() -> None:
    books = Books()
    answer = ready(books)
    row = books.accept(1)
    assignment = books.assigned(row)
    placement = books.get(records.PlacementRow, row.id)
    assert placement == records.PlacementRow(row.id, ENVIRONMENT, row.project_id, 1)  # type: ignore[arg-type]
    reservation = books.get(records.Reservation, row.id)
    assert reservation is not None
    assert reservation.costs == {"tenant_count": 1.0}
    assert reservation.applied_at is None
    home = books.home()
    assert home is not None
    assert (home.agent_id, home.fence_number) == ("h1:1", assignment.home.fence.number)
    (decision,) = books.decisions()
    assert isinstance(decision.answer, Placement)
    assert decision.answer.costs == reservation.costs
    assert (assignment.epoch, assignment.revision, assignment.wanted) == (answer.epoch, 1, True)
    assert books.lb(row).phase is Phase.ASSIGNED  # type: ignore[union-attr]


def test_a_load_balancer_that_is_placed_stays_and_is_not_reserved_twice() -> None:
    books = Books()
    ready(books)
    row = books.accept(1)
    first = books.assigned(row)
    ready(books, "h2", 2)
    assert books.assigned(row) == first
    assert len(books.decisions()) == 1
    assert len(books.all(records.Reservation)) == 1


def test_load_balancers_of_one_project_share_the_home() -> None:
    books = Books()
    ready(books)
    homes = {books.assigned(books.accept(number)).home for number in range(3)}
    assert len(homes) == 1
    assert len(books.all(records.Home)) == 1


def test_with_nobody_there_it_waits_and_one_decision_is_kept_of_all_the_waiting() -> None:
    books = Books()
    row = books.accept(1)
    for waited_s in (0.0, 10.0, 59.0):
        attended = books.attend(row, waited_s)
        assert attended.assignment is None
        assert attended.waits_because != ""
        assert not attended.told
    assert len(books.decisions()) == 1
    ready(books)
    books.assigned(row)
    decisions = books.decisions()
    assert [type(one.answer) for one in decisions] == [Placement]


def test_patience_ends_in_error_with_a_reason() -> None:
    books = Books()
    row = books.accept(1)
    assert books.attend(row, 61.0).told
    found = books.lb(row)
    assert found is not None
    assert found.phase is Phase.FAILED
    assert found.reason == books.decisions()[0].answer.because
    assert set(books.told(row).values()) == {"ERROR"}


def test_without_room_it_fails_at_once_and_the_answer_is_kept_whole() -> None:
    books = Books()
    ready(books, readings=FULL)
    row = books.accept(1)
    assert books.attend(row).told
    (decision,) = books.decisions()
    assert isinstance(decision.answer, Unplaced)
    assert "group 1 is full, tenant_count is at 1" in books.lb(row).reason  # type: ignore[union-attr]
    assert books.all(records.PlacementRow) == books.all(records.Reservation) == ()


def test_what_failed_without_a_place_is_not_tried_again_by_itself() -> None:
    books = Books()
    ready(books, readings=FULL)
    row = books.accept(1)
    books.attend(row)
    books.report("h1:1", books.agent("h1:1").epoch)  # there is room now
    attended = books.attend(row)
    assert attended.assignment is None
    assert not attended.told


def test_a_deletion_of_what_was_never_placed_is_told_at_once() -> None:
    books = Books()
    row = books.accept(1, wanted=False)
    assert books.attend(row).told
    assert books.lb(row) is None
    assert set(books.told(row).values()) == {"DELETED"}


@pytest.mark.parametrize("phase", [Phase.APPLIED, Phase.GONE])
def test_what_is_settled_is_left_alone(phase: Phase) -> None:
    books = Books()
    ready(books)
    row = books.accept(1)
    books.assigned(row)
    books.put(replace(row, phase=phase))
    assert books.attend(row).assignment is None
    books.put(replace(row, phase=phase, unclean=("B",)))
    assert books.attend(row).assignment is not None


def test_load_balancers_of_another_environment_are_not_ours() -> None:
    books = Books()
    ready(books)
    row = replace(books.accept(1), environment="other")  # type: ignore[arg-type]
    books.put(row)
    assert books.attend(row).assignment is None
    assert books.all(records.PlacementRow) == ()


def test_agents_that_are_admin_down_get_nothing_new() -> None:
    books = Books()
    ready(books)
    books.put(replace(books.agent("h1:1"), admin_state_up=False))
    row = books.accept(1)
    assert books.attend(row).assignment is None
    assert books.all(records.Home) == ()


def test_an_assignment_is_for_the_present_epoch_and_carries_what_left() -> None:
    books = Books()
    ready(books)
    gone = ObjectRef(ObjectKind.MEMBER, "gone")
    row = books.accept(1, leaving=(gone,))
    first = books.assigned(row)
    epoch = books.register(devices=("device-of-1",)).epoch
    again = books.assigned(row)
    assert again.epoch == epoch != first.epoch
    assert again.home.fence > first.home.fence
    assert again.leaving == (gone,)


def test_nothing_is_assigned_to_an_agent_that_is_gone() -> None:
    books = Books()
    ready(books)
    row = books.accept(1)
    books.assigned(row)
    books.take_homes(books.agent("h1:1"))
    assert books.attend(row).assignment is None


def test_the_home_ends_only_with_its_last_load_balancer() -> None:
    books = Books()
    ready(books)
    rows = [books.accept(number) for number in range(2)]
    for row in rows:
        assert not books.assigned(row).home_is_ending
    books.put(replace(rows[0], wanted=False, revision=2))
    assert not books.assigned(rows[0]).home_is_ending
    books.end(books.assigned(rows[0]), revision=2)
    books.put(replace(rows[1], wanted=False, revision=2))
    assert books.assigned(rows[1]).home_is_ending


def test_a_placed_load_balancer_whose_home_is_gone_gets_one_from_a_live_agent() -> None:
    books = Books()
    ready(books)
    row = books.accept(1)
    first = books.assigned(row)
    books.write(lambda tx: tx.delete(records.Home, ENVIRONMENT, "acme", 1))
    assert books.assigned(row).home.fence > first.home.fence
    books.write(lambda tx: tx.delete(records.Home, ENVIRONMENT, "acme", 1))
    books.put(replace(books.agent("h1:1"), admin_state_up=False))
    assert books.attend(row).assignment is None


# -- the books


def test_the_highest_value_and_the_strictest_limit_of_the_fresh_reports_hold() -> None:
    books = Books()
    ready(books, readings=(Reading("tenant_count", 3.0, 20.0),))
    second = books.register("h2", 1, ("device-of-1",))
    books.report("h2:1", second.epoch, readings=(Reading("tenant_count", 2.0, 10.0),))
    group = group_of(books, 1)
    assert group.measured == {"tenant_count": 3.0}
    assert group.limits == {"tenant_count": 10.0}
    assert group.score_is_known


def test_old_reports_and_those_of_the_dead_do_not_count() -> None:
    books = Books()
    ready(books)
    assert group_of(books, 1).score_is_known
    books.now += 31.0
    books.beat("h1:1", books.agent("h1:1").epoch, 1)
    assert not group_of(books, 1).score_is_known
    books.report("h1:1", books.agent("h1:1").epoch)
    assert group_of(books, 1).score_is_known
    books.now += 5.0  # not heard of for longer than a lease and its margin
    assert not group_of(books, 1).score_is_known


def test_an_unreadable_metric_makes_the_score_unknown_and_never_zero() -> None:
    books = Books()
    ready(books, unreadable=("node_count: odd",))
    group = group_of(books, 1)
    assert not group.score_is_known
    assert group.measured == {}


def test_reservations_of_a_group_add_up() -> None:
    books = Books()
    ready(books)
    for number in range(3):
        books.assigned(books.accept(number, f"project-{number}"))
    assert group_of(books, 1).reserved == {"tenant_count": 3.0}


def test_a_project_lives_where_it_has_a_placement_that_is_no_tombstone() -> None:
    books = Books()
    ready(books, readings=(Reading("node_count", 0.0, 10.0),))
    row = books.accept(1)
    assert not group_of(books, 1).project_lives_here
    books.assigned(row)
    group = group_of(books, 1)
    assert group.project_lives_here
    assert group.project_home == "h1:1"
    assert group.project_nodes == row.graph.member_addresses()
    assert not group_of(books, 1, "bolt").project_lives_here
    placement = books.get(records.PlacementRow, row.id)
    assert placement is not None
    books.write(lambda tx: leave_a_tombstone(tx, placement))
    assert not group_of(books, 1).project_lives_here


# -- who lives where, counted


def counts(books: Books) -> dict[tuple[str, int], tuple[int, int]]:
    rows = books.all(records.Residence)
    return {(row.project_id, row.group): (row.load_balancers, row.living) for row in rows}


def test_residences_are_what_the_placements_say_whatever_comes_and_goes() -> None:
    books = Books()
    ready(books)
    rows = [
        books.accept(number, project) for number, project in enumerate(("acme", "acme", "bolt"))
    ]
    assignments = [books.assigned(row) for row in rows]
    assert counts(books) == {("", 1): (3, 3), ("acme", 1): (2, 2), ("bolt", 1): (1, 1)}
    for row in (rows[0], rows[2]):
        books.put(replace(row, wanted=False, revision=2))
    books.end(books.assigned(rows[0]), revision=2, unclean=("B",))
    assert counts(books)["acme", 1] == (2, 1)
    assert counts(books)["", 1] == (3, 2)
    last = books.assigned(rows[2])
    books.end(last, revision=2, let_go=last.home.fence)
    assert counts(books) == {("", 1): (2, 1), ("acme", 1): (2, 1)}
    books.end(assignments[0], revision=2)
    assert counts(books) == {("", 1): (1, 1), ("acme", 1): (1, 1)}


def test_only_addresses_that_the_request_names_and_the_project_has_there_are_known() -> None:
    books = Books()
    ready(books, readings=(Reading("node_count", 0.0, 10.0),))
    row = books.accept(1)
    assert group_of(books, 1).project_nodes == frozenset()  # it has no place yet
    books.assigned(row)
    books.assigned(books.accept(2))
    assert group_of(books, 1).project_nodes == row.graph.member_addresses()
    assert group_of(books, 1, "bolt").project_nodes == frozenset()
