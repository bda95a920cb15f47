"""What has been carried since the counters last were 0, measured or set by hand.

Counters fall to 0 at boot, at failover and by `reset-stats` (iControl REST reference, section
4.1); the data plane's own go on, so what they were at that moment is subtracted. A reset concerns
what was named alone: sums are made of what their parts have carried since boot.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from bigip_sim.traffic import NOTHING, Counters, HandRates, Rates, Traffic
from bigip_sim.tree import Item, Key, Tree

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
        self._boot: dict[Subject, Counters] = {}  # what each had when all began at 0
        self._zero: dict[Subject, Counters] = {}  # what it had had since then when it was reset
        self._peaks: dict[Subject, int] = {}  # open connections since then
        self._begun_at = clock()
        self._most = Rates()

    def virtual(self, name: str) -> Counters:
        """Return what a virtual server has carried on its client side."""
        return self.less(("virtual", name), self.virtual_since_boot(name))

    def virtual_since_boot(self, name: str) -> Counters:
        """Return the same, resets left out."""
        counters = self._since_boot(("virtual", name), self._traffic().virtual(name))
        return counters + self._hand.virtual(name)

    def member(self, pool: str, member: str) -> Counters:
        """Return what a pool member has carried."""
        return self.less(("member", pool, member), self.member_since_boot(pool, member))

    def member_since_boot(self, pool: str, member: str) -> Counters:
        """Return the same, resets left out."""
        return self._since_boot(("member", pool, member), self._traffic().member(pool, member))

    def totals(self) -> Counters:
        """Return what the device has carried on its client side."""
        return self._since_boot(TOTALS, self._traffic().totals()) + self._hand.totals()

    def server_side(self) -> Counters:
        """Return what the device has carried to and from members.

        What is set by hand counts here too, as if it went through.
        """
        return self._since_boot(SERVER_SIDE, self._traffic().server_side()) + self._hand.totals()

    def by_hand(self) -> Counters:
        """Return what was set by hand for the whole device, as something carried would count."""
        return self._hand.device()

    def less(self, subject: Subject, counters: Counters) -> Counters:
        """Return what something has carried since boot, less what it was when it was reset."""
        return self._above(subject, counters, self._zero.get(subject))

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
        self.reset(("virtual", name), self.virtual_since_boot(name))

    def reset_member(self, pool: str, member: str) -> None:
        """Let the counters of a pool member begin at 0."""
        self.reset(("member", pool, member), self.member_since_boot(pool, member))

    def reset(self, subject: Subject, counters: Counters) -> None:
        """Let something begin at 0; `counters` is what it has carried since boot."""
        with self._lock:
            self._zero[subject] = counters
            self._peaks[subject] = 0

    def forget(self, changed: Mapping[Key, Item | None]) -> None:
        """Let go of objects that are no more: others of their names begin at 0 by themselves."""
        gone = {_subject(key) for key, item in changed.items() if item is None}
        if gone:
            with self._lock:
                for subject in gone:
                    self._zero.pop(subject, None)
                    self._boot.pop(subject, None)
                    self._peaks.pop(subject, None)
                    self._peaks.pop(("boot", *subject), None)

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
            self._boot = {subject: c for subject, c in zero.items() if c != NOTHING}
            self._zero.clear()
            self._peaks.clear()
            self._begun_at = self._clock()
            self._most = Rates()
        self._hand.forget()

    def uptime_s(self) -> float:
        """Return since when the counters count, in seconds."""
        return max(0.0, self._clock() - self._begun_at)

    def _since_boot(self, subject: Subject, told: Counters) -> Counters:
        return self._above(("boot", *subject), told, self._boot.get(subject))

    def _above(self, subject: Subject, told: Counters, zero: Counters | None) -> Counters:
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


def _subject(key: Key) -> Subject:
    if key.family == "ltm/virtual":
        return ("virtual", key.name)
    if key.family == "ltm/pool/members":
        return ("member", key.owner, key.name)
    return (key.family, key.name)


def _higher(one: Rates, other: Rates) -> Rates:
    names = Rates.__slots__
    return Rates(**{name: max(getattr(one, name), getattr(other, name)) for name in names})
