"""Lets one agent serve a device, and a device group, on a host: files that it keeps locked."""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber

DEFAULT_NAME = "bigip-lbaas-locks"
LONGEST_WORD = 4096  # bytes of what a holder says of itself


@dataclass(frozen=True, slots=True)
class Claim:
    """What one agent wants for itself on this host.

    addresses: of its devices, as icontrol_hostname names them. who: the agent and its
    configuration files, for whoever comes second.
    """

    environment: EnvironmentName
    group: GroupNumber
    addresses: Sequence[str] = ()
    who: str = ""


@contextmanager
def only_one(directory: str, claim: Claim) -> Iterator[None]:
    """Be the host's one agent of the group and of each device. Raises ConfigurationRefused.

    A device with two addresses is recognised by its serial number when both have registered.
    The files stay when the locks go: whoever removed them could let two in.
    """
    path = _checked(directory)
    with ExitStack() as held:
        name = f"agent-{claim.environment}-{claim.group}.lock"
        held.enter_context(
            _locked(
                path / name,
                claim,
                f"environment_group_number = {claim.group}",
                f"is an agent of this device group of {claim.environment} on this host already;"
                " a second one belongs on another host",
            )
        )
        for address in sorted(set(claim.addresses)):
            name = f"device-{claim.environment}-{address.replace('/', '_')}.lock"
            held.enter_context(
                _locked(
                    path / name,
                    claim,
                    f"icontrol_hostname: {address}",
                    f"manages this device for {claim.environment} on this host already; a second"
                    " agent belongs on another host, or manages other devices",
                )
            )
        yield


@contextmanager
def _locked(path: Path, claim: Claim, option: str, what: str) -> Iterator[None]:
    """Keep one file locked, and say in it who does. Raises ConfigurationRefused."""
    file = _opened(path)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid, _, who = os.pread(file, LONGEST_WORD, 0).decode("utf-8", "replace").partition("\n")
            holder = f"process {pid or 'unknown'}{f' ({who.strip()})' if who.strip() else ''}"
            raise ConfigurationRefused(f"{option}: {holder} {what}") from error
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n{claim.who}\n".encode()[:LONGEST_WORD], 0)
        yield
    finally:
        os.close(file)  # which unlocks it, as the end of the process does


def _checked(directory: str) -> Path:
    """Return the directory, made when it is missing.

    The temporary directory is everybody's: what another account has made there is not used, or
    it could keep our agents from starting.
    """
    path = Path(directory or Path(tempfile.gettempdir()) / DEFAULT_NAME)
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        owner = path.lstat().st_uid
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    if owner not in (os.geteuid(), 0):
        raise _unusable(path, "it belongs to another account")
    return path


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unusable(path.parent, f"{path.name}: {error.strerror}") from error


def _unusable(path: Path, why: str) -> ConfigurationRefused:
    return ConfigurationRefused(
        f"lock_directory = {path} cannot be used: {why}; name a directory that this account may"
        " write to"
    )
