"""Lets one agent of an environment's device group run on a host: a file that it keeps locked."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber

DEFAULT_NAME = "bigip-lbaas-locks"


@contextmanager
def only_one(directory: str, environment: EnvironmentName, group: GroupNumber) -> Iterator[None]:
    """Be the host's one agent of the group while inside. Raises ConfigurationRefused.

    The file stays when the lock goes: whoever removed it could let two in.
    """
    file = _opened(_checked(directory) / f"agent-{environment}-{group}.lock")
    try:
        _lock(file, environment, group)
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
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


def _lock(file: int, environment: EnvironmentName, group: GroupNumber) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(file, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise ConfigurationRefused(
            f"environment_group_number = {group}: process {holder} is an agent of this device"
            f" group of {environment} on this host already; a second one belongs on another host"
        ) from error


def _unusable(path: Path, why: str) -> ConfigurationRefused:
    return ConfigurationRefused(
        f"lock_directory = {path} cannot be used: {why}; name a directory that this account may"
        " write to"
    )
