"""Simulated BIG-IPs as child processes that end with this one, even when it is killed."""

import json
import os
import secrets
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigip_lbaas.domain.errors import ProviderError
from bigip_lbaas.domain.ids import GroupNumber

USERNAME = "lbaas"
DEVICES_OF_GROUP = {GroupNumber(1): ("bigip-1", "bigip-2"), GroupNumber(2): ("bigip-3",)}
READY_WITHIN_S = 30.0
STOP_WITHIN_S = 10.0
PROGRAM = str(Path(sys.executable).with_name("bigip-sim"))


@dataclass
class Simulator:
    """One running bigip-sim. management and control are host:port, known once it is ready."""

    name: str
    process: subprocess.Popen[str]
    management: str = ""
    control: str = ""
    data_plane: bool = False

    def ask(self, path: str, body: Any = None) -> Any:
        """Use its control API: a GET without a body, a POST with one."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.control}{path}", data=data)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                text = answer.read()
        except (urllib.error.URLError, OSError) as error:
            raise ProviderError(f"{self.name}: control {path} failed: {error}") from error
        return json.loads(text) if text else None


@dataclass
class Simulators:
    """The simulated devices of a stack; each keeps its configuration in the directory."""

    directory: Path
    log: Path
    tells_events: bool = False  # every request, in a file beside each one's directory
    devices: dict[str, Simulator] = field(default_factory=dict)

    @property
    def password_file(self) -> Path:
        """Where the devices' password is."""
        return self.directory / "password"

    @property
    def ca_file(self) -> Path:
        """Which certificate has signed the devices'."""
        return self.directory / "tls" / "ca.pem"

    def event_log(self, name: str) -> Path:
        """Return where every request to a device is told, a line of JSON each."""
        return self.directory / f"{name}.events"

    def start(self, names: Sequence[str], data_plane: bool = True) -> None:
        """Start a process for each name; `wait_until_ready` tells when they answer."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.password_file.exists():
            self.password_file.touch(mode=0o600)
            self.password_file.write_text(secrets.token_urlsafe(18) + "\n", encoding="ascii")
        if not self.ca_file.exists():
            self._run("certificates", str(self.ca_file.parent), "--host", "127.0.0.1")
        for name in names:
            self.devices[name] = Simulator(name, self._launch(name, data_plane))

    def wait_until_ready(self) -> None:
        """Read from each process where it listens. Raises ProviderError when one does not."""
        for device in self.devices.values():
            ready = json.loads(self._first_line(device))
            device.management = f"127.0.0.1:{ready['https_port']}"
            device.control = f"127.0.0.1:{ready['control_port']}"
            device.data_plane = ready["data_plane"] != "off"

    def pair(self, first: str, second: str) -> None:
        """Make two devices one cluster, of which one is active at a time."""
        for one, other in ((first, second), (second, first)):
            url = f"http://{self.devices[other].control}"
            self.devices[one].ask("/peer", {"name": other, "url": url})

    def stop(self) -> None:
        """End the processes that were started here, and wait for them."""
        for device in self.devices.values():
            device.process.terminate()
        for device in self.devices.values():
            try:
                device.process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                device.process.kill()
                device.process.wait()
            if device.process.stdout is not None:
                device.process.stdout.close()
        self.devices.clear()

    def _launch(self, name: str, data_plane: bool) -> subprocess.Popen[str]:
        arguments = (
            "run",
            "--name", name,
            "--listen", "127.0.0.1:0",
            "--control", "127.0.0.1:0",
            "--username", USERNAME,
            "--password-file", str(self.password_file),
            "--tls-dir", str(self.ca_file.parent),
            "--state", str(self.directory / name),
            "--exit-with-parent", str(os.getpid()),
            *(() if data_plane else ("--no-data-plane",)),
            *(("--event-log", str(self.event_log(name))) if self.tells_events else ()),
        )  # fmt: skip
        with self.log.open("a", encoding="utf-8") as log:
            return subprocess.Popen(  # noqa: S603 - our own program, fixed arguments
                (PROGRAM, *arguments),
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C is for the stack, which ends them in order
            )

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - our own program, fixed arguments
            (PROGRAM, *arguments), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ProviderError(f"bigip-sim {arguments[0]} failed: {done.stderr.strip()}")

    def _first_line(self, device: Simulator) -> str:
        stream = device.process.stdout
        assert stream is not None
        timer = threading.Timer(READY_WITHIN_S, device.process.kill)
        timer.daemon = True
        timer.start()
        line = stream.readline()
        timer.cancel()
        if not line:
            raise ProviderError(
                f"simulated device {device.name} did not start; its words are in {self.log}"
            )
        return line
