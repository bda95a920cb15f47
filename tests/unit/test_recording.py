"""Who is believed, what ends a revision, and when a reservation is released."""

from dataclasses import replace
from typing import Any

import pytest
from bookkeeping import ENVIRONMENT, Books, ready

from bigip_lbaas.domain.graph import ObjectKind, ObjectRef
from bigip_lbaas.domain.home import Fence
from bigip_lbaas.store import records
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.messages import VERSION, Assignment


def at_work(number: int = 1, **more: Any) -> tuple[Books, records.LoadBalancer, Assignment]:
    """Return books in which one load balancer has been assigned."""
    books = Books()
    ready(books)
    row = books.accept(number, **more)
    return books, row, books.assigned(row)


def deleted(books: Books, row: records.LoadBalancer) -> Assignment:
    """Have the load balancer deleted, and assigned again."""
    found = books.lb(row)
    assert found is not None
    books.put(replace(found, wanted=False, revision=2, phase=Phase.WAITING))
    return books.assigned(row)


def unchanged(books: Books) -> tuple[Any, ...]:
    kinds = (records.LoadBalancer, records.Home, records.StatusMessage, records.Reservation)
    return tuple(books.all(kind) for kind in kinds)


# -- outcomes


def test_applied_ends_the_revision_and_is_told_active() -> None:
    books, row, assignment = at_work()
    assert books.end(assignment).told
    found = books.lb(row)
    assert found is not None
    assert (found.phase, found.applied_revision) == (Phase.APPLIED, 1)
    assert set(books.told(row).values()) == {"ACTIVE"}


@pytest.mark.parametrize(
    "lie",
    [
        {"fence": Fence(99, "0")},
        {"fence": Fence(1, "beef")},
        {"agent_id": "h2:1"},
        {"load_balancer_id": "unknown"},
    ],
)
def test_only_the_present_holder_of_the_home_is_believed(lie: dict[str, Any]) -> None:
    books, _row, assignment = at_work()
    before = unchanged(books)
    recorded = books.end(assignment, **lie)
    assert not recorded.told
    assert recorded.again == ()
    assert unchanged(books) == before


def test_what_an_earlier_owner_says_after_a_takeover_changes_nothing() -> None:
    books, _row, assignment = at_work()
    books.register("h2", 1, ("device-of-1",))
    books.take_homes(books.agent("h1:1"))
    before = unchanged(books)
    books.end(assignment)
    books.end(assignment, applied=False, error="odd")
    books.end(assignment, let_go=assignment.home.fence)
    assert unchanged(books) == before


def test_an_outcome_of_an_older_revision_ends_nothing() -> None:
    books, row, assignment = at_work()
    books.put(replace(row, revision=2, phase=Phase.WAITING))
    assert not books.end(assignment).told
    found = books.lb(row)
    assert found is not None
    assert (found.phase, found.applied_revision) == (Phase.WAITING, 1)
    assert not books.end(assignment, applied=False, error="odd").told
    assert books.told(row) == {}


def test_retrying_leaves_it_pending_and_notes_each_new_reason_once() -> None:
    books, row, assignment = at_work()
    for error in ("is off", "is off", "is busy"):
        assert not books.end(assignment, applied=False, retrying=True, error=error).told
    found = books.lb(row)
    assert found is not None
    assert (found.phase, found.reason) == (Phase.ASSIGNED, "is busy")
    assert [e.text for e in books.all(records.Event, kind="retrying")] == ["is off", "is busy"]


def test_what_is_refused_is_told_as_error_with_its_reason() -> None:
    books, row, assignment = at_work()
    assert books.end(assignment, applied=False, error="b: no such thing").told
    found = books.lb(row)
    assert found is not None
    assert (found.phase, found.reason) == (Phase.FAILED, "b: no such thing")
    assert set(books.told(row).values()) == {"ERROR"}


def test_what_failed_and_is_applied_after_all_is_told_active() -> None:
    books, row, assignment = at_work()
    books.end(assignment, applied=False, error="odd")
    assert books.end(assignment).told
    found = books.lb(row)
    assert found is not None
    assert (found.phase, found.reason) == (Phase.APPLIED, "")


def test_the_same_outcome_twice_is_told_once() -> None:
    books, _row, assignment = at_work()
    assert books.end(assignment).told
    assert not books.end(assignment).told


