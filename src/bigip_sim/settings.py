"""Options of one device, from the command line and a TOML file, checked before anything runs."""

import argparse
import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bigip_sim.links import Address

_VERSION = re.compile(r"\d+\.\d+\.\d+(\.\d+)?")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
FIELDS = (
    *("name", "listen", "control", "username", "password_file", "tls_dir", "state", "peer"),
    *("ready_file", "version", "serial", "haproxy", "exit_with_parent", "data_plane", "event_log"),
    "reload_gap",
    "hosts",
)


class SettingsError(Exception):
    """An option that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A loopback address and a port; port 0 is any free one."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What one device runs with."""

    name: str
    listen: Endpoint
    control: Endpoint
    username: str
    password: str
    version: str
    tls_dir: Path | None = None
    state: Path | None = None
    event_log: Path | None = None
    peer: Address | None = None
    ready_file: Path | None = None
    serial: str = ""
    haproxy: str = "haproxy"
    reload_gap_s: float = 1.0
    data_plane: bool = True
    hosts: Path | None = None
    parent: int | None = None  # end with this process; 0: with whoever started this one

    def __repr__(self) -> str:
        return f"Settings({self.name!r})"  # never the password


def read_settings(options: argparse.Namespace) -> Settings:
    """Merge file and command line (which wins), and check everything."""
    values = dict(_read_file(options.config)) if options.config else {}
    values.update(given_options(options))
    if not values.get("password_file"):
        text = "no password: give --password-file FILE (there is no default password)"
        raise SettingsError(text)
    return Settings(
        name=read_name(str(values.get("name", "bigip-1"))),
        listen=read_endpoint("listen", str(values.get("listen", "127.0.0.1:0"))),
        control=read_endpoint("control", str(values.get("control", "127.0.0.1:0"))),
        username=str(values.get("username", "admin")),
        password=_password(Path(str(values["password_file"]))),
        version=_version(str(values.get("version", "15.1.8"))),
        tls_dir=_path(values, "tls_dir"),
        state=_path(values, "state"),
        event_log=_path(values, "event_log"),
        peer=_peer(values.get("peer")),
        ready_file=_path(values, "ready_file"),
        serial=str(values.get("serial", "")),
        haproxy=str(values.get("haproxy", "haproxy")),
        reload_gap_s=_seconds("reload_gap", values.get("reload_gap", 1)),
        data_plane=values.get("data_plane", True) is not False,
        hosts=_path(values, "hosts"),
        parent=read_parent(values.get("exit_with_parent")),
    )


def given_options(options: argparse.Namespace) -> dict[str, object]:
    """Return the options that stand on the command line."""
    return {f: getattr(options, f) for f in FIELDS if getattr(options, f) is not None}


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"--config {path} cannot be read: {error}") from error
    unknown = sorted(set(values) - set(FIELDS))
    if unknown:
        text = f"--config {path} names unknown options: {', '.join(unknown)}"
        raise SettingsError(f"{text}; known are {', '.join(FIELDS)}")
    return values


def _password(path: Path) -> str:
    try:
        password = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise SettingsError(f"--password-file {path} cannot be read: {error}") from error
    if not password:
        raise SettingsError(f"--password-file {path} is empty")
    return password


def read_name(name: str, option: str = "--name") -> str:
    """Read a host name; `option` says where it stands."""
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{option} {name!r} is no host name")
    return name


def _version(version: str) -> str:
    if not _VERSION.fullmatch(version):
        raise SettingsError(f"--version {version!r} is no TMOS version such as 15.1.8")
    return version


def read_endpoint(option: str, text: str, where: str = "") -> Endpoint:
    """Read ADDRESS:PORT of loopback; `where` says whose it is."""
    said = f"{where} {option} {text!r}" if where else f"--{option} {text!r}"
    host, colon, port = text.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError as error:
        raise SettingsError(f"{said} is no ADDRESS:PORT") from error
    if not colon or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"{said} is no ADDRESS:PORT")
    if not address.is_loopback:
        raise SettingsError(f"{said} is no loopback address")
    return Endpoint(str(address), int(port))


def _peer(value: object) -> Address | None:
    if value is None:
        return None
    name, _, url = str(value).partition("=")
    try:
        return Address.read(name, url)
    except ValueError as error:
        raise SettingsError(f"--peer: {error}") from error


def _seconds(option: str, value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = 0.0
    if not 0.01 <= seconds <= 60:
        raise SettingsError(f"--{option.replace('_', '-')} {value!r} is no time from 0.01 to 60 s")
    return seconds


def _path(values: Mapping[str, object], name: str) -> Path | None:
    value = values.get(name)
    return None if value is None else Path(str(value))


def read_parent(value: object) -> int | None:
    """Read which process to end with; 0 is whoever started this one."""
    if value is None or value is False:
        return None
    if value is True:
        return 0
    if isinstance(value, int) or (isinstance(value, str) and value.isdigit()):
        return int(value)
    raise SettingsError(f"--exit-with-parent {value!r} is no process id")
