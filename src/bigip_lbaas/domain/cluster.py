"""How the devices of a group get what is written: all from us, or one from us and the rest by sync.

The one that is written then is the group's source. Controllers choose it; agents tell how they see
the devices.
"""

from dataclasses import dataclass

EACH, SYNC = "each", "sync"  # device_sync
EQUAL, OVERLAP = "equal", "overlap"  # device_set


@dataclass(frozen=True, slots=True)
class Sight:
    """One device as one agent sees it. device: its serial number.

    away_s: for how long it has not been reached; 0.0: it answered when it was last asked.
    is_level: when its peers were last connected it said that the group is in sync.
    """

    device: str
    away_s: float = 0.0
    is_level: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """How an agent says that its group's devices are written, and which of them it must name."""

    device_sync: str = EACH
    device_set: str = EQUAL
