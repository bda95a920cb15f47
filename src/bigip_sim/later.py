"""Work that goes on after the request that asked for it was answered."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

log = logging.getLogger(__name__)

THREADS = 2


class Later:
    """Carries work out in threads of its own, which exist only once there is work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._going: set[Future[None]] = set()

    def start(self, work: Callable[[], None]) -> None:
        """Begin with it, or let it wait for a free thread."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="later")
            going = self._pool.submit(work)
            self._going.add(going)
        going.add_done_callback(self._ended)

    def settle(self) -> None:
        """Wait until nothing is going on."""
        with self._lock:
            going = set(self._going)
        wait(going)

    def stop(self) -> None:
        """Wait for what has begun, drop what has not, and let the threads go."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)

    def _ended(self, going: Future[None]) -> None:
        with self._lock:
            self._going.discard(going)
        if not going.cancelled() and (error := going.exception()) is not None:
            log.error("work that went on in the background failed", exc_info=error)
