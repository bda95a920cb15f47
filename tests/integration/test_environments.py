"""Environments on the same devices and database touch and count nothing of each other."""

from typing import Any

import pytest

from bigip_lbaas.bus import topics
from bigip_lbaas.domain.ids import AgentId, EnvironmentName
from bigip_lbaas.scheduling.capacity_policy import parse
from bigip_lbaas.store import records
from tests.integration.graphs import graph
from tests.integration.world import World

PAIRS = [("dev", "dev_2"), ("dev_2", "dev"), ("dev", "dev-2"), ("dev_2", "dev_2_2"), ("a", "a_a")]


def _world(name: str, group: int, beside: World | None = None) -> World:
    world = World(environment=EnvironmentName(name), beside=beside)
    world.add_agent(f"host-{group}", group, ("big-1",), parse("tenant_count: 10"))
    world.settle(62)  # with housekeeping, which gives one agent the sweeping
    return world


def _partitions(world: World, of: World) -> dict[str, Any]:
    """Return what the device has in the partitions of an environment."""
    device = world.devices["big-1"]
    ours = [name for name in device.partitions() if name.rpartition("_")[0] == of.environment]
    return {name: device.read(name) for name in ours}


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_what_one_does_leaves_the_other_as_it_was(one: str, other: str) -> None:
    first = _world(one, 1)
    first.door.create(graph(1), (), "req-1")
    first.settle(20)
    first.devices["big-1"].create_partition(f"{one}_empty")  # which only its own agents may remove
    before = _partitions(first, of=first)
    assert len(before) == 2, "there is something that could be touched"

    second = _world(other, 2, beside=first)
    made = graph(2)  # of the same project
    second.door.create(made, (), "req-2")
    second.settle(20)
    assert _partitions(first, of=second)
    assert _partitions(first, of=first) == before

    second.door.delete(made.id, (), "req-3")
    second.settle(20)
    second.devices["big-1"].create_partition(f"{other}_nobodys")
    for agent in second.agents.values():
        agent.chores.strays.sweep_once()
        agent.chores.strays.sweep_once()
    assert _partitions(first, of=second) == {}
    assert _partitions(first, of=first) == before
    said = first.store.read(lambda tx: tx.select(records.Event, environment=second.environment))
    assert [event.text for event in said if f"{one}_acme" in event.text] == []


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_an_agent_sees_its_own_environment_only(one: str, other: str) -> None:
    first = _world(one, 1)
    first.door.create(graph(1), (), "req-1")
    first.settle(20)
    second = _world(other, 2, beside=first)
    (agent,) = second.agents.values()
    second.messages.clear()
    agent.chores.inventory.ask()
    agent.chores.inventory.take()
    told = [payload for _, method, payload in second.messages if method == "sightings"]
    assert graph(1).id not in str(told)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_their_queues_are_different_ones(one: str, other: str) -> None:
    def queues(name: str) -> set[str]:
        environment = EnvironmentName(name)
        agents = {topics.agent_queue(environment, AgentId(f"host-{n}:{n}")) for n in (1, 2)}
        return {topics.global_queue(environment), topics.heartbeat_queue(environment), *agents}

    assert queues(one).isdisjoint(queues(other))
