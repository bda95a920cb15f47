"""Controllers and many agents in processes of their own, on RabbitMQ and MariaDB, for benchmarks.

An agent is the product's own, each with its own connections to the broker; only its devices are
in-memory twins. Controllers count what they write.
"""

import logging
import multiprocessing
import os
import resource
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.servers import SERVERS
from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.level import Leveller
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.service import Agent
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.surroundings import Surroundings as AgentSurroundings
from bigip_lbaas.bus.oslo import OsloBus, private_conf
from bigip_lbaas.cmd.building import SystemClock
from bigip_lbaas.cmd.lab.servers import Belongings
from bigip_lbaas.cmd.running import pass_over_what_is_loaded
from bigip_lbaas.controller.service import Controller
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.surroundings import Surroundings
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.store import schema
from bigip_lbaas.store.sql import SqlStore

BROKER = "rabbit://guest:guest@127.0.0.1:5672/"
PER_GROUP = 4  # agents of a device group
PER_PROCESS = 125
WITHIN_S = 600.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the processes of one run meet."""

    environment: EnvironmentName
    exchange: str
    database: str
    broker: str = BROKER


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """Agents of one process: their numbers; report_interval_s: how often each measures."""

    numbers: Sequence[int]
    report_interval_s: float
    starts_within_s: float


def host_of(number: int) -> str:
    """Return the host of an agent: one each."""
    return f"host-{number}"


def group_of(number: int) -> GroupNumber:
    """Return the device group of an agent: neighbours share one."""
    return GroupNumber(number // PER_GROUP + 1)


def agent_id(number: int) -> str:
    """Return who an agent is."""
    return f"{host_of(number)}:{group_of(number)}"


@contextmanager
def meeting_place(agents: int, controllers: int, broker: str = BROKER) -> Iterator[Place]:
    """Make a database and yield where to meet; take database, queues and exchanges away."""
    name = f"bench{secrets.token_hex(4)}"
    belongings = Belongings(
        SERVERS["mariadb"].render_as_string(),
        broker,
        f"{name}_ours",
        f"{name}_unused",
        name,
        name,
        tuple(agent_id(number) for number in range(agents)),
        tuple(f"controller-{number}" for number in range(controllers)),
    )
    belongings.make()
    try:
        schema.upgrade(belongings.our_url)
        yield Place(EnvironmentName(name), name, belongings.our_url, broker)
    finally:
        belongings.remove()


class CountingStore:
    """A store that counts its commits, by what asked for them."""

    def __init__(self, url: str) -> None:
        self._store = SqlStore(url)
        self.heartbeats = 0  # commits for heartbeats
        self.beats = 0  # heartbeats in them
        self.others = 0
        self._lock = threading.Lock()

    def write(self, work: Callable[[Any], Any]) -> Any:
        """See Store."""
        answer = self._store.write(work)
        with self._lock:
            if "HeartbeatBatches" in getattr(work, "__qualname__", ""):
                self.heartbeats += 1
                self.beats += len(answer)
            else:
                self.others += 1
        return answer

    def read(self, work: Callable[[Any], Any]) -> Any:
        """See Store."""
        return self._store.read(work)

    def close(self) -> None:
        """See Store."""
        self._store.close()


@dataclass(frozen=True, slots=True)
class Tally:
    """What a controller has done: heartbeats and the commits for them, other commits, CPU s."""

    heartbeats: int = 0
    beats: int = 0
    others: int = 0
    cpu_s: float = 0.0

    def since(self, earlier: "Tally") -> "Tally":
        """Return what has been done since then."""
        return Tally(
            self.heartbeats - earlier.heartbeats,
            self.beats - earlier.beats,
            self.others - earlier.others,
            self.cpu_s - earlier.cpu_s,
        )

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.heartbeats + other.heartbeats,
            self.beats + other.beats,
            self.others + other.others,
            self.cpu_s + other.cpu_s,
        )


def run_controller(place: Place, number: int, told: Connection) -> None:
    """Be one controller; answer each message with the tally so far, end at None."""
    logging.disable(logging.ERROR)
    settings = ControllerSettings(place.environment, f"controller-{number}")
    store = CountingStore(place.database)
    bus = OsloBus(private_conf(), place.broker, place.exchange)
    controller = Controller(settings, Surroundings(store, bus, time.monotonic))
    controller.start()
    pass_over_what_is_loaded()  # as the program does
    told.send("serves")
    while told.recv() is not None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = usage.ru_utime + usage.ru_stime
        told.send(Tally(store.heartbeats, store.beats, store.others, cpu_s))
    controller.stop()
    os._exit(0)  # its connections' threads need not be waited for


def run_agents(place: Place, plan: AgentPlan, told: Connection) -> None:
    """Be some agents, started one after the other; end when told anything, or by SIGKILL."""
    logging.disable(logging.ERROR)
    threading.stack_size(256 * 1024)
    told.send("begins")
    pause = threading.Event()
    for number in plan.numbers:
        settings = AgentSettings(
            place.environment,
            host_of(number),
            group_of(number),
            report_interval_s=plan.report_interval_s,
            save_interval_s=0.0,
            workers=1,
        )
        name = f"device-{settings.group}"
        agent_on(place, settings, partial(MemoryDevice, name)).start()
        pause.wait(plan.starts_within_s / len(plan.numbers))
    pass_over_what_is_loaded()
    told.send("all have started")
    told.recv()
    os._exit(0)


def agent_on(
    place: Place, settings: AgentSettings, device_of: Callable[[Callable[[], None]], Any]
) -> Agent:
    """Return an agent of one device. device_of: makes it, given what refuses without a lease."""
    clock = SystemClock()
    life = Life(clock.monotonic_s)
    device = device_of(life.may_write)
    group = DeviceGroup(settings, clock.monotonic_s, (Member(device),))
    leveller = Leveller(Naming(place.environment), RenderSettings(), life.may_write_to)
    bus = OsloBus(private_conf(), place.broker, place.exchange)
    return Agent(settings, group, life, AgentSurroundings(bus, clock, leveller))


@dataclass
class Processes:
    """The processes of one run; all are ended when it is left."""

    place: Place
    _started: list[tuple[Any, Connection]] = field(default_factory=list)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_what: object) -> None:
        for process, _ in self._started:
            process.kill()
            process.join()

    def start(self, work: Callable[..., None], *arguments: Any) -> tuple[Any, Connection]:
        """Start a process; return it with the way to talk to it."""
        spawning = multiprocessing.get_context("spawn")
        ours, theirs = spawning.Pipe()
        process = spawning.Process(target=work, args=(self.place, *arguments, theirs), daemon=True)
        process.start()
        theirs.close()  # so that its end is heard, too
        self._started.append((process, ours))
        return process, ours


def heard(told: Connection, within_s: float = WITHIN_S) -> Any:
    """Return what a process says. Raises TimeoutError, EOFError when it has ended."""
    if not told.poll(within_s):
        raise TimeoutError(f"a process said nothing for {within_s:g} s")
    return told.recv()


def broker_memory_mb() -> float:
    """Return the resident memory of the message brokers on this machine, in MB; 0: none."""
    return sum(_of_brokers("status", "VmRSS:")) / 1024


def broker_files() -> int:
    """Return how many files and connections the broker on this machine may have open; 0: none."""
    return max(_of_brokers("limits", "Max open files"), default=0)


def _of_brokers(file: str, before: str) -> Iterator[int]:
    """Yield the number that follows those words in that file of /proc, for each broker."""
    for comm in Path("/proc").glob("[0-9]*/comm"):
        with suppress(OSError):  # a process that has just ended
            if comm.read_text().strip() == "beam.smp":
                yield int((comm.parent / file).read_text().split(before)[1].split()[0])


def until(condition: Callable[[], bool], within_s: float = WITHIN_S, look_s: float = 0.05) -> float:
    """Wait for a condition; return how long that took, seconds. Raises TimeoutError."""
    begun_s = time.monotonic()
    while not condition():
        if time.monotonic() - begun_s > within_s:
            raise TimeoutError(f"it did not come to be within {within_s:g} s")
        time.sleep(look_s)
    return time.monotonic() - begun_s
