"""What the API's user is told when a request is refused, and that nothing is left behind."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from octavia_stack import ENVIRONMENT, Stack, until

from bigip_lbaas.domain.ids import LoadBalancerId
from bigip_lbaas.provider.octavia import driver
from bigip_lbaas.store.records import LoadBalancer, Vip

HTTP = {"protocol": "HTTP", "protocol_port": 80}
POOL = {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
MONITOR = {"type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2}


@pytest.fixture(scope="module")
def lb(running: Stack) -> str:
    shown = running.create(name="refuses")
    return str(shown["id"])


def fault(stack: Stack, method: str, path: str, body: Any, expect: int) -> str:
    return str(stack.request(method, path, body, expect=expect)["faultstring"])


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"protocol": "UDP", "protocol_port": 53}, "protocol UDP"),
        ({"protocol": "SCTP", "protocol_port": 53}, "protocol SCTP"),
        ({"protocol": "PROMETHEUS", "protocol_port": 9090}, "protocol PROMETHEUS"),
        ({**HTTP, "allowed_cidrs": ["127.0.0.0/8"]}, "allowed CIDRs"),
        ({**HTTP, "insert_headers": {"X-Forwarded-For": "true"}}, "HTTP headers"),
        ({**HTTP, "timeout_client_data": 1000}, "timeout_client_data 1000"),
    ],
)
def test_a_listener_with_what_is_not_offered_is_refused(
    stack: Stack, lb: str, fields: dict[str, Any], says: str
) -> None:
    before = stack.record(lb).revision
    body = {"listener": {"loadbalancer_id": lb, **fields}}
    assert says in fault(stack, "POST", "listeners", body, 501)
    assert stack.record(lb).revision == before
    assert stack.settled(lb)["listeners"] == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({**POOL, "protocol": "PROXY"}, "protocol PROXY"),
        ({**POOL, "lb_algorithm": "SOURCE_IP_PORT"}, "lb_algorithm SOURCE_IP_PORT"),
        ({**POOL, "session_persistence": {"type": "SOURCE_IP"}}, "session persistence"),
        ({**POOL, "tls_enabled": True}, "TLS to the members"),
    ],
)
def test_a_pool_with_what_is_not_offered_is_refused(
    stack: Stack, lb: str, fields: dict[str, Any], says: str
) -> None:
    body = {"pool": {"loadbalancer_id": lb, **fields}}
    assert says in fault(stack, "POST", "pools", body, 501)


def test_members_monitors_and_policies_with_what_is_not_offered_are_refused(stack: Stack) -> None:
    lb = stack.create(name="below")["id"]
    listener = stack.add("listeners", "listener", lb, loadbalancer_id=lb, **HTTP)
    pool = stack.add("pools", "pool", lb, listener_id=listener["id"], **POOL)["id"]
    place = {"address": "127.0.0.1", "protocol_port": 9001}
    members = f"pools/{pool}/members"
    for path, kind, fields, says in (
        (members, "member", {**place, "backup": True}, "backup members"),
        (members, "member", {**place, "monitor_port": 99}, "monitor port"),
        ("healthmonitors", "healthmonitor", {**MONITOR, "type": "HTTPS"}, "type HTTPS"),
        ("healthmonitors", "healthmonitor", {**MONITOR, "http_version": 1.1}, "HTTP version"),
        ("l7policies", "l7policy", {"listener_id": listener["id"], "action": "REJECT"}, "L7"),
    ):
        extra = {"pool_id": pool} if kind == "healthmonitor" else {}
        assert says in fault(stack, "POST", path, {kind: {**fields, **extra}}, 501)
    assert stack.record(lb).graph.pools[0].members == ()


def test_an_address_that_is_none_is_refused(stack: Stack) -> None:
    lb = stack.create(name="addresses")["id"]
    pool = stack.add("pools", "pool", lb, loadbalancer_id=lb, **POOL)["id"]
    member = {"member": {"address": "127.0.0.256", "protocol_port": 80}}
    assert "127.0.0.256" in fault(stack, "POST", f"pools/{pool}/members", member, 400)
    same = [{"address": text, "protocol_port": 80} for text in ("::ffff:0:1", "0::ffff:0:1")]
    batch = {"members": same}
    assert "both at" in fault(stack, "PUT", f"pools/{pool}/members", batch, 500)


def test_a_port_taken_on_the_vip_is_a_conflict(stack: Stack) -> None:
    lb = stack.create(name="ports", listeners=[{"name": "first", **HTTP}])["id"]
    second = {"listener": {"loadbalancer_id": lb, **HTTP, "protocol": "TCP"}}
    assert "80" in fault(stack, "POST", "listeners", second, 409)


def test_a_vip_address_that_is_taken_is_a_conflict(stack: Stack) -> None:
    subnet = str(uuid.uuid4())
    stack.create(name="first", vip_address="127.0.0.77")
    body = {"loadbalancer": {"vip_subnet_id": subnet, "vip_address": "127.0.0.77"}}
    assert "127.0.0.77 is already in use" in fault(stack, "POST", "loadbalancers", body, 409)


def test_a_vip_address_of_a_load_balancer_that_is_gone_is_free_again(stack: Stack) -> None:
    first = stack.create(name="first", vip_address="127.0.0.78")["id"]
    stack.request("DELETE", f"loadbalancers/{first}", expect=204)
    assert stack.gone(first)
    second = stack.create(name="second", vip_address="127.0.0.78")["id"]
    vip = stack.store.read(lambda tx: tx.get(Vip, ENVIRONMENT, "127.0.0.78"))
    assert vip is not None
    assert vip.load_balancer_id == second


def test_a_vip_address_outside_the_loopback_network_is_refused(stack: Stack) -> None:
    body = {"loadbalancer": {"vip_subnet_id": str(uuid.uuid4()), "vip_address": "192.0.2.1"}}
    assert "192.0.2.1 is outside 127.0.0.0/8" in fault(stack, "POST", "loadbalancers", body, 400)


def test_a_vip_address_can_be_asked_for_by_its_network_alone(stack: Stack) -> None:
    network = str(uuid.uuid4())
    shown = stack.create(vip_subnet_id=None, vip_network_id=network)
    assert shown["vip_address"].startswith("127.77.")
    shown = stack.create(vip_network_id=network, vip_address="127.0.0.79")
    assert shown["vip_address"] == "127.0.0.79"


def test_flavors_are_checked_and_their_tags_are_demanded(stack: Stack) -> None:
    def profile(data: dict[str, Any]) -> dict[str, Any]:
        fields = {"name": str(uuid.uuid4()), "provider_name": "f5", "flavor_data": json.dumps(data)}
        return {"flavorprofile": fields}

    says = fault(stack, "POST", "flavorprofiles", profile({"colour": "red"}), 501)
    assert "colour" in says
    data = {"group_tags": "gold, fast", "loadbalancer_topology": "SINGLE"}
    created = stack.request("POST", "flavorprofiles", profile(data), expect=201)
    flavor = {"name": str(uuid.uuid4()), "flavor_profile_id": created["flavorprofile"]["id"]}
    made = stack.request("POST", "flavors", {"flavor": flavor}, expect=201)
    shown = stack.create(flavor_id=made["flavor"]["id"])
    assert stack.record(shown["id"]).demands == ("fast", "gold")
    capabilities = stack.request("GET", "providers/f5/flavor_capabilities", expect=200)
    assert [found["name"] for found in capabilities["flavor_capabilities"]] == ["group_tags"]


def test_a_load_balancer_that_only_the_api_knows_can_be_deleted(stack: Stack) -> None:
    lb = stack.create(name="lost", listeners=[{"name": "l", **HTTP}])["id"]
    until(lambda: not [m for m in stack.outbox() if m.load_balancer_id == lb])
    stack.store.write(lambda tx: tx.delete(LoadBalancer, LoadBalancerId(lb)))
    body = {"loadbalancer": {"name": "other"}}
    assert "not known to this provider" in fault(stack, "PUT", f"loadbalancers/{lb}", body, 500)
    stack.request("DELETE", f"loadbalancers/{lb}?cascade=true", expect=204)
    assert stack.gone(lb)


@pytest.fixture
def asking(stack: Stack) -> Iterator[Stack]:
    """The stack as it is with no_capacity = reject."""
    _, door = driver._doors["f5"]
    driver.connect("f5", replace(door, asks_for_room=True))
    yield stack
    stack.controller.full_because = ""
    driver.connect("f5", door)


def test_without_room_the_call_itself_is_refused_and_leaves_nothing(asking: Stack) -> None:
    body = {"loadbalancer": {"vip_subnet_id": str(uuid.uuid4()), "name": "too many"}}
    asking.controller.full_because = "No capacity: group 1 is full."
    said = fault(asking, "POST", "loadbalancers", body, 500)
    assert "There is no capacity for another load balancer" in said
    assert not asking.request("GET", "loadbalancers?name=too many")["loadbalancers"]
    rows = asking.store.read(lambda tx: tx.select(LoadBalancer))
    assert "too many" not in {row.graph.name for row in rows}
    asking.controller.full_because = ""
    asking.create(name="there is room")
