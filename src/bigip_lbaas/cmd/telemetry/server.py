"""Serves /metrics and /healthz over HTTP, in threads of its own."""

import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from bigip_lbaas.domain.errors import ConfigurationRefused

OPTION = "metrics_listen"
PATIENCE_S = 10.0  # with a client that sends or takes nothing
PLAIN = "text/plain; charset=utf-8"
_ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]+)")


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return it as it is configured."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Telemetry(Protocol):
    """What is served. unwell returns why the process does not do its job, empty when it does."""

    registry: CollectorRegistry

    def unwell(self) -> str: ...


def read_listen(conf: Any) -> Listen | None:
    """Return where to listen; None: nowhere. Raises ConfigurationRefused."""
    value = str(conf.metrics_listen).strip()
    if not value:
        return None
    found = _ADDRESS.fullmatch(value)
    if found is None or not 1 <= int(found["port"]) <= 65535:
        raise ConfigurationRefused(
            f"{OPTION} = {value!r}: write host:port, such as 127.0.0.1:9105, with a port from 1 to"
            " 65535, or nothing"
        )
    return Listen(found["host"].strip("[]"), int(found["port"]))


class TelemetryServer(socketserver.ThreadingTCPServer):
    """The HTTP server of one process. It listens once it is made."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, listen: Listen, telemetry: Telemetry) -> None:
        """Listen. Raises ConfigurationRefused when that is not possible there."""
        self.telemetry = telemetry
        self.address_family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
        try:
            super().__init__((listen.host, listen.port), _Answers)
        except OSError as error:
            raise ConfigurationRefused(
                f"{OPTION} = {str(listen)!r}: cannot listen there ({error.strerror or error});"
                " each process needs an address of its own"
            ) from error
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.2,), name="telemetry", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, and listen no more."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()


@contextmanager
def serving(listen: Listen, telemetry: Telemetry) -> Iterator[TelemetryServer]:
    """Serve for as long as this lasts. Raises ConfigurationRefused."""
    server = TelemetryServer(listen, telemetry)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class _Answers(BaseHTTPRequestHandler):
    """Answers one request."""

    timeout = PATIENCE_S
    server: TelemetryServer

    def do_GET(self) -> None:
        """Answer GET."""
        telemetry = self.server.telemetry
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._say(HTTPStatus.OK, encode(telemetry.registry), content_type)
        elif path == "/healthz":
            why = telemetry.unwell()
            status = HTTPStatus.SERVICE_UNAVAILABLE if why else HTTPStatus.OK
            self._say(status, f"{why or 'ok'}\n".encode(), PLAIN)
        else:
            self._say(HTTPStatus.NOT_FOUND, b"ask for /metrics or /healthz\n", PLAIN)

    def log_message(self, format: str, *args: Any) -> None:
        """Log no requests."""

    def _say(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # who asked has gone
