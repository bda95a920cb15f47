"""Turns what devices have counted since they started into rates: growth per second."""

from dataclasses import dataclass, field

SHORTEST_S = 1.5  # two readings closer than this say little; the last rate is kept meanwhile
LONGEST_S = 120.0  # an average over more than this says nothing of now


@dataclass(frozen=True, slots=True)
class Counted:
    """What had been counted by some moment, and the rate that was found then, if any."""

    at_s: float
    count: float
    rate: float | None


@dataclass(slots=True)
class Rates:
    """The last reading of each counter: (serial number, metric) -> what it said."""

    _last: dict[tuple[str, str], Counted] = field(default_factory=dict)

    def settle(self, serial: str, metric: str, at_s: float, count: float) -> float | None:
        """Return the growth per second since the last reading; at_s is monotonic.

        None without a usable earlier reading: at first, after a long while, and when it was
        higher, since counters begin again when a device or its traffic engine restarts, or with
        a failover (iControl REST reference, section 4.1).
        """
        before = self._last.get((serial, metric))
        rate = None
        if before is not None and count >= before.count:
            passed_s = at_s - before.at_s
            if passed_s < SHORTEST_S:
                return before.rate
            if passed_s <= LONGEST_S:
                rate = (count - before.count) / passed_s
        self._last[serial, metric] = Counted(at_s, count, rate)
        return rate
