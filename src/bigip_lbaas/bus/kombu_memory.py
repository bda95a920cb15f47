"""kombu's memory transport, but one that sleeps until there is a message.

oslo.messaging makes every consumer of kombu's own memory transport poll without a pause, which
costs a whole core while nothing happens. Here a consumer waits, and a message wakes only the
connections that consume from its queue.
"""

import threading
import time
from collections import defaultdict
from queue import Empty
from typing import Any

import kombu.transport
from kombu.transport import memory

LONGEST_WAIT_S = 1.0

_lock = threading.Lock()
_consumers: dict[str, set["Transport"]] = defaultdict(set)  # queue -> connections; guarded by _lock


class Channel(memory.Channel):
    """A channel that tells the connections which consume from a queue of each message in it."""

    def _put(self, queue: str, message: Any, **options: Any) -> None:
        super()._put(queue, message, **options)  # type: ignore[no-untyped-call]
        with _lock:
            waiting = tuple(_consumers[queue])
        for transport in waiting:
            transport.wake()

    def basic_consume(self, queue: str, *arguments: Any, **options: Any) -> Any:
        """Begin to consume from a queue, and to be woken for it."""
        with _lock:
            _consumers[queue].add(self.connection)
        result = super().basic_consume(queue, *arguments, **options)  # type: ignore[no-untyped-call]
        self.connection.wake()  # what was put before has woken nobody
        return result


class Transport(memory.Transport):
    """A transport whose consumers wait for an arrival."""

    Channel = Channel

    def __init__(self, client: Any, **options: Any) -> None:
        """Begin without consumers."""
        super().__init__(client, **options)  # type: ignore[no-untyped-call]
        self._arrival = threading.Condition()
        self._arrivals = 0

    @property
    def polling_interval(self) -> float:
        """Return 0.0: nothing is polled."""
        return 0.0

    @polling_interval.setter
    def polling_interval(self, _seconds: float) -> None:
        """Ignore what oslo.messaging asks for."""

    def wake(self) -> None:
        """Make a consumer look again."""
        with self._arrival:
            self._arrivals += 1
            self._arrival.notify_all()

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Deliver one message, or raise TimeoutError when none came in time."""
        del connection
        until_s = time.monotonic() + (LONGEST_WAIT_S if timeout is None else timeout)
        while True:
            with self._arrival:
                seen = self._arrivals
            try:
                self.cycle.get(self._deliver, timeout=timeout)  # type: ignore[union-attr]
            except Empty:
                if not self._wait_for_more_than(seen, until_s - time.monotonic()):
                    raise TimeoutError from None
            else:
                return

    def close_connection(self, connection: Any) -> None:
        """Close it, and be woken for nothing any more."""
        with _lock:
            for waiting in _consumers.values():
                waiting.discard(self)
        super().close_connection(connection)  # type: ignore[no-untyped-call]

    def _wait_for_more_than(self, seen: int, wait_s: float) -> bool:
        """Wait for the next arrival; return whether there was time left to wait at all."""
        if wait_s <= 0:
            return False
        with self._arrival:
            self._arrival.wait_for(lambda: self._arrivals != seen, timeout=wait_s)
        return True


def install() -> None:
    """Make kombu use this transport for memory:// in this process."""
    kombu.transport.TRANSPORT_ALIASES["memory"] = f"{__name__}:Transport"
