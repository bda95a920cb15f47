"""The HTTPS server of one device, which can lose its power and get it back."""

import contextlib
import logging
import os
import socket
import ssl
import struct
import threading
import weakref
from typing import Any

from cheroot import wsgi
from cheroot.makefile import StreamReader
from cheroot.ssl.builtin import BuiltinSSLAdapter

from bigip_sim.app import RESET, Application
from bigip_sim.certificates import CertificateFiles
from bigip_sim.connections import Connection, OneWrite

log = logging.getLogger(__name__)

KEEP_ALIVE_S = 120
THREADS = 10  # as many as a device's web server takes at once: section 1.7, maxClients
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # linger on, for no time


class _Adapter(BuiltinSSLAdapter):
    """TLS whose handshake does not hold up other clients, and whose sockets can be reset."""

    def __init__(self, files: CertificateFiles) -> None:
        super().__init__(str(files.certificate), str(files.key))
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.open: weakref.WeakSet[ssl.SSLSocket] = weakref.WeakSet()

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, str]]:
        """Leave the handshake to the thread that reads the request."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self.open.add(wrapped)
        return wrapped, {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: ssl.SSLSocket, mode: str = "r", bufsize: int = -1) -> Any:
        """Return what a connection is read from or written to."""
        if "r" in mode:
            return StreamReader(sock, mode, bufsize)
        return OneWrite(sock, mode, bufsize)


class _Gateway(wsgi.Gateway_10):
    """Tells the application how to reset the connection under a request."""

    def get_environ(self) -> Any:
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        environ[RESET] = self._reset
        return environ

    def _reset(self) -> None:
        connection: socket.socket = self.req.conn.socket
        self.req.conn.linger = True  # nothing is left for the server to close
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        os.close(connection.detach())


class _Server(wsgi.Server):
    expiration_interval = 0.1  # also how long a stop may take to be noticed
    keep_alive_conn_limit = 1000
    stopping = False
    ConnectionClass = Connection

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Report what the server met; when its sockets are being pulled away that is no error."""
        fails = traceback and not self.stopping
        log.log(logging.ERROR if fails else min(level, logging.DEBUG), "%s", msg, exc_info=fails)


class HttpsServer:
    """Serves an application on one address while the power is on, and keeps it meanwhile."""

    def __init__(
        self, application: Application, host: str, port: int, files: CertificateFiles
    ) -> None:
        self._application = application
        self._host = host
        self.port = port
        self._files = files
        self._kept: socket.socket | None = None
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def on(self) -> bool:
        """Whether the device has power."""
        return self._server is not None

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        server = self._server
        return server is not None and server.requests.idle < THREADS

    def start(self) -> None:
        """Listen and serve; an address that is taken raises OSError."""
        with self._lock:
            if self._server is not None:
                return
            if self._kept is None:
                self._kept = _bound(self._host, self.port)
                self.port = self._kept.getsockname()[1]
            adapter = _Adapter(self._files)
            server = _Server(
                (self._host, self.port),
                self._application,
                numthreads=THREADS,
                server_name="Apache",
                request_queue_size=64,
                timeout=KEEP_ALIVE_S,
                shutdown_timeout=1,
            )
            server.ssl_adapter = adapter
            server.gateway = _Gateway
            server.prepare()
            self._server = server
            self._thread = threading.Thread(target=server.serve, name="https", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Reset every connection and refuse new ones, as a device does that loses power."""
        with self._lock:
            server, thread = self._server, self._thread
            self._server = self._thread = None
        if server is None:
            return
        server.stopping = True
        with contextlib.suppress(OSError):
            server.socket.shutdown(socket.SHUT_RDWR)  # from now on connections are refused
        for connection in list(server.ssl_adapter.open):
            with contextlib.suppress(OSError, ValueError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        server.stop()
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """Stop, and let go of the address."""
        self.stop()
        with self._lock:
            if self._kept is not None:
                self._kept.close()
                self._kept = None


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket that keeps an address: it answers nobody, and nobody is given its port.

    Without it a device that is off may find its port taken when it returns: by a client's
    connection, whose port the system chose (its own client's even, which then talks to itself).
    A port that the system chooses is never one with a socket that is bound; the server, which
    names its port, may bind it beside this one. Raises the system's own OSError for an address
    that is taken; the server's would wrap it in words.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kept = socket.socket(family, socket.SOCK_STREAM)
    if port:  # a port to choose must be wholly free: with this option it might be half another's
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        kept.bind((host, port))
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    except OSError:
        kept.close()
        raise
    return kept
