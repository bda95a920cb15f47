"""Agents and controllers whose every request and message a test holds in its hand.

The product's own agents and controllers, on the in-memory twins of store and device. Each agent
process is two coroutines, one that works and one that beats; they stop at every request to a
device and every question to a controller, until the test lets them go on. So a process can be
frozen anywhere, killed anywhere, and what it sent can come at any time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.level import Leveller
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.service import Agent
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.surroundings import Surroundings
from bigip_lbaas.bus import topics
from bigip_lbaas.domain.errors import DeviceUnreachable, NoAnswer, OutcomeUnknown, ProviderError
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.port import Device
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.ltm.state import Action, Step
from bigip_lbaas.reconcile.render import RenderSettings
from tests.integration.world import Inline
from tests.property.writing_law import Law, Writing

ENVIRONMENT = EnvironmentName("dev")
GROUP = GroupNumber(1)
IDLE = "idle"
SWEEP_EVERY_S = 4.0
NOT_WRITTEN_SINCE = float("inf")


@dataclass(eq=False)
class Awaited:
    """What a coroutine waits for: the answer of a device or a controller."""

    process: "Process"
    name: str
    carry_out: Callable[[], Any]
    is_over: bool = False
    was_sent: bool = True  # still on its way, or with whom it was for
    result: Any = None
    error: BaseException | None = None

    def end(self, result: Any = None, error: BaseException | None = None) -> None:
        """Let the coroutine go on with this, unless it has gone on already."""
        if not self.is_over:
            self.is_over, self.result, self.error = True, result, error

    def arrive(self) -> None:
        """Let it be carried out now, wanted or not; its answer goes to whoever still waits."""
        self.was_sent = False
        try:
            self.end(self.carry_out())
        except ProviderError as error:
            self.end(error=error)


class Coroutine:
    """One of a process's threads."""

    def __init__(self, work: Callable[[], None]) -> None:
        """Stand before the first step."""
        self.waits_for: Any = None  # None: runnable; IDLE; a time; an Awaited
        self._hub = getcurrent()
        self._greenlet = greenlet(work)

    def is_ready(self, now_s: float) -> bool:
        """Return whether it can go on."""
        if self._greenlet.dead:
            return False
        match self.waits_for:
            case float() as until_s:
                return until_s <= now_s
            case Awaited() as awaited:
                return awaited.is_over
        return True

    def resume(self) -> None:
        """Go on until it waits again."""
        self.waits_for = None
        self._greenlet.switch()

    def wait(self, for_what: Any) -> None:
        """Stop here, called from inside, until somebody resumes it."""
        self.waits_for = for_what
        self._hub.switch()

    def kill(self) -> None:
        """End it wherever it stands."""
        if not self._greenlet.dead:
            self._greenlet.throw(GreenletExit)


