"""Counters of traffic, and rates that can be set by hand instead of being measured."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Protocol

# What one connection costs beside its payload, and how much payload one packet holds. Packets are
# derived from bytes, because the data plane does not count them.
PACKETS_PER_CONNECTION = 3
PAYLOAD_PER_PACKET = 1460


@dataclass(frozen=True, slots=True)
class Counters:
    """What one virtual server or member has carried; all cumulative but `current`."""

    bytes_in: int = 0
    bytes_out: int = 0
    current: int = 0
    maximum: int = 0
    total: int = 0
    requests: int = 0

    def __add__(self, other: "Counters") -> "Counters":
        return Counters(
            self.bytes_in + other.bytes_in,
            self.bytes_out + other.bytes_out,
            self.current + other.current,
            max(self.maximum, other.maximum),
            self.total + other.total,
            self.requests + other.requests,
        )

    def packets(self, count_bytes: int) -> int:
        """Return an estimate of the packets that so many bytes took."""
        return count_bytes // PAYLOAD_PER_PACKET + PACKETS_PER_CONNECTION * self.total


NOTHING = Counters()


@dataclass(frozen=True, slots=True)
class Rates:
    """What goes through the device per second, and what is open."""

    active_connections: float = 0.0
    throughput_in: float = 0.0  # bits per second
    throughput_out: float = 0.0  # bits per second
    ssl_tps: float = 0.0
    cpu: float = 5.0  # per cent
    memory: float = 30.0  # per cent of the data plane's memory


class Traffic(Protocol):
    """Where counters come from."""

    def virtual(self, name: str) -> Counters:
        """Return what a virtual server has carried."""

    def member(self, pool: str, member: str) -> Counters:
        """Return what a pool member has carried."""

    def totals(self) -> Counters:
        """Return what the whole device has carried on its client side."""

    def rates(self) -> Rates:
        """Return the measured rates."""


@dataclass(frozen=True, slots=True)
class Set:
    """One rate set by hand, and what it amounts to so far."""

    value: float
    amount: float = 0.0
    since: float = 0.0


class UnknownRateError(ValueError):
    """A rate that is not known, or a value that it cannot have."""


class HandRates:
    """Rates set by hand; what is set replaces what is measured, and counters follow it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._set: dict[str, Set] = {}
        self._amounts: dict[str, float] = {}  # what earlier settings amounted to

    def set(self, wanted: Mapping[str, object]) -> None:
        """Set rates; None returns one to what is measured."""
        known = {f.name for f in fields(Rates)}
        for name, value in wanted.items():
            if name not in known:
                text = f"unknown rate {name}; known are {', '.join(sorted(known))}"
                raise UnknownRateError(text)
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, int | float) or value < 0
            ):
                raise UnknownRateError(f"{name} must be a number that is not negative or null")
        with self._lock:
            for name, value in wanted.items():
                self._amounts[name] = self._amount(name)
                self._set.pop(name, None)
                if isinstance(value, int | float):
                    self._set[name] = Set(float(value), 0.0, self._clock())

    def clear(self) -> None:
        """Return every rate to what is measured."""
        self.set(dict.fromkeys(list(self._set)))

    def over(self, measured: Rates) -> Rates:
        """Return the measured rates with those set by hand in their place."""
        with self._lock:
            values = {f.name: getattr(measured, f.name) for f in fields(Rates)}
            values.update({name: hand.value for name, hand in self._set.items()})
            return Rates(**values)

    def amount(self, name: str) -> int:
        """Return what a rate set by hand has amounted to, for the cumulative counters."""
        with self._lock:
            return int(self._amount(name))

    def _amount(self, name: str) -> float:
        hand = self._set.get(name)
        running = hand.value * (self._clock() - hand.since) if hand is not None else 0.0
        return self._amounts.get(name, 0.0) + running


class Idle:
    """The traffic and the monitors of a device whose data plane is off.

    Monitored members are taken as `monitored`, which can be set by hand, all or one by one.
    """

    def __init__(self) -> None:
        self.monitored = "up"
        self.members: Mapping[str, str] = {}  # "/P/pool /P/host:port" -> up, down or checking

    def virtual(self, name: str) -> Counters:  # noqa: ARG002
        """Nothing goes through."""
        return NOTHING

    def member(self, pool: str, member: str) -> Counters:  # noqa: ARG002
        """Nothing goes through."""
        return NOTHING

    def totals(self) -> Counters:
        """Nothing goes through."""
        return NOTHING

    def rates(self) -> Rates:
        """Nothing goes through."""
        return Rates()

    def result(self, pool: str, member: str) -> str:
        """Return what was set by hand."""
        return self.members.get(f"{pool} {member}", self.monitored)

    def node_result(self, node: str) -> str:  # noqa: ARG002
        """Return what was set by hand."""
        return self.monitored
