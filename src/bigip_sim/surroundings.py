"""What a write may look at besides the configuration: release, clock, uploaded files."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bigip_sim.versions import at_least


def _no_file(_path: str) -> bytes | None:
    return None


def _no_resolver(_name: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The rest of the device, as far as its configuration depends on it."""

    version: str = "15.1.8"
    clock: Callable[[], float] = time.time  # -> seconds since the epoch
    uploaded: Callable[[str], bytes | None] = (
        _no_file  # path, or `file:/path` -> the bytes, if there
    )
    hostname: str = "bigip-1"
    address: str = "127.0.0.1"  # of the management port
    build: str = "0.0.10"
    resolve: Callable[[str], tuple[str, ...] | None] = _no_resolver  # name -> addresses

    def at_least(self, release: str) -> bool:
        """Whether the device's release is this one or later."""
        return at_least(self.version, release)

    def now(self) -> str:
        """Return the time as the device writes it, such as 2019-11-13T19:29:49Z."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock()))
