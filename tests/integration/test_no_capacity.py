"""When there is no room: ERROR or a refusal, what is added later, and what brings it to life."""

from dataclasses import replace
from typing import Any

import pytest
from octavia_lib.api.drivers import data_models as models
from octavia_lib.api.drivers import exceptions

from bigip_lbaas.cli.setting import set_group
from bigip_lbaas.controller.places import move_all_in, move_out
from bigip_lbaas.domain.status import Provisioning
from bigip_lbaas.provider.octavia import driver, room
from bigip_lbaas.scheduling.capacity_policy import parse
from bigip_lbaas.store import records
from bigip_lbaas.store.records import Phase
from tests.integration.world import ENVIRONMENT, World

POOL = {"pool_id": "p", "loadbalancer_id": "lb", "protocol": "TCP", "lb_algorithm": "ROUND_ROBIN"}
MONITOR = models.HealthMonitor(
    healthmonitor_id="h", pool_id="p", type="TCP", delay=5, timeout=3, max_retries=2
)
TREE = {
    "listeners": [
        models.Listener(
            listener_id="li", loadbalancer_id="lb", protocol="TCP", protocol_port=80,
            default_pool_id="p",
        )
    ],
    "pools": [
        models.Pool(
            **POOL,
            members=[models.Member(member_id="m", pool_id="p", address="192.0.2.9",
                                   protocol_port=80)],
            healthmonitor=MONITOR,
        )
    ],
}  # fmt: skip


class Cloud:
    """A world of one full group, and the driver as the API would call it."""

    def __init__(self, *, reject: bool = False, policy: str = "tenant_count: 10") -> None:
        self.world = World()
        self.world.door = replace(self.world.door, asks_for_room=reject)
        self.world.add_agent("host-1", 1, ("big-1",), parse(policy))
        self.world.settle(2)
        self.room(False)
        driver.connect("world", self.world.door)
        self.driver = driver.BigipProviderDriver()
        self.driver.name = "world"

    def room(self, there_is: bool) -> None:
        most = None if there_is else 1
        set_group(self.world.store, None, 1, {"max_load_balancers": most})
        if not there_is:
            other = records.PlacementRow("other", ENVIRONMENT, "other", 1)  # type: ignore[arg-type]
            self.world.store.write(lambda tx: move_all_in(tx, [other]))

    def create(self, lb: str = "lb", **more: Any) -> None:
        fields = {"loadbalancer_id": lb, "project_id": "acme", "vip_address": "192.0.2.1", **more}
        self.driver.loadbalancer_create(models.LoadBalancer(**fields))

    def settle(self) -> dict[str, str]:
        """Return object -> what the API is told of it."""
        self.world.settle(6)
        message = self.get(records.StatusMessage)
        return {s.object.id: s.provisioning.value for s in message.statuses} if message else {}

    def get(self, record: type, key: str = "lb") -> Any:
        return self.world.store.read(lambda tx: tx.get(record, key))

    def all(self, record: type) -> Any:
        return self.world.store.read(lambda tx: tx.select(record))


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def strict() -> Cloud:
    return Cloud(reject=True)


# -- no_capacity = error


def test_all_children_of_a_one_call_create_without_room_end_in_error(cloud: Cloud) -> None:
    cloud.create(**TREE)
    assert cloud.settle() == dict.fromkeys(("lb", "li", "p", "m", "h"), Provisioning.ERROR)
    assert "is full, load_balancers is at 1 of 1" in cloud.get(records.LoadBalancer).reason


def test_what_is_added_later_shares_its_fate_even_when_room_has_returned(cloud: Cloud) -> None:
    cloud.create()
    cloud.settle()
    reason = cloud.get(records.LoadBalancer).reason
    cloud.room(True)
    cloud.driver.pool_create(models.Pool(**POOL))
    assert cloud.settle() == {"lb": Provisioning.ERROR, "p": Provisioning.ERROR}
    cloud.driver.health_monitor_create(MONITOR)
    assert cloud.settle()["h"] == Provisioning.ERROR
    found = cloud.get(records.LoadBalancer)
    assert (found.phase, found.reason, found.refused) == (Phase.FAILED, reason, True)
    assert cloud.get(records.PlacementRow) is None


def test_when_room_returns_nothing_moves_until_a_failover_places_it_with_all_below(
    cloud: Cloud,
) -> None:
    cloud.create(**TREE)
    cloud.settle()
    cloud.driver.loadbalancer_failover("lb")
    assert set(cloud.settle().values()) == {Provisioning.ERROR}  # there is still no room
    cloud.room(True)
    cloud.settle()
    assert cloud.get(records.PlacementRow) is None
    cloud.driver.loadbalancer_failover("lb")
    assert set(cloud.settle().values()) == {Provisioning.ACTIVE}
    assert cloud.get(records.PlacementRow).group == 1
    assert [one.number for one in cloud.all(records.PlacementDecision)] == [1, 2, 3]
    cloud.driver.pool_create(models.Pool(**{**POOL, "pool_id": "q"}))
    assert cloud.settle()["q"] == Provisioning.ACTIVE


