"""The names that the device's resolver knows: from a file as /etc/hosts is, and as it is told.

No real resolver is asked. While nothing says any name, there is no resolver.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from pathlib import Path


class HostsError(ValueError):
    """A file or a table of names that cannot be read; the message says why."""


class Hosts:
    """Names and their addresses; what is told wins over the file."""

    def __init__(self) -> None:
        self._file: Path | None = None
        self._read: dict[str, tuple[str, ...]] = {}
        self._told: dict[str, tuple[str, ...]] = {}
        self._knows = False

    def use(self, file: Path) -> None:
        """Read names from a file, now and whenever `reread` is called."""
        self._file = file
        self.reread()

    def reread(self) -> None:
        """Read the file anew."""
        if self._file is None:
            return
        try:
            text = self._file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise HostsError(f"{self._file} cannot be read: {error}") from error
        found: dict[str, tuple[str, ...]] = {}
        for line in text.splitlines():
            address, *names = line.partition("#")[0].split() or [""]
            for name in names:
                found[name.lower()] = (*found.get(name.lower(), ()), _address(address))
        self._read, self._knows = found, True

    def tell(self, names: Mapping[str, Sequence[str]]) -> None:
        """Say where names lead; an empty list: to no address."""
        told = {name.lower(): tuple(_address(a) for a in found) for name, found in names.items()}
        self._told.update(told)
        self._knows = True

    def known(self) -> Mapping[str, Sequence[str]]:
        """Return all names."""
        return {**self._read, **self._told}

    def addresses(self, name: str) -> tuple[str, ...] | None:
        """Return where a name leads; None: there is no resolver."""
        if not self._knows:
            return None
        bare = name.lower().rstrip(".")
        return self._told.get(bare, self._read.get(bare, ()))


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise HostsError(f"{text!r} is no address") from error
