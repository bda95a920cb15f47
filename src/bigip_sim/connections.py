"""How the web server reads and writes one kept connection: with few system calls and few copies.

The simulator shares a machine with what is tested against it, so each request should cost little.
"""

import select
import ssl
from typing import Any

from cheroot.makefile import StreamWriter
from cheroot.server import HTTPConnection

SOON_MS = 2.0  # a client that asks one thing after the other asks again within this
_EMPTY_BODY = b"\r\nContent-Length: 0\r\n"
_END_OF_HEADERS = b"\r\n\r\n"


class OneWrite(StreamWriter):
    """Sends an answer's headers with its body, and a long body without copying what is left."""

    def __init__(self, sock: ssl.SSLSocket, mode: str, bufsize: int) -> None:
        super().__init__(sock, mode, bufsize)
        self._headers = b""

    def write(self, val: bytes, *_args: object, **_kwargs: object) -> int:  # type: ignore[override]
        """Hold headers back until the body comes; send everything else."""
        if val.endswith(_END_OF_HEADERS) and val.startswith(b"HTTP/") and _EMPTY_BODY not in val:
            self._headers = val
            return len(val)
        waiting, self._headers = self._headers, b""
        rest = memoryview(waiting + val if waiting else val)
        while rest:
            rest = rest[self.raw.write(rest) :]
        return len(val)


class Connection(HTTPConnection):
    """A connection whose thread waits a moment for the next request before it lets go of it.

    Handing a connection back and taking it again costs two switches of threads.
    """

    def communicate(self) -> bool:
        """Answer requests while they come one after the other; returns whether to keep it."""
        while super().communicate():  # type: ignore[no-untyped-call]
            if not self._asks_soon():
                return True
        return False

    def _asks_soon(self) -> bool:
        if self.rfile.has_data():
            return True
        stream: Any = self.socket
        if stream.pending():
            return True
        if self.server.requests.qsize:  # others wait for a thread
            return False
        waiting = select.poll()
        waiting.register(stream, select.POLLIN)
        return bool(waiting.poll(SOON_MS))