def test_deleting_one_that_never_had_a_place_is_deleted_at_once(cloud: Cloud) -> None:
    cloud.create(**TREE)
    cloud.settle()
    cloud.world.frozen.update(cloud.world.agents)  # nobody is needed for it
    cloud.driver.loadbalancer_delete(models.LoadBalancer(loadbalancer_id="lb"), cascade=True)
    cloud.world.deliver()
    message = cloud.get(records.StatusMessage)
    assert {s.object.id: s.provisioning for s in message.statuses} == dict.fromkeys(
        ("lb", "li", "p", "m", "h"), Provisioning.DELETED
    )
    for record in (records.LoadBalancer, records.Child, records.Vip, records.Reservation):
        assert cloud.all(record) == ()


def test_what_waited_in_vain_is_an_error_that_only_a_failover_ends() -> None:
    cloud = Cloud()
    cloud.room(True)
    cloud.world.frozen.update(cloud.world.agents)
    cloud.world.pass_time(10)
    cloud.create()
    cloud.world.settle(70)
    assert "no live agent" in cloud.get(records.LoadBalancer).reason
    cloud.world.frozen.clear()
    assert set(cloud.settle().values()) == {Provisioning.ERROR}
    cloud.driver.loadbalancer_failover("lb")
    assert set(cloud.settle().values()) == {Provisioning.ACTIVE}


# -- no_capacity = reject


def test_a_create_without_room_is_refused_with_the_reason_and_leaves_only_the_decision(
    strict: Cloud,
) -> None:
    with pytest.raises(exceptions.DriverError) as refused:
        strict.create(**TREE)
    assert "There is no capacity" in refused.value.user_fault_string
    assert "group 1 is full, load_balancers is at 1 of 1" in refused.value.operator_fault_string
    for record in (records.LoadBalancer, records.Vip, records.Reservation, records.StatusMessage):
        assert strict.all(record) == ()
    assert [one.load_balancer_id for one in strict.all(records.PlacementDecision)] == ["lb"]
    assert [e.subject for e in strict.all(records.Event) if e.kind == "create refused"] == ["lb"]


def test_room_is_held_from_the_answer_to_the_placement_and_is_not_in_its_own_way(
    strict: Cloud,
) -> None:
    strict.room(True)
    set_group(strict.world.store, None, 1, {"max_load_balancers": 2})  # one more than there is
    strict.world.messages.clear()
    strict.create()
    assert strict.get(records.Reservation).expires_at == strict.world.now_s + 30.0
    assert set(strict.settle().values()) == {Provisioning.ACTIVE}
    assert strict.all(records.Reservation) == ()  # released by a report, as any other


@pytest.mark.parametrize("declared", [False, True])
def test_what_is_held_counts_against_others_until_it_expires(declared: bool) -> None:
    strict = Cloud(reject=True, policy=f"tenant_count: {10 if declared else 1}")
    strict.room(True)
    strict.world.store.write(lambda tx: move_out(tx, "other"))  # type: ignore[arg-type]
    if declared:
        set_group(strict.world.store, None, 1, {"max_load_balancers": 1})
    strict.world.door.bus.call(  # admitted, and then the API rolls back
        "f5-lbaasv2-process-on-controller_dev", "admit",
        {"graph": {"id": "x", "project_id": "x", "vip_address": "192.0.2.7"}, "request_id": "r"},
        2.0,
    )  # fmt: skip
    with pytest.raises(exceptions.DriverError) as refused:
        strict.create()
    said = refused.value.operator_fault_string
    assert ("load_balancers" if declared else "tenant_count") in said
    assert "at 1 (1 of them reserved) of 1" in said
    strict.world.settle(32)
    strict.create()
    strict.world.settle(62)
    assert strict.all(records.Reservation) == ()
    assert strict.get(records.PlacementRow).group == 1


def test_while_a_score_is_merely_missing_it_is_admitted_and_waits() -> None:
    strict = Cloud(reject=True)
    strict.room(True)
    strict.world.frozen.update(strict.world.agents)
    strict.world.pass_time(40)
    strict.create()
    assert strict.all(records.Reservation) == ()
    assert strict.get(records.LoadBalancer).phase is Phase.WAITING


def test_no_answer_is_a_refusal_with_a_sentence(
    strict: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict.room(True)
    strict.world.loses_calls = True
    strict.world.dice.random = lambda: 0.0  # type: ignore[method-assign]
    with pytest.raises(exceptions.DriverError) as refused:
        strict.create()
    assert "cannot say right now whether it has room" in refused.value.user_fault_string
    assert "no controller of environment dev has said" in refused.value.operator_fault_string
    assert room.ANSWER_WITHIN_S == 2.0
    strict.world.loses_calls = False
    monkeypatch.setattr(strict.world, "call", lambda *_arguments: {})
    strict.world.door = replace(strict.world.door, bus=strict.world)
    with pytest.raises(exceptions.DriverError):
        strict.create()
    assert strict.all(records.LoadBalancer) == ()


def test_what_no_group_offers_is_an_unsupported_option(strict: Cloud) -> None:
    strict.room(True)
    with pytest.raises(exceptions.UnsupportedOptionError) as refused:
        strict.create(flavor={"group_tags": "gold"})
    assert "No device offers" in refused.value.user_fault_string
    assert "group 1 does not offer gold" in refused.value.operator_fault_string
