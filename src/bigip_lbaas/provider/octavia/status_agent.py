"""Runs a status sender: one thread tells, one behind it reads back and compares."""

import logging
import threading
from collections.abc import Callable

from bigip_lbaas.domain.errors import ConcurrentUpdate, StoreUnavailable
from bigip_lbaas.provider.octavia.status_sender import StatusSender

LOG = logging.getLogger(__name__)

POLL_S = 0.25
PAUSE_S = 1.0  # after the database did not answer


class StatusAgent:
    """The two threads of one status sender."""

    def __init__(self, sender: StatusSender, wake: threading.Event | None = None) -> None:
        """Keep the sender; whoever puts a message into the outbox may set `wake`."""
        self._sender = sender
        self._wake = wake or threading.Event()
        self._told = threading.Event()
        self._stop = threading.Event()
        self._threads = (
            threading.Thread(target=self._tell, name="status-tell", daemon=True),
            threading.Thread(target=self._read, name="status-read", daemon=True),
        )

    def start(self) -> None:
        """Begin to tell."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the calls at hand and let another sender take over."""
        self._stop.set()
        self._wake.set()
        self._told.set()
        for thread in self._threads:
            thread.join()
        self._guarded(self._let_go)

    def _tell(self) -> None:
        while not self._stop.is_set():
            if self._guarded(self._sender.tell_due):
                self._told.set()
            self._wake.wait(POLL_S)
            self._wake.clear()

    def _read(self) -> None:
        while not self._stop.is_set():
            if self._guarded(self._sender.confirm) or self._guarded(self._sender.look_around):
                continue
            self._told.wait(PAUSE_S)
            self._told.clear()

    def _let_go(self) -> int:
        self._sender.let_go()
        return 0

    def _guarded(self, step: Callable[[], int]) -> int:
        """Take one step; whatever it raises, statuses must go on being told."""
        try:
            return step()
        except (StoreUnavailable, ConcurrentUpdate) as error:
            LOG.warning("Statuses wait for the database: %s", error)
        except Exception:  # the edge of a thread: a bug must not leave everything PENDING
            LOG.exception("Telling statuses failed; it is tried again")
        self._stop.wait(PAUSE_S)
        return 0
