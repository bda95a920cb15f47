"""Devices that fail, all real but broker and database: agents, controller, simulated devices."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphs import graph

from bigip_lbaas.agent.service import Agent
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.bus.memory import MemoryBroker, MemoryBus
from bigip_lbaas.cmd.building import build_agent
from bigip_lbaas.controller.service import Controller
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.surroundings import Surroundings
from bigip_lbaas.domain.edit import Edited
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber, RequestId
from bigip_lbaas.icontrol.rest import RestDevice
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.store import records
from bigip_lbaas.store.memory import MemoryStore
from bigip_sim.embedded import RunningDevice, running_device

pytestmark = pytest.mark.timeout(120)

ENVIRONMENT = EnvironmentName("dev")
DEADLINE_S = 40.0
PROJECTS = 4
REQUEST = RequestId("req-1")


@dataclass
class Fleet:
    """Two devices of one group, its agents, and a controller."""

    first: RunningDevice
    second: RunningDevice
    until_over: ExitStack
    store: MemoryStore = field(default_factory=lambda: MemoryStore(time.time))
    broker: MemoryBroker = field(default_factory=MemoryBroker)
    agents: list[Agent] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start the controller."""
        settings = ControllerSettings(
            ENVIRONMENT, "controller-1", heartbeat_interval_s=0.3, lease_s=2.0, behind_resend_s=1.0,
            sweep_interval_s=0.2,
        )  # fmt: skip
        bus = MemoryBus(self.broker)
        self.controller = Controller(settings, Surroundings(self.store, bus, time.monotonic))
        self.controller.start()
        self.until_over.callback(self.controller.stop)
        self.door = Door(self.store, bus, ENVIRONMENT)

    def add_agent(self, host: str, save_interval_s: float = 0.3) -> Agent:
        settings = AgentSettings(
            ENVIRONMENT, host, GroupNumber(1), retry_s=0.2, device_retry_most_s=1.0,
            retry_most_s=2.0, slow_s=0.5, save_interval_s=save_interval_s,
        )  # fmt: skip
        endpoints = [endpoint(device) for device in (self.first, self.second)]
        agent = build_agent(settings, endpoints, MemoryBus(self.broker))
        agent.start()
        self.until_over.callback(agent.stop)
        self.agents.append(agent)
        return agent

    def create(self, *numbers: int) -> None:
        for number in numbers:
            self.door.create(graph(number, f"p{number % PROJECTS}"), (), REQUEST)

    def change(self, number: int) -> None:
        new = graph(number, f"p{number % PROJECTS}", members=3)
        self.door.edit(new.id, lambda _graph: Edited(new), REQUEST)

    def rows(self) -> dict[str, records.LoadBalancer]:
        found = self.store.read(lambda tx: tx.select(records.LoadBalancer))
        return {row.id: row for row in found}

    def until(self, claim: Callable[[], Any], within_s: float = DEADLINE_S) -> float:
        """Wait until it is so; return how long that took."""
        begun_s = time.monotonic()
        while not claim():
            assert time.monotonic() < begun_s + within_s, self.rows()
            time.sleep(0.02)
        return time.monotonic() - begun_s

    def are_applied(self, *numbers: int) -> bool:
        rows = self.rows()
        return all(rows[graph(n).id].phase is records.Phase.APPLIED for n in numbers)

    def are_level(self) -> bool:
        rows = self.rows().values()
        return all(row.phase is records.Phase.APPLIED and not row.unclean for row in rows)

    def behind(self) -> set[str]:
        return {row.id for row in self.rows().values() if row.unclean}


def endpoint(device: RunningDevice) -> Endpoint:
    address = device.url.removeprefix("https://")
    return Endpoint(address, device.url, device.username, device.password, device.ca_file)


@contextmanager
def as_a_client(device: RunningDevice) -> Iterator[RestDevice]:
    client = RestDevice(endpoint(device))
    try:
        yield client
    finally:
        client.close()


def content(device: RunningDevice) -> dict[str, Any]:
    """Return all that load balancers have there, as an independent client reads it."""
    with as_a_client(device) as client:
        return {
            f"{path.collection} {path.full}": dict(attributes)
            for name in sorted(client.partitions())
            if Naming("dev").owns(name)
            for path, attributes in client.read(name).items()
        }


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with ExitStack() as stack:
        first = stack.enter_context(running_device(name="bigip-1"))
        second = stack.enter_context(running_device(name="bigip-2"))
        yield Fleet(first, second, stack)


def is_alike(fleet: Fleet) -> bool:
    return content(fleet.first) == content(fleet.second)


