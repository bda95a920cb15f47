"""What has been carried since the counters last were 0, measured or set by hand.

Counters fall to 0 at boot, at failover and by `reset-stats` (iControl REST reference, section
4.1); the data plane's own go on, so what they were at that moment is subtracted.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from bigip_sim.traffic import NOTHING, Counters, HandRates, Rates, Traffic
from bigip_sim.tree import Tree

Subject = tuple[str, ...]  # ("virtual", name), ("member", pool, name), ("ltm/pool", name) ...
TOTALS: Subject = ("totals",)
SERVER_SIDE: Subject = ("server side",)
SHORT_S = 5.0


class Meter:
    """Counters and rates of one device."""

    def __init__(
        self,
        traffic: Callable[[], Traffic],
        hand: HandRates,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._traffic = traffic
        self._hand = hand
        self._clock = clock
        self._lock = threading.Lock()
        self._zero: dict[Subject, Counters] = {}  # what each had when it was set to 0
        self._peaks: dict[Subject, int] = {}  # open connections since then
        self._begun_at = clock()
        self._most = Rates()

    def virtual(self, name: str) -> Counters:
        """Return what a virtual server has carried on its client side."""
        counters = self._since(("virtual", name), self._traffic().virtual(name))
        return counters + self._hand.virtual(name)

    def member(self, pool: str, member: str) -> Counters:
        """Return what a pool member has carried."""
        return self._since(("member", pool, member), self._traffic().member(pool, member))

    def totals(self) -> Counters:
        """Return what the device has carried on its client side."""
        return self._since(TOTALS, self._traffic().totals()) + self._hand.totals()

    def server_side(self) -> Counters:
        """Return what the device has carried to and from members.

        What is set by hand counts here too, as if it went through.
        """
        return self._since(SERVER_SIDE, self._traffic().server_side()) + self._hand.totals()

    def by_hand(self) -> Counters:
        """Return what was set by hand for the whole device, as something carried would count."""
        return self._hand.device()

    def less(self, subject: Subject, counters: Counters) -> Counters:
        """Return what is added up from parts, less what it was when it was reset by itself."""
        zero = self._zero.get(subject)
        return counters if zero is None else counters.since(zero)

    def rates(self, over_s: float = SHORT_S) -> Rates:
        """Return the rates over the last seconds, those set by hand in their place."""
        rates = self._hand.over(self._measured(over_s))
        if over_s == SHORT_S:
            self._most = _higher(self._most, rates)
        return rates

    def most(self) -> Rates:
        """Return the highest rates that anybody has read since boot."""
        return self._most

    def reset_virtual(self, name: str) -> None:
        """Let the counters of a virtual server begin at 0."""
        self._hand.forget(name)
        self._reset(("virtual", name), self._traffic().virtual(name))

    def reset_member(self, pool: str, member: str) -> None:
        """Let the counters of a pool member begin at 0."""
        self._reset(("member", pool, member), self._traffic().member(pool, member))

    def reset_sum(self, subject: Subject, counters: Counters) -> None:
        """Let what is added up from parts begin at 0; `counters` is what it is without this."""
        self._reset(subject, counters)

    def _reset(self, subject: Subject, counters: Counters) -> None:
        with self._lock:
            self._zero[subject] = counters
            self._peaks[subject] = 0

    def restart(self, tree: Tree) -> None:
        """Let every counter begin at 0, as at boot and at failover."""
        traffic = self._traffic()
        zero: dict[Subject, Counters] = {
            TOTALS: traffic.totals(),
            SERVER_SIDE: traffic.server_side(),
        }
        for item in tree.of_kind("ltm/virtual"):
            zero["virtual", item.key.name] = traffic.virtual(item.key.name)
        for pool in tree.of_kind("ltm/pool"):
            for item in tree.of_kind("ltm/pool/members", pool.key.name):
                name = item.key.name
                zero["member", pool.key.name, name] = traffic.member(pool.key.name, name)
        with self._lock:
            self._zero = {subject: c for subject, c in zero.items() if c != NOTHING}
            self._peaks.clear()
            self._begun_at = self._clock()
            self._most = Rates()
        self._hand.forget()

    def uptime_s(self) -> float:
        """Return since when the counters count, in seconds."""
        return max(0.0, self._clock() - self._begun_at)

    def _since(self, subject: Subject, told: Counters) -> Counters:
        zero = self._zero.get(subject)
        if zero is None:
            return told
        with self._lock:
            peak = max(self._peaks.get(subject, 0), told.current)
            self._peaks[subject] = peak
        highest = told.maximum if told.maximum > zero.maximum else peak
        return replace(told.since(zero), maximum=highest)

    def _measured(self, over_s: float) -> Rates:
        samples = [s for s in self._traffic().history() if s[0] >= self._begun_at]
        if not samples:
            return Rates()
        last_at, last = samples[-1]
        first_at, first = next(s for s in samples if last_at - s[0] <= over_s)
        passed = last_at - first_at
        if passed <= 0:
            return Rates(active_connections=last.current)
        new = last.since(first)
        return Rates(
            active_connections=last.current,
            throughput_in=new.bytes_in * 8 / passed,
            throughput_out=new.bytes_out * 8 / passed,
            ssl_tps=new.handshakes / passed,
            new_connections=new.total / passed,
            http_requests=new.requests / passed,
        )


def _higher(one: Rates, other: Rates) -> Rates:
    names = Rates.__slots__
    return Rates(**{name: max(getattr(one, name), getattr(other, name)) for name in names})
