"""A device in threads of this process, for tests of clients."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bigip_sim.certificates import CertificateFiles, make_certificates
from bigip_sim.device import Account, Device
from bigip_sim.system import Identity
from bigip_sim.unit import Unit


class RunningDevice:
    """A device that answers on `url`; everything else is for the one who tests."""

    def __init__(self, unit: Unit, directory: Path) -> None:
        device = unit.device
        self.unit = unit
        self.device = device
        self.port = unit.server.port
        self.url = f"https://127.0.0.1:{self.port}"
        self.username = device.account.username
        self.password = device.account.password
        self.ca_file = str(directory / "ca.pem")
        self.password_file = str(directory / "password")

    def counters(self) -> dict[str, object]:
        """Return what was asked since the start or the last reset: see Journal.counters."""
        return self.device.journal.counters()

    def reset_counters(self) -> None:
        """Begin counting anew."""
        self.device.journal.reset()

    def log(self, last: int = 1000) -> list[dict[str, object]]:
        """Return the last requests, oldest first."""
        return self.device.journal.last(last)

    def power(self, on: bool, *, loses_unsaved: bool = False) -> None:
        """Switch the device off (connections are reset and refused) or on again."""
        self.unit.power(on, loses_unsaved=loses_unsaved)

    def reboot(self) -> None:
        """Off and on again: what `sys config save` has not saved is lost."""
        self.unit.power(on=False, loses_unsaved=True)
        self.unit.power(on=True)

    def faults(self, **wanted: object) -> dict[str, object]:
        """Turn a fault on: `kind` with its fields (`bigip-sim fault --help`), or a short name.

        The short names are unavailable_s, latency_ms, fail_commit (times) and commit_delay_ms.
        """
        return self.device.faults.set(wanted)

    def clear_faults(self) -> None:
        """Turn every fault off."""
        self.device.faults.clear()

    def rates(self, **wanted: object) -> None:
        """Set rates by hand; None returns one to what is measured."""
        self.device.hand.set(wanted)

    def health(self) -> dict[str, object]:
        """Return power, activity and data plane, as the control API tells them."""
        return self.unit.health()

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
    state: Path | None = None,
    directory: Path | None = None,
    data_plane: bool = False,
) -> Iterator[RunningDevice]:
    """Run a device on a free port of 127.0.0.1, with a certificate of its own.

    `directory` may hold the certificates of an earlier run; by default it is temporary. With
    `data_plane` HAProxy carries its traffic; without, monitored members are as `monitored` says.
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
        device = Device(identity, Account(username, password), state)
        program = shutil.which("haproxy") if data_plane else None
        why = "there is no program haproxy" if data_plane else "it was not asked for"
        unit = Unit(device, ("127.0.0.1", 0), files, program, why)
        try:
            unit.start()
            yield RunningDevice(unit, home)
        finally:
            unit.stop()
