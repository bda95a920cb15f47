"""The connections of one unit to the others: their control ports, asked on loopback.

Each other unit has a thread that tells it this unit's state and hears its own, every `ASK_EVERY_S`,
unless the other has just asked by itself; a change is told at once.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

ASK_EVERY_S = 0.2
ANSWER_LIMIT_S = 0.5
WORK_LIMIT_S = 30.0  # taking over a configuration takes longer than an answer

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Address:
    """Where another unit's control port is."""

    name: str
    url: str
    host: str
    port: int

    @classmethod
    def read(cls, name: str, url: str) -> "Address":
        """Read a control URL; ValueError says what is wrong with it."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or not parts.port:
            raise ValueError(f"a peer is NAME=http://HOST:PORT of its control port, not {url!r}")
        return cls(name, url, parts.hostname, parts.port)


class Line:
    """One kept connection; used by one thread at a time."""

    def __init__(self, address: Address, limit_s: float) -> None:
        self._address = address
        self._limit_s = limit_s
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: Json) -> Json | None:
        """Ask; None when there is no answer, or none that makes sense."""
        return self._ask("POST", path, json.dumps(body).encode())

    def get(self, path: str) -> Json | None:
        """Ask for what is there; None as above."""
        return self._ask("GET", path, None)

    def _ask(self, method: str, path: str, payload: bytes | None) -> Json | None:
        is_kept = self._connection is not None
        began = time.monotonic()
        answer = self._once(method, path, payload)
        if answer is None and is_kept and time.monotonic() - began < self._limit_s / 2:
            answer = self._once(method, path, payload)  # it was closed while nobody used it
        return answer

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _once(self, method: str, path: str, payload: bytes | None) -> Json | None:
        if self._connection is None:
            where = (self._address.host, self._address.port)
            self._connection = http.client.HTTPConnection(*where, timeout=self._limit_s)
        try:
            self._connection.request(method, path, payload)
            answer = self._connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return None
        return told if answer.status == 200 and isinstance(told, dict) else None


class Link:
    """Keeps one other unit told and heard, in a thread of its own."""

    def __init__(
        self, address: Address, say: Callable[[str], Json], hear: Callable[[str, Json], None]
    ) -> None:
        self.address = address
        self._say = say
        self._hear = hear
        self._line = Line(address, ANSWER_LIMIT_S)
        self._wake = threading.Event()
        self._heard_at = 0.0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"to {address.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; the last question may still be under way for a moment."""
        self._stopping = True
        self._wake.set()

    def tell(self) -> None:
        """Tell it now."""
        self._wake.set()

    def was_heard(self) -> None:
        """Note that it has asked by itself."""
        self._heard_at = time.monotonic()

    def _run(self) -> None:
        while not self._stopping:
            name = self.address.name
            answer = self._line.post("/cluster/exchange", self._say(name))
            self._hear(name, answer or {})
            self._wait()
        self._line.close()

    def _wait(self) -> None:
        """Wait until there is something to tell, or until the other has been quiet for a turn."""
        while not self._wake.wait(ASK_EVERY_S):
            if time.monotonic() - self._heard_at >= 1.5 * ASK_EVERY_S:
                return
            self._hear(self.address.name, {})
        self._wake.clear()
