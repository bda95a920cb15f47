"""The options of controllers and agents, under the names that operators know, and their checks."""

import math
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oslo_config import cfg

from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.bus.oslo import private_conf
from bigip_lbaas.cmd.installed import load_policies
from bigip_lbaas.cmd.placement_options import PLACEMENT_OPTIONS, read_history_kept_s, read_rules
from bigip_lbaas.cmd.spelling import MAIN, check_spelling
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber
from bigip_lbaas.icontrol.measure import READERS
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.scheduling.capacity_policy import parse

MEETING = "f5"  # the section in which all processes of an environment name where they meet

_ENVIRONMENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ADDRESS = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?")

DEVICES_BY_HA_TYPE = {"standalone": (1, 1), "pair": (2, 2), "scalen": (2, 4)}

COMMON_OPTIONS = (
    cfg.StrOpt(
        "environment_prefix",
        default="Project",
        help="Name of the environment: its queues, agents and partitions carry it. Begins with a"
        " letter.",
    ),
    cfg.StrOpt("host", default=socket.gethostname(), help="Name of this host."),
    cfg.BoolOpt("debug", default=False, help="Log at debug level."),
)

MEETING_OPTIONS = (
    cfg.StrOpt(
        "transport_url",
        secret=True,
        help="The message broker that drivers, controllers and agents of this environment share,"
        " such as rabbit://user:password@host:5672/bigip_lbaas.",
    ),
    cfg.StrOpt(
        "control_exchange",
        default="bigip_lbaas",
        help="The exchange of that broker in which this environment's queues live.",
    ),
)

CONTROLLER_MEETING_OPTIONS = (
    cfg.StrOpt(
        "database_connection",
        secret=True,
        help="The database that drivers and controllers of this environment share, such as"
        " mysql+pymysql://user:password@host/bigip_lbaas.",
    ),
)

CONTROLLER_OPTIONS = (
    cfg.FloatOpt(
        "heartbeat_interval",
        default=1.0,
        min=0.1,
        help="Seconds between two heartbeats of an agent.",
    ),
    cfg.FloatOpt(
        "lease",
        default=3.0,
        min=0.3,
        help="Seconds for which an answered heartbeat lets an agent write; at least two"
        " heartbeat intervals.",
    ),
    cfg.FloatOpt(
        "takeover_margin",
        default=1.0,
        min=0.1,
        help="Seconds beyond the lease that an agent must be silent before its homes are taken.",
    ),
    cfg.FloatOpt(
        "capacity_report_ttl",
        default=30.0,
        min=1.0,
        help="Seconds for which a capacity report counts as fresh.",
    ),
    cfg.FloatOpt(
        "pending_deadline",
        default=240.0,
        min=1.0,
        help="Seconds after which a change that has not been carried out is told as ERROR.",
    ),
    *PLACEMENT_OPTIONS,
)

AGENT_OPTIONS = (
    cfg.IntOpt(
        "environment_group_number",
        default=1,
        min=1,
        help="Number of the device group that this agent serves.",
    ),
    cfg.StrOpt(
        "capacity_policy",
        default="",
        help="Limits of the device group, such as tenant_count:200, active_connections:250k.",
    ),
    cfg.StrOpt(
        "icontrol_hostname",
        default="",
        help="Management addresses of the group's devices, separated by commas; host or"
        " host:port each.",
    ),
    cfg.StrOpt("icontrol_username", default="", help="Account on the devices."),
    cfg.StrOpt("icontrol_password", default="", secret=True, help="Its password."),
    cfg.StrOpt(
        "icontrol_password_file",
        default="",
        help="A file whose first line is the password; preferred to icontrol_password.",
    ),
    cfg.StrOpt(
        "icontrol_ca_file",
        default="",
        help="Certificates (PEM) that may have signed the devices'; empty: those the host trusts.",
    ),
    cfg.BoolOpt(
        "icontrol_insecure",
        default=False,
        help="Believe any certificate. Whoever is between agent and device can then read the"
        " password.",
    ),
    cfg.StrOpt(
        "f5_ha_type",
        default="standalone",
        choices=sorted(DEVICES_BY_HA_TYPE),
        help="standalone: one device; pair: two; scalen: two to four.",
    ),
    cfg.ListOpt(
        "group_tags",
        default=[],
        help="What the group's devices offer; a flavor or availability zone may demand it. The"
        " same for all agents of a group.",
    ),
    cfg.FloatOpt(
        "capacity_report_interval",
        default=10.0,
        min=0.2,
        help="Seconds between two measurings of the group's capacity.",
    ),
    cfg.StrOpt(
        "lock_directory",
        default="",
        help="Where agents keep the file that lets one agent of a device group run on a host;"
        " made with mode 0700 when missing. Empty: bigip-lbaas-locks in the system's temporary"
        " directory.",
    ),
)

