"""Lets no more requests to a device be under way than are allowed at this moment."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bigip_lbaas.icontrol import allowance


class Room:
    """The requests that are under way at one device. Safe for threads."""

    def __init__(self, share: int, now: Callable[[], float] = time.monotonic) -> None:
        """Begin with the whole share."""
        self._now = now
        self._changed = threading.Condition()
        self._allowance = allowance.whole(share)
        self._inside = 0

    @property
    def share(self) -> int:
        """Return how many requests this process may have under way at most."""
        return self._allowance.share

    @property
    def allowed(self) -> int:
        """Return how many it may have under way now: fewer than its share after trouble."""
        return self._allowance.allowed

    def share_out(self, share: int) -> None:
        """Have another share; who is inside stays."""
        with self._changed:
            self._allowance = allowance.shared(self._allowance, share)
            self._changed.notify_all()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Wait until there is room, and keep it meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self._inside < self._allowance.allowed)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def met_trouble(self, begun_s: float) -> None:
        """Allow fewer: a request that began at begun_s got no answer, a late one, or "later"."""
        with self._changed:
            self._allowance = allowance.after_trouble(self._allowance, begun_s, self._now())

    def answered(self) -> None:
        """Allow one more if there has been no trouble for long enough."""
        with self._changed:
            before = self._allowance
            self._allowance = allowance.after_answer(before, self._now())
            if self._allowance != before:
                self._changed.notify_all()
