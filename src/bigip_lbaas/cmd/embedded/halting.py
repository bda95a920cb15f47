"""Halts one agent in the middle of whatever it does, as a frozen process would be halted.

From one instant every call of its threads to clock, bus or device blocks for ever; no shut-down
code runs. The threads can be let go when the whole process ends.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from bigip_lbaas.agent.settings import Clock, Pause
from bigip_lbaas.bus.port import Bus, Endpoint, Server
from bigip_lbaas.icontrol.port import Device


class Gate:
    """Open until it is shut; whoever comes to a shut gate stays there."""

    def __init__(self) -> None:
        """Begin open."""
        self._shut = threading.Event()
        self._over = threading.Event()

    @property
    def is_shut(self) -> bool:
        """Return whether it has been shut."""
        return self._shut.is_set()

    def shut(self) -> None:
        """Let nobody through any more."""
        self._shut.set()

    def dissolve(self) -> None:
        """End the threads that stand here: each goes on to a SystemExit, which ends it silently."""
        self._over.set()

    def go_through(self) -> None:
        """Return if the gate is open; stay here otherwise."""
        if self._shut.is_set():
            self._over.wait()
            raise SystemExit


class GatedClock:
    """A clock behind a gate."""

    def __init__(self, clock: Clock, gate: Gate) -> None:
        """Put the gate before the clock."""
        self._clock = clock
        self._gate = gate

    def monotonic_s(self) -> float:
        """See Clock."""
        self._gate.go_through()
        return self._clock.monotonic_s()

    def time_s(self) -> float:
        """See Clock."""
        self._gate.go_through()
        return self._clock.time_s()

    def wait(self, pause: Pause, timeout_s: float) -> bool:
        """See Clock."""
        self._gate.go_through()
        is_set = self._clock.wait(pause, timeout_s)
        self._gate.go_through()
        return is_set


class GatedBus:
    """A bus behind a gate, in both directions."""

    def __init__(self, bus: Bus, gate: Gate) -> None:
        """Put the gate before the bus."""
        self._bus = bus
        self._gate = gate

    def cast(self, topic: str, method: str, payload: Mapping[str, Any]) -> None:
        """See Bus."""
        self._gate.go_through()
        self._bus.cast(topic, method, payload)

    def call(
        self, topic: str, method: str, payload: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any]:
        """See Bus."""
        self._gate.go_through()
        answer = self._bus.call(topic, method, payload, timeout_s)
        self._gate.go_through()
        return answer

    def serve(
        self, topic: str, server: str, endpoints: Mapping[str, Endpoint], workers: int
    ) -> Server:
        """See Bus."""
        gated = {name: self._gated(endpoint) for name, endpoint in endpoints.items()}
        return self._bus.serve(topic, server, gated, workers)

    def close(self) -> None:
        """See Bus."""
        self._bus.close()

    def _gated(self, endpoint: Endpoint) -> Endpoint:
        def answer(payload: dict[str, Any]) -> dict[str, Any] | None:
            self._gate.go_through()
            return endpoint(payload)

        return answer


def gated_device(
    device_of: Callable[[Callable[[], None]], Device], gate: Gate, may_write: Callable[[], None]
) -> Device:
    """Return a device behind a gate: every method, and every single write request."""

    def may_still_write() -> None:
        gate.go_through()
        may_write()

    return cast("Device", _GatedDevice(device_of(may_still_write), gate))


class _GatedDevice:
    """Every attribute of a device; methods go through the gate first."""

    def __init__(self, device: Device, gate: Gate) -> None:
        self._device = device
        self._gate = gate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._device, name)
        if not callable(found):
            return found

        def method(*arguments: Any, **named: Any) -> Any:
            self._gate.go_through()
            return found(*arguments, **named)

        return method
