"""Who waits how long: work that lost against others, and threads that want the same thing."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from bigip_lbaas.domain.errors import ConcurrentUpdate, StoreUnavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """At most `tries` runs; before run n+1 a random part of first_wait_s * 2^n, capped.

    dice gives numbers in 0..1; sleep waits that many seconds.
    """

    tries: int = 10
    first_wait_s: float = 0.005
    longest_wait_s: float = 0.5
    dice: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep

    def run(self, attempt: Callable[[], T]) -> T:
        """Return what `attempt` returns, trying again while it raises ConcurrentUpdate."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(ConcurrentUpdate),
            stop=tenacity.stop_after_attempt(self.tries),
            wait=lambda state: self.wait_s(state.attempt_number),
            sleep=self.sleep,
        )
        try:
            return retrying(attempt)
        except tenacity.RetryError as error:
            last = error.last_attempt.exception()
            raise ConcurrentUpdate(f"gave up after {self.tries} tries: {last}") from last

    def wait_s(self, tries: int) -> float:
        """Return how long to wait after that many tries."""
        longest_s: float = min(self.longest_wait_s, self.first_wait_s * 2.0**tries)
        return self.dice() * longest_s


class Alone:
    """Refuses a transaction inside another of the same thread: it would wait for itself."""

    def __init__(self) -> None:
        """Begin with no thread inside."""
        self._here = threading.local()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Mark this thread as inside. Raises RuntimeError when it already is."""
        if getattr(self._here, "inside", False):
            raise RuntimeError("a transaction inside a transaction: use the outer one")
        self._here.inside = True
        try:
            yield
        finally:
            self._here.inside = False


class Turns:
    """A lock that goes to whoever has waited longest; threading.Lock lets the quick barge in."""

    def __init__(self, what: str) -> None:
        """Begin free; `what` is waited for, in messages."""
        self._what = what
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Lock] = deque()  # each held until its owner's turn

    @contextmanager
    def taken(self, timeout_s: float) -> Iterator[None]:
        """Wait for a turn and keep it. Raises StoreUnavailable when it does not come in time."""
        if not self._take(timeout_s):
            raise StoreUnavailable(f"{self._what}: others held it for {timeout_s} s: try again")
        try:
            yield
        finally:
            with self._lock:
                if self._waiting:
                    self._waiting.popleft().release()
                else:
                    self._is_taken = False

    def _take(self, timeout_s: float) -> bool:
        turn = threading.Lock()
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=timeout_s):
            return True
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
        return True  # it came at the last moment
