"""Reads and checks the configuration of controllers and agents; agents' own is in agent_options."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oslo_config import cfg

from bigip_lbaas.bus.oslo import private_conf
from bigip_lbaas.cmd.installed import load_policies
from bigip_lbaas.cmd.option_lists import (
    AGENT_OPTIONS,
    COMMON_OPTIONS,
    CONTROLLER_MEETING_OPTIONS,
    CONTROLLER_OPTIONS,
    MEETING,
    MEETING_OPTIONS,
)
from bigip_lbaas.cmd.placement_options import read_history_kept_s, read_rules
from bigip_lbaas.cmd.spelling import MAIN, check_spelling
from bigip_lbaas.controller.settings import DAY_S, ControllerSettings
from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.domain.ids import EnvironmentName

# one that ends so would have another one's queue of heartbeats for its own of requests
_ENVIRONMENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?<!_heartbeat)")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

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
            f"environment_prefix = {value!r}: begin with a letter, use only letters, digits,"
            " '_' and '-', and do not end in _heartbeat"
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
        heartbeats_a_second=conf.heartbeats_per_second,
        lease_s=conf.lease,
        takeover_margin_s=conf.takeover_margin,
        source_patience_s=conf.source_patience,
        report_ttl_s=conf.capacity_report_ttl,
        pending_deadline_s=conf.pending_deadline,
        refresh_above=conf.capacity_refresh_above,
        device_request_limit=conf.device_request_limit,
        decisions_kept_s=conf.decision_retention * DAY_S,
        events_kept_s=conf.event_retention * DAY_S,
        history_kept_s=read_history_kept_s(conf),
    )