def test_work_goes_on_past_a_device_that_is_off_and_its_return_levels_it(fleet: Fleet) -> None:
    fleet.add_agent("host-1")
    fleet.create(*range(6))
    fleet.until(fleet.are_level)
    fleet.second.power(on=False)
    fleet.create(*range(6, 12))
    fleet.change(1)
    fleet.door.delete(graph(0).id, (), REQUEST)
    fleet.until(lambda: fleet.are_applied(1, *range(6, 12)), 10.0)
    fleet.until(lambda: graph(6).id in fleet.behind())
    assert len(fleet.agents[0]._group.reachable()) == 1
    fleet.second.power(on=True)
    fleet.until(lambda: graph(0).id not in fleet.rows())
    fleet.until(fleet.are_level)
    assert is_alike(fleet)
    assert len(content(fleet.second)) > 11 * 5


def test_a_slow_device_holds_up_neither_the_other_one_nor_a_takeover(fleet: Fleet) -> None:
    fleet.add_agent("host-1")
    fleet.create(*range(4))
    fleet.until(fleet.are_level)
    fleet.second.faults(kind="latency", ms=3000)
    fleet.create(*range(4, 20))
    took_s = fleet.until(lambda: fleet.are_applied(*range(20)), 15.0)
    assert took_s < 12.0
    fleet.add_agent("host-2")  # it reads the slow one for the first time
    fleet.until(lambda: fleet.agents[1]._life.epoch)
    homes = fleet.agents[0]._life.homes()
    assert homes
    dies = threading.Thread(target=fleet.agents[0].stop, args=(False,), daemon=True)
    dies.start()
    took_s = fleet.until(lambda: len(fleet.agents[1]._life.homes()) >= PROJECTS, 15.0)
    assert took_s < 8.0  # lease and margin are 3 s
    fleet.create(20, 21, 22, 23)
    fleet.until(lambda: fleet.are_applied(20, 21, 22, 23), 15.0)
    fleet.second.clear_faults()
    fleet.until(fleet.are_level)
    assert is_alike(fleet)


def test_what_a_reboot_lost_is_found_and_brought_back_though_nobody_asks(fleet: Fleet) -> None:
    fleet.add_agent("host-1", save_interval_s=0.0)
    fleet.create(*range(4))
    fleet.until(fleet.are_level)
    with as_a_client(fleet.second) as client:
        client.save()
    fleet.create(*range(4, 8))
    fleet.change(2)
    fleet.until(fleet.are_level)
    whole = content(fleet.second)
    fleet.second.power(on=False, loses_unsaved=True)
    member = fleet.agents[0]._group.members[1]
    fleet.until(lambda: not member.standing.answers)
    fleet.second.power(on=True)
    assert content(fleet.second) != whole
    fleet.until(lambda: content(fleet.second) == whole)
    fleet.until(fleet.are_level)


def test_a_device_that_answers_503_is_left_alone_and_asked_again_soon(fleet: Fleet) -> None:
    fleet.add_agent("host-1")
    fleet.create(*range(4))
    fleet.until(fleet.are_level)
    fleet.second.faults(kind="unavailable")
    member = fleet.agents[0]._group.members[1]
    fleet.create(*range(4, 12))
    fleet.until(lambda: fleet.are_applied(*range(12)), 15.0)
    fleet.until(lambda: not member.standing.answers)
    fleet.second.reset_counters()
    time.sleep(2.0)
    asked = fleet.second.counters()["total"]
    assert isinstance(asked, int)
    assert asked <= 8  # one question each time, about a second apart, and its login
    fleet.second.clear_faults()
    assert fleet.until(lambda: member.standing.answers) < 4.0
    fleet.until(fleet.are_level)
    assert is_alike(fleet)


def test_agents_on_one_device_keep_its_limit_together_and_their_commits_get_past_each_other(
    fleet: Fleet,
) -> None:
    agents = [fleet.add_agent("host-1"), fleet.add_agent("host-2")]
    rooms = [agent._group.members[0].device.room for agent in agents]
    fleet.until(lambda: sorted(room.share for room in rooms) == [2, 3])
    for device in (fleet.first, fleet.second):
        device.reset_counters()
        device.faults(kind="concurrency", limit=5)
        device.faults(kind="commit-delay", ms=60)
    fleet.create(*range(32))
    fleet.until(fleet.are_level)
    assert is_alike(fleet)
    for device in (fleet.first, fleet.second):
        refused = [entry for entry in device.log() if "concurrency" in str(entry.get("faults"))]
        assert refused == []
    agents.pop().stop()
    fleet.until(lambda: rooms[0].share == 5)
