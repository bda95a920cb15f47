"""What the API is told, when again, and when it counts as told."""

from dataclasses import replace

from bigip_lbaas.domain.graph import ObjectKind, ObjectRef, ServiceGraph
from bigip_lbaas.domain.ids import EnvironmentName, LoadBalancerId, ProjectId, RequestId
from bigip_lbaas.domain.status import ObjectStatus, Operating, Provisioning
from bigip_lbaas.provider.octavia import outbox
from bigip_lbaas.provider.octavia.outbox import Look, Verdict
from bigip_lbaas.store.records import StatusMessage

ROOT = ObjectRef(ObjectKind.LOAD_BALANCER, "lb")
POOL = ObjectRef(ObjectKind.POOL, "p")
OURS = ServiceGraph(LoadBalancerId("lb"), ProjectId("project"), "192.0.2.1")


def message(*statuses: ObjectStatus) -> StatusMessage:
    return StatusMessage(
        LoadBalancerId("lb"), EnvironmentName("e"), 1, statuses, RequestId("r"), 0.0, 0.0
    )


def test_many_load_balancers_are_told_in_one_document() -> None:
    first = message(
        ObjectStatus(ROOT, Provisioning.ACTIVE, Operating.ONLINE),
        ObjectStatus(POOL, Provisioning.DELETED),
    )
    other = ObjectRef(ObjectKind.LOAD_BALANCER, "other")
    second = message(ObjectStatus(other, Provisioning.ERROR, Operating.ERROR))
    assert outbox.document([first, second], with_operating=True) == {
        "loadbalancers": [
            {"id": "lb", "provisioning_status": "ACTIVE", "operating_status": "ONLINE"},
            {"id": "other", "provisioning_status": "ERROR", "operating_status": "ERROR"},
        ],
        "pools": [{"id": "p", "provisioning_status": "DELETED"}],
    }
    assert outbox.document([first], with_operating=False)["loadbalancers"] == [
        {"id": "lb", "provisioning_status": "ACTIVE"}
    ]


def test_what_is_pending_is_no_status_to_tell() -> None:
    pending = ObjectStatus(ROOT, Provisioning.PENDING)
    assert outbox.document([message(pending)], with_operating=True) == {}
    measured = replace(pending, operating=Operating.OFFLINE)
    assert outbox.document([message(measured)], with_operating=True) == {
        "loadbalancers": [{"id": "lb", "operating_status": "OFFLINE"}]
    }


def test_each_wait_is_longer_and_none_is_endless() -> None:
    waits = [outbox.retry_after_s(tries) for tries in range(1, 20)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (1.0, 300.0)


def test_what_lives_must_be_there_and_what_was_deleted_must_not() -> None:
    active = message(
        ObjectStatus(ROOT, Provisioning.ACTIVE), ObjectStatus(POOL, Provisioning.DELETED)
    )
    assert outbox.is_shown(active, frozenset({"lb"}))
    assert not outbox.is_shown(active, frozenset({"lb", "p"}))
    assert not outbox.is_shown(active, None)
    missing = message(
        ObjectStatus(ROOT, Provisioning.ACTIVE), ObjectStatus(POOL, Provisioning.ERROR)
    )
    assert not outbox.is_shown(missing, frozenset({"lb"}))


def test_a_deleted_load_balancer_is_shown_by_nothing_at_all() -> None:
    deleted = message(
        ObjectStatus(POOL, Provisioning.DELETED), ObjectStatus(ROOT, Provisioning.DELETED)
    )
    assert outbox.is_shown(deleted, None)
    assert not outbox.is_shown(deleted, frozenset({"lb"}))


def test_the_api_wins_only_at_a_second_look_that_shows_the_same() -> None:
    theirs = replace(OURS, name="theirs")
    first = Look(3, theirs, 0.0)
    assert outbox.judge(OURS, Look(3, OURS, 0.0), None, 30.0) is Verdict.SAME
    assert outbox.judge(OURS, first, None, 30.0) is Verdict.LOOK_AGAIN
    assert outbox.judge(OURS, replace(first, at_s=29.0), first, 30.0) is Verdict.LOOK_AGAIN
    assert outbox.judge(OURS, replace(first, at_s=30.0), first, 30.0) is Verdict.API_WINS
    for other in (Look(4, theirs, 60.0), Look(3, None, 60.0)):
        assert outbox.judge(OURS, other, first, 30.0) is Verdict.LOOK_AGAIN
    assert outbox.judge(OURS, Look(3, None, 60.0), Look(3, None, 0.0), 30.0) is Verdict.API_WINS
