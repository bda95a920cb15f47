"""Counters of traffic, and rates that can be set by hand instead of being measured."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol

# What one connection costs beside its payload, and how much payload one packet holds. Packets are
# derived from bytes, because the data plane does not count them.
PACKETS_PER_CONNECTION = 3
PAYLOAD_PER_PACKET = 1460
NO_ANSWERS = (0, 0, 0, 0)
MOST = 1e15  # of a rate set by hand: counters of what it amounts to stay within 64 bits


@dataclass(frozen=True, slots=True)
class Counters:
    """What one virtual server or member has carried; all cumulative but `current`."""

    bytes_in: int = 0
    bytes_out: int = 0
    current: int = 0
    maximum: int = 0
    total: int = 0
    requests: int = 0
    handshakes: int = 0  # of TLS
    answers: tuple[int, int, int, int] = NO_ANSWERS  # HTTP 2xx, 3xx, 4xx, 5xx

    def __add__(self, other: "Counters") -> "Counters":
        return Counters(
            self.bytes_in + other.bytes_in,
            self.bytes_out + other.bytes_out,
            self.current + other.current,
            max(self.maximum, other.maximum),
            self.total + other.total,
            self.requests + other.requests,
            self.handshakes + other.handshakes,
            _sum(self.answers, other.answers),
        )

    def since(self, before: "Counters") -> "Counters":
        """Return what has come since an earlier moment; levels are as they are."""
        return Counters(
            max(0, self.bytes_in - before.bytes_in),
            max(0, self.bytes_out - before.bytes_out),
            self.current,
            self.maximum,
            max(0, self.total - before.total),
            max(0, self.requests - before.requests),
            max(0, self.handshakes - before.handshakes),
            _less(self.answers, before.answers),
        )

    def packets(self, count_bytes: int) -> int:
        """Return an estimate of the packets that so many bytes took."""
        return count_bytes // PAYLOAD_PER_PACKET + PACKETS_PER_CONNECTION * self.total


def _sum(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, int, int, int]:
    if other is NO_ANSWERS:
        return one  # type: ignore[return-value]
    a, b, c, d = (x + y for x, y in zip(one, other, strict=True))
    return a, b, c, d


def _less(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, int, int, int]:
    a, b, c, d = (max(0, x - y) for x, y in zip(one, other, strict=True))
    return a, b, c, d


NOTHING = Counters()


@dataclass(frozen=True, slots=True)
class Rates:
    """What goes through the device per second, and what is open or in use."""

    active_connections: float = 0.0
    throughput_in: float = 0.0  # bits per second
    throughput_out: float = 0.0  # bits per second
    ssl_tps: float = 0.0  # TLS handshakes per second
    new_connections: float = 0.0  # per second
    http_requests: float = 0.0  # per second
    cpu: float = 5.0  # per cent
    memory: float = 30.0  # per cent of the data plane's memory
    other_memory: float = 30.0  # per cent of the rest
    swap: float = 0.0  # per cent


OF_VIRTUALS = tuple(f.name for f in fields(Rates))[:6]  # those that a virtual server has too


# What alone would take all of the simulated machine's CPU: bits and events per second. And what
# would take all memory of its data plane. Made up: what a device bears depends on its hardware.
FULL_BITS = 2e9
FULL_NEW_CONNECTIONS = 50_000.0
FULL_HANDSHAKES = 2_000.0
FULL_REQUESTS = 50_000.0
FULL_CONNECTIONS = 500_000.0


def loaded(rates: Rates) -> Rates:
    """Return the rates with the CPU and memory that they take on top of what is always in use.

    CPU is 5 % and the sum of its shares of 95 %, memory 30 % and its share of 70 %; 100 % at most.
    """
    share = (
        (rates.throughput_in + rates.throughput_out) / FULL_BITS
        + rates.new_connections / FULL_NEW_CONNECTIONS
        + rates.ssl_tps / FULL_HANDSHAKES
        + rates.http_requests / FULL_REQUESTS
    )
    held = rates.active_connections / FULL_CONNECTIONS
    idle = Rates()
    return replace(
        rates,
        cpu=idle.cpu + (100 - idle.cpu) * min(1.0, share),
        memory=idle.memory + (100 - idle.memory) * min(1.0, held),
    )


class Traffic(Protocol):
    """Where counters come from."""

    def virtual(self, name: str) -> Counters:
        """Return what a virtual server has carried."""

    def member(self, pool: str, member: str) -> Counters:
        """Return what a pool member has carried."""

    def totals(self) -> Counters:
        """Return what the whole device has carried on its client side."""

    def server_side(self) -> Counters:
        """Return what it has carried to and from members."""

    def history(self) -> Sequence[tuple[float, Counters]]:
        """Return the totals of the last minutes, oldest first, by the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Set:
    """One rate set by hand, and since when."""

    value: float
    since: float


class UnknownRateError(ValueError):
    """A rate that is not known, or a value that it cannot have."""


