"""Decides which faults act on a request, and acts them out.

Each fault draws from a generator of its own, made from the one seed and its number: the same seed
and the same requests give the same faults, whatever other faults there are.
"""

import fnmatch
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bigip_sim.faults import answers
from bigip_sim.faults.kinds import COMMON, Fault, Place, UnknownFaultError, read_fault
from bigip_sim.refusals import RefusedError

LEGACY = ("unavailable_s", "latency_ms", "commit_delay_ms", "fail_commit", "times")
Missing = Callable[[str], RefusedError | None]


@dataclass(slots=True)
class Active:
    """A fault that is on, how often it has acted, and what it draws from."""

    number: int
    fault: Fault
    since: float
    draws: random.Random
    slot: str = ""  # a later one of the same slot takes its place
    clearings: int = 0  # how often everything was cleared before it was turned on
    acted: int = 0
    cleared: bool = False
    inside: int = 0  # requests that a limit of concurrency has let in

    def has_time(self, now: float) -> bool:
        """Whether it is within its window."""
        passed = now - self.since - self.fault.number("after_s")
        every, lasts = self.fault.number("every_s"), self.fault.number("for_s")
        if passed < 0:
            return False
        return not lasts or (passed % every if every else passed) < lasts

    def is_over(self, now: float) -> bool:
        """Whether it will never act again."""
        count, lasts = self.fault.number("count"), self.fault.number("for_s")
        if count and self.acted >= count:
            return True
        ends = self.since + self.fault.number("after_s") + lasts
        return bool(lasts) and not self.fault.number("every_s") and now >= ends

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is one of those it acts on."""
        methods = self.fault.methods
        return (not methods or method in methods) and fnmatch.fnmatchcase(
            path, self.fault.word("path")
        )

    def is_likely(self) -> bool:
        """Draw whether it acts this time."""
        likely = self.fault.number("probability")
        return likely >= 1 or self.draws.random() < likely

    def duration_ms(self) -> float:
        """Draw how long it takes this time."""
        mean, spread = self.fault.number("ms"), self.fault.number("spread_ms")
        match self.fault.word("distribution"):
            case "uniform":
                drawn = self.draws.uniform(mean - spread, mean + spread)
            case "normal":
                drawn = self.draws.gauss(mean, spread)
            case "exponential":
                drawn = self.draws.expovariate(1 / mean) if mean else 0.0
            case _:
                drawn = mean
        return max(0.0, drawn)

    def told(self, now: float) -> dict[str, object]:
        """Return it as the control API tells it: what differs from the defaults."""
        said = {
            name: value
            for name, value in self.fault.values.items()
            if name not in COMMON or value != COMMON[name].default
        }
        state = {"number": self.number, "kind": self.fault.kind}
        return {
            **state,
            **said,
            "acted": self.acted,
            "on": self.has_time(now) and not self.is_over(now),
        }


class Faults:
    """The faults of one device. `missing` tells how a path would read if nothing were there."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        missing: Missing = lambda _path: None,
        seed: int = 0,
    ) -> None:
        self._clock = clock
        self._missing = missing
        self._seed = seed
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)  # tells those who wait
        self._released = False
        self._clearings = 0
        self._active: dict[int, Active] = {}
        self._last = 0

    def set(self, wanted: Mapping[str, object]) -> dict[str, object]:
        """Turn a fault on, or set the seed; returns the number of the fault.

        Either `kind` with its fields, or the short names `unavailable_s`, `latency_ms`,
        `commit_delay_ms`, `fail_commit` (with `times`), of which a later one replaces the earlier.
        """
        fields = dict(wanted)
        seed = _seed(fields.pop("seed")) if "seed" in fields else None
        if "kind" in fields:
            fault = read_fault(fields)  # all is read before anything is done
            self._sow(seed)
            return {"number": self._add(fault), "seed": self._seed}
        if seed is not None and not fields:
            self._sow(seed)
            return {"seed": self._seed}
        unknown = sorted(fields.keys() - set(LEGACY))
        if unknown or not fields:
            raise UnknownFaultError(f"unknown fault: {', '.join(unknown) or 'kind is missing'}")
        read = [(name, _short(name, fields)) for name in LEGACY[:-1] if name in fields]
        if not read:
            raise UnknownFaultError("times goes with fail_commit")
        self._sow(seed)
        for name, short in read:
            self._replace(name, short)
        return {"seed": self._seed}

    def _sow(self, seed: int | None) -> None:
        """Begin to draw anew from a seed, if there is one."""
        if seed is None:
            return
        with self._lock:
            self._seed = seed
            for active in self._active.values():
                active.draws = self._generator(active.number)

    def clear(self, number: object = None) -> None:
        """Turn one fault off, or every one; numbers begin at 1 again when none is left."""
        with self._lock:
            if number is None:
                self._clearings += 1  # also for those that have acted for the last time
                gone = list(self._active.values())
            elif type(number) is int and number in self._active:
                gone = [self._active[number]]
            else:
                raise UnknownFaultError(f"number: there is no fault {number!r}")
            for active in gone:
                self._end(active)
            self._changed.notify_all()
            if not self._active:
                self._last = 0

    def told(self) -> dict[str, object]:
        """Return the seed and the faults that are on, for the control API."""
        with self._lock:
            now = self._clock()
            return {"seed": self._seed, "faults": [a.told(now) for a in self._active.values()]}

    def release(self) -> None:
        """Let those go who wait: the device is losing its power."""
        with self._lock:
            self._released = True
            self._changed.notify_all()

    def hold(self) -> None:
        """Waiting takes time again."""
        with self._lock:
            self._released = False

    def due(self, place: Place, method: str, path: str) -> list[Active]:
        """Return the faults whose turn it is here and now; most have drawn and counted."""
        if not self._active:
            return []
        with self._lock:
            now = self._clock()
            for over in [n for n, active in self._active.items() if active.is_over(now)]:
                del self._active[over]
            found = []
            for active in self._active.values():
                if active.fault.place is not place or not active.has_time(now):
                    continue
                if not active.matches(method, path):
                    continue
                if place is Place.COMMAND or self._draws(active, path):
                    found.append(active)
            return found

    def _draws(self, active: Active, path: str) -> bool:
        if active.fault.kind == "not-found" and self._missing(path) is None:
            return False
        if not active.is_likely():
            return False
        if active.fault.kind != "concurrency":  # which counts when it refuses
            active.acted += 1
        return True

    def missing(self, path: str) -> RefusedError | None:
        """Return how the object of this path would read if it were not there."""
        return self._missing(path)

    def draws(self, active: Active) -> bool:
        """Whether a fault that has waited for its command acts now."""
        with self._lock:
            likely = active.is_likely()
            active.acted += likely
        return likely

    def pause(self, active: Active) -> None:
        """Take the time that a fault takes."""
        with self._lock:
            time_ms = active.duration_ms()
        self.wait_s(active, time_ms / 1000)

    def wait_s(self, active: Active, time_s: float) -> None:
        """Wait, until the fault is cleared at most, or the device loses its power."""
        ends = time.monotonic() + time_s
        with self._lock:
            while not (self._is_cleared(active) or self._released):
                left = ends - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(left)
            if self._released:
                raise answers.mcpd_lost()

    def enter(self, active: Active) -> bool:
        """Let a request in, or say that there are too many; in a queue it waits for its turn."""
        limit, queues = active.fault.number("limit"), active.fault.word("answer") == "queue"
        with self._lock:
            while active.inside >= limit and not self._is_cleared(active):
                if not queues:
                    active.acted += 1
                    return False
                self._changed.wait()
                if self._released:
                    raise answers.mcpd_lost()
            active.inside += 1
            return True

    def leave(self, active: Active) -> None:
        """Let the next one in."""
        with self._lock:
            active.inside -= 1
            self._changed.notify_all()

    def _add(self, fault: Fault, slot: str = "") -> int:
        with self._lock:
            return self._put(fault, slot)

    def _put(self, fault: Fault, slot: str) -> int:
        self._last += 1
        number = self._last
        draws = self._generator(number)
        self._active[number] = Active(number, fault, self._clock(), draws, slot, self._clearings)
        return number

    def _replace(self, slot: str, fault: Fault | None) -> None:
        with self._lock:
            for active in [active for active in self._active.values() if active.slot == slot]:
                self._end(active)
            self._changed.notify_all()
            if fault is not None:
                self._put(fault, slot)

    def _is_cleared(self, active: Active) -> bool:
        """Whether nobody waits for it any more, even if it has acted for the last time before."""
        return active.cleared or active.clearings != self._clearings

    def _end(self, active: Active) -> None:
        active.cleared = True
        del self._active[active.number]

    def _generator(self, number: int) -> random.Random:
        return random.Random(f"{self._seed}/{number}")


def _seed(value: object) -> int:
    if type(value) is not int:
        raise UnknownFaultError(f"seed must be a whole number, got {value!r}")
    return value


def _short(name: str, fields: Mapping[str, object]) -> Fault | None:
    """Return the fault that a short name asks for; 0 or an empty text turns it off."""
    value = fields[name]
    if name == "fail_commit":
        times = COMMON["count"].read("times", fields.get("times", 1))
        wanted = {"kind": "commit", "text": value, "count": times}
        return read_fault(wanted) if value and times else None
    number = COMMON["for_s"].read(name, value)
    kinds = {
        "unavailable_s": {"kind": "unavailable", "for_s": number},
        "latency_ms": {"kind": "latency", "ms": number},
        "commit_delay_ms": {"kind": "commit-delay", "ms": number},
    }
    return read_fault(kinds[name]) if number else None
