"""What a user is told when an edit of a service graph is refused."""

from dataclasses import replace

import pytest

from bigip_lbaas.domain import edit
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.graph import (
    Algorithm,
    HealthMonitor,
    Listener,
    ListenerProtocol,
    Member,
    MonitorType,
    ObjectKind,
    ObjectRef,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import LoadBalancerId, ObjectId, ProjectId

MONITOR = HealthMonitor(ObjectId("monitor"), MonitorType.TCP, 5, 3, 2)
POOL = Pool(
    ObjectId("pool"),
    PoolProtocol.HTTP,
    Algorithm.ROUND_ROBIN,
    members=(Member(ObjectId("a"), "192.0.2.11", 80), Member(ObjectId("b"), "192.0.2.12", 80)),
    monitor=MONITOR,
)
LISTENER = Listener(ObjectId("listener"), ListenerProtocol.HTTP, 80, ObjectId("pool"))
GRAPH = ServiceGraph(
    LoadBalancerId("lb"), ProjectId("project"), "192.0.2.1", listeners=(LISTENER,), pools=(POOL,)
)


def refusal(change: object) -> str:
    assert callable(change)
    with pytest.raises(RequestRejected) as refused:
        change()
    assert refused.value.detail
    return refused.value.fault


def test_a_port_already_taken_names_the_port_the_vip_and_who_has_it() -> None:
    other = replace(LISTENER, id=ObjectId("other"))
    sentence = refusal(lambda: edit.put_listener(GRAPH, other))
    assert sentence == (
        "Port 80 of load balancer lb (192.0.2.1) is already taken by listener listener;"
        " choose another port."
    )


@pytest.mark.parametrize("text", ["", "here", "192.0.2.256", "192.0.2.1/24", "fe80::1%eth0"])
def test_an_address_that_is_none_is_named(text: str) -> None:
    member = Member(ObjectId("c"), text, 80)
    assert repr(text) in refusal(lambda: edit.put_member(GRAPH, "pool", member))
    assert repr(text) in refusal(lambda: edit.settle(replace(GRAPH, vip_address=text)))


def test_addresses_have_one_spelling() -> None:
    member = Member(ObjectId("c"), "2001:DB8:0:0::1", 80)
    graph = edit.put_member(GRAPH, "pool", member).graph
    assert graph.pools[0].members[-1].address == "2001:db8::1"


def test_two_members_at_one_place_are_refused_however_they_are_spelled() -> None:
    members = [Member(ObjectId(i), text, 80) for i, text in (("x", "::1"), ("y", "0::1"))]
    assert "both at ::1 port 80" in refusal(lambda: edit.put_members(GRAPH, "pool", members))


def test_a_parent_that_is_not_there_is_named() -> None:
    member, listener = Member(ObjectId("c"), "192.0.2.9", 80), replace(LISTENER, id=ObjectId("x"))
    for change in (
        lambda: edit.put_member(GRAPH, "absent", member),
        lambda: edit.put_monitor(GRAPH, "absent", MONITOR),
        lambda: edit.put_pool(GRAPH, POOL, "absent"),
        lambda: edit.put_listener(
            GRAPH, replace(listener, protocol_port=81, default_pool_id=ObjectId("absent"))
        ),
    ):
        assert "Load balancer lb has no " in refusal(change)


def test_a_second_health_monitor_is_refused() -> None:
    second = replace(MONITOR, id=ObjectId("second"))
    assert "already has health monitor" in refusal(lambda: edit.put_monitor(GRAPH, "pool", second))


def test_a_probe_without_a_pause_is_refused() -> None:
    hasty = replace(MONITOR, delay_s=0)
    assert "at least 1 second" in refusal(lambda: edit.put_monitor(GRAPH, "pool", hasty))


def test_dropping_a_pool_takes_all_under_it_and_detaches_its_listeners() -> None:
    edited = edit.drop_pool(GRAPH, "pool")
    assert [ref.id for ref in edited.removed] == ["a", "b", "monitor", "pool"]
    assert edited.graph.listeners[0].default_pool_id is None


def test_dropping_what_is_not_there_says_that_it_is_gone() -> None:
    edited = edit.drop_member(GRAPH, "absent", "member")
    assert edited.graph == GRAPH
    assert edited.removed == (ObjectRef(ObjectKind.MEMBER, "member"),)


def test_a_whole_graph_with_two_listeners_on_a_port_is_refused() -> None:
    twin = replace(LISTENER, id=ObjectId("twin"))
    graph = replace(GRAPH, listeners=(LISTENER, twin))
    assert "Port 80" in refusal(lambda: edit.settle(graph))


def test_children_are_kept_in_the_order_of_their_ids() -> None:
    first = replace(LISTENER, id=ObjectId("first"), protocol_port=81)
    graph = edit.put_listener(GRAPH, first).graph
    assert [listener.id for listener in graph.listeners] == ["first", "listener"]


def test_an_id_that_another_object_has_is_refused() -> None:
    member = Member(ObjectId("listener"), "192.0.2.13", 80)
    assert "have the id listener" in refusal(lambda: edit.put_member(GRAPH, "pool", member))


def test_members_that_a_batch_leaves_out_are_said_to_leave() -> None:
    edited = edit.put_members(GRAPH, "pool", POOL.members[1:])
    assert edited.removed == (ObjectRef(ObjectKind.MEMBER, "a"),)
