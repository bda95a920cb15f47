"""Partitions of ours that belong to no home: empty ones go, others are reported and left."""

from collections.abc import Callable
from typing import Any

import pytest

from bigip_lbaas.agent import strays
from bigip_lbaas.agent.partition import StampedPartition
from bigip_lbaas.domain.home import SHARED, Fence, Home
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.port import PartitionStamps
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.reconcile.scope import Target
from bigip_lbaas.store import records
from tests.integration.graphs import graph, partition_of
from tests.integration.world import ENVIRONMENT, World


def world_with(hosts: int = 1) -> World:
    """Return a world in which the first agent has the home of what projects share."""
    world = World()
    for host in range(1, hosts + 1):
        world.add_agent(f"host-{host}", 1, ("big-1",))
        world.pass_time(1.0)
    world.report()
    world.settle(62)  # housekeeping
    return world


def sweeper(world: World) -> Any:
    row = world.store.read(lambda tx: tx.get(records.Home, ENVIRONMENT, SHARED, 1))
    assert row is not None
    return world.agents[row.agent_id]


def stamped(
    world: World, project: str, number: int | None = None, fence: int = 9, prefix: str = "dev"
) -> StampedPartition:
    """Have a writer of old leave a partition behind, empty or with a load balancer."""
    home = Home(ENVIRONMENT, project, 1, "gone:1", Fence(fence, "ab"))  # type: ignore[arg-type]
    device = world.devices["big-1"]
    partition = StampedPartition(device, home, Naming(prefix), RenderSettings())
    made = graph(number or 1, project)
    assert partition.apply([Target(made, True)]) == {}
    if number is None:
        partition.apply([Target(made, False)])
    return partition


def left(world: World) -> set[str]:
    return set(world.devices["big-1"].partitions()) - {"Common"}


def events(world: World) -> list[str]:
    return [row.text for row in world.store.read(lambda tx: tx.select(records.Event, kind="stray"))]


def test_one_agent_of_each_group_has_the_home_of_what_projects_share() -> None:
    world = world_with(hosts=2)
    rows = world.store.read(lambda tx: tx.select(records.Home, project_id=SHARED))
    assert [(row.environment, row.group) for row in rows] == [(ENVIRONMENT, 1)]
    holder = rows[0].agent_id
    world.frozen.add(holder)
    world.settle(10)
    assert sweeper(world) is not world.agents[holder]
    assert left(world) == set()  # it has no partition of its own


def test_an_empty_partition_without_a_home_goes_at_the_second_look() -> None:
    world = world_with()
    stamped(world, "acme")
    world.devices["big-1"].create_partition(partition_of("other"))  # never stamped
    sweeper(world).chores.strays.sweep_once()
    assert left(world) == {partition_of("acme"), partition_of("other")}
    sweeper(world).chores.strays.sweep_once()
    assert left(world) == set()
    assert not world.devices["big-1"].objects


def test_only_our_own_names_are_looked_at() -> None:
    world = world_with()
    foreign = ("dev_2_acme", "dev2_acme", "devx_acme", "Common", "dev", "dev_", "customer")
    for name in foreign:
        world.devices["big-1"].create_partition(name)
    stamped(world, "acme", prefix="dev_2")
    for _ in range(3):
        sweeper(world).chores.strays.sweep_once()
    assert left(world) == set(foreign) - {"Common"}
    assert events(world) == []


def test_what_has_content_is_reported_once_and_left() -> None:
    world = world_with()
    stamped(world, "acme", number=3)
    before = dict(world.devices["big-1"].objects)
    for _ in range(4):
        sweeper(world).chores.strays.sweep_once()
    assert world.devices["big-1"].objects == before
    (said,) = events(world)
    assert said.startswith(
        f"big-1: partition {partition_of('acme')} belongs to no project, and has"
    )


