"""The program itself, as its users run it, and members for its traffic."""

import http.client
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PROGRAM = [sys.executable, "-m", "bigip_sim"]
PATIENCE_S = 20.0
RELOAD_GAP = "0.1"  # seconds; what is tested does not depend on it


def wait_until(holds: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> float:
    """Poll until a condition holds; returns how long it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < patience_s, f"after {patience_s} s still not: {what}"
        time.sleep(0.02)
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def password_file(directory: Path) -> Path:
    path = directory / "password"
    path.write_text("secret\n")
    return path


class Running:
    """A device in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], told: dict[str, Any]) -> None:
        self.process = process
        self.told = told
        trust = ssl.create_default_context(cafile=told["ca_file"])
        self.rest = httpx.Client(
            base_url=f"{told['url']}/mgmt/tm/", verify=trust, auth=("admin", "secret"), timeout=20
        )
        self.control = httpx.Client(base_url=told["control_url"], timeout=20)

    def post(self, path: str, **body: object) -> Any:
        answer = self.rest.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def patch(self, path: str, **body: object) -> Any:
        answer = self.rest.patch(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        answer = self.rest.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def health(self) -> Any:
        return self.control.get("/health").json()

    def tell(self, path: str, **body: object) -> None:
        answer = self.control.post(path, json=body)
        assert answer.status_code == 200, answer.text

    def settled(self) -> None:
        wait_until(lambda: self.health()["data_plane"]["settled"], "the data plane settled")

    def statistics(self, path: str) -> list[dict[str, Any]]:
        entries = self.get(f"{path}/stats").get("entries", {})
        return [entry["nestedStats"]["entries"] for entry in entries.values()]

    def close(self) -> None:
        self.rest.close()
        self.control.close()


@contextmanager
def running(directory: Path, *options: str) -> Iterator[Running]:
    """Run a device; it must be gone at the end, and its HAProxy with it."""
    arguments = [*PROGRAM, "run", "--exit-with-parent", str(os.getpid())]
    arguments += ["--password-file", str(password_file(directory)), *options]
    if "--reload-gap" not in options:
        arguments += ["--reload-gap", RELOAD_GAP]
    if "--tls-dir" not in options:
        arguments += ["--tls-dir", str(directory / "tls")]
    environment = {**os.environ, "TMPDIR": str(directory)}  # also of those that are killed
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"bigip-sim ended with {process.wait()}"
        device = Running(process, json.loads(line))
        try:
            yield device
        finally:
            device.close()
            process.terminate()
            process.wait(PATIENCE_S)


class _Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    tag = b""

    def handle_error(self, *_args: object) -> None:
        """A monitor that hangs up early is no error."""


class _Says(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Quiet

    def do_GET(self) -> None:
        forwarded = self.headers.get("X-Forwarded-For", "")
        body = self.server.tag + forwarded.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def member(tag: str, host: str = "127.0.0.1") -> Iterator[int]:
    """Serve HTTP that answers with a letter; yields the port."""
    server = _Quiet((host, 0), _Says)
    server.tag = tag.encode()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(address: str, port: int, headers: dict[str, str] | None = None) -> str:
    """Ask a virtual server once, over a connection of its own; "" if it refuses or hangs up."""
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/", headers=headers or {})
        answer = connection.getresponse()
        return answer.read().decode() if answer.status == 200 else f"<{answer.status}>"
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def count(address: str, port: int, times: int) -> Counter[str]:
    return Counter(ask(address, port) for _ in range(times))


def alive(pid: int) -> bool:
    """Whether a process runs (and is not merely unburied)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
