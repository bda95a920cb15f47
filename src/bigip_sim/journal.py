"""What was asked of the device: counters, the last requests, and all of them in a file if wanted.

A request's entry says what it changed, because the configuration tells the journal in the thread
that carries the request out.
"""

import json
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from bigip_sim.changes import Change

log = logging.getLogger(__name__)
KEPT = 5000
CONTROL = "CONTROL"  # the method of what the control API was told; it is not counted
BACKGROUND = "BACKGROUND"  # the method of what no request waits for; it is not counted
MOST_IN_BACKGROUND = 1000  # a reboot can change everything
_noted: ContextVar[list[Change] | None] = ContextVar("noted", default=None)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request."""

    method: str
    path: str  # with its query
    status: int  # 0: the connection was reset instead
    duration_ms: float
    at: float  # seconds since the epoch, whatever the device's own clock shows
    client: str
    transaction: str = ""
    commands: tuple[Mapping[str, object], ...] = ()  # of a commit
    faults: tuple[str, ...] = ()  # that acted on it
    changes: tuple[Change, ...] = ()
    told: Mapping[str, object] | None = None  # to the control API

    def body(self, number: int) -> dict[str, object]:
        """Return the entry as the control API tells it."""
        body: dict[str, object] = {
            "number": number,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "duration_ms": round(self.duration_ms, 3),
            "at": self.at,
            "client": self.client,
        }
        if self.transaction:
            body["transaction"] = self.transaction
        if self.commands:
            body["commands"] = list(self.commands)
        if self.faults:
            body["faults"] = list(self.faults)
        if self.changes:
            body["changes"] = [change.told() for change in self.changes]
        if self.told is not None:
            body["told"] = dict(self.told)
        return body


class Journal:
    """Counts requests and keeps the last of them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._by_method: Counter[str] = Counter()
        self._entries: deque[tuple[int, Entry]] = deque(maxlen=KEPT)
        self._number = 0
        self._file: TextIO | None = None

    def write_to(self, path: Path) -> None:
        """Append every request from now on to a file, one line of JSON each; may raise OSError."""
        self._file = path.open("a", encoding="utf-8")

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    @contextmanager
    def noting(self) -> Iterator[list[Change]]:
        """Gather what this thread changes meanwhile."""
        changes: list[Change] = []
        before = _noted.set(changes)
        try:
            yield changes
        finally:
            _noted.reset(before)

    def note(self, changes: tuple[Change, ...]) -> None:
        """Take what a write has changed; what no request waits for has an entry of its own."""
        noted = _noted.get()
        if noted is not None:
            noted.extend(changes)
        elif changes:
            told = changes[:MOST_IN_BACKGROUND]
            entry = Entry(BACKGROUND, "", 200, 0.0, self.clock(), "", changes=told)
            with self._lock:
                self._keep(entry)

    def note_late(self, entry: Entry) -> None:
        """Keep what was done after its request was answered; commits count all the same."""
        with self._lock:
            self._keep(entry)
            self._counts["commits"] += bool(entry.commands)

    def note_control(self, path: str, told: Mapping[str, object]) -> None:
        """Keep what the control API was told: power, faults and rates explain what follows."""
        entry = Entry(CONTROL, path, 200, 0.0, self.clock(), "", told=told)
        with self._lock:
            self._keep(entry)

    def record(self, entry: Entry, *, is_commit: bool) -> None:
        """Count and keep one request."""
        path = entry.path.partition("?")[0]
        is_login = path.startswith("/mgmt/shared/auth")
        with self._lock:
            self._keep(entry)
            self._by_method[entry.method] += 1
            self._counts["total"] += 1
            self._counts["authentication"] += is_login
            self._counts["writes"] += entry.method != "GET" and not is_login
            self._counts["commits"] += is_commit
            self._counts["errors"] += entry.status >= 400

    def counters(self) -> dict[str, object]:
        """Return the counts since the start or the last reset.

        `writes` counts every request but GETs and authentication, a transaction's own included;
        `commits` the transactions that were carried out; `errors` the answers from 400 up.
        """
        names = ("total", "authentication", "writes", "commits", "errors")
        with self._lock:
            counts: dict[str, object] = {name: self._counts[name] for name in names}
            counts["by_method"] = dict(sorted(self._by_method.items()))
        return counts

    def reset(self) -> None:
        """Begin counting anew; the log is kept."""
        with self._lock:
            self._counts.clear()
            self._by_method.clear()

    def last(self, count: int, after: int = 0) -> list[dict[str, object]]:
        """Return the last requests, oldest first, optionally only those after a number."""
        with self._lock:
            chosen = [(n, entry) for n, entry in self._entries if n > after][-count:]
        return [entry.body(number) for number, entry in chosen]

    def _keep(self, entry: Entry) -> None:
        self._number += 1
        self._entries.append((self._number, entry))
        if self._file is not None:
            self._write(self._file, entry.body(self._number))

    def _write(self, file: TextIO, body: Mapping[str, object]) -> None:
        try:
            file.write(f"{json.dumps(body)}\n")
            file.flush()
        except OSError as error:
            log.warning("the event log ends here, it cannot be written: %s", error)
            self._file = None
