"""Lets one stack use a state directory: a file in it that it keeps locked; sockets in it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bigip_lbaas.domain.errors import ConfigurationRefused

LONGEST_SOCKET_PATH = 100  # Linux takes 107 bytes for a unix socket's path


@contextmanager
def locked(state_dir: Path) -> Iterator[None]:
    """Have the directory to oneself while inside. Raises ConfigurationRefused when it is in use."""
    with (state_dir / "lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise ConfigurationRefused(
                f"state directory {state_dir} is in use by a stack, process {holder}: stop that"
                " one, or choose another directory"
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
