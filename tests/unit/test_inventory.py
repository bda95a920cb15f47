"""What an agent tells of the load balancers that its devices have."""

from dataclasses import replace
from typing import Any

from bigip_lbaas.agent.inventory import AT_ONCE
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.state import Action, ObjectPath, Step
from bigip_lbaas.reconcile.render import describe
from tests.integration.graphs import graph
from tests.integration.world import World

AGENT = "host-1:1"


def world_with(number: int = 2) -> World:
    world = World()
    world.add_agent("host-1", 1, ("big-1", "big-2"))
    world.settle(4)
    for each in range(number):
        world.door.create(graph(each), (), f"req-{each}")  # type: ignore[arg-type]
    world.settle(4)
    return world


def told(world: World) -> list[Any]:
    world.messages.clear()
    world.agents[AGENT].chores.inventory.take()
    return [payload for _, method, payload in world.messages if method == "sightings"]


def test_each_load_balancer_is_told_once_with_project_and_address() -> None:
    (said,) = told(world_with())
    assert (said["agent_id"], said["group"]) == (AGENT, 1)
    made = [graph(number) for number in range(2)]
    assert sorted(said["load_balancers"], key=str) == sorted(
        (
            {"load_balancer_id": one.id, "project_id": "acme", "vip_address": one.vip_address}
            for one in made
        ),
        key=str,
    )


def test_what_bears_no_mark_of_ours_or_anothers_name_is_not_told() -> None:
    world = world_with(0)
    device = world.devices["big-1"]
    names = {"dev_acme": "dev_lb-1", "dev_2_acme": "dev_2_lb-2", "Common": "dev_lb-3"}
    for last, (partition, name) in enumerate(names.items()):
        device.create_partition(partition)
        marked = describe(name.rpartition("_")[2]) if "1" not in name else "made by another agent"
        values = {"address": f"10.9.9.{last}", "mask": "255.255.255.255", "description": marked}
        path = ObjectPath(kinds.VIRTUAL_ADDRESS, partition, name)
        device.commit([Step(Action.CREATE, path, values)])
    assert told(world) == []


def test_many_are_told_in_several_messages() -> None:
    world = world_with(0)
    device = world.devices["big-1"]
    device.create_partition("dev_acme")
    for number in range(AT_ONCE + 1):
        path = ObjectPath(kinds.VIRTUAL_ADDRESS, "dev_acme", f"dev_lb-{number}")
        values = {"address": f"10.9.{number // 250}.{number % 250}", "description": ""}
        values["description"] = describe(f"lb-{number}")
        device.commit([Step(Action.CREATE, path, {**values, "mask": "255.255.255.255"})])
    assert [len(said["load_balancers"]) for said in told(world)] == [AT_ONCE, 1]


def test_a_device_that_is_off_hides_nothing_that_the_other_has() -> None:
    world = world_with()
    world.off.add("big-1")
    (said,) = told(world)
    assert len(said["load_balancers"]) == 2


def test_it_is_taken_when_a_life_begins_and_when_a_device_returns() -> None:
    world = world_with()
    agent = world.agents[AGENT]
    agent.chores.inventory.take()
    for begin in (lambda: world.restart(AGENT), lambda: world.off.add("big-1")):
        begin()
        agent = world.agents[AGENT]
        world.door.edit(graph(0).id, lambda g: replace_name(g), "req")  # type: ignore[arg-type]
        world.settle(10)
        world.off.clear()
        world.settle(60)
        assert agent.chores.inventory.is_due
        agent.chores.inventory.take()
        assert not agent.chores.inventory.is_due


def replace_name(made: Any) -> Any:
    from bigip_lbaas.domain.edit import Edited

    return Edited(replace(made, admin_state_up=not made.admin_state_up), ())
