"""A device in threads of this process, for tests of clients."""

import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bigip_sim.app import Application
from bigip_sim.certificates import CertificateFiles, make_certificates
from bigip_sim.device import Account, Device
from bigip_sim.server import HttpsServer
from bigip_sim.system import Identity


class RunningDevice:
    """A device that answers on `url`; everything else is for the one who tests."""

    def __init__(self, device: Device, server: HttpsServer, directory: Path) -> None:
        self.device = device
        self.url = f"https://127.0.0.1:{server.port}"
        self.port = server.port
        self.username = device.account.username
        self.password = device.account.password
        self.ca_file = str(directory / "ca.pem")
        self.password_file = str(directory / "password")
        self._server = server

    def counters(self) -> dict[str, object]:
        """Return what was asked since the start or the last reset: see Journal.counters."""
        return self.device.journal.counters()

    def reset_counters(self) -> None:
        """Begin counting anew."""
        self.device.journal.reset()

    def log(self, last: int = 1000) -> list[dict[str, object]]:
        """Return the last requests, oldest first."""
        return self.device.journal.last(last)

    def power(self, on: bool) -> None:
        """Switch the device off (connections are reset and refused) or on again."""
        if on:
            self.device.regain_power()
            self._server.start()
        else:
            self.device.lose_power()
            self._server.stop()

    def faults(self, **wanted: object) -> None:
        """Turn faults on: unavailable_s, latency_ms, fail_commit (times), commit_delay_ms."""
        self.device.faults.set(wanted)

    def clear_faults(self) -> None:
        """Turn every fault off."""
        self.device.faults.clear()

    def rates(self, **wanted: object) -> None:
        """Set rates by hand; None returns one to what is measured."""
        self.device.hand.set(wanted)

    def monitored(self, state: str = "up", members: Mapping[str, str] | None = None) -> None:
        """Say what monitors find while no data plane looks: all, or `"/P/pool /P/host:port"`."""
        self.device.idle.monitored = state
        self.device.idle.members = dict(members or {})


@contextmanager
def running_device(
    *,
    name: str = "bigip-1",
    version: str = "15.1.8",
    username: str = "admin",
    state_file: Path | None = None,
    directory: Path | None = None,
) -> Iterator[RunningDevice]:
    """Run a device without data plane on a free port of 127.0.0.1, with a certificate of its own.

    `directory` may hold the certificates of an earlier run; by default it is temporary.
    """
    with tempfile.TemporaryDirectory(prefix="bigip-sim-") as temporary:
        home = directory or Path(temporary)
        files = CertificateFiles.within(home)
        if files.missing():
            files = make_certificates(home)
        password = secrets.token_urlsafe(12)
        secret = home / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        identity = Identity(name, secrets.token_hex(8), version, "127.0.0.1")
        device = Device(identity, Account(username, password), state_file)
        server = HttpsServer(Application(device), "127.0.0.1", 0, files)
        server.start()
        try:
            yield RunningDevice(device, server, home)
        finally:
            device.lose_power()
            server.stop()
            device.close()
