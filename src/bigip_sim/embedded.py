"""A device in threads of this process, or a cluster of them, for tests of clients."""

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType

from bigip_sim.certificates import CertificateFiles, make_certificates
from bigip_sim.control import Control
from bigip_sim.dataplane.plane import Haproxy
from bigip_sim.device import Account, Device
from bigip_sim.system import Identity
from bigip_sim.trust import Plan
from bigip_sim.unit import Unit

MEET_LIMIT_S = 10.0


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
    data_plane: bool | Haproxy = False,
) -> Iterator[RunningDevice]:
    """Run a device on a free port of 127.0.0.1, with a certificate of its own.

    `directory` may hold the certificates of an earlier run; by default it is temporary. With
    `data_plane` HAProxy carries its traffic (`Haproxy` says which, and how soon it is reloaded);
    without, monitored members are as `monitored` says.
    """
    with tempfile.TemporaryDirectory(prefix="bigip-sim-") as temporary:
        home = directory or Path(temporary)
        files, password = _prepare(home)
        identity = Identity(name, secrets.token_hex(8), version, "127.0.0.1")
        device = Device(identity, Account(username, password), state)
        asked = data_plane if isinstance(data_plane, Haproxy) else Haproxy()
        program = shutil.which(asked.program) if data_plane else None
        why = "there is no program haproxy" if data_plane else "it was not asked for"
        haproxy = asked if program is not None else None
        unit = Unit(device, ("127.0.0.1", 0), files, haproxy, why)
        try:
            unit.start()
            yield RunningDevice(unit, home)
        finally:
            unit.stop()


@contextmanager
def running_cluster(
    *names: str,
    version: str = "15.1.8",
    group: str = "failover",
    auto_sync: bool = True,
    data_plane: bool = False,
    traffic_groups: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> Iterator[tuple[RunningDevice, ...]]:
    """Run devices of these names (bigip-1 and bigip-2) that are one sync-failover device group.

    They hear each other, and the group is in sync; the first by name is active a moment later.
    traffic_groups: further ones, such as {"tg-2": {"haOrder": ["/Common/bigip-2"]}}.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bigip-sim-")))
        files, password = _prepare(home)
        urls: dict[str, str] = {}
        units: list[Unit] = []
        for name in names or ("bigip-1", "bigip-2"):
            identity = Identity(name, secrets.token_hex(8), version, "127.0.0.1")
            device = Device(identity, Account("admin", password))
            unit = Unit(device, ("127.0.0.1", 0), files, Haproxy() if data_plane else None)
            stack.callback(unit.stop)
            control = Control(unit, "127.0.0.1", 0)
            stack.callback(control.stop)
            control.start()
            unit.start()
            urls[name] = f"http://127.0.0.1:{control.port}"
            units.append(unit)
        settings = {"autoSync": "enabled" if auto_sync else "disabled"}
        plan = Plan(group, tuple(sorted(urls)), settings, traffic_groups)
        for unit in units:
            unit.device.cluster.know(urls)
            unit.device.cluster.form(plan, in_sync=True)
        _wait_until_heard(units)
        yield tuple(RunningDevice(unit, home) for unit in units)


def _prepare(home: Path) -> tuple[CertificateFiles, str]:
    files = CertificateFiles.within(home)
    if files.missing():
        files = make_certificates(home)
    password = secrets.token_urlsafe(12)
    secret = home / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    return files, password


def _wait_until_heard(units: Sequence[Unit]) -> None:
    give_up_at = time.monotonic() + MEET_LIMIT_S
    while not all(all(unit.device.cluster.report().connections.values()) for unit in units):
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"the devices do not hear each other after {MEET_LIMIT_S} s")
        time.sleep(0.01)
