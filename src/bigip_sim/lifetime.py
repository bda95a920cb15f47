"""How long a process lives: until it is told to end, or until its parent is gone."""

import os
import select
import signal
import threading


class OrphanError(Exception):
    """The parent was gone before it could be watched."""


class Lifetime:
    """Waits for SIGTERM, SIGINT, or the end of the parent, even when that is killed.

    The parent is watched through a process descriptor. The kernel's death signal would do for most
    parents, but it belongs to the parent's *thread*: a parent that starts children from a thread
    of short life would end them with it.
    """

    def __init__(self, parent: int | None = None) -> None:
        """Watch `parent`, or whoever started this process when it is 0; None watches nobody."""
        self._ended = threading.Event()
        self._parent: int | None = None
        if parent is not None:
            self._parent = _open(parent or os.getppid())
            threading.Thread(target=self._watch, name="parent", daemon=True).start()

    def heed_signals(self) -> None:
        """Be told to end by SIGTERM and SIGINT from now on; call it from the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: self._ended.set())

    def wait(self) -> None:
        """Return when it is time to end; call it from the main thread."""
        self.heed_signals()
        self._ended.wait()

    def is_over(self, within_s: float) -> bool:
        """Wait for so long, and return whether it is time to end."""
        return self._ended.wait(within_s)

    def _watch(self) -> None:
        assert self._parent is not None
        select.select([self._parent], [], [])  # readable once the process has ended
        self._ended.set()


def _open(parent: int) -> int:
    try:
        descriptor = os.pidfd_open(parent)
    except OSError as error:
        raise OrphanError(f"the parent process {parent} has ended already") from error
    if os.getppid() != parent:
        os.close(descriptor)
        raise OrphanError(f"process {parent} is not the parent of this one (any more)")
    return descriptor
