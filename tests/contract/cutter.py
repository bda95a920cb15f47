"""A TCP proxy that cuts a connection at the very request that holds given words."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Cutter:
    """Passes on until `armed`; then the first request with `words` ends its connection, once.

    arrives: the request still reaches the server, and the answer does not come back.
    """

    def __init__(self, host: str, port: int, words: bytes, arrives: bool) -> None:
        self._server = (host, port)
        self._words = words
        self._arrives = arrives
        self.armed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                for passing in (self._requests, self._answers):
                    threading.Thread(target=passing, args=(client, server), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self.armed.is_set() and self._words in data:
                    self.armed.clear()
                    _end(client)
                    if self._arrives:
                        server.sendall(data)
                        server.recv(65536)  # it is done when the server says so
                    break
                server.sendall(data)
        _end(server)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)
        _end(client)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
