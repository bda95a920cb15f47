"""The file that describes a cluster: which devices, with which options, in which device group.

Everything is checked before anything runs; paths in the file are relative to the file.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bigip_sim.settings import FIELDS, SettingsError, read_endpoint, read_name

# Options that each device has for itself, and those that make no sense for any of a cluster.
_OF_ONE = (
    "name",
    "listen",
    "control",
    "serial",
    "event_log",
)
_OF_NONE = ("peer", "ready_file", "exit_with_parent")
_COMMON = tuple(f for f in FIELDS if f not in (*_OF_ONE, *_OF_NONE))
_PATHS = ("password_file", "tls_dir", "state", "event_log")
_TABLES = {
    "group": ("name", "auto_sync", "full_load_on_sync", "save_on_auto_sync", "in_sync", "trust"),
    "device": (*_OF_ONE, "version", "data_plane"),
    "traffic_group": ("name", "ha_order", "auto_failback"),
}
_GROUP = "sync-failover"
Table = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ClusterFile:
    """What a cluster is made of."""

    devices: Mapping[str, Table]  # host name -> options of `run`, names as in a TOML file
    hosts: tuple[str, ...]  # the addresses that the devices listen on
    tls_dir: Path | None
    trusts: bool  # whether the devices trust each other from the start
    making: Table = field(default_factory=dict)  # the body of POST /cluster, without devices


def read_cluster(path: Path, given: Table) -> ClusterFile:
    """Read a file; `given` are options of the command line, which win. SettingsError says why."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"--cluster {path} cannot be read: {error}") from error
    where = f"--cluster {path}"
    _only(values, (*_COMMON, *_TABLES), where)
    for name in given:
        if name not in _COMMON:
            option = f"--{name.replace('_', '-')}"
            raise SettingsError(f"{option} is for one device, not for a cluster (--cluster)")
    common = {f: _beside(path, f, values[f]) for f in _COMMON if f in values}
    common.update(given)
    if not common.get("password_file"):
        raise SettingsError(f"{where} names no password_file (there is no default password)")
    tables = _list(values.get("device"), "device", where)
    devices: dict[str, Table] = {}
    hosts: dict[str, None] = {}
    for number, table in enumerate(tables, start=1):
        name = read_name(str(table.get("name", f"bigip-{number}")), f"{where}: device {number}:")
        if name in devices:
            raise SettingsError(f"{where} has two devices named {name}")
        for option in ("listen", "control"):
            text = str(table.get(option, "127.0.0.1:0"))
            endpoint = read_endpoint(option, text, f"{where}: device {name}:")
            if option == "listen":
                hosts[endpoint.host] = None
        devices[name] = _device(path, common, table, name)
    if not devices:
        raise SettingsError(f"{where} has no [[device]]")
    group = _table(values.get("group", {}), "group", where)
    tls_dir = common.get("tls_dir")
    return ClusterFile(
        devices,
        tuple(hosts),
        None if tls_dir is None else Path(str(tls_dir)),
        group.get("trust", True) is True,
        {**_making(group), "traffic_groups": _traffic_groups(values, tuple(devices), where)},
    )


def _device(path: Path, common: Table, table: Table, name: str) -> Table:
    own = {**common, **{f: _beside(path, f, value) for f, value in table.items()}, "name": name}
    if "state" in own:
        own["state"] = str(Path(str(own["state"])) / name)
    return {option: value for option, value in own.items() if option != "tls_dir"}


def _making(group: Table) -> Table:
    def word(name: str, *, yes: str, no: str) -> str:
        return yes if group.get(name, False) is True else no

    return {
        "group": str(group.get("name", _GROUP)),
        "in_sync": group.get("in_sync", True) is True,
        "trust": group.get("trust", True) is True,
        "settings": {
            "autoSync": word("auto_sync", yes="enabled", no="disabled"),
            "fullLoadOnSync": word("full_load_on_sync", yes="true", no="false"),
            "saveOnAutoSync": word("save_on_auto_sync", yes="true", no="false"),
        },
    }


def _traffic_groups(values: Table, devices: Sequence[str], where: str) -> Table:
    made: dict[str, Table] = {}
    for number, table in enumerate(
        _list(values.get("traffic_group"), "traffic_group", where), start=1
    ):
        name = read_name(str(table.get("name", "")), f"{where}: traffic_group {number}:")
        order = table.get("ha_order", [])
        if not isinstance(order, list) or not {str(one) for one in order} <= set(devices):
            known = ", ".join(devices)
            raise SettingsError(f"{where}: ha_order of {name} names devices; there is {known}")
        settings: dict[str, object] = {"haOrder": [f"/Common/{one}" for one in order]}
        wait_s = table.get("auto_failback")
        if wait_s is not None:
            if not isinstance(wait_s, int) or isinstance(wait_s, bool) or wait_s < 0:
                raise SettingsError(f"{where}: auto_failback of {name} is a number of seconds")
            settings.update(autoFailbackEnabled="true", autoFailbackTime=wait_s)
        made[name] = settings
    return made


def _list(value: object, name: str, where: str) -> list[Table]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise SettingsError(f"{where}: write [[{name}]], once for each")
    return [_table(one, name, where) for one in value]


def _table(value: object, name: str, where: str) -> Table:
    if not isinstance(value, Mapping):
        raise SettingsError(f"{where}: write [{name}] as a table")
    _only(value, _TABLES[name], f"{where}: {name}")
    return value


def _only(values: Table, known: Sequence[str], where: str) -> None:
    unknown = sorted(set(values) - set(known))
    if unknown:
        text = f"{where} names unknown options: {', '.join(unknown)}"
        raise SettingsError(f"{text}; known are {', '.join(known)}")


def _beside(file: Path, name: str, value: object) -> object:
    return str(file.parent / str(value)) if name in _PATHS else value
