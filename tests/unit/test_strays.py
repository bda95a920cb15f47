"""Partitions of ours that belong to no home: empty ones go, others are reported.

Load balancers in them go if the API does not know them; anything else is left.
"""

from collections.abc import Callable
from typing import Any

import pytest

from bigip_lbaas.agent import strays
from bigip_lbaas.agent.partition import StampedPartition
from bigip_lbaas.domain.home import SHARED, Fence, Home
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.port import PartitionStamps
from bigip_lbaas.ltm.kinds import POOL
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.ltm.state import Action, ObjectPath, Step
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.reconcile.scope import Target
from bigip_lbaas.store import records
from tests.integration.graphs import graph, partition_of
from tests.integration.world import ENVIRONMENT, World


def world_with(hosts: int = 1, policy: str = "repair") -> World:
    """Return a world in which the first agent has the home of what projects share."""
    world = World(audit_policy=policy)
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


def strangers(world: World) -> tuple[records.Stranger, ...]:
    return world.store.read(lambda tx: tx.select(records.Stranger))


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


def sweep(world: World, times: int) -> None:
    for _ in range(times):
        sweeper(world).chores.strays.sweep_once()
        world.settle(4)


def test_content_of_nobody_is_reported_once_and_left() -> None:
    world = world_with()
    device, pool = world.devices["big-1"], ObjectPath(POOL, partition_of("acme"), "by-hand")
    device.create_partition(pool.partition)
    device.commit([Step(Action.CREATE, pool, {"members": ()})])
    sweep(world, 4)
    assert set(device.objects) == {pool}
    (said,) = events(world)
    assert said == (
        f"big-1: partition {pool.partition} belongs to no project, and has 1 objects: it is left as"
        " it is"
    )


def test_with_the_policy_report_load_balancers_of_no_project_are_reported_and_left() -> None:
    world = world_with(policy="report")
    stamped(world, "acme", number=3, fence=1)
    before = dict(world.devices["big-1"].objects)
    sweep(world, 4)
    assert world.devices["big-1"].objects == before
    assert events(world)[0].endswith("objects: it is left as it is")
    assert strangers(world) == ()


def test_load_balancers_of_no_project_go_at_the_second_look_if_the_api_does_not_know_them() -> None:
    world = world_with()
    world.door.create(
        graph(1, "other"), (), "req"
    )  # a database that knows nothing is the wrong one
    world.settle(4)
    before = left(world)
    stamped(world, "acme", number=3, fence=1)
    sweep(world, 1)
    assert strangers(world) == ()
    sweep(world, 1)
    (stranger,) = strangers(world)
    assert (stranger.load_balancer_id, stranger.may_go) == (graph(3, "acme").id, True)
    sweep(world, 2)
    assert partition_of("acme") in left(world)  # the API has not been asked yet
    (said,) = events(world)
    assert said.endswith(
        f"has load balancers {stranger.load_balancer_id}: they go if the API does not know them"
    )
    world.door.turn_away(stranger)
    world.settle(10)
    assert left(world) == before
    homes = world.store.read(lambda tx: tx.select(records.Home))
    assert "acme" not in {home.project_id for home in homes}


def test_load_balancers_that_the_api_knows_are_taken_in_again() -> None:
    world = world_with()
    stamped(world, "acme", number=3, fence=1)
    sweep(world, 2)
    (stranger,) = strangers(world)
    world.door.take_in(stranger, graph(3, "acme"), "req-again")
    world.settle(10)
    (row,) = world.store.read(lambda tx: tx.select(records.LoadBalancer))
    assert (row.id, row.phase) == (graph(3, "acme").id, records.Phase.APPLIED)
    assert partition_of("acme") in left(world)


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
