"""Laws of edits: a graph stays sorted and sound, nothing leaves unsaid, twice is like once."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bigip_lbaas.domain import edit
from bigip_lbaas.domain.edit import Edited
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.graph import (
    Algorithm,
    HealthMonitor,
    Listener,
    ListenerProtocol,
    Member,
    MonitorType,
    ObjectRef,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import LoadBalancerId, ObjectId, ProjectId

EMPTY = ServiceGraph(LoadBalancerId("lb"), ProjectId("project"), "192.0.2.1")

# Few ids, ports and addresses, so that edits meet.
listener_ids = st.sampled_from([ObjectId(f"listener-{n}") for n in range(3)])
pool_ids = st.sampled_from([ObjectId(f"pool-{n}") for n in range(3)])
member_ids = st.sampled_from([ObjectId(f"member-{n}") for n in range(4)])
monitor_ids = st.sampled_from([ObjectId(f"monitor-{n}") for n in range(2)])
# Mostly sound values: an edit that is refused teaches little.
ports = st.sampled_from([*range(80, 90), 0, 70000])
texts = st.sampled_from(["192.0.2.1", "2001:DB8:0::1", "2001:db8::1"] * 3 + ["here", "::1%lo"])

listeners = st.builds(
    Listener,
    id=listener_ids,
    protocol=st.sampled_from(ListenerProtocol),
    protocol_port=ports,
    default_pool_id=st.none() | pool_ids,
)
members = st.builds(Member, id=member_ids, address=texts, protocol_port=ports, weight=st.just(1))
monitors = st.builds(
    HealthMonitor,
    id=monitor_ids,
    type=st.sampled_from(MonitorType),
    delay_s=st.sampled_from([1, 2, 3, 0]),
    timeout_s=st.just(1),
    max_retries=st.just(3),
)
pools = st.builds(
    Pool,
    id=pool_ids,
    protocol=st.sampled_from(PoolProtocol),
    algorithm=st.sampled_from(Algorithm),
    members=st.lists(members, max_size=3).map(tuple),
    monitor=st.none() | monitors,
)

Edit = Callable[[ServiceGraph], Edited]


def _calls(
    function: Callable[..., Edited], *arguments: st.SearchStrategy[object]
) -> st.SearchStrategy[Edit]:
    return st.tuples(*arguments).map(lambda drawn: lambda graph: function(graph, *drawn))


edits: st.SearchStrategy[Edit] = st.one_of(
    _calls(edit.put_listener, listeners),
    _calls(edit.drop_listener, listener_ids),
    _calls(edit.put_pool, pools, st.none() | listener_ids),
    _calls(edit.drop_pool, pool_ids),
    _calls(edit.put_member, pool_ids, members),
    _calls(edit.drop_member, pool_ids, member_ids),
    _calls(edit.put_members, pool_ids, st.lists(members, max_size=3)),
    _calls(edit.put_monitor, pool_ids, monitors),
    _calls(edit.drop_monitor, pool_ids, monitor_ids),
    st.booleans().map(lambda up: lambda graph: edit.put_load_balancer(graph, admin_state_up=up)),
)


histories = st.lists(edits, min_size=6, max_size=25)


def walk(drawn: list[Edit]) -> list[tuple[ServiceGraph, Edit, Edited]]:
    """Return every edit that was taken, with the graph before it."""
    graph, taken = EMPTY, []
    for change in drawn:
        try:
            edited = change(graph)
        except RequestRejected:
            continue
        taken.append((graph, change, edited))
        graph = edited.graph
    return taken


def sound(graph: ServiceGraph) -> bool:
    """Judge a graph without the code under test."""
    ids = [ref.id for ref in graph.objects()]
    pool_ids_here = {pool.id for pool in graph.pools}
    return (
        len(set(ids)) == len(ids)
        and [child.id for child in graph.listeners] == sorted(x.id for x in graph.listeners)
        and [child.id for child in graph.pools] == sorted(x.id for x in graph.pools)
        and len({x.protocol_port for x in graph.listeners}) == len(graph.listeners)
        and all(x.default_pool_id in {None, *pool_ids_here} for x in graph.listeners)
        and all(
            [m.id for m in pool.members] == sorted(m.id for m in pool.members)
            and len({(m.address, m.protocol_port) for m in pool.members}) == len(pool.members)
            and all(m.address in ("192.0.2.1", "2001:db8::1") for m in pool.members)
            and all(0 < m.protocol_port < 65536 for m in pool.members)
            for pool in graph.pools
        )
    )


@given(histories)
def test_a_graph_stays_sorted_and_sound(drawn: list[Edit]) -> None:
    for _before, _change, edited in walk(drawn):
        assert sound(edited.graph)
        assert edit.settle(edited.graph) == edited.graph


@given(histories)
def test_whatever_leaves_is_said_to_leave_and_nothing_that_stays(drawn: list[Edit]) -> None:
    for before, _change, edited in walk(drawn):
        left = set(before.objects()) - set(edited.graph.objects())
        said = set(edited.removed)
        assert left <= said
        assert not said & set(edited.graph.objects())
        assert len(said) == len(edited.removed)


@given(histories)
def test_the_same_edit_twice_is_the_same_as_once(drawn: list[Edit]) -> None:
    for _before, change, edited in walk(drawn):
        assert change(edited.graph).graph == edited.graph


@given(histories, histories)
def test_a_graph_is_replaced_by_another_in_one_edit(first: list[Edit], other: list[Edit]) -> None:
    graphs = [
        [EMPTY, *(edited.graph for *_rest, edited in walk(drawn))][-1] for drawn in (first, other)
    ]
    edited = edit.replace_all(*graphs)
    assert edited.graph == graphs[1]
    removed: set[ObjectRef] = set(graphs[0].objects()) - set(graphs[1].objects())
    assert set(edited.removed) == removed


@given(histories)
def test_the_order_of_children_does_not_matter(drawn: list[Edit]) -> None:
    graph = [EMPTY, *(edited.graph for *_rest, edited in walk(drawn))][-1]
    turned = replace(graph, listeners=graph.listeners[::-1], pools=graph.pools[::-1])
    assert edit.settle(turned) == graph
