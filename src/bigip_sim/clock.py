"""The device's own clock, which can be wrong."""

from collections.abc import Callable


class Clock:
    """Tells the device's time, in seconds since the epoch."""

    def __init__(self, true: Callable[[], float]) -> None:
        self.true = true
        self.skew_s = 0.0  # how far the device is ahead; negative: behind

    def __call__(self) -> float:
        """Return the time as the device has it."""
        return self.true() + self.skew_s