def test_devices_that_were_away_are_remembered_until_they_are_clean() -> None:
    books, row, assignment = at_work()
    books.end(assignment, unclean=("B",))
    assert books.lb(row).unclean == ("B",)  # type: ignore[union-attr]
    assert not books.end(assignment).told
    assert books.lb(row).unclean == ()  # type: ignore[union-attr]


def test_what_left_the_graph_is_told_deleted_once() -> None:
    gone = ObjectRef(ObjectKind.MEMBER, "gone")
    books, row, assignment = at_work(leaving=(gone,))
    books.end(assignment)
    assert books.told(row)["gone"] == "DELETED"
    assert books.lb(row).leaving == ()  # type: ignore[union-attr]


# -- deletions


def test_a_deletion_leaves_no_row_and_ends_the_home_that_was_let_go() -> None:
    books, row, _ = at_work()
    books.put(records.Vip(ENVIRONMENT, row.graph.vip_address, row.id))
    books.put(*(records.Child(ref.id, ref.kind, row.id) for ref in row.graph.objects()))
    assignment = deleted(books, row)
    assert assignment.home_is_ending
    assert books.end(assignment, let_go=assignment.home.fence).told
    assert books.lb(row) is None
    assert books.home() is None
    for kind in (records.Vip, records.Child, records.PlacementRow, records.Reservation):
        assert books.all(kind) == ()
    assert set(books.told(row).values()) == {"DELETED"}


def test_the_address_of_another_load_balancer_is_not_freed() -> None:
    books, row, _ = at_work()
    books.put(records.Vip(ENVIRONMENT, row.graph.vip_address, "another"))  # type: ignore[arg-type]
    books.end(deleted(books, row))
    assert len(books.all(records.Vip)) == 1


def test_work_that_came_meanwhile_gets_the_home_under_a_new_number() -> None:
    books, row, _ = at_work()
    assignment = deleted(books, row)
    late = books.accept(2)
    books.assigned(late)
    recorded = books.end(assignment, let_go=assignment.home.fence)
    assert recorded.again == (late.id,)
    home = books.home()
    assert home is not None
    assert home.agent_id == assignment.home.agent_id
    assert home.fence_number > assignment.home.fence.number


def test_a_home_is_not_ended_by_a_fence_that_it_no_longer_has() -> None:
    books, row, _ = at_work()
    assignment = deleted(books, row)
    books.end(assignment, let_go=Fence(99, "0"))
    assert books.home() is not None


def test_a_deletion_with_devices_away_is_told_and_leaves_a_tombstone() -> None:
    books, row, _ = at_work()
    assert books.end(deleted(books, row), unclean=("B",)).told
    found = books.lb(row)
    assert found is not None
    assert (found.phase, found.unclean) == (Phase.GONE, ("B",))
    placement = books.get(records.PlacementRow, row.id)
    assert placement is not None
    assert placement.tombstone
    assert books.home() is not None
    assert set(books.told(row).values()) == {"DELETED"}


def test_a_tombstone_goes_without_a_word_when_the_last_device_is_clean() -> None:
    books, row, _ = at_work()
    assignment = deleted(books, row)
    books.end(assignment, unclean=("B", "C"))
    books.write(lambda tx: tx.delete(records.StatusMessage, row.id))
    assert not books.end(assignment, unclean=("B",)).told
    assert books.lb(row).unclean == ("B",)  # type: ignore[union-attr]
    assert not books.end(assignment, let_go=assignment.home.fence).told
    assert books.lb(row) is None
    assert books.home() is None
    assert books.told(row) == {}


def test_a_tombstone_that_a_device_refuses_to_clean_stays_deleted_for_the_api() -> None:
    books, row, _ = at_work()
    assignment = deleted(books, row)
    books.end(assignment, unclean=("B",))
    assert not books.end(assignment, applied=False, error="B: in use").told
    found = books.lb(row)
    assert found is not None
    assert (found.phase, found.reason) == (Phase.GONE, "B: in use")
    assert set(books.told(row).values()) == {"DELETED"}
    assert "B: in use" in [event.text for event in books.all(records.Event, kind="not cleaned")]


# -- reports


