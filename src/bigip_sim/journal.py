"""What was asked of the device: counters, and the last requests."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

KEPT = 5000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request."""

    method: str
    path: str  # with its query
    status: int  # 0: the connection was reset instead
    duration_ms: float
    at: float
    client: str
    transaction: str = ""
    commands: tuple[Mapping[str, object], ...] = field(default=())  # of a commit
    faults: tuple[str, ...] = ()  # that acted on it

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

    def record(self, entry: Entry, *, is_commit: bool) -> None:
        """Count and keep one request."""
        path = entry.path.partition("?")[0]
        is_login = path.startswith("/mgmt/shared/auth")
        with self._lock:
            self._number += 1
            self._entries.append((self._number, entry))
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
