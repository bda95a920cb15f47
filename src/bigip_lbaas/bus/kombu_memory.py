"""kombu's memory transport, but one that sleeps until there is a message.

oslo.messaging makes every consumer of kombu's own memory transport poll without a pause, which
costs a whole core while nothing happens. Here a consumer waits for the next message instead.
"""

import threading
import time
from queue import Empty
from typing import Any

import kombu.transport
from kombu.transport import memory

_arrival = threading.Condition()
_arrivals = 0  # how many messages have been put so far; guarded by _arrival

LONGEST_WAIT_S = 1.0


class Channel(memory.Channel):
    """A channel that tells the waiting consumers of each message."""

    def _put(self, queue: str, message: Any, **options: Any) -> None:
        global _arrivals
        super()._put(queue, message, **options)  # type: ignore[no-untyped-call]
        with _arrival:
            _arrivals += 1
            _arrival.notify_all()


class Transport(memory.Transport):
    """A transport whose consumers wait for an arrival."""

    Channel = Channel

    @property
    def polling_interval(self) -> float:
        """Return 0.0: nothing is polled."""
        return 0.0

    @polling_interval.setter
    def polling_interval(self, _seconds: float) -> None:
        """Ignore what oslo.messaging asks for."""

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Deliver one message, or raise TimeoutError when none came in time."""
        del connection
        until_s = time.monotonic() + (LONGEST_WAIT_S if timeout is None else timeout)
        while True:
            with _arrival:
                seen = _arrivals
            try:
                self.cycle.get(self._deliver, timeout=timeout)  # type: ignore[union-attr]
            except Empty:
                if not _wait_for_more_than(seen, until_s - time.monotonic()):
                    raise TimeoutError from None
            else:
                return


def _wait_for_more_than(seen: int, wait_s: float) -> bool:
    """Wait for the next arrival; return whether there was time left to wait at all."""
    if wait_s <= 0:
        return False
    with _arrival:
        _arrival.wait_for(lambda: _arrivals != seen, timeout=wait_s)
    return True


def install() -> None:
    """Make kombu use this transport for memory:// in this process."""
    kombu.transport.TRANSPORT_ALIASES["memory"] = f"{__name__}:Transport"
