"""A device in a process of its own that several agents share, and what they make there."""

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.managers import BaseManager
from typing import Any

from benchmarks.fleet import Place, agent_on, host_of
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.domain.graph import (
    Algorithm,
    Listener,
    ListenerProtocol,
    Member,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import GroupNumber, LoadBalancerId, ObjectId, ProjectId
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.room import Room
from bigip_lbaas.ltm.state import Step


def graph(number: int, project: int) -> ServiceGraph:
    """Return a load balancer of a project with a listener and a pool of one member."""
    pool = Pool(
        ObjectId(f"pool-{number}"),
        PoolProtocol.HTTP,
        Algorithm.ROUND_ROBIN,
        members=(Member(ObjectId(f"member-{number}"), "10.0.0.1", 80),),
    )
    listener = Listener(ObjectId(f"listener-{number}"), ListenerProtocol.HTTP, 80, pool.id)
    return ServiceGraph(
        LoadBalancerId(f"lb-{number}"),
        ProjectId(f"project-{project}"),
        f"192.{number // 65536}.{number // 256 % 256}.{number % 256}",
        listeners=(listener,),
        pools=(pool,),
    )


class SlowDevice(MemoryDevice):
    """A twin that takes its time: for each call, and one commit after the other."""

    call_s = 0.0

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._one_commit = threading.Lock()
        self._committed = 0
        self._committing_s = 0.0

    def partitions(self) -> frozenset[str]:
        """See Device."""
        time.sleep(self.call_s)
        return super().partitions()

    def stamps(self, partition: str) -> Any:
        """See Device."""
        time.sleep(self.call_s)
        return super().stamps(partition)

    def read(self, partition: str) -> Any:
        """See Device."""
        time.sleep(self.call_s)
        return super().read(partition)

    def create_partition(self, partition: str) -> bool:
        """See Device."""
        time.sleep(self.call_s)
        return super().create_partition(partition)

    def commit(self, steps: Sequence[Step], stamps: Collection[str] = ()) -> None:
        """See Device: the steps are queued beside others' commits, the commit is alone."""
        time.sleep(self.call_s * (len(steps) + 1))
        with self._one_commit:
            begun_s = time.monotonic()
            time.sleep(self.call_s)
            super().commit(steps, stamps)
            self._committed += 1
            self._committing_s += time.monotonic() - begun_s

    def tally(self) -> tuple[int, float]:
        """Return how many commits there were, and how long they took together."""
        return self._committed, self._committing_s


DEVICE = SlowDevice("unnamed")  # the one that the process of Devices serves


def _become(name: str, call_s: float) -> None:
    DEVICE.name, DEVICE.call_s = name, call_s


class Devices(BaseManager):
    """Serves one in-memory device to other processes. key: what they must know."""

    def __init__(self, name: str, call_s: float = 0.0) -> None:
        self.key = secrets.token_bytes(16)
        super().__init__(("127.0.0.1", 0), authkey=self.key)
        self.start(_become, (name, call_s))


Devices.register("device", callable=lambda: DEVICE)


@dataclass(frozen=True, slots=True)
class SharedPlan:
    """An agent whose device is in another process: its number and group, and where that is."""

    number: int
    group: int
    address: Any  # as multiprocessing has it
    key: bytes


def run_agent_of_shared_device(place: Place, plan: SharedPlan, told: Connection) -> None:
    """Be one agent whose device is in another process; end when told anything, or by SIGKILL."""
    logging.disable(logging.ERROR)
    manager = SharedDevices(plan.address, authkey=plan.key)
    manager.connect()
    shared = manager.device()  # type: ignore[attr-defined]  # registered below
    settings = AgentSettings(
        place.environment, host_of(plan.number), GroupNumber(plan.group), metrics={},
        save_interval_s=0.0,
    )  # fmt: skip
    agent_on(place, settings, lambda may_write: SharedDevice(shared, may_write)).start()
    told.send("has started")
    told.recv()
    os._exit(0)


class SharedDevices(BaseManager):
    """Reaches the device that another process serves."""


SharedDevices.register("device")


class SharedDevice:
    """An in-memory device of another process, behind this agent's lease."""

    requests = 0
    is_unsaved = False

    def __init__(self, shared: Any, may_write: Callable[[], None]) -> None:
        self._shared = shared
        self._may_write = may_write
        self.name = shared.identity().serial
        self.room = Room(5)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shared, name)

    def create_partition(self, partition: str) -> bool:
        """See Device."""
        self._may_write()
        return bool(self._shared.create_partition(partition))

    def delete_partition(self, partition: str) -> None:
        """See Device."""
        self._may_write()
        self._shared.delete_partition(partition)

    def commit(self, steps: Sequence[Any], stamps: Collection[str] = ()) -> None:
        """See Device."""
        self._may_write()
        self._shared.commit(steps, stamps)

    def close(self) -> None:
        """See Device; the other process keeps it."""
