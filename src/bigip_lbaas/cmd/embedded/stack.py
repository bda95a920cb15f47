"""The whole service in one process: API, driver, controllers, agents, and simulated devices."""

import gc
import logging
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bigip_lbaas.agent.service import Agent
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.bus.oslo import OsloBus, private_conf
from bigip_lbaas.cmd.building import Onlookers, SystemClock, build_agent
from bigip_lbaas.cmd.embedded.api import EmbeddedApi
from bigip_lbaas.cmd.embedded.halting import (
    Gate,
    GatedBus,
    GatedClock,
    gated_device,
)
from bigip_lbaas.cmd.embedded.simulators import (
    DEVICES_OF_GROUP,
    USERNAME,
    Simulator,
    Simulators,
)
from bigip_lbaas.cmd.metrics import load_metrics
from bigip_lbaas.cmd.octavia_conf import PROVIDER
from bigip_lbaas.cmd.running import pass_over_what_is_loaded
from bigip_lbaas.cmd.state_dir import locked
from bigip_lbaas.controller.service import Controller
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.surroundings import Surroundings
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.domain.placement import PlacementRules
from bigip_lbaas.icontrol.port import Device
from bigip_lbaas.icontrol.rest import RestDevice
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.provider.octavia import driver
from bigip_lbaas.provider.octavia.api_sockets import ApiOwners, PatientLibrary, Sockets
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.provider.octavia.status_agent import StatusAgent
from bigip_lbaas.provider.octavia.status_sender import StatusSender
from bigip_lbaas.scheduling.capacity_policy import CapacityPolicy
from bigip_lbaas.store import schema
from bigip_lbaas.store.sql import SqlStore

LOG = logging.getLogger(__name__)

ENVIRONMENT = EnvironmentName("Project")
BUS_URL = "kombu+memory://localhost/"
EXCHANGE = "bigip_lbaas"
AGENTS_PER_GROUP = 2
CONTROLLERS = 2


@dataclass(frozen=True, slots=True)
class StackSettings:
    """What can be told to an embedded stack.

    port 0: any free one. data_plane False: the devices answer, but carry no traffic.
    """

    state_dir: Path
    port: int
    policy: CapacityPolicy
    rules: PlacementRules = field(default_factory=PlacementRules)
    report_interval_s: float = 1.0
    data_plane: bool = True


class RunningAgent:
    """One embedded agent with the gate by which it can be halted."""

    def __init__(self, agent: Agent, settings: AgentSettings, gate: Gate) -> None:
        """Keep the parts of an agent that is about to be started."""
        self.agent = agent
        self.settings = settings
        self._gate = gate

    def halt(self) -> None:
        """Freeze it: from now on each call to clock, bus or device blocks for ever."""
        self._gate.shut()

    def stop(self) -> None:
        """Stop it; a halted one is let go of as its process would be."""
        self._gate.dissolve()
        with suppress(SystemExit):  # a halted one does not log out of its devices
            self.agent.stop(says_goodbye=not self._gate.is_shut)


