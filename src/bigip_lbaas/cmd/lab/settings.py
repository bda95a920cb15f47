"""What can be told to a lab, and which processes it has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL

from bigip_lbaas.cmd.embedded.simulators import DEVICES_OF_GROUP
from bigip_lbaas.domain.ids import GroupNumber
from bigip_lbaas.store import schema

SERVERS = {
    "mariadb": str(URL.create("mysql+pymysql", "root", host="127.0.0.1", port=3306)),
    "postgresql": str(URL.create("postgresql+psycopg", "postgres", host="127.0.0.1", port=5432)),
}
BROKER = "rabbit://guest:guest@127.0.0.1:5672/"
HOST = "127.0.0.1"  # of the API
API = "api"
DRIVER_AGENT = "driver-agent"

Command = Sequence[str]


@dataclass(frozen=True, slots=True)
class LabSettings:
    """One lab.

    database: URL of a server, without a database. broker: a transport URL. hosts: how many run
    agents, one for each device group. port: of the API, 0 for any free one. options: lines for
    [DEFAULT] of controllers and agents, by the first word of the process's name. wrapped: gives
    the command that is run in place of a process's own, by its name. make_tables: makes those of
    controllers and drivers in the database of that URL.
    """

    state_dir: Path
    database: str = SERVERS["mariadb"]
    broker: str = BROKER
    hosts: int = 2
    controllers: int = 2
    port: int = 0
    policy: str = ""
    data_plane: bool = True
    devices: Mapping[GroupNumber, tuple[str, ...]] = field(default_factory=lambda: DEVICES_OF_GROUP)
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    wrapped: Callable[[str, Command], Command] = lambda _name, command: command
    make_tables: Callable[[str], None] = schema.upgrade

    def agents(self) -> tuple[tuple[str, str, GroupNumber], ...]:
        """Return process name, host and device group of each agent."""
        return tuple(
            (f"agent-{host}-{group}", f"host-{host}", group)
            for host in range(1, self.hosts + 1)
            for group in self.devices
        )

    def controller_names(self) -> tuple[str, ...]:
        """Return the controllers' process names, which are their hosts' names, too."""
        return tuple(f"controller-{number}" for number in range(1, self.controllers + 1))
