"""The driver by itself: what it accepts, what it says, and what it costs to build."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from octavia_lib.api.drivers import data_models as models
from octavia_lib.api.drivers import exceptions, provider_base
from oslo_config import cfg
from oslo_context import context

from bigip_lbaas.bus.memory import MemoryBroker, MemoryBus
from bigip_lbaas.domain.errors import ConfigurationRefused, StoreUnavailable
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber, LoadBalancerId, ProjectId
from bigip_lbaas.provider.octavia import driver
from bigip_lbaas.provider.octavia.api_sockets import ApiOwners, PatientLibrary, Sockets
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.provider.octavia.settings import read_settings
from bigip_lbaas.store.memory import MemoryStore
from bigip_lbaas.store.records import (
    Child,
    LoadBalancer,
    Phase,
    PlacementRow,
    StatusMessage,
    Vip,
)
from bigip_lbaas.wire.codec import Unreadable

ENVIRONMENT = EnvironmentName("Project")
POOL = {"pool_id": "p", "loadbalancer_id": "lb", "protocol": "TCP", "lb_algorithm": "ROUND_ROBIN"}


class Desk:
    """A driver with a store and a bus in memory."""

    def __init__(self) -> None:
        self.store = MemoryStore(lambda: 1000.0)
        self.bus = MemoryBus(MemoryBroker())
        driver.connect("test", Door(self.store, self.bus, ENVIRONMENT))
        self.driver = driver.BigipProviderDriver()
        self.driver.name = "test"

    def create(self, lb: str = "lb", vip: str = "192.0.2.1", **fields: Any) -> None:
        self.driver.loadbalancer_create(
            models.LoadBalancer(loadbalancer_id=lb, project_id="project", vip_address=vip, **fields)
        )

    def record(self, lb: str = "lb") -> LoadBalancer:
        found = self.store.read(lambda tx: tx.get(LoadBalancer, lb))
        assert found is not None
        return found

    def rows(self, record: type) -> tuple[Any, ...]:
        return self.store.read(lambda tx: tx.select(record))


@pytest.fixture
def desk() -> Iterator[Desk]:
    yield Desk()
    driver.disconnect("test")


def test_every_method_of_the_contract_is_our_own_but_the_failover_to_a_flavor() -> None:
    methods = {name for name in vars(provider_base.ProviderDriver) if not name.startswith("_")}
    missing = methods - set(vars(driver.BigipProviderDriver))
    assert missing == {"loadbalancer_failover_with_flavor"}


def test_building_a_driver_reads_no_setting_and_opens_nothing() -> None:
    built = driver.BigipProviderDriver()
    assert vars(built) == {}


def test_a_new_load_balancer_waits_for_its_placement(desk: Desk) -> None:
    desk.create(pools=[models.Pool(**POOL)])
    record = desk.record()
    assert (record.revision, record.phase, record.wanted) == (1, Phase.WAITING, True)
    assert desk.rows(Vip) == (Vip(ENVIRONMENT, "192.0.2.1", LoadBalancerId("lb")),)
    assert desk.rows(Child) == (Child("p", "pool", LoadBalancerId("lb")),)


def test_a_change_of_a_placed_load_balancer_goes_to_its_agent(desk: Desk) -> None:
    desk.create()
    place = PlacementRow(LoadBalancerId("lb"), ENVIRONMENT, ProjectId("project"), GroupNumber(1))
    desk.store.write(lambda tx: tx.insert(place))
    desk.driver.pool_create(models.Pool(**POOL))
    assert (desk.record().revision, desk.record().phase) == (2, Phase.ASSIGNED)


def test_what_left_is_remembered_until_it_is_told_and_not_when_it_came_back(desk: Desk) -> None:
    desk.create(pools=[models.Pool(**POOL)])
    desk.driver.pool_delete(models.Pool(**POOL))
    desk.driver.loadbalancer_failover("lb")
    assert [ref.id for ref in desk.record().leaving] == ["p"]
    assert desk.rows(Child) == ()
    desk.driver.pool_create(models.Pool(**POOL))
    assert desk.record().leaving == ()


def test_a_child_of_a_load_balancer_in_error_is_accepted(desk: Desk) -> None:
    desk.create()
    failed = replace(desk.record(), phase=Phase.FAILED, reason="no room")
    desk.store.write(lambda tx: tx.put(failed))
    desk.driver.pool_create(models.Pool(**POOL))
    assert (desk.record().phase, desk.record().reason) == (Phase.WAITING, "")


def test_the_api_requests_id_goes_with_the_revision(desk: Desk) -> None:
    asked = context.RequestContext(request_id="req-of-the-api", overwrite=True)
    desk.create()
    assert desk.record().request_id == asked.request_id


def test_a_pending_deletion_refuses_edits_and_takes_a_second_deletion(desk: Desk) -> None:
    desk.create()
    root = models.LoadBalancer(loadbalancer_id="lb")
    desk.driver.loadbalancer_delete(root)
    with pytest.raises(exceptions.DriverError) as refused:
        desk.driver.pool_create(models.Pool(**POOL))
    assert refused.value.user_fault_string == "Load balancer lb is being deleted."
    desk.driver.loadbalancer_delete(root, cascade=True)
    assert (desk.record().wanted, desk.record().revision) == (False, 3)


def test_a_deletion_of_what_was_never_accepted_is_told_at_once(desk: Desk) -> None:
    desk.driver.loadbalancer_delete(
        models.LoadBalancer(loadbalancer_id="lb", pools=[models.Pool(**POOL)])
    )
    (message,) = desk.rows(StatusMessage)
    assert [status.object.id for status in message.statuses] == ["p", "lb"]
    assert desk.rows(LoadBalancer) == ()


def test_a_vip_address_that_another_has_is_a_conflict_and_changes_nothing(desk: Desk) -> None:
    desk.create("first")
    with pytest.raises(exceptions.Conflict) as refused:
        desk.create("second")
    assert "192.0.2.1 is already in use" in refused.value.user_fault_string
    assert "load balancer first of project project" in refused.value.operator_fault_string
    assert [record.id for record in desk.rows(LoadBalancer)] == ["first"]


def test_an_unknown_parent_is_said_in_two_sentences(desk: Desk) -> None:
    with pytest.raises(exceptions.DriverError) as refused:
        desk.driver.member_create(
            models.Member(member_id="m", pool_id="p", address="192.0.2.9", protocol_port=80)
        )
    assert "pool p is not known" in refused.value.user_fault_string
    assert "environment Project nor the API" in refused.value.operator_fault_string


def test_an_unknown_parent_with_an_api_that_does_not_answer_is_said(tmp_path: Path) -> None:
    sockets = Sockets(*(str(tmp_path / kind) for kind in ("status", "stats", "get")))
    owners = ApiOwners(PatientLibrary(sockets))
    bus = MemoryBus(MemoryBroker())
    store = MemoryStore(lambda: 1000.0)
    driver.connect("test", Door(store, bus, ENVIRONMENT, owner_of_pool=owners.of_pool))
    desk = driver.BigipProviderDriver()
    desk.name = "test"
    with pytest.raises(exceptions.DriverError) as refused:
        desk.health_monitor_delete(models.HealthMonitor(healthmonitor_id="h", pool_id="p"))
    assert "pool p cannot be looked up right now" in refused.value.user_fault_string
    assert "is octavia-driver-agent running?" in refused.value.operator_fault_string
    driver.disconnect("test")


def test_a_lost_nudge_fails_nothing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.bus.close()
    with caplog.at_level(logging.WARNING):
        desk.create()
    assert desk.record().revision == 1
    assert "no controller was nudged" in caplog.text


def test_a_database_that_takes_no_writes_is_said_without_its_secrets(desk: Desk) -> None:
    class Closed(MemoryStore):
        def write(self, work: Any) -> Any:
            raise StoreUnavailable("mysql at db.example is not reachable")

    driver.connect("test", Door(Closed(lambda: 0.0), desk.bus, ENVIRONMENT))
    with pytest.raises(exceptions.DriverError) as refused:
        desk.create()
    assert "try again" in refused.value.user_fault_string
    assert "mysql" not in refused.value.user_fault_string
    assert "not reachable" in refused.value.operator_fault_string


def test_a_row_that_cannot_be_read_is_said_to_the_operator(desk: Desk) -> None:
    class Damaged(MemoryStore):
        def write(self, work: Any) -> Any:
            raise Unreadable("LoadBalancer (lb-1) in the database: graph: Input data was truncated")

    driver.connect("test", Door(Damaged(lambda: 0.0), desk.bus, ENVIRONMENT))
    with pytest.raises(exceptions.DriverError) as refused:
        desk.create()
    assert "tell the operator" in refused.value.user_fault_string
    assert "graph" in refused.value.operator_fault_string


def test_l7_is_refused_and_the_vip_port_left_to_octavia(desk: Desk) -> None:
    for method in ("l7policy_create", "l7rule_create"):
        with pytest.raises(exceptions.UnsupportedOptionError, match="L7"):
            getattr(desk.driver, method)(None)
    with pytest.raises(exceptions.NotImplementedError):
        desk.driver.create_vip_port("lb", "project", {})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"environment_prefix": "1a"}, "[f5] environment_prefix = '1a'"),
        ({}, "[f5] transport_url is not set"),
        ({"transport_url": "x"}, "[f5] database_connection is not set"),
        (
            {"transport_url": "x", "database_connection": "y", "no_capacity": "panic"},
            "[f5] no_capacity = 'panic'",
        ),
        (
            {"transport_url": "x", "database_connection": "y", "foreign_metadata": "maybe"},
            "[f5] foreign_metadata = 'maybe'",
        ),
    ],
)
def test_a_wrong_option_is_named_with_its_value(options: dict[str, str], says: str) -> None:
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    with pytest.raises(ConfigurationRefused):
        read_settings("f5", conf)
    for option, value in options.items():
        conf.set_override(option, value, "f5")
    with pytest.raises(ConfigurationRefused) as refused:
        read_settings("f5", conf)
    assert says in str(refused.value)


def test_a_further_provider_must_say_its_environment() -> None:
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    with pytest.raises(ConfigurationRefused, match=r"\[f5_dev\] environment_prefix is not set"):
        read_settings("f5_dev", conf)
    said = {"transport_url": "x", "database_connection": "y", "environment_prefix": "Project"}
    for option, value in said.items():
        conf.set_override(option, value, "f5_dev")
    assert read_settings("f5_dev", conf).environment == "Project"