# of all programs: they may share a file
KNOWN = {
    MAIN: frozenset(o.dest for o in (*COMMON_OPTIONS, *CONTROLLER_OPTIONS, *AGENT_OPTIONS)),
    MEETING: frozenset(o.dest for o in (*MEETING_OPTIONS, *CONTROLLER_MEETING_OPTIONS)),
}


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where the processes of an environment meet."""

    transport_url: str
    control_exchange: str
    database_connection: str = ""


def load(
    files: Sequence[str], options: Sequence[cfg.Opt], meeting_options: Sequence[cfg.Opt]
) -> cfg.ConfigOpts:
    """Return the configuration of these files. Raises ConfigurationRefused, naming the option."""
    conf = private_conf()
    conf.register_opts((*COMMON_OPTIONS, *options))
    conf.register_opts((*MEETING_OPTIONS, *meeting_options), group=MEETING)
    missing = [name for name in files if not Path(name).is_file()]
    if missing:
        raise ConfigurationRefused(f"--config-file {missing[0]}: there is no such file")
    try:
        conf(args=[], project="bigip_lbaas", default_config_files=list(files))
    except cfg.ConfigFileParseError as error:
        # not chained: what it says repeats the line, which may hold a password
        where = getattr(error, "config_file", "") or ", ".join(files)
        raise ConfigurationRefused(
            f"{where} cannot be read: write [section] or option = value on each line"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationRefused(f"{', '.join(files)}: is not written in UTF-8") from None
    except cfg.Error as error:
        raise ConfigurationRefused(str(error)) from error
    check_spelling(files, KNOWN)
    for option in (*COMMON_OPTIONS, *options):
        _check(conf, option, files)
    return conf


def _check(conf: cfg.ConfigOpts, option: cfg.Opt, files: Sequence[str]) -> None:
    """Refuse a malformed value; it is found on reading."""
    try:
        value = conf[option.dest]
    except ValueError as error:
        why = str(error).rpartition(" is not valid: ")[2]
        said = _written(option.dest, files)
        raise ConfigurationRefused(f"{option.dest} = {said}: {why}") from error
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigurationRefused(f"{option.dest} = {value}: must be a finite number")


def _written(option: str, files: Sequence[str]) -> str:
    """Return an option's value as it stands in the last file that has it."""
    said = ""
    for name in files:
        sections: dict[str, dict[str, list[str]]] = {}
        cfg.ConfigParser(name, sections).parse()
        said = sections.get("DEFAULT", {}).get(option, [said])[-1]
    return said


def read_meeting(conf: Any, needs_database: bool) -> Meeting:
    """Return where to meet. Raises ConfigurationRefused when it is not said."""
    return Meeting(
        _said(conf, "transport_url"),
        conf[MEETING].control_exchange,
        read_database(conf) if needs_database else "",
    )


def read_database(conf: Any) -> str:
    """Return the database's URL. Raises ConfigurationRefused when it is not said."""
    return _said(conf, "database_connection")


def _said(conf: Any, option: str) -> str:
    if not conf[MEETING][option]:
        raise ConfigurationRefused(f"[{MEETING}] {option} is not set")
    return str(conf[MEETING][option])


def read_environment(conf: Any) -> EnvironmentName:
    """Return the environment's name. Raises ConfigurationRefused."""
    value = conf.environment_prefix
    if not _ENVIRONMENT.fullmatch(value):
        raise ConfigurationRefused(
            f"environment_prefix = {value!r}: begin with a letter and use only letters, digits,"
            " '_' and '-'"
        )
    return EnvironmentName(value)


