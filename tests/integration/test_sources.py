"""Clusters that sync by themselves: one device is written, and which one may change."""

from typing import Any

import pytest

from bigip_lbaas.cli.setting import set_source
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.icontrol.memory_cluster import MemoryCluster
from bigip_lbaas.store import records
from bigip_lbaas.store.cluster_records import ClusterSource
from bigip_lbaas.store.records import Phase
from tests.integration.graphs import graph, partition_of
from tests.integration.test_line import create, phase, told
from tests.integration.world import ENVIRONMENT, World

DEVICES = ("big-1", "big-2", "big-3")
PATIENCE_S = 35.0  # the option's default, and the time to notice


def clustered(hosts: int = 2, devices: tuple[str, ...] = DEVICES) -> tuple[World, MemoryCluster]:
    """Return a world whose agents write one of the devices."""
    world = World()
    cluster = world.add_cluster(*devices)
    for number in range(1, hosts + 1):
        world.add_agent(f"host-{number}", 1, devices, device_sync="sync")
    world.pass_time(3.0)
    return world, cluster


def source(world: World) -> ClusterSource | None:
    return world.store.read(lambda tx: tx.get(ClusterSource, ENVIRONMENT, 1))


def writes(world: World) -> dict[str, int]:
    """Return device -> commits that an agent sent there."""
    return {name: device.commits for name, device in world.devices.items()}


def contents(world: World, project: str = "acme") -> list[Any]:
    return [device.read(partition_of(project)) for device in world.devices.values()]


def events(world: World, kind: str) -> list[str]:
    rows = world.store.read(lambda tx: tx.select(records.Event, kind=kind))
    return [row.text for row in rows]


def test_one_device_is_written_and_the_others_follow() -> None:
    world, cluster = clustered()
    made = create(world, 1)
    world.settle(6)
    assert phase(world, made) is Phase.APPLIED
    assert writes(world) == {"big-1": writes(world)["big-1"], "big-2": 0, "big-3": 0}
    first, *others = contents(world)
    assert first != {}
    assert others == [first, first]
    assert cluster.commands == []
    assert events(world, "source") == ["device big-1 is written, the others follow"]


def test_a_source_that_is_away_for_a_moment_stays_the_source() -> None:
    world, _ = clustered()
    world.off.add("big-1")
    made = create(world, 1)
    world.settle(20)
    assert phase(world, made) is Phase.ASSIGNED
    world.off.discard("big-1")
    world.settle(40)
    assert phase(world, made) is Phase.APPLIED
    assert writes(world)["big-2"] == 0
    assert len(events(world, "source")) == 1


def test_another_device_is_written_when_no_agent_reaches_the_source() -> None:
    world, cluster = clustered()
    first = create(world, 1)
    world.settle(6)
    epochs = {row.id: row.epoch for row in agents(world)}
    fence = home_fence(world)
    world.off.add("big-1")
    second = create(world, 2)
    world.settle(PATIENCE_S + 20)
    row = source(world)
    assert row is not None
    assert (row.source, row.next, row.number) == ("big-2", "", 1)
    assert all(row.epoch != epochs[row.id] for row in agents(world))
    assert home_fence(world) > fence
    assert [phase(world, lb) for lb in (first, second)] == [Phase.APPLIED, Phase.APPLIED]
    third = create(world, 3)
    world.settle(6)
    assert phase(world, third) is Phase.APPLIED
    world.off.discard("big-1")
    world.settle(30)
    one, *others = contents(world)
    assert others == [one, one]
    assert {path.name for path in one} >= {f"dev_{lb.id}" for lb in (first, second, third)}
    assert cluster.commands == []  # the devices' own sync was enough


def test_what_the_lost_source_had_not_sent_on_is_written_to_the_next_one() -> None:
    world, cluster = clustered()
    first = create(world, 1)
    world.settle(6)
    cluster.is_halted = True
    second = create(world, 2)
    world.settle(6)
    assert phase(world, second) is Phase.APPLIED
    world.off.add("big-1")
    cluster.is_halted = False
    world.settle(PATIENCE_S + 20)
    names = {path.name for path in world.devices["big-2"].read(partition_of("acme"))}
    assert names >= {f"dev_{lb.id}" for lb in (first, second)}
    # both have changed something: the old source is brought level by a command from the new one
    world.off.discard("big-1")
    world.settle(60)
    assert set(cluster.commands) == {"big-2"}
    one, *others = contents(world)
    assert others == [one, one]
    assert not world.store.read(lambda tx: tx.select(records.LoadBalancer, behind=True))


def test_an_agent_that_alone_misses_the_source_takes_it_from_nobody() -> None:
    world, _ = clustered()
    create(world, 1)
    world.settle(6)
    lonely = world.agents["host-2:1"]
    for member in lonely._group.members:
        if member.serial == "big-1":
            member.away_since_s = 0.0
            member.retry_at_s = float("inf")
    world.settle(60)
    row = source(world)
    assert row is not None
    assert row.source == "big-1"


