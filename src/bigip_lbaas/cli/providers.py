"""Gives our driver further names: Octavia finds a driver by what the installed packages say.

A further name is a distribution of metadata alone. Its entry point names the same class as `f5`
does; Octavia sets the name on each driver that it loads, and the name selects the section of
octavia.conf.
"""

import re
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bigip_lbaas.domain.errors import RequestRejected

DRIVERS = "octavia.api.drivers"
FIRST = "f5"  # comes with the package itself
OURS = "bigip-lbaas"  # what we say who installed a further name
PREFIX = "bigip_lbaas_provider_"
VERSION = "1.0"
LONGEST = 64  # characters that Octavia keeps of a provider's name

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Provider:
    """One name of the driver; metadata: where what says so is installed, if we put it there."""

    name: str
    value: str
    distribution: str
    metadata: Path | None


def installed(path: Sequence[str] | None = None) -> tuple[Provider, ...]:
    """Return every name under which our driver is installed. path: instead of sys.path."""
    found = list(_drivers(sys.path if path is None else path))
    driver = _driver_of(found)
    return tuple(sorted((each for each in found if each.value == driver), key=lambda p: p.name))


def add(name: str, directory: Path | None = None) -> Provider:
    """Install the name f5_NAME of the driver, where this Python looks. Raises RequestRejected."""
    if not _NAME.fullmatch(name) or name.lower().startswith(f"{FIRST}_"):
        raise RequestRejected(
            f"{name!r} cannot name a provider: begin with a letter, use only letters, digits, '_'"
            f" and '-', and leave out {FIRST}_, which is put before it"
        )
    provider = f"{FIRST}_{name}"
    if len(provider) > LONGEST:
        raise RequestRejected(f"{provider} is too long: Octavia keeps {LONGEST} characters")
    found = list(_drivers(sys.path))
    driver = _driver_of(found)
    for each in found:
        if _alike(each.name) == _alike(provider):
            # a section's name is read without case, a distribution's without '-' and '_', too
            raise RequestRejected(
                f"{provider} cannot be added: there is {each.name}, from {each.distribution}"
                + ("" if each.name == provider else ", which differs in case, '-' or '_' alone")
            )
    where = Path(sysconfig.get_path("purelib")) if directory is None else directory
    target = where / f"{PREFIX}{re.sub(r'[-_]+', '_', name)}-{VERSION}.dist-info"
    try:
        _write(target, provider, driver)
    except OSError as error:
        raise RequestRejected(
            f"{where} cannot be written to: {error.strerror}; run this as the account that"
            " installed this Python's packages"
        ) from error
    return Provider(provider, driver, target.name.partition("-")[0], target)


def remove(name: str) -> Path:
    """Remove what `add` has installed; return what it was. Raises RequestRejected."""
    provider = f"{FIRST}_{name}"
    for each in _drivers(sys.path):
        if each.name != provider:
            continue
        if each.metadata is None:
            raise RequestRejected(
                f"{provider} comes from {each.distribution}, which was not added with provider add"
            )
        try:
            with tempfile.TemporaryDirectory(dir=each.metadata.parent, prefix=".gone-") as gone:
                each.metadata.rename(Path(gone) / "it")  # at once, so that nobody reads half of it
        except OSError as error:
            raise RequestRejected(f"{each.metadata} cannot be removed: {error.strerror}") from error
        return each.metadata
    added = [each.name.removeprefix(f"{FIRST}_") for each in installed() if each.metadata]
    raise RequestRejected(
        f"there is no provider {provider}; added are {', '.join(added) or 'none'}"
    )


def _drivers(path: Sequence[str]) -> Iterator[Provider]:
    """Yield every driver that is installed, whoever's it is."""
    seen = set()
    for distribution in metadata.distributions(path=list(path)):
        name = distribution.metadata["Name"] or ""
        if _alike(name) in seen:  # the first on the path is the one that counts
            continue
        seen.add(_alike(name))
        by_us = (distribution.read_text("INSTALLER") or "").strip() == OURS
        where = Path(str(distribution.locate_file(""))) / f"{name}-{distribution.version}.dist-info"
        for point in distribution.entry_points:
            if point.group == DRIVERS:
                yield Provider(point.name, point.value, name, where if by_us else None)


def _driver_of(found: Sequence[Provider]) -> str:
    """Return where the class is that the package's own name stands for."""
    for each in found:
        if each.name == FIRST and _alike(each.distribution) == OURS:
            return each.value
    raise RequestRejected(
        f"{OURS} is not installed in {sys.prefix}: run the bigip-lbaas of the environment that"
        " runs Octavia"
    )


def _alike(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _write(target: Path, provider: str, driver: str) -> None:
    """Write the metadata aside, then put it in its place at once. Raises OSError."""
    name = target.name.partition("-")[0]
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\n"
        f"Summary: The name {provider} of bigip-lbaas's driver\n",
        "INSTALLER": f"{OURS}\n",
        "entry_points.txt": f"[{DRIVERS}]\n{provider} = {driver}\n",
    }
    files["RECORD"] = "".join(f"{target.name}/{file},,\n" for file in (*files, "RECORD"))
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".coming-"))
    try:
        for file, text in files.items():
            (aside / file).write_text(text, encoding="utf-8")
            (aside / file).chmod(0o644)  # Octavia's account is another one
        aside.chmod(0o755)
        aside.rename(target)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        raise
