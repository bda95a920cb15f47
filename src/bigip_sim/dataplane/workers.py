"""The worker that carries traffic and those that it has replaced; starting, reading, ending them.

A replaced worker is kept until its connections have ended and its counters have been read, so
that a reload loses neither.
"""

import contextlib
import errno
import resource
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from bigip_sim.dataplane import counts
from bigip_sim.dataplane.config import Begin, render, render_states
from bigip_sim.dataplane.counts import Ledger, Row
from bigip_sim.dataplane.parts import Layout
from bigip_sim.dataplane.process import StartRefused, Worker, WorkerError, WorkerFiles
from bigip_sim.dataplane.refusals import Refusals, blamed
from bigip_sim.dataplane.steering import Stand
from bigip_sim.dataplane.tables import batches, remembered, remind

MOST_RETIRED = 4  # beyond, the eldest is ended with the connections that it still has
_WHY = {
    errno.EADDRINUSE: "another program listens there",
    errno.EACCES: "no right to listen on a port below 1024",
}


class Workers:
    """Starts and ends HAProxy; `replace`, `reap` and `stop` belong to one thread."""

    def __init__(self, program: str) -> None:
        self._program = shutil.which(program) or program  # it is started by its whole path
        self._directory = Path(tempfile.mkdtemp(prefix="bigip-sim-"))
        self._descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._current: Worker | None = None
        self._retired: list[Worker] = []
        self._listening: frozenset[tuple[str, int]] = frozenset()
        self._number = 0
        self._files: set[str] = set()
        self._refusals = Refusals()
        self._reading = threading.Lock()
        self.ledger = Ledger()

    @property
    def retired(self) -> int:
        """Return how many replaced workers still live."""
        return len(self._retired)

    @property
    def pid(self) -> int | None:
        """Return the process id of the worker that carries traffic."""
        return None if self._current is None else self._current.pid

    def died(self) -> bool:
        """Whether the worker that should carry traffic has ended by itself."""
        return self._current is not None and not self._current.alive

    def acceptable(self, layout: Layout) -> Layout:
        """Leave out what HAProxy has refused before."""
        return self._refusals.leave_out(layout)

    def listenable(self, layout: Layout) -> Layout:
        """Leave out what could not listen: one such address would keep everything from starting."""
        refused = {}
        for frontend in layout.frontends:
            place = (frontend.address, frontend.port)
            if place not in self._listening and (why := _why_not(*place)):
                refused[place] = why
        return layout.without(refused) if refused else layout

    def replace(
        self, layout: Layout, begins: Mapping[str, Begin], stands: Mapping[str, Stand]
    ) -> Layout:
        """Start a worker for this layout; it takes the sockets over, and the old one retires.

        Returns what is carried: a part that HAProxy refuses is left out, and the rest tried again.
        `WorkerError` if none starts all the same; then the old one goes on.
        """
        has_tables = any(backend.need.sticks for backend in layout.backends)
        known = remembered(self._current) if self._current is not None and has_tables else []
        started = None
        while started is None:
            started = self._start(layout, begins, stands)
            if started is None:
                layout = self._refusals.leave_out(layout)
        remind(started, known)
        with self._reading:
            old, self._current = self._current, started
            if old is not None:
                self._retired.append(old)
        self._listening = frozenset((f.address, f.port) for f in layout.frontends)
        return layout

    def _start(
        self, layout: Layout, begins: Mapping[str, Begin], stands: Mapping[str, Stand]
    ) -> Worker | None:
        """Return a worker for this layout, or None if some part of it was newly refused."""
        self._number += 1
        files = WorkerFiles.numbered(self._directory, self._number)
        text = render(layout, files.socket, files.states, self._descriptors)
        files.configuration.write_text(text)
        files.states.write_text(render_states(layout, begins, stands))
        self._write_files(layout.files)
        try:
            return Worker(self._program, files, self._current)
        except StartRefused as error:
            files.remove()
            if not self._refusals.note(layout, blamed(text, error.alerts)):
                raise
            return None
        except WorkerError:
            files.remove()
            raise

    def _write_files(self, wanted: Mapping[str, str]) -> None:
        """Put what HAProxy reads beside its configuration; it has read it when it has started."""
        for name in self._files - wanted.keys():
            (self._directory / name).unlink()
        for name in wanted.keys() - self._files:
            (self._directory / name).write_text(wanted[name])  # in a directory of our own: 0700
        self._files = set(wanted)

    def read(self, wait_s: float = -1) -> list[Row] | None:
        """Read every worker's counters; None if another thread is at it for longer than told."""
        if not self._reading.acquire(timeout=wait_s):
            return None
        try:
            rows: list[Row] = []
            if self._current is not None:
                rows = self._tell(self._current)
            for worker in self._retired:
                self._tell(worker)
            return rows
        finally:
            self._reading.release()

    def command(self, lines: Iterable[str]) -> None:
        """Send commands to the worker that carries traffic."""
        if self._current is not None:
            for some in batches(tuple(lines)):
                with contextlib.suppress(WorkerError):  # it ends; the next one is told at its start
                    self._current.ask(*some)

    def reap(self) -> None:
        """Let replaced workers go whose connections have ended, and bury those that are dead."""
        with self._reading:
            for worker in list(self._retired):
                if not worker.ended() and not _carries(worker):
                    self._tell(worker)
                    worker.let_go()
                if worker.ended():
                    self._bury(worker)
            while len(self._retired) > MOST_RETIRED:
                self._retired[0].kill()
                self._bury(self._retired[0])

    def stop(self) -> None:
        """End every worker at once."""
        with self._reading:
            for worker in [*self._retired, *([self._current] if self._current else [])]:
                self._tell(worker)
                worker.kill()
                self.ledger.end(worker.pid)
            self._retired, self._current, self._listening = [], None, frozenset()

    def clean_up(self) -> None:
        """Delete what is on disk."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _bury(self, worker: Worker) -> None:
        self._retired.remove(worker)
        self.ledger.end(worker.pid)

    def _tell(self, worker: Worker) -> list[Row]:
        try:
            rows = counts.parse(worker.ask(counts.FRONTENDS_AND_SERVERS))
        except WorkerError:
            return []  # it has ended; what it told last stands
        self.ledger.tell(worker.pid, counts.by_id(rows))
        return rows


def _carries(worker: Worker) -> bool:
    try:
        return counts.connections(worker.ask(counts.CONNECTIONS)) > 0
    except WorkerError:
        return False  # it has ended


def _why_not(address: str, port: int) -> str:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return _WHY.get(error.errno or 0, str(error))
    return ""
