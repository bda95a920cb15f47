"""Builds controllers and agents from their settings; the one place that knows how they fit."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.level import Leveller
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.measures import AgentMeasures, Unmeasured
from bigip_lbaas.agent.pacing import rest_s
from bigip_lbaas.agent.service import Agent
from bigip_lbaas.agent.settings import AgentSettings, Clock, Pause
from bigip_lbaas.agent.surroundings import Surroundings as AgentSurroundings
from bigip_lbaas.bus.port import Bus
from bigip_lbaas.icontrol.port import Device
from bigip_lbaas.icontrol.rest import RestDevice
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.reconcile.render import RenderSettings

DeviceOf = Callable[[Endpoint, Callable[[], None]], Device]


@dataclass(frozen=True, slots=True)
class Onlookers:
    """Who is told what goes on in an agent. heard: of each change of how a device does."""

    heard: Callable[[Member, str], None] = lambda _member, _said: None
    measures: AgentMeasures = field(default_factory=Unmeasured)


class SystemClock:
    """The clock of this machine."""

    def monotonic_s(self) -> float:
        """See Clock."""
        return time.monotonic()

    def time_s(self) -> float:
        """See Clock."""
        return time.time()

    def wait(self, pause: Pause, timeout_s: float) -> bool:
        """See Clock."""
        return pause.wait(timeout_s)


def build_agent(
    settings: AgentSettings,
    endpoints: Sequence[Endpoint],
    bus: Bus,
    clock: Clock | None = None,
    device_of: DeviceOf = RestDevice,
    onlookers: Onlookers = Onlookers(),
) -> Agent:
    """Return an agent that has not been started. Nothing is connected to yet."""
    clock = clock or SystemClock()
    life = Life(clock.monotonic_s)
    members = tuple(Member(device_of(endpoint, life.may_write)) for endpoint in endpoints)
    group = DeviceGroup(settings, clock.monotonic_s, members, onlookers.heard)
    group.jitter = random.random
    leveller = Leveller(
        Naming(settings.environment),
        RenderSettings(settings.traffic_groups),
        life.may_write_to,
        clock.monotonic_s,
        life.see,
        rest=lambda met: time.sleep(rest_s(met, random.random())),
    )
    around = AgentSurroundings(bus, clock, leveller, measures=onlookers.measures)
    return Agent(settings, group, life, around)