def test_a_report_of_an_ended_epoch_is_not_kept() -> None:
    books = Books()
    answer = books.register()
    assert not books.report("h1:1", "another")
    assert books.report("h1:1", answer.epoch)
    books.take_homes(books.agent("h1:1"))
    assert not books.report("h1:1", answer.epoch)
    assert not books.report("h9:1", answer.epoch)
    assert books.all(records.Report) == ()


def test_an_overtaken_report_changes_nothing_and_a_new_life_counts_anew() -> None:
    books = Books()
    epoch = books.register().epoch
    assert books.report("h1:1", epoch, number=5)
    kept = books.all(records.Report)
    books.now += 1.0
    assert not books.report("h1:1", epoch, number=4)
    assert books.all(records.Report) == kept
    assert books.report("h1:1", epoch, number=6)
    assert books.report("h1:1", books.register().epoch, number=1)


def test_reports_of_a_writer_that_does_not_number_them_are_all_kept() -> None:
    books = Books()
    epoch = books.register().epoch
    for _ in range(3):
        books.now += 1.0
        assert books.report("h1:1", epoch)
        assert books.all(records.Report)[0].received_at == books.now


def test_a_reservation_is_released_only_by_what_was_measured_after_it_was_applied() -> None:
    books, row, assignment = at_work()
    epoch = assignment.epoch
    books.report("h1:1", epoch, as_of=books.now + 100.0)
    assert books.get(records.Reservation, row.id) is not None  # it is not applied yet
    books.now = 2000.0
    books.end(assignment)
    books.report("h1:1", epoch, as_of=1999.9)
    books.report("h1:1", epoch, as_of=None)
    assert books.get(records.Reservation, row.id) is not None
    books.report("h1:1", epoch, as_of=2000.1)
    assert books.get(records.Reservation, row.id) is None


def test_a_report_whose_score_is_not_known_releases_nothing() -> None:
    books, row, assignment = at_work()
    books.end(assignment)
    books.report("h1:1", assignment.epoch, as_of=9999.0, unreadable=("tenant_count: odd",))
    assert books.get(records.Reservation, row.id) is not None


def test_a_report_releases_nothing_of_another_group() -> None:
    books, row, assignment = at_work()
    books.end(assignment)
    other = ready(books, "h2", 2)
    books.report("h2:2", other.epoch, as_of=9999.0)
    assert books.get(records.Reservation, row.id) is not None


def test_a_later_outcome_does_not_put_off_the_release() -> None:
    books, row, assignment = at_work()
    books.end(assignment)
    books.now += 50.0
    books.end(assignment, unclean=("B",))
    assert books.get(records.Reservation, row.id).applied_at == 1000.0  # type: ignore[union-attr]


# -- commits that were lost


def lost(books: Books) -> list[str]:
    return [row.text for row in books.all(records.Event, kind="commits lost")]


def test_a_number_that_was_given_out_twice_is_told_by_what_the_revision_was() -> None:
    books, row, assignment = at_work()
    epoch = books.agent("h1:1").epoch
    found = books.lb(row)
    assert found is not None
    other = replace(found.graph, admin_state_up=False)
    books.put(replace(found, graph=other))  # accepted after a backup was restored
    books.end(assignment)
    assert books.agent("h1:1").epoch != epoch
    assert f"knows a revision 1 of load balancer {row.id} that is not known here" in lost(books)[0]
    found = books.lb(row)
    assert found is not None
    assert found.phase is not Phase.APPLIED  # what the device has is the other one


def test_a_number_that_was_never_given_out_means_lost_commits() -> None:
    books, _row, assignment = at_work()
    books.end(assignment, revision=3, applied=False, retrying=True)
    assert "knows a revision 3" in lost(books)[0]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {
            "revision": 1,
            "mark": f"{VERSION}:0123456789abcdef",
        },  # late, of a revision that was replaced
        {"mark": ""},  # of an agent that is too old to say it
        {"mark": f"{VERSION - 1}:0123456789abcdef"},  # as another version hashes
        {"mark": "whatever"},
        {"applied": False, "retrying": True},
    ],
)
def test_what_is_known_is_no_news(said: dict[str, Any]) -> None:
    books, row, _first = at_work()
    found = books.lb(row)
    assert found is not None
    books.put(replace(found, revision=2, reason="a reason"))
    books.end(books.assigned(row), **said)
    assert lost(books) == []
    if said.get("retrying"):
        found = books.lb(row)
        assert found is not None
        assert found.reason == "a reason"
