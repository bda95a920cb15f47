"""The configuration files of a lab: one for each process, as on hosts of their own."""

import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

from bigip_lbaas.cmd.embedded.simulators import USERNAME, Simulators
from bigip_lbaas.cmd.lab.servers import Belongings
from bigip_lbaas.cmd.lab.settings import LabSettings
from bigip_lbaas.cmd.octavia_conf import PROVIDER, QUIET, octavia_conf
from bigip_lbaas.domain.ids import GroupNumber

LOGS = f"default_log_levels = octavia=INFO,{QUIET}"
OURS = """\
enabled_provider_agents = f5_status_agent
[{provider}]
environment_prefix = {environment}
transport_url = {broker}
control_exchange = {exchange}
database_connection = {ours}
"""


def belongings_of(settings: LabSettings) -> Belongings:
    """Return what a new lab is to have on the servers, under names that nobody else uses."""
    name = f"lab{uuid.uuid4().hex[:10]}"
    return Belongings(
        settings.database,
        settings.broker,
        ours=f"bigip_lbaas_{name}",
        octavia=f"octavia_{name}",
        exchange=f"bigip_lbaas_{name}",
        environment=name,
        agents=tuple(f"{host}:{group}" for _name, host, group in settings.agents()),
        controllers=settings.controller_names(),
    )


def write_octavia(settings: LabSettings, owned: Belongings, sockets: Path) -> Path:
    """Write octavia.conf for the API and its driver agent; return where it is."""
    path = settings.state_dir / "octavia.conf"
    ours = OURS.format(
        provider=PROVIDER,
        environment=owned.environment,
        broker=owned.broker,
        exchange=owned.exchange,
        ours=owned.our_url,
    )
    text = octavia_conf(settings.state_dir, sockets, owned.octavia_url, LOGS) + ours
    return _written(path, text)


def write_controller(settings: LabSettings, owned: Belongings, name: str) -> Path:
    """Write a controller's file; return where it is."""
    options = {"environment_prefix": owned.environment, "host": name}
    options |= settings.options.get("controller", {})
    meeting = {**_meeting(owned), "database_connection": owned.our_url}
    return _written_options(settings.state_dir / f"{name}.conf", options, meeting)


def write_agent(
    settings: LabSettings,
    owned: Belongings,
    simulators: Simulators,
    agent: tuple[str, str, GroupNumber],
) -> Path:
    """Write an agent's file, with a lock directory of its host; return where it is."""
    name, host, group = agent
    names = settings.devices[group]
    options = {
        "environment_prefix": owned.environment,
        "host": host,
        "environment_group_number": str(group),
        "icontrol_hostname": ", ".join(simulators.devices[each].management for each in names),
        "icontrol_username": USERNAME,
        "icontrol_password_file": str(simulators.password_file),
        "icontrol_ca_file": str(simulators.ca_file),
        "f5_ha_type": "pair" if len(names) > 1 else "standalone",
        "capacity_policy": settings.policy,
        "lock_directory": str(settings.state_dir / f"locks-{host}"),
    }
    options |= settings.options.get("agent", {})
    return _written_options(settings.state_dir / f"{name}.conf", options, _meeting(owned))


def _meeting(owned: Belongings) -> Mapping[str, str]:
    return {"transport_url": owned.broker, "control_exchange": owned.exchange}


def _written_options(path: Path, options: Mapping[str, str], meeting: Mapping[str, str]) -> Path:
    lines = ["[DEFAULT]", *_lines(options), "[f5]", *_lines(meeting)]
    return _written(path, "\n".join(lines) + "\n")


def _lines(options: Mapping[str, str]) -> Iterable[str]:
    return (f"{name} = {value}" for name, value in options.items() if value)


def _written(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path