class Hand:
    """The rates of one subject that are set by hand; counters follow them as time passes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._set: dict[str, Set] = {}
        self._amounts: dict[str, float] = {}  # what earlier settings amounted to

    def set(self, name: str, value: float | None) -> None:
        """Set one rate; None returns it to what is measured."""
        self._amounts[name] = self.amount(name)
        self._set.pop(name, None)
        if value is not None:
            self._set[name] = Set(value, self._clock())

    def clear(self) -> None:
        """Return every rate to what is measured."""
        for name in list(self._set):
            self.set(name, None)

    def forget(self) -> None:
        """Let counters begin at 0 again; what is set stays."""
        self._amounts.clear()
        now = self._clock()
        self._set = {name: replace(one, since=now) for name, one in self._set.items()}

    def values(self) -> dict[str, float]:
        """Return what is set."""
        return {name: one.value for name, one in self._set.items()}

    def amount(self, name: str) -> float:
        """Return what a rate has amounted to."""
        one = self._set.get(name)
        running = one.value * (self._clock() - one.since) if one is not None else 0.0
        return self._amounts.get(name, 0.0) + running

    def counters(self) -> Counters:
        """Return what all has amounted to, as something carried would count."""
        open_now = int(self.values().get("active_connections", 0))
        return Counters(
            int(self.amount("throughput_in") / 8),
            int(self.amount("throughput_out") / 8),
            open_now,
            open_now,
            int(self.amount("new_connections")),
            int(self.amount("http_requests")),
            int(self.amount("ssl_tps")),
        )


class HandRates:
    """Rates set by hand, of the device and of single virtual servers."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._device = Hand(clock)
        self._virtuals: dict[str, Hand] = {}

    def set(self, wanted: Mapping[str, object]) -> None:
        """Set rates; None returns one to what is measured.

        The device's replace what is measured, those below `virtuals` are added to it:
        `{"cpu": 50, "virtuals": {"/T1/v": {"active_connections": 10}}}`.
        """
        fields_wanted = dict(wanted)
        virtuals = fields_wanted.pop("virtuals", {})
        device = _read(fields_wanted, [f.name for f in fields(Rates)], "")
        if not isinstance(virtuals, Mapping):
            raise UnknownRateError('virtuals must be {"/T1/v": {"active_connections": 10}}')
        read = {str(name): _of_virtual(str(name), one) for name, one in virtuals.items()}
        with self._lock:
            for name, value in device.items():
                self._device.set(name, value)
            for name, values in read.items():
                hand = self._virtuals.setdefault(name, Hand(self._clock))
                for rate, value in values.items():
                    hand.set(rate, value)

    def clear(self) -> None:
        """Return every rate to what is measured."""
        with self._lock:
            for hand in (self._device, *self._virtuals.values()):
                hand.clear()

    def forget(self, virtual: str | None = None) -> None:
        """Let every counter begin at 0 again, or those of one virtual server."""
        with self._lock:
            if virtual is None:
                hands = [self._device, *self._virtuals.values()]
            else:
                hands = [hand for hand in (self._virtuals.get(virtual),) if hand is not None]
            for hand in hands:
                hand.forget()

    def told(self) -> dict[str, object]:
        """Return what is set, as it is set."""
        with self._lock:
            virtuals = {n: values for n, h in self._virtuals.items() if (values := h.values())}
            return {**self._device.values(), **({"virtuals": virtuals} if virtuals else {})}

    def over(self, measured: Rates) -> Rates:
        """Return the measured rates with the device's set by hand in their place.

        CPU and memory follow them where they are not set themselves.
        """
        with self._lock:
            values = {name: getattr(measured, name) for name in OF_VIRTUALS}
            for hand in self._virtuals.values():
                for name, value in hand.values().items():
                    values[name] += value
            device = self._device.values()
            values.update((name, device[name]) for name in OF_VIRTUALS if name in device)
            return replace(loaded(replace(measured, **values)), **device)

    def virtual(self, name: str) -> Counters:
        """Return what was added to a virtual server."""
        with self._lock:
            hand = self._virtuals.get(name)
            return hand.counters() if hand is not None else NOTHING

    def device(self) -> Counters:
        """Return what the device's own rates have amounted to."""
        with self._lock:
            return self._device.counters()

    def totals(self) -> Counters:
        """Return what was added to the device."""
        with self._lock:
            total = self._device.counters()
            for hand in self._virtuals.values():
                total += hand.counters()
            return total


def _read(
    wanted: Mapping[str, object], known: Sequence[str], where: str
) -> dict[str, float | None]:
    for name, value in wanted.items():
        if name not in known:
            text = f"unknown rate {where}{name}; known are {', '.join(sorted(known))}"
            raise UnknownRateError(text)
        if value is None:
            continue
        is_rate = isinstance(value, int | float) and 0 <= value <= MOST  # so NaN is none
        if not is_rate or isinstance(value, bool):
            text = f"{where}{name} must be a number from 0 to {MOST:g}, or null; got {value!r}"
            raise UnknownRateError(text)
    return {
        name: float(value) if isinstance(value, int | float) else None
        for name, value in wanted.items()
    }


def _of_virtual(name: str, wanted: object) -> dict[str, float | None]:
    if wanted is None:
        return dict.fromkeys(OF_VIRTUALS)
    if not isinstance(wanted, Mapping):
        raise UnknownRateError(f'virtuals: {name} must be {{"active_connections": 10}} or null')
    return _read(wanted, OF_VIRTUALS, f"virtuals: {name}: ")


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

    def server_side(self) -> Counters:
        """Nothing goes through."""
        return NOTHING

    def history(self) -> Sequence[tuple[float, Counters]]:
        """Nothing goes through."""
        return ()

    def result(self, pool: str, member: str) -> str:
        """Return what was set by hand."""
        return self.members.get(f"{pool} {member}", self.monitored)

    def node_result(self, node: str) -> str:  # noqa: ARG002
        """Return what was set by hand."""
        return self.monitored
