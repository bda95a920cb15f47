"""Faults on demand: unavailability, latency, commits that fail or take long."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bigip_sim.refusals import MCPD_LOST, RefusedError


class UnknownFaultError(ValueError):
    """A fault that is not known, or a value that it cannot have."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The faults that are on."""

    unavailable_until: float = 0.0  # on the monotonic clock
    latency_ms: float = 0.0
    fail_commit: str = ""
    fail_commit_times: int = 0
    commit_delay_ms: float = 0.0


class Faults:
    """Holds the faults of one device and acts them out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._settings = Settings()

    def set(self, wanted: Mapping[str, object]) -> None:
        """Turn faults on; names and units are those of the control API."""
        fields = dict(wanted)
        with self._lock:
            now = self._settings
            until, latency, delay = now.unavailable_until, now.latency_ms, now.commit_delay_ms
            message, times = now.fail_commit, now.fail_commit_times
            if "unavailable_s" in fields:
                until = self._clock() + _number(fields, "unavailable_s")
            if "latency_ms" in fields:
                latency = _number(fields, "latency_ms")
            if "commit_delay_ms" in fields:
                delay = _number(fields, "commit_delay_ms")
            if "fail_commit" in fields:
                message = str(fields.pop("fail_commit"))
                times = int(_number(fields, "times")) if "times" in fields else 1
            if fields:
                raise UnknownFaultError(f"unknown fault: {', '.join(sorted(fields))}")
            self._settings = Settings(until, latency, message, times, delay)

    def clear(self) -> None:
        """Turn every fault off."""
        with self._lock:
            self._settings = Settings()

    def release(self) -> None:
        """Let those go who wait: the device is losing its power."""
        self._released.set()

    def hold(self) -> None:
        """Waiting takes time again."""
        self._released.clear()

    def unavailable(self) -> bool:
        """Whether the device answers 503 now."""
        return self._clock() < self._settings.unavailable_until

    def on_request(self) -> None:
        """Take the time that a slow device takes."""
        self._take_ms(self._settings.latency_ms)

    def _take_ms(self, time_ms: float) -> None:
        if time_ms > 0 and self._released.wait(time_ms / 1000):
            text = "The connection to mcpd has been lost, try again."
            raise RefusedError(500, text, MCPD_LOST)

    def on_commit(self) -> None:
        """Delay a commit that has begun, or fail it."""
        self._take_ms(self._settings.commit_delay_ms)
        with self._lock:
            now = self._settings
            if not now.fail_commit_times:
                return
            self._settings = Settings(
                now.unavailable_until,
                now.latency_ms,
                now.fail_commit,
                now.fail_commit_times - 1,
                now.commit_delay_ms,
            )
        raise RefusedError(400, now.fail_commit)


def _number(fields: dict[str, object], name: str) -> float:
    value = fields.pop(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise UnknownFaultError(f"{name} must be a number that is not negative, got {value!r}")
    return float(value)
