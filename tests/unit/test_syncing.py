"""How an agent watches devices that sync by themselves, and when it says a word."""

from typing import Any

import pytest

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.saving import Saver
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.syncing import LEVEL_AFTER_S, SyncWatch
from bigip_lbaas.domain.home import SHARED, Fence, Home
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.memory_cluster import MemoryCluster
from tests.integration.world import Inline

ENVIRONMENT: Any = "dev"


class Watched:
    """Two devices, their cluster, and one agent that watches them."""

    def __init__(self, has_shared: bool = True, device_sync: str = "sync") -> None:
        self.now_s = 100.0
        self.off: set[str] = set()
        self.said: list[str] = []
        self.devices = MemoryDevice("A"), MemoryDevice("B")
        self.cluster = MemoryCluster(self.devices, lambda name: name in self.off)
        members = tuple(Member(device, device.name) for device in self.devices)
        settings = AgentSettings(ENVIRONMENT, "h1", 1, device_sync=device_sync)  # type: ignore[arg-type]
        heard = lambda _member, said: self.said.append(said)  # noqa: E731
        self.group = DeviceGroup(settings, lambda: self.now_s, members, heard)
        self.group.source = "A"
        life = Life(lambda: self.now_s)
        home = Home(ENVIRONMENT, SHARED, 1, "h1:1", Fence(1, "aa"))  # type: ignore[arg-type]
        life.begin("epoch", (home,) if has_shared else ())
        self.watch = SyncWatch(self.group, life, Inline(), lambda: self.now_s)

    def look(self, seconds: float = 0.0) -> None:
        until_s = self.now_s + seconds
        self.watch.look()
        while self.now_s < until_s:
            self.now_s += 2.0
            self.watch.look()

    def conflict(self) -> None:
        """Let each change something while they do not hear each other."""
        self.off.add("B")
        self.look()
        for number, device in enumerate(self.devices):
            device.create_partition(f"dev_{number}")
        self.off.clear()


def test_a_returned_device_that_has_changed_is_brought_level_by_the_source() -> None:
    watched = Watched()
    watched.look()
    watched.conflict()
    watched.look(LEVEL_AFTER_S - 4)
    assert watched.cluster.commands == []
    watched.look(6)
    assert watched.cluster.commands == ["A"]
    assert watched.devices[1].partitions() == {"Common", "dev_0"}
    watched.look(60)
    assert watched.cluster.commands == ["A"]


def test_only_the_agent_with_what_projects_share_says_so() -> None:
    watched = Watched(has_shared=False)
    watched.conflict()
    watched.look(60)
    assert watched.cluster.commands == []


def test_while_nobody_was_away_a_slow_sync_is_left_alone() -> None:
    watched = Watched()
    watched.look()
    watched.cluster.is_halted = True
    watched.devices[0].create_partition("dev_1")
    watched.look(60)
    assert watched.cluster.commands == []


@pytest.mark.parametrize("group", [None, "by command"])
def test_a_cluster_in_which_nobody_would_follow_is_complained_of_once(group: str | None) -> None:
    watched = Watched()
    if group is None:
        watched.devices[0].cluster = watched.devices[1].cluster = None
    watched.cluster.syncs_itself = False
    watched.look(10)
    expected = "is in no sync-failover device group" if group is None else "set autoSync"
    assert len(watched.said) == len(watched.devices)
    assert all(expected in said for said in watched.said)


def test_a_cluster_that_syncs_itself_while_each_is_written_is_complained_of_once() -> None:
    watched = Watched(device_sync="each")
    watched.look(10)
    assert len(watched.said) == len(watched.devices)
    assert all("switch autoSync off, or say device_sync = sync" in said for said in watched.said)
    watched.conflict()
    watched.look(60)
    assert watched.cluster.commands == []


def test_a_device_is_level_as_long_as_it_was_when_it_last_heard_its_peers() -> None:
    watched = Watched()
    watched.look()
    watched.off.add("A")
    watched.look()
    assert [sight.is_level for sight in watched.group.sights()] == [True, True]
    watched.cluster.is_halted = True
    watched.devices[1].create_partition("dev_1")
    watched.off.clear()
    watched.look()
    assert [sight.is_level for sight in watched.group.sights()] == [False, False]


def test_followers_are_saved_after_the_source_once_they_are_in_sync() -> None:
    watched = Watched()
    saver = Saver(watched.group, Inline())
    watched.devices[0].create_partition("dev_1")
    saver.save(1.0)
    assert [device.saves for device in watched.devices] == [1, 0]
    saver.save(1.0)
    assert [device.saves for device in watched.devices] == [1, 0]  # nothing says it is in sync
    watched.look()
    saver.save(1.0)
    saver.save(1.0)
    assert [device.saves for device in watched.devices] == [1, 1]
