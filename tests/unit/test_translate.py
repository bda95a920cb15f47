"""From octavia-lib's data models to the domain: objects and plain dicts, all of it or a change."""

import pytest
from octavia_lib.api.drivers import data_models as models

from bigip_lbaas.domain.errors import RequestRejected, UnsupportedOption
from bigip_lbaas.domain.graph import Algorithm, HealthMonitor, MonitorType, ServiceGraph
from bigip_lbaas.provider.octavia import refuse, translate
from bigip_lbaas.provider.octavia.refuse import FOREIGN_METADATA, Leniency

MEMBER = models.Member(
    member_id="m1", address="2001:DB8::1", protocol_port=80, weight=3, pool_id="p1", backup=False,
    vnic_type="normal", monitor_address=None, monitor_port=None, subnet_id=None, name="",
)  # fmt: skip
MONITOR = models.HealthMonitor(
    healthmonitor_id="h1", type="HTTP", delay=5, timeout=3, max_retries=2, max_retries_down=4,
    http_method="HEAD", url_path="/up", expected_codes="200-204", admin_state_up=False,
    pool_id="p1", http_version=None, domain_name=None,
)  # fmt: skip
POOL = models.Pool(
    pool_id="p1", protocol="HTTP", lb_algorithm="LEAST_CONNECTIONS", members=[MEMBER],
    healthmonitor=MONITOR, tls_enabled=False, session_persistence=None, loadbalancer_id="lb",
    alpn_protocols=[], tls_versions=[],
)  # fmt: skip
LISTENER = models.Listener(
    listener_id="l1", protocol="HTTP", protocol_port=80, default_pool=POOL, default_pool_id="p1",
    loadbalancer_id="lb", connection_limit=None, client_authentication="NONE", allowed_cidrs=[],
    insert_headers={}, l7policies=[], timeout_client_data=50000, timeout_tcp_inspect=0,
    hsts_max_age=None, hsts_preload=False, alpn_protocols=["h2"],
)  # fmt: skip
ROOT = models.LoadBalancer(
    loadbalancer_id="lb", project_id="project", vip_address="127.0.0.9", name="web",
    listeners=[LISTENER], pools=[], admin_state_up=True, vip_sg_ids=[], flavor={},
    availability_zone={},
)  # fmt: skip


def graph(root: object = ROOT) -> ServiceGraph:
    return translate.service_graph(root, Leniency())


def test_a_tree_of_objects_and_a_tree_of_dicts_are_the_same_graph() -> None:
    assert graph() == graph(ROOT.to_dict(recurse=True, render_unsets=True))


def test_a_pool_known_only_from_its_listener_is_part_of_the_graph() -> None:
    pool = graph().pools[0]
    assert (pool.id, pool.algorithm) == ("p1", Algorithm.LEAST_CONNECTIONS)
    assert (pool.members[0].address, pool.members[0].weight) == ("2001:db8::1", 3)
    assert pool.monitor == HealthMonitor(
        "h1", MonitorType.HTTP, 5, 3, 2, 4, False, "HEAD", "/up", "200-204"
    )  # type: ignore[arg-type]
    assert [ref.id for ref in translate.objects_below(ROOT)] == ["l1"]


def test_a_change_leaves_alone_what_it_does_not_mention() -> None:
    before = graph()
    listener, pool = before.listeners[0], before.pools[0]
    lenient = Leniency()
    assert translate.listener(models.Listener(listener_id="l1"), lenient, listener) == listener
    assert translate.pool(models.Pool(pool_id="p1"), pool) == pool
    assert translate.member(models.Member(member_id="m1"), pool.members[0]) == pool.members[0]
    assert pool.monitor is not None
    assert translate.monitor(models.HealthMonitor(healthmonitor_id="h1"), pool.monitor) == (
        pool.monitor
    )


def test_a_listener_loses_its_pool_when_none_is_given_and_not_when_nothing_is_said() -> None:
    listener = graph().listeners[0]
    change = models.Listener(listener_id="l1", default_pool_id=None)
    assert translate.listener(change, Leniency(), listener).default_pool_id is None


def test_a_probe_that_is_not_http_has_no_http_fields() -> None:
    probe = models.HealthMonitor(
        healthmonitor_id="h", type="TCP", delay=5, timeout=3, max_retries=2, url_path=None
    )
    translated = translate.monitor(probe)
    assert (translated.http_method, translated.url_path, translated.expected_codes) == (None,) * 3


def test_a_load_balancer_without_an_address_is_refused() -> None:
    with pytest.raises(RequestRejected, match="VIP address"):
        graph(models.LoadBalancer(loadbalancer_id="lb", project_id="p"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vip_qos_policy_id", "q"), ("vip_sg_ids", ["s"]), ("additional_vips", [{"ip": "::1"}]),
    ],
)  # fmt: skip
def test_what_a_load_balancer_does_not_offer_is_refused(field: str, value: object) -> None:
    values = {**ROOT.to_dict(recurse=True), field: value}
    with pytest.raises(UnsupportedOption, match=field):
        graph(values)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("default_tls_container_ref", "x"), ("sni_container_refs", ["x"]),
        ("client_authentication", "MANDATORY"), ("hsts_max_age", 0),
        ("client_ca_tls_container_ref", "x"), ("l7policies", [{}]),
        ("timeout_member_data", 1), ("protocol", "TERMINATED_HTTPS"),
    ],
)  # fmt: skip
def test_what_a_listener_does_not_offer_is_refused(field: str, value: object) -> None:
    values = {**translate.plain(LISTENER), field: value}
    with pytest.raises(UnsupportedOption, match=field):
        translate.listener(values, Leniency())


def test_other_timeouts_pass_without_effect_when_the_operator_says_so() -> None:
    values = {**translate.plain(LISTENER), "timeout_member_data": 1}
    translate.listener(values, Leniency(timeouts=True))


@pytest.mark.parametrize("key", sorted(FOREIGN_METADATA))
def test_metadata_of_other_drivers_is_ignored_or_refused_as_the_operator_says(key: str) -> None:
    metadata = {key: "x", "group_tags": "b,a,,a"}
    assert refuse.group_tags(metadata, Leniency(), "flavor") == ("a", "b")
    with pytest.raises(UnsupportedOption, match=key):
        refuse.group_tags(metadata, refuse.STRICT, "flavor")


def test_metadata_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnsupportedOption, match="colour"):
        refuse.group_tags({"colour": "red"}, Leniency(), "flavor")
    with pytest.raises(UnsupportedOption, match="must be text"):
        refuse.group_tags({"group_tags": ["a"]}, Leniency(), "flavor")


def test_flavor_and_zone_demand_together() -> None:
    root = models.LoadBalancer(
        flavor={"group_tags": "gold"}, availability_zone={"group_tags": "east"}
    )
    assert translate.demands(root, Leniency()) == ("east", "gold")
    assert translate.demands(models.LoadBalancer(availability_zone="east"), Leniency()) == ()
