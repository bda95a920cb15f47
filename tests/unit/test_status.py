"""What clients rely on: which statuses each object is told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigip_lbaas.domain.graph import ObjectKind, ObjectRef, ServiceGraph
from bigip_lbaas.domain.status import (
    ObjectStatus,
    Operating,
    Provisioning,
    statuses_when_applied,
    statuses_when_deleted,
    statuses_when_failed,
)
from tests.integration.graphs import graph
from tests.strategies import service_graphs

GONE = (ObjectRef(ObjectKind.MEMBER, "gone-1"), ObjectRef(ObjectKind.POOL, "gone-2"))


def operating(graph_: ServiceGraph) -> dict[ObjectKind, set[Operating | None]]:
    found: dict[ObjectKind, set[Operating | None]] = {}
    for status in statuses_when_applied(graph_, ()):
        found.setdefault(status.object.kind, set()).add(status.operating)
    return found


@pytest.mark.parametrize(
    "statuses", [statuses_when_applied, statuses_when_failed, statuses_when_deleted]
)
@given(graph_=service_graphs())
def test_one_message_names_every_object_once_the_load_balancer_and_what_left_included(
    statuses, graph_: ServiceGraph
) -> None:
    told = [status.object for status in statuses(graph_, GONE)]
    assert sorted(told, key=str) == sorted([*graph_.objects(), *GONE], key=str)


@given(service_graphs())
def test_applied_is_active_for_what_is_there_and_deleted_for_what_left(
    graph_: ServiceGraph,
) -> None:
    told = {status.object: status for status in statuses_when_applied(graph_, GONE)}
    assert {told[ref].provisioning for ref in graph_.objects()} == {Provisioning.ACTIVE}
    assert all(told[ref] == ObjectStatus(ref, Provisioning.DELETED) for ref in GONE)
    assert all(told[ref].operating is not None for ref in graph_.objects())


@given(service_graphs())
def test_failed_is_error_for_all_and_only_the_load_balancer_is_said_to_operate_badly(
    graph_: ServiceGraph,
) -> None:
    told = statuses_when_failed(graph_, GONE)
    assert {status.provisioning for status in told} == {Provisioning.ERROR}
    assert [s.object.id for s in told if s.operating is Operating.ERROR] == [graph_.id]
    assert {s.operating for s in told if s.object.id != graph_.id} <= {None}


@given(service_graphs())
def test_deleted_is_told_of_all_children_before_the_load_balancer(graph_: ServiceGraph) -> None:
    told = statuses_when_deleted(graph_, GONE)
    assert {status.provisioning for status in told} == {Provisioning.DELETED}
    assert told[-1].object == ObjectRef(ObjectKind.LOAD_BALANCER, graph_.id)


@given(service_graphs(), st.booleans())
def test_a_load_balancer_is_online_unless_it_is_disabled(graph_: ServiceGraph, up: bool) -> None:
    expected = Operating.ONLINE if up else Operating.OFFLINE
    assert operating(replace(graph_, admin_state_up=up))[ObjectKind.LOAD_BALANCER] == {expected}


@pytest.mark.parametrize(("up", "expected"), [(True, Operating.ONLINE), (False, Operating.OFFLINE)])
def test_a_listener_is_online_only_when_enabled(up: bool, expected: Operating) -> None:
    made = graph(1)
    made = replace(made, listeners=(replace(made.listeners[0], admin_state_up=up),))
    assert operating(made)[ObjectKind.LISTENER] == {expected}


@pytest.mark.parametrize(
    ("attached", "up", "expected"),
    [
        (True, True, Operating.ONLINE),
        (True, False, Operating.OFFLINE),
        (False, True, Operating.OFFLINE),
        (False, False, Operating.OFFLINE),
    ],
)
def test_a_pool_is_online_only_when_enabled_and_attached(
    attached: bool, up: bool, expected: Operating
) -> None:
    made = graph(1)
    pool = replace(made.pools[0], admin_state_up=up)
    listener = replace(made.listeners[0], default_pool_id=pool.id if attached else None)
    made = replace(made, pools=(pool,), listeners=(listener,))
    assert operating(made)[ObjectKind.POOL] == {expected}


@pytest.mark.parametrize(
    ("up", "monitored", "expected"),
    [
        (True, True, Operating.ONLINE),
        (True, False, Operating.NO_MONITOR),
        (False, True, Operating.OFFLINE),
        (False, False, Operating.OFFLINE),
    ],
)
def test_a_member_is_no_monitor_without_one_and_offline_when_disabled(
    up: bool, monitored: bool, expected: Operating
) -> None:
    made = graph(1)
    pool = made.pools[0]
    members = tuple(replace(member, admin_state_up=up) for member in pool.members)
    pool = replace(pool, members=members, monitor=pool.monitor if monitored else None)
    assert operating(replace(made, pools=(pool,)))[ObjectKind.MEMBER] == {expected}


@pytest.mark.parametrize(("up", "expected"), [(True, Operating.ONLINE), (False, Operating.OFFLINE)])
def test_a_monitor_is_online_only_when_enabled(up: bool, expected: Operating) -> None:
    made = graph(1)
    pool = made.pools[0]
    assert pool.monitor is not None
    pool = replace(pool, monitor=replace(pool.monitor, admin_state_up=up))
    assert operating(replace(made, pools=(pool,)))[ObjectKind.HEALTH_MONITOR] == {expected}
