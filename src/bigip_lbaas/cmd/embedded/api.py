"""The real Octavia API in this process: no authentication, one SQLite file, one HTTP port."""

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cheroot import wsgi
from octavia.api import app as octavia_app

from bigip_lbaas.cmd.embedded import octavia_db
from bigip_lbaas.cmd.embedded.shim import Shim
from bigip_lbaas.cmd.embedded.sockets import DriverAgentSockets, SocketPaths
from bigip_lbaas.cmd.octavia_conf import QUIET, octavia_conf
from bigip_lbaas.domain.errors import ConfigurationRefused

HOST = "127.0.0.1"
THREADS = 16

LOGS = f"log_file = {{state_dir}}/octavia.log\ndefault_log_levels = octavia=WARNING,{QUIET}"

# Octavia's configuration and database are global, so a process has one API, of one directory.
_running: dict[Path, Callable[..., Iterable[bytes]]] = {}


class EmbeddedApi:
    """The API of one state directory, and the sockets on which statuses come back to it."""

    def __init__(self, state_dir: Path, port: int) -> None:
        """Choose directory and port (0: any free one); nothing runs yet."""
        self._state_dir = state_dir.absolute()
        self._sockets = DriverAgentSockets(self._state_dir)
        self._server: wsgi.Server | None = None
        self._thread: threading.Thread | None = None
        self._port = port

    @property
    def port(self) -> int:
        """The port; the real one once started."""
        return self._port

    @property
    def endpoint(self) -> str:
        """The URL to give to clients."""
        return f"http://{HOST}:{self._port}"

    @property
    def sockets(self) -> SocketPaths:
        """Where DriverLibrary finds the API."""
        return self._sockets.paths

    def start(self) -> None:
        """Serve. Raises ConfigurationRefused when the port is taken."""
        server = wsgi.Server((HOST, self._port), None, numthreads=THREADS, server_name=HOST)
        _check_port(self._port)  # before anything slow, so that it is said at once
        server.prepare()
        self._server = server
        self._port = server.bind_addr[1]
        try:
            server.wsgi_app = Shim(_marked(self._application()))
            self._sockets.start()
        except BaseException:
            self.stop()
            raise
        self._thread = threading.Thread(target=server.serve, name="octavia-api", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the requests being answered, then leave no thread and no socket behind."""
        if self._server:
            self._server.stop()
        if self._thread:
            self._thread.join()
        self._server = self._thread = None
        self._sockets.stop()

    def _application(self) -> Callable[..., Iterable[bytes]]:
        if self._state_dir in _running:
            return _running[self._state_dir]
        if _running:
            raise ConfigurationRefused(
                f"this process already has an Octavia API, of {', '.join(map(str, _running))};"
                " start another process for another directory"
            )
        self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        config = self._state_dir / "octavia.conf"
        database = octavia_db.url_of(self._state_dir / "octavia.db")
        sockets = self._sockets.paths.status.parent
        logs = LOGS.format(state_dir=self._state_dir)
        config.write_text(octavia_conf(self._state_dir, sockets, database, logs))
        application = _set_up(config)
        octavia_db.open_database()
        _running[self._state_dir] = application
        return application


def _check_port(port: int) -> None:
    """Raise ConfigurationRefused when the port is taken; cheroot's own complaint leaks a socket."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError as error:
            raise ConfigurationRefused(
                f"port {port} on {HOST} cannot be used for the API ({error.strerror});"
                " stop what uses it or choose another port"
            ) from error


def _set_up(config: Path) -> Callable[..., Iterable[bytes]]:
    """Load Octavia, and put logging back as it was: Octavia takes the root logger for itself."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    arguments = ["octavia-api", "--config-file", str(config)]
    application: Callable[..., Iterable[bytes]] = octavia_app.setup_app(argv=arguments)
    octavias = [handler for handler in root.handlers if handler not in handlers]
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("octavia", "octavia_lib", "wsme"):
        logger = logging.getLogger(name)
        logger.handlers[:] = octavias
        logger.propagate = False
    return application


def _marked(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return the application, whose GET requests wait for no write lock."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            return application(environ, start_response)
        with octavia_db.reading():
            return application(environ, start_response)

    return answer
