"""What each object of a service graph becomes."""

import hashlib
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.graph import (
    Algorithm,
    HealthMonitor,
    Listener,
    ListenerProtocol,
    Member,
    MonitorType,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import LoadBalancerId, ObjectId, ProjectId
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.ltm.state import Attributes, ObjectPath
from bigip_lbaas.reconcile.monitors import monitor_attributes, status_pattern
from bigip_lbaas.reconcile.render import RenderSettings, render

MONITOR = HealthMonitor(ObjectId("hm"), MonitorType.HTTP, 5, 3, 2, url_path="/up")
MEMBER = Member(ObjectId("m"), "10.9.0.1", 80)
POOL = Pool(
    ObjectId("pool"), PoolProtocol.HTTP, Algorithm.ROUND_ROBIN, members=(MEMBER,), monitor=MONITOR
)
LISTENER = Listener(ObjectId("l"), ListenerProtocol.HTTP, 80, POOL.id)
GRAPH = ServiceGraph(
    LoadBalancerId("lb"),
    ProjectId("p"),
    "10.1.0.1",
    name="<b>theirs</b>",
    listeners=(LISTENER,),
    pools=(POOL,),
)


def rendered(graph: ServiceGraph, collection: str, name: str) -> Attributes:
    state = render(graph, Naming("dev"), RenderSettings())
    return state[ObjectPath(collection, "dev_p", f"dev_{name}")]


def virtual(**changes: object) -> Attributes:
    graph = replace(GRAPH, listeners=(replace(LISTENER, **changes),))  # type: ignore[arg-type]
    return rendered(graph, kinds.VIRTUAL, "l")


def pool(**changes: object) -> Attributes:
    graph = replace(GRAPH, pools=(replace(POOL, **changes),))  # type: ignore[arg-type]
    return rendered(graph, kinds.POOL, "pool")


def member(**changes: object) -> tuple[object, object, object]:
    (found,) = pool(members=(replace(MEMBER, **changes),))["members"]  # type: ignore[arg-type]
    return found["ratio"], found["session"], found["state"]


def test_every_object_says_whose_it_is_and_nothing_that_a_user_wrote() -> None:
    state = render(GRAPH, Naming("dev"), RenderSettings())
    assert {attributes["description"] for attributes in state.values()} == {"load balancer lb"}
    assert "theirs" not in repr(state)


def test_requests_are_told_apart_only_for_http() -> None:
    names = [entry["name"] for entry in virtual()["profiles"]]
    assert names == ["/Common/http", "/Common/oneconnect", "/Common/tcp"]
    for protocol in (ListenerProtocol.TCP, ListenerProtocol.HTTPS):
        assert virtual(protocol=protocol)["profiles"] == ({"name": "/Common/fastL4"},)


def test_no_connection_limit_is_zero_on_a_device() -> None:
    assert virtual()["connectionLimit"] == 0
    assert virtual(connection_limit=5)["connectionLimit"] == 5


def test_a_down_listener_or_load_balancer_disables_the_virtual_server() -> None:
    assert virtual()["enabled"] is True
    assert virtual(admin_state_up=False)["disabled"] is True
    down = replace(GRAPH, admin_state_up=False)
    assert rendered(down, kinds.VIRTUAL, "l")["disabled"] is True
    assert rendered(down, kinds.VIRTUAL_ADDRESS, "lb")["enabled"] == "no"


def test_a_source_ip_pool_keeps_clients_and_others_do_not() -> None:
    keeps = replace(GRAPH, pools=(replace(POOL, algorithm=Algorithm.SOURCE_IP),))
    assert rendered(keeps, kinds.VIRTUAL, "l")["persist"] == ({"name": "/Common/source_addr"},)
    assert virtual()["persist"] == ()


@pytest.mark.parametrize(
    ("algorithm", "weights", "mode"),
    [
        (Algorithm.ROUND_ROBIN, (1, 1), "round-robin"),
        (Algorithm.ROUND_ROBIN, (1, 0), "round-robin"),
        (Algorithm.ROUND_ROBIN, (1, 2), "ratio-member"),
        (Algorithm.LEAST_CONNECTIONS, (1, 1), "least-connections-member"),
        (Algorithm.LEAST_CONNECTIONS, (3, 1), "ratio-least-connections-member"),
        (Algorithm.SOURCE_IP, (1, 1), "least-connections-member"),
    ],
)
def test_weights_choose_the_mode(algorithm: Algorithm, weights: tuple[int, ...], mode: str) -> None:
    members = tuple(replace(MEMBER, weight=weight) for weight in weights)
    assert pool(algorithm=algorithm, members=members)["loadBalancingMode"] == mode


def test_a_members_state_is_what_its_administrator_wants() -> None:
    assert member(weight=7) == (7, "user-enabled", "user-up")
    assert member(weight=0) == (1, "user-disabled", "user-up")
    assert member(admin_state_up=False) == (1, "user-disabled", "user-down")


def test_a_down_pool_forces_all_its_members_offline() -> None:
    (found,) = pool(admin_state_up=False)["members"]
    assert (found["session"], found["state"]) == ("user-disabled", "user-down")


def test_a_down_monitor_is_kept_but_not_attached() -> None:
    assert pool()["monitor"] == "/dev_p/dev_hm"
    down = replace(GRAPH, pools=(replace(POOL, monitor=replace(MONITOR, admin_state_up=False)),))
    assert rendered(down, kinds.POOL, "pool")["monitor"] == ""
    assert rendered(down, kinds.HTTP_MONITOR, "hm")


def test_a_pool_that_no_listener_uses_is_rendered() -> None:
    assert rendered(replace(GRAPH, listeners=()), kinds.POOL, "pool")


def test_ipv6_is_spelled_as_a_device_spells_it() -> None:
    found = rendered(replace(GRAPH, vip_address="2001:db8::1"), kinds.VIRTUAL, "l")
    assert found["destination"] == "/dev_p/2001:db8::1.80"
    assert found["mask"] == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    (entry,) = pool(members=(replace(MEMBER, address="2001:db8::9"),))["members"]
    assert entry["name"] == "2001:db8::9.80"


def test_a_member_is_given_up_when_the_last_bad_probe_has_timed_out() -> None:
    found = monitor_attributes(MONITOR)
    assert (found["interval"], found["timeout"]) == (5, 3 * 5 + 3)


@given(delay=st.integers(1, 60), timeout=st.integers(1, 60), down=st.integers(1, 10))
def test_the_timeout_is_longer_than_the_interval(delay: int, timeout: int, down: int) -> None:
    monitor = HealthMonitor(ObjectId("hm"), MonitorType.TCP, delay, timeout, 1, down)
    found = monitor_attributes(monitor)
    assert found["timeout"] > found["interval"]


def test_the_request_of_a_monitor_is_escaped_text() -> None:
    assert monitor_attributes(MONITOR)["send"] == r"GET /up HTTP/1.0\r\n\r\n"
    tricky = replace(MONITOR, http_method="HEAD", url_path=r"/a\r\nX: y")
    assert monitor_attributes(tricky)["send"] == r"HEAD /a\\r\\nX: y HTTP/1.0\r\n\r\n"


@pytest.mark.parametrize(
    ("codes", "pattern"),
    [
        ("200", "200"),
        ("200,202", "20[02]"),
        ("200, 301", "(200|301)"),
        ("200-204", "20[0-4]"),
        ("200-299", "2[0-9][0-9]"),
        ("198-201", "(19[89]|20[01])"),
    ],
)
def test_expected_codes_read_well(codes: str, pattern: str) -> None:
    assert status_pattern(codes) == pattern


@given(st.lists(st.tuples(st.integers(100, 599), st.integers(0, 120)), min_size=1, max_size=4))
def test_exactly_the_expected_codes_match(ranges: list[tuple[int, int]]) -> None:
    bounds = [(low, min(599, low + more)) for low, more in ranges]
    codes = ",".join(str(low) if low == high else f"{low}-{high}" for low, high in bounds)
    monitor = replace(MONITOR, expected_codes=codes)
    recv = monitor_attributes(monitor)["recv"]
    for code in range(100, 600):
        answer = f"HTTP/1.1 {code} Whatever\r\n"
        wanted = any(low <= code <= high for low, high in bounds)
        assert bool(re.match(recv, answer)) == wanted


@pytest.mark.parametrize("codes", ["", "20x", "99", "600", "204-200", "200-", "200,,201", "٢٠٠"])
def test_codes_that_are_none_are_rejected_with_their_words(codes: str) -> None:
    graph = replace(GRAPH, pools=(replace(POOL, monitor=replace(MONITOR, expected_codes=codes)),))
    if not codes:
        assert "200" in rendered(graph, kinds.HTTP_MONITOR, "hm")["recv"]
        return
    with pytest.raises(RequestRejected) as caught:
        render(graph, Naming("dev"), RenderSettings())
    assert "load balancer lb cannot be rendered" in caught.value.detail
    assert "expected_codes" in caught.value.detail


def test_projects_are_spread_over_traffic_groups_as_the_old_agent_did() -> None:
    groups = tuple(f"/Common/traffic-group-{number}" for number in (1, 2, 3))
    settings = RenderSettings(traffic_groups=groups)
    chosen = [settings.traffic_group_of(ProjectId(f"project-{number}")) for number in range(300)]
    assert min(chosen.count(group) for group in groups) > 70
    project = ProjectId("6d8e1bd1f0a94c5a")
    number = int(hashlib.md5(project.encode()).hexdigest(), 16) % 3
    assert settings.traffic_group_of(project) == groups[number]
    turned = RenderSettings(traffic_groups=groups[::-1])
    assert turned.traffic_group_of(project) == groups[number]


def test_a_virtual_address_is_in_its_projects_traffic_group() -> None:
    settings = RenderSettings(traffic_groups=("/Common/blue", "/Common/red"))
    (address,) = (
        attributes
        for path, attributes in render(GRAPH, Naming("dev"), settings).items()
        if path.collection == kinds.VIRTUAL_ADDRESS
    )
    assert address["trafficGroup"] == settings.traffic_group_of(GRAPH.project_id)
