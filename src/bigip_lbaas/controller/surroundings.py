"""What a controller stands on; all of it is given, so that a test can give its own."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from bigip_lbaas.bus.port import Bus
from bigip_lbaas.controller.measures import ControllerMeasures, Unmeasured
from bigip_lbaas.store.port import Store


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a controller stands on.

    monotonic_s: a clock that only grows, seconds. random_hex: a new random text each time.
    statuses_wait: called when statuses were put into the outbox.
    """

    store: Store
    bus: Bus
    monotonic_s: Callable[[], float]
    random_hex: Callable[[], str] = lambda: secrets.token_hex(4)
    statuses_wait: Callable[[], None] = lambda: None
    measures: ControllerMeasures = field(default_factory=Unmeasured)
