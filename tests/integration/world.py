"""The whole line without threads, clocks or sockets: a test says what happens next.

Everything real but the edges: controllers, agents, the driver's door, with the in-memory twins of
store and devices. Messages lie in a list until the test delivers, drops or repeats them.
"""

import random
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.level import Leveller
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.measures import AgentMeasures, Unmeasured
from bigip_lbaas.agent.service import Agent
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.surroundings import Surroundings as AgentSurroundings
from bigip_lbaas.bus import topics
from bigip_lbaas.bus.port import Endpoint
from bigip_lbaas.controller.measures import ControllerMeasures
from bigip_lbaas.controller.measures import Unmeasured as NobodyMeasures
from bigip_lbaas.controller.service import Controller
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.surroundings import Surroundings
from bigip_lbaas.domain.errors import DeviceUnreachable, NoAnswer
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber
from bigip_lbaas.domain.placement import PlacementRules
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.memory_cluster import MemoryCluster
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.scheduling.capacity_policy import CapacityPolicy
from bigip_lbaas.store.memory import MemoryStore
from bigip_lbaas.wire.codec import decode
from bigip_lbaas.wire.messages import AuditOrder

ENVIRONMENT = EnvironmentName("dev")
CONTROLLERS = ("controller-1", "controller-2")


class Inline(Executor):
    """Runs what it is given at once."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it now."""
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:  # as an executor does
            future.set_exception(error)
        return future