class Stack:
    """An embedded stack. `start` may be called once."""

    def __init__(self, settings: StackSettings) -> None:
        """Keep the settings; nothing runs yet."""
        self.settings = settings
        self.api = EmbeddedApi(settings.state_dir / "octavia", settings.port)
        self.simulators = Simulators(
            settings.state_dir / "devices", settings.state_dir / "devices.log"
        )
        self.agents: dict[str, RunningAgent] = {}
        self.store: SqlStore
        self._statuses_wait = threading.Event()
        self._clean_up = ExitStack()

    def start(self) -> None:
        """Start everything. Raises ConfigurationRefused or ProviderError; then nothing is left."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything in the reverse order; the state stays in its directory."""
        self._clean_up.close()

    def device(self, name: str) -> Simulator:
        """Return a simulated device."""
        return self.simulators.devices[name]

    def _start(self) -> None:
        state_dir = self.settings.state_dir
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clean_up.enter_context(locked(state_dir))
        self._clean_up.callback(self.simulators.stop)
        all_names = [name for names in DEVICES_OF_GROUP.values() for name in names]
        self.simulators.start(all_names, self.settings.data_plane)
        url = f"sqlite:///{(state_dir / 'bigip-lbaas.db').absolute()}"
        schema.upgrade(url)
        self.store = SqlStore(url)
        self._clean_up.callback(self.store.close)
        for number in range(1, CONTROLLERS + 1):
            self._start_controller(f"controller-{number}")
        owners = ApiOwners(self._library())
        door = Door(self.store, self._bus(), ENVIRONMENT, owner_of_pool=owners.of_pool)
        driver.connect(PROVIDER, door)
        self._clean_up.callback(driver.disconnect, PROVIDER)
        self.api.start()
        self._clean_up.callback(self.api.stop)
        self.simulators.wait_until_ready()
        for names in DEVICES_OF_GROUP.values():
            if len(names) > 1:
                self.simulators.pair(*names)
        self._start_agents()
        self._start_status_agent(door)
        self._clean_up.callback(gc.set_threshold, *gc.get_threshold())
        pass_over_what_is_loaded()

    def _bus(self) -> OsloBus:
        """Return a connection to the bus, one for each part, as each would have in a cloud."""
        bus = OsloBus(private_conf(), BUS_URL, EXCHANGE)
        self._clean_up.callback(bus.close)
        return bus

    def _start_controller(self, name: str) -> None:
        settings = ControllerSettings(ENVIRONMENT, name, self.settings.rules)
        around = Surroundings(
            self.store,
            self._bus(),
            SystemClock().monotonic_s,
            statuses_wait=self._statuses_wait.set,
        )
        controller = Controller(settings, around)
        controller.start()
        self._clean_up.callback(controller.stop)

    def _start_agents(self) -> None:
        password = self.simulators.password_file.read_text(encoding="ascii").strip()
        number = 0
        metrics = load_metrics().usable
        for group, names in DEVICES_OF_GROUP.items():
            endpoints = tuple(self._endpoint(name, password) for name in names)
            for _ in range(AGENTS_PER_GROUP):
                number += 1
                settings = AgentSettings(
                    ENVIRONMENT,
                    f"host-{number}",
                    group,
                    self.settings.policy,
                    report_interval_s=self.settings.report_interval_s,
                    metrics=metrics,
                )
                self._start_agent(settings, endpoints)

    def _endpoint(self, name: str, password: str) -> Endpoint:
        address = self.device(name).management
        ca_file = str(self.simulators.ca_file)
        return Endpoint(name, f"https://{address}", USERNAME, password, ca_file)

    def _start_agent(self, settings: AgentSettings, endpoints: tuple[Endpoint, ...]) -> None:
        gate = Gate()

        def device_of(endpoint: Endpoint, may_write: Callable[[], None]) -> Device:
            return gated_device(lambda allowed: RestDevice(endpoint, allowed), gate, may_write)

        agent = build_agent(
            settings,
            endpoints,
            GatedBus(self._bus(), gate),
            GatedClock(SystemClock(), gate),
            device_of,
            Onlookers(lambda _member, said: LOG.warning("%s: %s", settings.agent_id, said)),
        )
        running = RunningAgent(agent, settings, gate)
        self.agents[settings.agent_id] = running
        agent.start()
        self._clean_up.callback(running.stop)

    def _library(self) -> PatientLibrary:
        paths = self.api.sockets
        return PatientLibrary(Sockets(*map(str, (paths.status, paths.stats, paths.get))))

    def _start_status_agent(self, door: Door) -> None:
        holder = f"embedded:{os.getpid()}"
        sender = StatusSender(door=door, library=self._library(), holder=holder)
        agent = StatusAgent(sender, self._statuses_wait)
        agent.start()
        self._clean_up.callback(agent.stop)
