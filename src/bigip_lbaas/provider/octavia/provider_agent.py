"""The process that octavia-driver-agent starts for us: tells statuses until it is told to end."""

import os
import socket
from collections.abc import Iterator
from importlib import metadata
from typing import Protocol

from bigip_lbaas.provider.octavia.api_sockets import (
    PatientLibrary,
    option_of_octavia,
    sockets_of_octavia,
)
from bigip_lbaas.provider.octavia.driver import DEFAULT_NAME
from bigip_lbaas.provider.octavia.settings import read_settings
from bigip_lbaas.provider.octavia.status_agent import StatusAgent
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
            library=PatientLibrary(sockets_of_octavia()),
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
    enabled = ours.intersection(option_of_octavia("api_settings", "enabled_provider_drivers") or ())
    yield from sorted(enabled or {DEFAULT_NAME})