def test_what_has_a_home_or_a_place_is_nobodys_stray() -> None:
    world = world_with(hosts=2)
    for number in range(1, 9):
        world.door.create(graph(number, f"project-{number}"), (), "req")
    world.settle(10)
    homes = world.store.read(lambda tx: tx.select(records.Home))
    assert len({home.agent_id for home in homes if home.project_id != SHARED}) == 2
    before = left(world)
    assert len(before) == 8
    world.devices["big-1"].objects.clear()  # as if it had lost all that was in them
    for _ in range(3):
        for agent in world.agents.values():
            agent.chores.strays.sweep_once()
    assert left(world) == before


def test_where_somebody_stamps_meanwhile_nothing_is_taken_away() -> None:
    world = world_with()
    old = stamped(world, "acme")
    agent, device = sweeper(world), world.devices["big-1"]
    agent.chores.strays.sweep_once()
    read: Callable[[str], Any] = device.read

    def reading(partition: str) -> Any:
        content = read(partition)
        later = Home(ENVIRONMENT, old.home.project_id, 1, "new:1", Fence(12, "cd"))  # type: ignore[arg-type]
        StampedPartition(device, later, Naming("dev"), RenderSettings()).take_over()
        return content

    device.read = reading  # type: ignore[method-assign]
    agent.chores.strays.sweep_once()
    found = device.stamps(partition_of("acme"))
    assert found is not None
    assert [name.split(".")[0] for name in found.names] == ["stamp_12"]
    assert found.guard


def test_more_than_the_limit_are_left_and_reported() -> None:
    world = world_with()
    limit = sweeper(world)._settings.purge_limit
    names = {partition_of(f"p{number}") for number in range(limit + 1)}
    for name in names:
        world.devices["big-1"].create_partition(name)
    for _ in range(4):
        sweeper(world).chores.strays.sweep_once()
    assert left(world) == names
    (said,) = events(world)
    assert (
        f"{limit + 1} partitions of ours that belong to no project, more than purge_limit" in said
    )
    world.devices["big-1"].delete_partition(min(names))
    sweeper(world).chores.strays.sweep_once()
    assert left(world) == set()


def test_stamps_that_cannot_be_read_are_left_alone() -> None:
    world = world_with()
    device = world.devices["big-1"]
    stamped(world, "acme")
    all_stamps = device.all_stamps
    odd = PartitionStamps(("stamp_of_a_later_version",), guard=True)
    device.all_stamps = lambda: {**all_stamps(), partition_of("acme"): odd}  # type: ignore[method-assign]
    for _ in range(3):
        sweeper(world).chores.strays.sweep_once()
    assert left(world) == {partition_of("acme")}
    assert "stamps that this version cannot read" in events(world)[0]


def test_who_has_not_the_shared_home_looks_at_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_with(hosts=2)
    stamped(world, "acme")
    other = next(agent for agent in world.agents.values() if agent is not sweeper(world))
    calls = world.devices["big-1"].requests
    for _ in range(3):
        other.chores.strays.sweep_once()
    assert world.devices["big-1"].requests == calls
    sweeper(world).chores.strays.sweep_once()
    sweeper(world)._life.end()  # its epoch has ended
    monkeypatch.setattr(strays, "ASKED_AT_ONCE", 0)
    sweeper(world).chores.strays.sweep_once()
    assert left(world) == {partition_of("acme")}


def test_a_fence_that_is_seen_on_a_stray_is_told_with_the_next_heartbeat() -> None:
    """Numbers that the database does not know mean that it has lost commits."""
    world = world_with()
    stamped(world, "acme", fence=4711)
    sweeper(world).chores.strays.sweep_once()
    assert sweeper(world)._life.seen() == Fence(4711, "ab")
    world.pass_time(2.0)
    kinds = [row.kind for row in world.store.read(lambda tx: tx.select(records.Event))]
    assert "commits lost" in kinds
    assert isinstance(world.devices["big-1"], MemoryDevice)