def read_host(conf: Any) -> str:
    """Return this host's name, which is part of its agents' queues. Raises ConfigurationRefused."""
    value = str(conf.host)
    if not _HOST.fullmatch(value):
        raise ConfigurationRefused(
            f"host = {value!r}: use only letters, digits, '.', '_' and '-', a letter or digit first"
        )
    return value


def read_controller(conf: Any, name: str) -> ControllerSettings:
    """Return a controller's settings. Raises ConfigurationRefused."""
    if conf.lease < 2 * conf.heartbeat_interval:
        raise ConfigurationRefused(
            f"lease = {conf.lease:g}: must be at least two heartbeat_interval"
            f" ({conf.heartbeat_interval:g}), or one late heartbeat stops an agent"
        )
    installed = load_policies()
    return ControllerSettings(
        read_environment(conf),
        name,
        read_rules(conf, installed),
        installed,
        heartbeat_interval_s=conf.heartbeat_interval,
        lease_s=conf.lease,
        takeover_margin_s=conf.takeover_margin,
        report_ttl_s=conf.capacity_report_ttl,
        pending_deadline_s=conf.pending_deadline,
        history_kept_s=read_history_kept_s(conf),
    )


def read_agent(conf: Any) -> AgentSettings:
    """Return an agent's settings. Raises ConfigurationRefused."""
    return AgentSettings(
        read_environment(conf),
        read_host(conf),
        GroupNumber(conf.environment_group_number),
        parse(conf.capacity_policy, frozenset(READERS)),
        tags=tuple(conf.group_tags),
        report_interval_s=conf.capacity_report_interval,
    )


def read_endpoints(conf: Any) -> tuple[Endpoint, ...]:
    """Return how the group's devices are reached. Raises ConfigurationRefused."""
    names = tuple(name.strip() for name in conf.icontrol_hostname.split(",") if name.strip())
    least, most = DEVICES_BY_HA_TYPE[conf.f5_ha_type]
    if not least <= len(names) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise ConfigurationRefused(
            f"icontrol_hostname = {conf.icontrol_hostname!r}: f5_ha_type {conf.f5_ha_type} needs"
            f" {wanted} device(s), {len(names)} are named"
        )
    for name in names:
        match = _ADDRESS.fullmatch(name)
        if match is None or int(match["port"] or 443) not in range(1, 65536):
            raise ConfigurationRefused(
                f"icontrol_hostname = {conf.icontrol_hostname!r}: {name!r} is no host or host:port;"
                " an IPv6 address stands in brackets"
            )
    if len(set(names)) < len(names):
        raise ConfigurationRefused(
            f"icontrol_hostname = {conf.icontrol_hostname!r} names a device twice"
        )
    if not conf.icontrol_username:
        raise ConfigurationRefused("icontrol_username is not set; there is no default account")
    if conf.icontrol_ca_file and not Path(conf.icontrol_ca_file).is_file():
        raise ConfigurationRefused(
            f"icontrol_ca_file = {conf.icontrol_ca_file}: there is no such file"
        )
    password = _password(conf)
    return tuple(
        Endpoint(
            name,
            f"https://{name}",
            conf.icontrol_username,
            password,
            conf.icontrol_ca_file or None,
            conf.icontrol_insecure,
        )
        for name in names
    )


def _password(conf: Any) -> str:
    """Return the password, from a file if one is named; there is no default one."""
    if conf.icontrol_password_file:
        try:
            text = Path(conf.icontrol_password_file).read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigurationRefused(
                f"icontrol_password_file = {conf.icontrol_password_file} cannot be read:"
                f" {error.strerror}"
            ) from error
        except UnicodeDecodeError:  # not chained: it repeats what stands there
            raise ConfigurationRefused(
                f"icontrol_password_file = {conf.icontrol_password_file}: is not written in UTF-8"
            ) from None
        lines = text.splitlines()
        if not lines or not lines[0]:
            raise ConfigurationRefused(
                f"icontrol_password_file = {conf.icontrol_password_file}: its first line is empty"
            )
        return lines[0]
    if not conf.icontrol_password:
        raise ConfigurationRefused(
            "neither icontrol_password_file nor icontrol_password is set; there is no default"
        )
    return str(conf.icontrol_password)
