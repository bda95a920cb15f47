"""Reads and checks what an agent is configured with: its group, its policy, its devices."""

import re
from pathlib import Path
from typing import Any

from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.cmd.metrics import load_metrics
from bigip_lbaas.cmd.option_lists import DEVICES_BY_HA_TYPE
from bigip_lbaas.cmd.options import read_environment, read_host
from bigip_lbaas.domain.cluster import OVERLAP, SYNC
from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.domain.ids import GroupNumber
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.ltm.names import Naming

_ADDRESS = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?")

_TRAFFIC_GROUP = re.compile(r"(/Common/)?[A-Za-z][A-Za-z0-9._-]*")
LOCAL_ONLY = "/Common/traffic-group-local-only"


def read_agent(conf: Any) -> AgentSettings:
    """Return an agent's settings. Raises ConfigurationRefused."""
    environment = read_environment(conf)
    _refuse_contradictions(conf)
    metrics = load_metrics()
    is_all = conf.capacity_count_scope == "device"
    return AgentSettings(
        environment,
        read_host(conf),
        GroupNumber(conf.environment_group_number),
        metrics.policy(conf.capacity_policy),
        tags=tuple(conf.group_tags),
        device_sync=conf.device_sync,
        device_set=conf.device_set,
        report_interval_s=conf.capacity_report_interval,
        save_interval_s=conf.config_save_interval,
        device_retry_most_s=conf.device_retry_most,
        slow_s=conf.device_patience,
        purge_limit=conf.purge_limit,
        audit_interval_s=conf.audit_interval,
        audit_policy=conf.audit_policy,
        traffic_groups=_traffic_groups(conf),
        metrics=metrics.usable,
        counted=None if is_all else Naming(environment).owns,
    )


def _refuse_contradictions(conf: Any) -> None:
    if conf.device_sync == SYNC and DEVICES_BY_HA_TYPE[conf.f5_ha_type] == (1, 1):
        raise ConfigurationRefused(
            f"device_sync = {conf.device_sync}: f5_ha_type {conf.f5_ha_type} has no other device"
            " that could follow; leave it out, or say f5_ha_type = pair or scalen"
        )
    if conf.device_set == OVERLAP and conf.device_sync != SYNC:
        raise ConfigurationRefused(
            f"device_set = {conf.device_set}: needs device_sync = {SYNC}; where each device is"
            " written, every agent of the group must reach all of them"
        )


def _traffic_groups(conf: Any) -> tuple[str, ...]:
    """Return full paths. Raises ConfigurationRefused."""
    said = f"traffic_groups = {', '.join(conf.traffic_groups)}"
    if not conf.traffic_groups:
        raise ConfigurationRefused("traffic_groups is empty: name one at least, or leave it out")
    for name in conf.traffic_groups:
        if not _TRAFFIC_GROUP.fullmatch(name):
            raise ConfigurationRefused(f"{said}: {name!r} is no name of a traffic group in /Common")
    found = tuple(f"/Common/{name.removeprefix('/Common/')}" for name in conf.traffic_groups)
    if LOCAL_ONLY in found:
        raise ConfigurationRefused(
            f"{said}: what is in traffic-group-local-only never fails over; name floating ones"
        )
    if len(set(found)) < len(found):
        raise ConfigurationRefused(f"{said}: one is named twice")
    return found


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
