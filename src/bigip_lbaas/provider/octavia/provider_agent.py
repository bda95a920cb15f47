"""The process that octavia-driver-agent starts for us: tells statuses until it is told to end."""

import os
import socket
from collections.abc import Iterator
from importlib import metadata
from typing import Any, Protocol

from oslo_config import cfg

from bigip_lbaas.provider.octavia.driver import DEFAULT_NAME
from bigip_lbaas.provider.octavia.settings import read_settings
from bigip_lbaas.provider.octavia.status_agent import PatientLibrary, Sockets, StatusAgent
from bigip_lbaas.provider.octavia.status_sender import StatusSender


class ExitEvent(Protocol):
    """What ends the process."""

    def wait(self) -> object:
        """Return when the process is to end."""


def run(exit_event: ExitEvent) -> None:
    """Tell statuses for every provider of ours that the API has enabled.

    Raises ConfigurationRefused, naming section and option.
    """
    agents = [_agent(name) for name in _providers()]
    for agent in agents:
        agent.start()
    try:
        exit_event.wait()
    finally:
        for agent in agents:
            agent.stop()


def _agent(name: str) -> StatusAgent:
    settings = read_settings(name)
    return StatusAgent(
        StatusSender(
            door=settings.open_door(),
            library=PatientLibrary(_sockets()),
            holder=f"{socket.gethostname()}:{os.getpid()}",
            with_operating=settings.report_operating_status,
        )
    )


def _providers() -> Iterator[str]:
    """Yield the names under which the API has enabled our driver."""
    driver = f"{__package__}.driver:"
    ours = {
        point.name
        for point in metadata.entry_points(group="octavia.api.drivers")
        if point.value.startswith(driver)
    }
    enabled = ours.intersection(_of_octavia("api_settings", "enabled_provider_drivers") or ())
    yield from sorted(enabled or {DEFAULT_NAME})


def _sockets() -> Sockets:
    """Return where the driver agent that started us listens."""
    paths = {
        kind: _of_octavia("driver_agent", f"{kind}_socket_path")
        for kind in ("status", "stats", "get")
    }
    return Sockets(**{kind: path for kind, path in paths.items() if path})


def _of_octavia(group: str, option: str) -> Any:
    """Return an option of the process that started us, None when it has no such option."""
    try:
        return cfg.CONF[group][option]
    except (cfg.NoSuchOptError, cfg.NoSuchGroupError):
        return None
