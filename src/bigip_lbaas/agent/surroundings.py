"""What an agent stands on; all of it is given, so that a test can give its own."""

import random
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

from bigip_lbaas.agent.level import Leveller
from bigip_lbaas.agent.measures import AgentMeasures, Unmeasured
from bigip_lbaas.agent.settings import Clock
from bigip_lbaas.bus.port import Bus


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an agent stands on.

    leveller: brings one device level with a task, and remembers the partitions. jitter: a number
    in 0..1, new each time. pool: on what devices are talked to at the same time; threads of its
    own by default.
    """

    bus: Bus
    clock: Clock
    leveller: Leveller
    jitter: Callable[[], float] = random.random
    pool: Executor | None = None
    measures: AgentMeasures = field(default_factory=Unmeasured)