@dataclass
class World:
    """An environment with two controllers, and as many agents and devices as are added."""

    rules: PlacementRules = field(default_factory=PlacementRules)
    pending_deadline_s: float = 240.0
    seed: int = 0
    measures_of_agent: Callable[[AgentSettings], AgentMeasures] = lambda _settings: Unmeasured()
    environment: EnvironmentName = ENVIRONMENT
    beside: "World | None" = None  # an environment whose database and devices are these, too
    audit_policy: str = "repair"

    def __post_init__(self) -> None:
        """Begin at time 1000 with no agent."""
        self.now_s = 1000.0
        self.dice = random.Random(self.seed)
        own = MemoryStore(lambda: self.now_s)
        self.store = own if self.beside is None else self.beside.store
        self.messages: list[tuple[str, str, dict[str, Any]]] = []
        self.topics: dict[str, Mapping[str, Endpoint]] = {}
        self.loses_calls = False
        self.devices: dict[str, MemoryDevice] = {} if self.beside is None else self.beside.devices
        self.off: set[str] = set()
        self.clusters: list[MemoryCluster] = []
        self.agents: dict[str, Agent] = {}
        self.members: dict[str, tuple[Any, ...]] = {}  # as add_agent was called
        self.frozen: set[str] = set()
        self.next_beat_s: dict[str, float] = {}
        self.controllers = [self._controller(name) for name in CONTROLLERS]
        self.door = Door(self.store, self, self.environment)

    # -- the bus

    def cast(self, topic: str, method: str, payload: Mapping[str, Any]) -> None:
        """Put the message on the list."""
        self.messages.append((topic, method, dict(payload)))

    def call(
        self, topic: str, method: str, payload: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any]:
        """Answer at once, or lose the question or the answer."""
        if self.loses_calls and self.dice.random() < 0.3:
            raise NoAnswer(f"{topic}.{method}: the question was lost")
        controller = self.dice.choice(self.controllers)
        answers = {"register": controller.on_registration, "heartbeat": controller.on_heartbeat}
        if topic == topics.global_queue(self.environment):
            answers = {"admit": controller.on_admission, "strays": controller.on_stray_search}
            answers["graphs"] = controller.audits.on_graphs
        answer = answers[method](dict(payload))
        if self.loses_calls and self.dice.random() < 0.1:
            raise NoAnswer(f"{topic}.{method}: the answer was lost")
        return answer

    def serve(
        self, topic: str, server: str, endpoints: Mapping[str, Endpoint], workers: int
    ) -> Any:
        """Nothing serves here: messages are delivered by hand."""
        raise AssertionError("not used")

    def close(self) -> None:
        """Nothing is open."""

    def deliver(self, index: int = 0) -> None:
        """Give one message to whom it is for; to nobody if nobody is there."""
        topic, method, payload = self.messages.pop(index)
        if topic == topics.global_queue(self.environment):
            controller = self.dice.choice(self.controllers)
            {
                "nudge": controller.on_nudge,
                "outcome": controller.on_outcome,
                "report": lambda payload: self._report(controller, payload),
                "ready": controller.on_ready,
                "sightings": controller.on_sightings,
                "drift": controller.audits.on_drift,
            }[method](payload)
            return
        for agent_id, agent in self.agents.items():
            if (
                topic == topics.agent_queue(self.environment, agent_id)
                and agent_id not in self.frozen
            ):
                {
                    "assign": agent.on_assignment,
                    "homes": agent.on_homes,
                    "measure": lambda _payload: agent.report_once(),  # noqa: B023
                    "audit": lambda payload: agent.chores.order(decode(AuditOrder, payload)),  # noqa: B023
                }[method](payload)

    @staticmethod
    def _report(controller: Controller, payload: dict[str, Any]) -> None:
        controller.on_report(payload)
        controller.reports.write_some()

    # -- parts

    def add_agent(
        self,
        host: str,
        group: int,
        devices: tuple[str, ...],
        policy: CapacityPolicy | None = None,
        **more: Any,
    ) -> str:
        """Start an agent; the same one again is a restart that remembers nothing."""
        more = {"audit_policy": self.audit_policy, **more}
        settings = AgentSettings(self.environment, host, GroupNumber(group), policy, **more)
        life = Life(lambda: self.now_s)
        members = tuple(Member(self._device(name, life.may_write)) for name in devices)
        group_of = DeviceGroup(settings, lambda: self.now_s, members)
        leveller = Leveller(Naming(self.environment), RenderSettings(), life.may_write_to)
        measures = self.measures_of_agent(settings)
        around = AgentSurroundings(self, self, leveller, lambda: 0.5, Inline(), measures)
        agent_id = settings.agent_id
        self.agents[agent_id] = Agent(settings, group_of, life, around)
        self.members[agent_id] = (devices, group, policy, more)
        self.next_beat_s[agent_id] = self.now_s
        self.frozen.discard(agent_id)
        return agent_id

    def add_cluster(self, *names: str) -> MemoryCluster:
        """Make devices one group that syncs by itself; who is off hears nobody."""
        devices = tuple(self.devices.setdefault(name, MemoryDevice(name)) for name in names)
        self.clusters.append(MemoryCluster(devices, lambda name: name in self.off))
        return self.clusters[-1]

    def restart(self, agent_id: str) -> None:
        """Start an agent's process anew."""
        devices, group, policy, more = self.members[agent_id]
        self.add_agent(agent_id.rpartition(":")[0], group, devices, policy, **more)

    def monotonic_s(self) -> float:
        """Return the one clock of this world."""
        return self.now_s

    def time_s(self) -> float:
        """Return the same: agents' clocks are the database's."""
        return self.now_s

    def wait(self, pause: Any, timeout_s: float) -> bool:
        """Nobody waits here."""
        raise AssertionError("not used")

    def measure_controllers(self, measures: ControllerMeasures) -> None:
        """Begin anew with controllers that are measured together."""
        self.controllers = [self._controller(name, measures) for name in CONTROLLERS]

    # -- what happens

    def pass_time(self, seconds: float) -> None:
        """Let the clock go on; who is alive beats, controllers watch and sweep."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s += 0.5
            for cluster in self.clusters:
                cluster.settle()
            for agent_id, agent in self.agents.items():
                if agent_id not in self.frozen and self.next_beat_s[agent_id] <= self.now_s:
                    if self.clusters:
                        agent.chores.syncs.look()
                    self.next_beat_s[agent_id] = self.now_s + agent.beat_once()
            for controller in self.controllers:
                controller.watch()
            self.controllers[0].sweep()

    def work(self) -> bool:
        """Let every agent do one task; return whether there was one."""
        agents = [agent for id_, agent in self.agents.items() if id_ not in self.frozen]
        return sum(agent.work_once() for agent in agents) > 0

    def report(self) -> None:
        """Let every agent measure and report."""
        for agent_id, agent in self.agents.items():
            if agent_id not in self.frozen:
                agent.report_once()

    def settle(self, seconds: float = 60.0, early: Callable[[], bool] = lambda: False) -> None:
        """Deliver everything, in order, and let time pass; `early` may end it before its time."""
        self.loses_calls = False
        for _ in range(int(seconds / 2)):
            self.pass_time(2.0)
            self.report()
            while self.messages or self.work():
                while self.messages:
                    self.deliver()
            if early():
                return

    def _controller(self, name: str, measures: ControllerMeasures | None = None) -> Controller:
        settings = ControllerSettings(
            self.environment,
            name,
            self.rules,
            pending_deadline_s=self.pending_deadline_s,
            heartbeat_gather_s=0.0,
        )
        numbers = iter(range(1, 10**9))
        salt = self.dice.randrange(16**4)
        around = Surroundings(
            self.store,
            self,
            lambda: self.now_s,
            lambda: f"{salt:04x}{next(numbers):06x}",
            measures=measures or NobodyMeasures(),
        )
        return Controller(settings, around)

    def _device(self, name: str, may_write: Callable[[], None]) -> Any:
        device = self.devices.setdefault(name, MemoryDevice(name))
        return _Seen(device, may_write, lambda: name in self.off)


class _Seen:
    """A device as one agent sees it: with that agent's lease before each write, or off."""

    def __init__(
        self, device: MemoryDevice, may_write: Callable[[], None], is_off: Callable[[], bool]
    ) -> None:
        self._device = device
        self._may_write = may_write
        self._is_off = is_off

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._device, name)
        if not callable(found) or name == "close":
            return found

        def method(*arguments: Any, **named: Any) -> Any:
            if self._is_off():
                raise DeviceUnreachable(self._device.name, "is off")
            if name in ("commit", "create_partition", "delete_partition", "sync_to_group"):
                self._may_write()
            return found(*arguments, **named)

        return method