class Process:
    """One process of an agent; several of one agent may be there: one frozen, its successor."""

    def __init__(self, fleet: "Fleet", host: str, number: int) -> None:
        """Start it; it has not done anything yet."""
        self.fleet = fleet
        self.host = host
        self.name = f"{host}#{number}"
        self.is_frozen = False
        self.is_slow = False  # it beats, but its work stands still
        self.is_dead = False
        settings = AgentSettings(ENVIRONMENT, host, GROUP)
        self.agent_id = settings.agent_id
        self.life = Life(fleet.monotonic_s)
        members = tuple(Member(self._link(device)) for device in fleet.devices.values())
        group = DeviceGroup(settings, fleet.monotonic_s, members)
        leveller = Leveller(
            Naming(ENVIRONMENT),
            RenderSettings(),
            self.life.may_write_to,
            fleet.monotonic_s,
            self.life.see,
        )
        around = Surroundings(self, fleet, leveller, lambda: 0.5, Inline())
        self.agent = Agent(settings, group, self.life, around)
        self.worker, self.beater = Coroutine(self._work), Coroutine(self._beat)
        self.sweeper = Coroutine(self._sweep)
        self.coroutines = (self.worker, self.beater, self.sweeper)

    def _link(self, device: MemoryDevice) -> Device:
        return Link(self, device)  # type: ignore[return-value]

    def _work(self) -> None:
        while True:
            if not self.agent.work_once():
                self.worker.wait(IDLE)

    def _beat(self) -> None:
        while True:
            pause_s = self.agent.beat_once()
            self.beater.wait(float(self.fleet.now_s + pause_s))

    def _sweep(self) -> None:
        while True:
            self.sweeper.wait(float(self.fleet.now_s + SWEEP_EVERY_S))
            self.agent.chores.strays.sweep_once()

    def kill(self) -> None:
        """End it here and now; what it has sent stays on its way."""
        self.is_dead = True
        for coroutine in self.coroutines:
            coroutine.kill()

    def await_(self, awaited: Awaited) -> Any:
        """Wait for an answer, in whichever coroutine this is."""
        for coroutine in self.coroutines:
            if coroutine._greenlet is getcurrent():
                coroutine.wait(awaited)
        if awaited.error is not None:
            raise awaited.error
        return awaited.result

    def breathe(self) -> None:
        """Give others the chance to act before the next request."""
        for coroutine in self.coroutines:
            if coroutine._greenlet is getcurrent():
                coroutine.wait(None)

    # -- the bus, as this process has it

    def cast(self, topic: str, method: str, payload: Mapping[str, Any]) -> None:
        """Send a message, unless this process is no more."""
        if not self.is_dead:
            self.fleet.cast(topic, method, payload)

    def call(
        self, topic: str, method: str, payload: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any]:
        """Ask a controller; the test says when it hears, and when its answer arrives."""
        del topic, timeout_s
        plain = dict(payload)
        question = Awaited(self, method, lambda: self.fleet.answer(method, plain))
        self.fleet.questions.append(question)
        answer: dict[str, Any] = self.await_(question)
        return answer

    def serve(self, *_arguments: Any) -> Any:
        """Nothing serves here: messages are delivered by hand."""
        raise AssertionError("not used")

    def close(self) -> None:
        """Nothing is open."""


class Link:
    """A device as one process reaches it: reads take several requests, writes are on their way."""

    def __init__(self, process: Process, device: MemoryDevice) -> None:
        self._process = process
        self._device = device
        self._fleet = process.fleet
        self.name = device.name
        self.requests = 0
        self.room = device.room
        self.is_unsaved = False

    def _reach(self) -> None:
        if (self._process.host, self.name) in self._fleet.cut or self.name in self._fleet.off:
            raise DeviceUnreachable(self.name, "gives no answer")

    def close(self) -> None:
        """Nothing is open."""

    def identity(self) -> Any:
        self._reach()
        return self._device.identity()

    def __getattr__(self, name: str) -> Any:
        """Return a reading method of the device."""

        def reading(*arguments: Any) -> Any:
            self._process.breathe()
            self._reach()
            return getattr(self._device, name)(*arguments)

        return reading

    def read(self, partition: str) -> Any:
        """Read in two requests, between which others may write."""
        halves = []
        for _ in range(2):
            self._process.breathe()
            self._reach()
            halves.append(self._device.read(partition))
        first = {path: a for path, a in halves[0].items() if path.collection != kinds.VIRTUAL}
        return first | {p: a for p, a in halves[1].items() if p.collection == kinds.VIRTUAL}

    def create_partition(self, partition: str) -> bool:
        found: bool = self._write(
            lambda: self._device.create_partition(partition), {partition: ((), ())}
        )
        return found

    def delete_partition(self, partition: str) -> None:
        self._write(lambda: self._device.delete_partition(partition), {partition: ((), ())})

    def commit(self, steps: list[Step], stamps: Any = ()) -> None:
        parts: dict[str, tuple[list[str], list[str]]] = {}
        for step in steps:
            put, taken = parts.setdefault(step.path.partition, ([], []))
            if step.path.collection == kinds.DATA_GROUP:
                (put if step.action is Action.CREATE else taken).append(step.path.name)
        self._write(lambda: self._device.commit(tuple(steps), stamps), parts)

    def _write(self, carry_out: Callable[[], Any], parts: Mapping[str, Any]) -> Any:
        self._process.breathe()
        self._reach()
        self._process.life.may_write()
        writings = [
            Writing(
                self._process.name,
                self._process.agent_id,
                self.name,
                partition,
                frozenset(put),
                frozenset(taken),
                sweeps=not put and self._process.sweeper._greenlet is getcurrent(),
            )
            for partition, (put, taken) in parts.items()
        ]
        for writing in writings:
            self._fleet.law.begun(self._fleet.now_s, writing)

        def done() -> Any:
            if self.name in self._fleet.off:
                raise DeviceUnreachable(self.name, "is off")
            before = {w.partition: self._fleet.stamps_on(self.name, w.partition) for w in writings}
            result = carry_out()
            self._fleet.count()
            if self._fleet.forgot.get(self.name) == NOT_WRITTEN_SINCE:
                self._fleet.forgot[self.name] = self._fleet.events
            for writing in writings:
                self._fleet.law.done(self._fleet.now_s, writing, before[writing.partition])
            return result

        flight = Awaited(self._process, self.name, done)
        self._fleet.flights.append(flight)
        return self._process.await_(flight)


