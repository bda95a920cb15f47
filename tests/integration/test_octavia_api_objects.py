"""Through the real API to the accepted revision and back: every kind of object."""

from typing import Any

import pytest
from octavia_stack import Stack, until

from bigip_lbaas.provider.octavia import translate
from bigip_lbaas.provider.octavia.refuse import Leniency
from bigip_lbaas.store.records import Child

POOL = {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
MONITOR = {"type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2}


def tree(name: str) -> dict[str, Any]:
    members = [{"address": "127.0.0.1", "protocol_port": port} for port in (9001, 9002)]
    pool = {"name": "p", **POOL, "members": members, "healthmonitor": MONITOR}
    listener = {"name": "l", "protocol": "HTTP", "protocol_port": 8080, "default_pool": pool}
    return {"name": name, "listeners": [listener]}


def assert_same_graph(stack: Stack, load_balancer_id: str) -> None:
    """The graph that we accepted is the one that the API has."""
    shown = stack.library.get_loadbalancer(load_balancer_id)
    assert translate.service_graph(shown, Leniency()) == stack.record(load_balancer_id).graph


def statuses(stack: Stack, load_balancer_id: str) -> dict[str, tuple[str, str]]:
    """Return id -> (provisioning, operating) of a load balancer and all under it."""
    answer = stack.request("GET", f"loadbalancers/{load_balancer_id}/status", expect=200)
    found: dict[str, tuple[str, str]] = {}

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict):
            if "id" in node:
                provisioning = node["provisioning_status"]
                found[node["id"]] = (provisioning, node.get("operating_status", ""))
            for child in node.values():
                walk(child)

    walk(answer["statuses"])
    return found


def test_a_tree_created_in_one_call_is_accepted_whole_and_becomes_active(stack: Stack) -> None:
    shown = stack.create(**tree("whole"))
    graph = stack.record(shown["id"]).graph
    assert (len(graph.listeners), len(graph.pools), len(graph.pools[0].members)) == (1, 1, 2)
    assert graph.pools[0].monitor is not None
    assert_same_graph(stack, shown["id"])
    found = statuses(stack, shown["id"])
    assert {status for status, _operating in found.values()} == {"ACTIVE"}
    assert found[shown["id"]] == ("ACTIVE", "ONLINE")


def test_each_kind_of_object_is_created_changed_and_deleted(stack: Stack) -> None:
    root = stack.create(name="one by one")
    lb = root["id"]
    listener = stack.add(
        "listeners", "listener", lb, loadbalancer_id=lb, protocol="TCP", protocol_port=7000
    )
    pool = stack.add(
        "pools", "pool", lb, listener_id=listener["id"], protocol="TCP", lb_algorithm="SOURCE_IP"
    )
    assert stack.record(lb).graph.listeners[0].default_pool_id == pool["id"]
    members = f"pools/{pool['id']}/members"
    member = stack.add(members, "member", lb, address="127.0.0.5", protocol_port=9000, weight=7)
    monitor = stack.add(
        "healthmonitors", "healthmonitor", lb, pool_id=pool["id"], **{**MONITOR, "type": "PING"}
    )
    assert_same_graph(stack, lb)
    changes = {
        f"loadbalancers/{lb}": {"loadbalancer": {"name": "new", "admin_state_up": False}},
        f"listeners/{listener['id']}": {"listener": {"connection_limit": 9}},
        f"pools/{pool['id']}": {"pool": {"lb_algorithm": "LEAST_CONNECTIONS"}},
        f"{members}/{member['id']}": {"member": {"weight": 0, "admin_state_up": False}},
        f"healthmonitors/{monitor['id']}": {"healthmonitor": {"delay": 9, "timeout": 4}},
    }
    for path, body in changes.items():
        stack.request("PUT", path, body, expect=200)
        stack.settled(lb)
        assert_same_graph(stack, lb)
    graph = stack.record(lb).graph
    assert (graph.name, graph.admin_state_up, graph.listeners[0].connection_limit) == (
        "new",
        False,
        9,
    )
    assert graph.pools[0].members[0].weight == 0
    assert graph.pools[0].monitor is not None
    assert (graph.pools[0].monitor.delay_s, graph.pools[0].monitor.max_retries) == (9, 2)
    for path in reversed(changes):
        stack.request("DELETE", path, expect=204)
        if not path.startswith("loadbalancers"):
            stack.settled(lb)
            assert_same_graph(stack, lb)
    assert stack.gone(lb)


def test_values_given_back_to_null_are_the_apis_defaults_again(stack: Stack) -> None:
    shown = stack.create(**tree("null"))
    lb = shown["id"]
    graph = stack.record(lb).graph
    listener, pool = graph.listeners[0], graph.pools[0]
    assert pool.monitor is not None
    for path, kind, fields in (
        (f"listeners/{listener.id}", "listener", {"connection_limit": None, "name": None}),
        (f"listeners/{listener.id}", "listener", {"timeout_client_data": None}),
        (f"listeners/{listener.id}", "listener", {"default_pool_id": None}),
        (f"pools/{pool.id}", "pool", {"name": None, "session_persistence": None}),
        (f"pools/{pool.id}/members/{pool.members[0].id}", "member", {"weight": None}),
        (f"healthmonitors/{pool.monitor.id}", "healthmonitor", {"url_path": None}),
        (f"healthmonitors/{pool.monitor.id}", "healthmonitor", {"max_retries_down": None}),
        (f"loadbalancers/{lb}", "loadbalancer", {"description": "said", "tags": ["a"]}),
    ):
        stack.request("PUT", path, {kind: fields}, expect=200)
        stack.settled(lb)
        assert_same_graph(stack, lb)
    assert stack.record(lb).graph.listeners[0].default_pool_id is None


@pytest.mark.parametrize("additive", [False, True])
def test_a_batch_replaces_or_adds_members(stack: Stack, additive: bool) -> None:
    shown = stack.create(**tree(f"batch {additive}"))
    lb, graph = shown["id"], stack.record(shown["id"]).graph
    pool = graph.pools[0]
    batch = [
        {"address": "127.0.0.1", "protocol_port": 9002, "weight": 5},
        {"address": "127.0.0.1", "protocol_port": 9003},
    ]
    query = "?additive_only=true" if additive else ""
    stack.request("PUT", f"pools/{pool.id}/members{query}", {"members": batch}, expect=202)
    stack.settled(lb)
    ports = {
        member.protocol_port: member.weight for member in stack.record(lb).graph.pools[0].members
    }
    assert ports == ({9001: 1, 9002: 5, 9003: 1} if additive else {9002: 5, 9003: 1})
    assert_same_graph(stack, lb)
    shown_ports = {
        member["protocol_port"]
        for member in stack.request("GET", f"pools/{pool.id}/members")["members"]
    }
    assert shown_ports == set(ports)


def test_a_cascade_delete_ends_everything_and_forgets_whose_children_they_were(
    stack: Stack,
) -> None:
    shown = stack.create(**tree("cascade"))
    lb = shown["id"]
    stack.request("DELETE", f"loadbalancers/{lb}", expect=400)
    stack.request("DELETE", f"loadbalancers/{lb}?cascade=true", expect=204)
    assert stack.gone(lb)
    until(lambda: not stack.store.read(lambda tx: tx.select(Child, load_balancer_id=lb)))
    until(lambda: not [m for m in stack.outbox() if m.load_balancer_id == lb])
    assert not stack.request("GET", f"listeners?loadbalancer_id={lb}")["listeners"]


def test_a_failed_revision_is_shown_as_error_and_can_be_failed_over(stack: Stack) -> None:
    shown = stack.create(name="fails")
    stack.controller.ending = "failed"
    stack.request(
        "PUT", f"loadbalancers/{shown['id']}", {"loadbalancer": {"name": "x"}}, expect=200
    )
    assert stack.settled(shown["id"], "ERROR")["operating_status"] == "ERROR"
    stack.controller.ending = "applied"
    before = stack.record(shown["id"]).revision
    stack.request("PUT", f"loadbalancers/{shown['id']}/failover", expect=202)
    stack.settled(shown["id"])
    assert stack.record(shown["id"]).revision == before + 1


def test_statuses_that_a_read_has_shown_leave_the_outbox(stack: Stack) -> None:
    shown = stack.create(**tree("confirmed"))
    until(lambda: not [m for m in stack.outbox() if m.load_balancer_id == shown["id"]])
