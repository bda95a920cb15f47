"""Octavia's driver agent as threads: the three sockets that octavia-lib's DriverLibrary opens."""

import socket
import socketserver
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavia.api.drivers.driver_agent import driver_listener

from bigip_lbaas.cmd.embedded import octavia_db
from bigip_lbaas.cmd.state_dir import LONGEST_SOCKET_PATH

IDLE_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class SocketPaths:
    """Where the three sockets are."""

    status: Path
    stats: Path
    get: Path


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64  # DriverLibrary meets EAGAIN when the queue of connections is full


class _Connection:
    """A socket whose end is an error: Octavia's handlers read on for ever after it."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(IDLE_TIMEOUT_S)
        self._connection = connection
        self.send = connection.send
        self.sendall = connection.sendall

    def recv(self, size: int) -> bytes:
        received = self._connection.recv(size)
        if not received:
            raise ConnectionResetError("the client has gone")
        return received

    def recv_into(self, buffer: memoryview, size: int) -> int:
        received = self._connection.recv_into(buffer, size)
        if not received:
            raise ConnectionResetError("the client has gone")
        return received


class _StatusHandler(driver_listener.StatusRequestHandler):
    request: Any

    def handle(self) -> None:
        self.request = _Connection(self.request)
        super().handle()


class _StatsHandler(driver_listener.StatsRequestHandler):
    request: Any

    def handle(self) -> None:
        self.request = _Connection(self.request)
        super().handle()


class _ReadHandler(driver_listener.GetRequestHandler):
    """Reads while an API request holds the database's write lock."""

    request: Any

    def handle(self) -> None:
        self.request = _Connection(self.request)
        with octavia_db.reading():
            super().handle()


class DriverAgentSockets:
    """Listens on the three sockets until stopped."""

    def __init__(self, state_dir: Path) -> None:
        """Choose a directory with a path short enough; nothing listens yet."""
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        directory = state_dir / "sockets"
        if len(bytes(directory / "status.sock")) > LONGEST_SOCKET_PATH:
            self._temporary = tempfile.TemporaryDirectory(prefix="bigip-lbaas-")
            directory = Path(self._temporary.name)
        self.paths = SocketPaths(
            directory / "status.sock", directory / "stats.sock", directory / "get.sock"
        )
        self._servers: list[tuple[_Server, threading.Thread]] = []

    def start(self) -> None:
        """Listen."""
        self.paths.get.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, handler in (
            (self.paths.status, _StatusHandler),
            (self.paths.stats, _StatsHandler),
            (self.paths.get, _ReadHandler),
        ):
            path.unlink(missing_ok=True)
            server = _Server(str(path), handler)
            serve = threading.Thread(
                target=server.serve_forever, args=(0.1,), name=f"octavia-{path.stem}", daemon=True
            )
            serve.start()
            self._servers.append((server, serve))

    def stop(self) -> None:
        """Stop listening and remove the sockets."""
        for server, thread in self._servers:
            server.shutdown()
            thread.join()
            server.server_close()
        self._servers.clear()
        for path in (self.paths.status, self.paths.stats, self.paths.get):
            path.unlink(missing_ok=True)
        if self._temporary:
            self._temporary.cleanup()