@dataclass
class Fleet:
    """Processes, their devices, and everything that is on its way."""

    law: Law
    answer: Callable[[str, dict[str, Any]], dict[str, Any]]  # of some controller
    cast: Callable[[str, str, Mapping[str, Any]], None]
    devices: dict[str, MemoryDevice] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    questions: list[Awaited] = field(default_factory=list)  # to controllers
    flights: list[Awaited] = field(default_factory=list)  # writes to devices
    off: set[str] = field(default_factory=set)
    cut: set[tuple[str, str]] = field(default_factory=set)  # host, device
    now_s: float = 1000.0
    saved: dict[str, Any] = field(default_factory=dict)
    events: int = 0  # that have happened: it orders what happens at the same time
    forgot: dict[str, float] = field(default_factory=dict)  # device -> first write after a reboot

    def count(self) -> int:
        """Return the number of one more event."""
        self.events += 1
        return self.events

    def monotonic_s(self) -> float:
        return self.now_s

    def time_s(self) -> float:
        return self.now_s

    def wait(self, pause: Any, timeout_s: float) -> bool:
        raise AssertionError("not used")

    def start(self, host: str) -> Process:
        """Start a process of the agent on that host."""
        process = Process(self, host, len(self.processes) + 1)
        self.processes.append(process)
        return process

    def living(self) -> list[Process]:
        return [process for process in self.processes if not process.is_dead]

    def stamps_on(self, device: str, partition: str) -> frozenset[str]:
        """Return the names of a partition's data groups."""
        return frozenset(
            path.name
            for path in self.devices[device].objects
            if path.partition == partition and path.collection == kinds.DATA_GROUP
        )

    # -- what may happen

    def kill(self, process: Process) -> None:
        process.kill()

    def run(self, process: Process, steps: int, until: Callable[[], bool] = lambda: False) -> bool:
        """Let a process take steps; return whether it took any that led anywhere."""
        moved = False
        for _ in range(steps):
            ready = [
                each
                for each in process.coroutines[process.is_slow :]
                if each.is_ready(self.now_s) and not (moved and each.waits_for == IDLE)
            ]
            if process.is_frozen or process.is_dead or until() or not ready:
                return moved
            for each in ready:
                was_idle = each.waits_for == IDLE
                each.resume()
                moved = moved or not (was_idle and each.waits_for == IDLE)
        return moved

    def give_up(self, flight: Awaited) -> None:
        """Let the sender wait no longer for a device; what it sent may still come."""
        flight.end(error=OutcomeUnknown(flight.name, "no answer to a commit"))

    def lose(self, question: Awaited) -> None:
        """Let the answer, or the question if it has not been heard, get lost."""
        question.end(error=NoAnswer(f"{question.name}: no answer"))

    def execute(self, flight: Awaited) -> None:
        self.flights.remove(flight)
        flight.arrive()

    def hear(self, question: Awaited) -> None:
        self.questions.remove(question)
        question.arrive()

    def save(self, name: str) -> None:
        device = self.devices[name]
        self.saved[name] = device.image()

    def reboot(self, name: str) -> None:
        """Come back with what was saved; nothing that was on its way survives."""
        device = self.devices[name]
        device.load(self.saved.get(name, {"Common": {}}))
        for flight in [each for each in self.flights if each.name == name]:
            self.flights.remove(flight)
            flight.end(error=OutcomeUnknown(name, "no answer to a commit"))
        self.forgot[name] = NOT_WRITTEN_SINCE


def queue_of(agent_id: str) -> str:
    """Return the queue of an agent."""
    return topics.agent_queue(ENVIRONMENT, agent_id)
