"""How often work is run again when others were faster, and how long to wait in between."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from bigip_lbaas.domain.errors import ConcurrentUpdate

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