def test_a_source_that_lost_what_it_had_not_saved_gets_all_of_it_again() -> None:
    world, cluster = clustered()
    first = create(world, 1)
    world.settle(6)
    device = world.devices["big-1"]
    cluster.is_halted = True
    saved = (device.image(), cluster.state_of(device))
    second = create(world, 2)
    world.settle(6)
    device.load(saved[0])
    cluster.went_back(device, saved[1])
    cluster.is_halted = False
    world.off.add("big-1")
    world.settle(6)
    world.off.discard("big-1")
    world.settle(60)
    one, *others = contents(world)
    assert {path.name for path in one} >= {f"dev_{lb.id}" for lb in (first, second)}
    assert others == [one, one]


@pytest.mark.parametrize("hosts", [1, 2])
def test_agents_that_die_while_the_source_changes_hold_nobody_up(hosts: int) -> None:
    world, _ = clustered(hosts)
    made = create(world, 1)
    world.settle(6)
    world.off.add("big-1")
    world.settle(PATIENCE_S)
    world.frozen.add("host-1:1")
    second = create(world, 2)
    world.settle(30)
    if hosts == 1:
        world.restart("host-1:1")
        world.settle(30)
    assert [phase(world, lb) for lb in (made, second)] == [Phase.APPLIED, Phase.APPLIED]
    assert {status.value for status in told(world, second)} <= {"ACTIVE"}


def test_an_operator_has_another_device_written_after_a_sync_has_ended() -> None:
    world, cluster = clustered()
    first = create(world, 1)
    world.settle(6)
    cluster.is_halted = True
    second = create(world, 2)
    world.settle(6)
    assert "big-3 is asked for" in set_source(world.store, None, 1, "big-3")
    world.settle(10)
    row = source(world)
    assert row is not None
    assert (row.source, row.next) == ("", "big-3")  # nobody writes until all is sent on
    third = create(world, 3)
    before = writes(world)
    world.settle(6)
    assert writes(world) == before
    cluster.is_halted = False
    world.settle(20)
    row = source(world)
    assert row is not None
    assert (row.source, row.next, row.wanted) == ("big-3", "", "")
    assert all(phase(world, lb) is Phase.APPLIED for lb in (first, second, third))
    one, *others = contents(world)
    assert others == [one, one]
    assert cluster.commands == []
    assert set_source(world.store, None, 1, "big-3") == "device big-3 is written already"


def test_no_device_is_written_while_an_agent_may_still_write_the_one_before() -> None:
    world, _ = clustered()
    create(world, 1)
    world.settle(6)
    set_source(world.store, None, 1, "big-3")
    world.frozen.add("host-2:1")  # it has not heard that its epoch has ended
    world.pass_time(2.0)
    row = source(world)
    assert row is not None
    assert (row.source, row.next) == ("", "big-3")
    world.pass_time(8.0)  # longer than its lease and the margin
    row = source(world)
    assert row is not None
    assert row.source == "big-3"


def test_what_cannot_be_written_cannot_be_asked_for() -> None:
    world, _ = clustered()
    with pytest.raises(RequestRejected, match="no device big-9; its agents name big-1, big-2"):
        set_source(world.store, None, 1, "big-9")
    world = World()
    world.add_agent("host-1", 1, ("big-1", "big-2"))
    world.pass_time(3.0)
    with pytest.raises(RequestRejected, match="has no source: its agents write each device"):
        set_source(world.store, None, 1, "big-1")


def test_without_any_other_device_the_work_waits_for_the_source() -> None:
    world, _ = clustered()
    first = create(world, 1)
    world.settle(6)
    world.off.update(DEVICES)
    world.door.create(graph(2), (), "req-2")
    made = graph(2)
    world.settle(PATIENCE_S + 10)
    assert phase(world, made) is not Phase.APPLIED
    world.off.clear()
    world.settle(60)
    assert [phase(world, lb) for lb in (first, made)] == [Phase.APPLIED, Phase.APPLIED]


def test_deletions_reach_all_devices() -> None:
    world, _ = clustered()
    made = create(world, 1)
    other = create(world, 2, "other")
    world.settle(6)
    world.door.delete(made.id, (), "req-2")
    world.settle(6)
    assert phase(world, made) is None
    for device in world.devices.values():
        assert device.partitions() == {"Common", partition_of("other")}
    assert phase(world, other) is Phase.APPLIED
    assert graph(2).id == other.id


def agents(world: World) -> tuple[records.Agent, ...]:
    return world.store.read(lambda tx: tx.select(records.Agent))


def home_fence(world: World) -> int:
    row = world.store.read(lambda tx: tx.get(records.Home, ENVIRONMENT, "acme", 1))
    assert row is not None
    return row.fence_number
