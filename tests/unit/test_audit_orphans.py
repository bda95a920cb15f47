"""Load balancers on devices that no database knows: they go after second looks, or stay."""

from dataclasses import replace

import pytest

from bigip_lbaas.cli.audits import Wish, request_audit
from bigip_lbaas.domain.drift import DriftKind
from bigip_lbaas.domain.edit import replace_all
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.ltm.state import State
from bigip_lbaas.reconcile.plan import plan
from bigip_lbaas.reconcile.render import RenderSettings, render
from bigip_lbaas.store import records
from bigip_lbaas.wire.messages import AuditOrder
from tests.integration.graphs import graph
from tests.integration.world import World

AGENT = "host-1:1"


def world_with(many: int, policy: str = "repair") -> World:
    world = World(audit_policy=policy)
    world.add_agent("host-1", 1, ("big-1",))
    world.pass_time(1.0)
    world.report()
    for number in range(many):
        world.door.create(graph(number), (), f"req-{number}")
    world.settle(4.0)
    return world


def leave_behind(world: World, *numbers: int) -> State:
    """Put load balancers on the device that nobody has asked for."""
    state: dict = {}  # type: ignore[type-arg]
    for number in numbers:
        state |= render(graph(number), Naming("dev"), RenderSettings())
    for steps in plan(state, {}).transactions:
        world.devices["big-1"].commit(steps)
    return state


def audit(world: World, times: int = 1) -> None:
    for _ in range(times):
        world.agents[AGENT].chores.audit.run(AuditOrder(0))
        world.settle(4.0)


def strangers(world: World) -> tuple[records.Stranger, ...]:
    return world.store.read(lambda tx: tx.select(records.Stranger))


def are_there(world: World, state: State) -> bool:
    return state.keys() <= world.devices["big-1"].objects.keys()


def test_an_orphan_goes_when_two_audits_and_the_api_say_so() -> None:
    world = world_with(3)
    before = set(world.devices["big-1"].read("dev_acme"))
    orphan = leave_behind(world, 9)
    audit(world)
    (row, *_) = world.store.read(lambda tx: tx.select(records.Drift))
    assert (row.finding.kind, row.load_balancer_id) == (DriftKind.ORPHAN, graph(9).id)
    assert strangers(world) == ()
    audit(world)
    (stranger,) = strangers(world)
    assert (stranger.may_go, stranger.unwanted) == (True, False)
    assert stranger.vip_address == graph(9).vip_address
    audit(world, 2)
    assert are_there(world, orphan)  # the API has not been asked yet
    world.door.turn_away(stranger)
    world.settle(10.0)
    assert set(world.devices["big-1"].read("dev_acme")) == before
    audit(world)
    assert world.store.read(lambda tx: tx.select(records.Drift)) == ()
    assert world.store.read(lambda tx: tx.select(records.LoadBalancer, wanted=False)) == ()


def test_the_second_audit_comes_soon() -> None:
    world = world_with(3)
    chores = world.agents[AGENT].chores
    audit(world)
    assert chores.audit_pause_s() == chores.settings.audit_interval_s
    leave_behind(world, 9)
    audit(world)
    assert chores.audit_pause_s() == 2 * chores.settings.retry_most_s
    audit(world)
    assert chores.audit_pause_s() == 4 * chores.settings.retry_most_s
    (stranger,) = strangers(world)
    world.door.turn_away(stranger)
    world.settle(10.0)
    audit(world)
    assert chores.audit_pause_s() == chores.settings.audit_interval_s


def test_what_a_device_has_again_that_went_back_goes_though_its_home_has_moved_since() -> None:
    world = world_with(2)
    world.add_agent("host-2", 1, ("big-1",))
    world.settle(4.0)
    device = world.devices["big-1"]
    saved = device.image()
    world.door.delete(graph(0).id, (), "req-delete")
    world.settle(4.0)
    removed = render(graph(0), Naming("dev"), RenderSettings())
    (holder,) = {home.agent_id for home in world.store.read(lambda tx: tx.select(records.Home))}
    world.frozen.add(holder)
    world.settle(12.0)
    (other,) = set(world.agents) - {holder}
    world.off.add("big-1")
    after = graph(1, members=3)
    world.door.edit(graph(1).id, lambda before: replace_all(before, after), "req-edit")
    world.settle(4.0)
    device.load(saved)
    world.off.clear()
    world.settle(40.0)
    assert removed.keys() <= device.objects.keys()
    for _ in range(2):
        world.agents[other].chores.audit.run(AuditOrder(0))
        world.settle(4.0)
    (stranger,) = strangers(world)
    world.door.turn_away(stranger)
    world.settle(10.0)
    assert not removed.keys() & device.objects.keys()
    assert are_there(world, render(after, Naming("dev"), RenderSettings()))


def test_one_audit_is_not_enough_though_the_api_does_not_know_it() -> None:
    world = world_with(3)
    orphan = leave_behind(world, 9)
    world.agents[AGENT].chores.inventory.take()
    world.settle(2.0)
    (stranger,) = strangers(world)
    world.door.turn_away(stranger)
    audit(world)
    assert are_there(world, orphan)
    assert strangers(world) == ()


@pytest.mark.parametrize("policy", ["report", "repair"])
def test_with_the_policy_report_no_orphan_goes(policy: str) -> None:
    world = world_with(3, policy)
    leave_behind(world, 9)
    audit(world, 3)
    assert bool(strangers(world)) == (policy == "repair")


def test_more_orphans_than_known_ones_are_a_wrong_database_until_an_operator_agrees() -> None:
    world = world_with(1)
    leave_behind(world, 8, 9)
    audit(world, 3)
    assert strangers(world) == ()
    events = world.store.read(lambda tx: tx.select(records.Event, kind="orphans"))
    (said,) = [event.text for event in events]
    assert said.startswith(
        "big-1 has 2 load balancers that nobody knows here, purge_limit is 50 and 1 are known"
    )
    request_audit(world.store, Wish(repair=True, past_limit=True))
    world.settle(2.0)
    while world.agents[AGENT].chores._orders:
        world.agents[AGENT].chores.audit_once()
        world.settle(2.0)
    assert len(strangers(world)) == 2


def test_more_orphans_than_the_limit_stay_until_an_operator_agrees() -> None:
    world = world_with(5)
    orphans = leave_behind(world, 8, 9)
    chores = world.agents[AGENT].chores
    chores.audit.settings = replace(chores.audit.settings, purge_limit=1)
    audit(world, 3)
    assert strangers(world) == ()
    assert are_there(world, orphans)


def test_one_that_is_accepted_meanwhile_is_no_orphan() -> None:
    world = world_with(3)
    orphan = leave_behind(world, 9)
    audit(world)
    world.door.create(graph(9), (), "req-9")
    world.settle(4.0)
    audit(world, 2)
    assert strangers(world) == ()
    assert are_there(world, orphan)
    assert world.store.read(lambda tx: tx.select(records.Drift)) == ()
