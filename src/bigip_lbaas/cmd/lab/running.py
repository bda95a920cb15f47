"""The two ways in which a whole stack runs, as `up` and its words to the user see them."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bigip_lbaas.cmd.embedded.simulators import Simulators
from bigip_lbaas.cmd.lab.settings import BROKER, SERVERS, LabSettings
from bigip_lbaas.scheduling.capacity_policy import CapacityPolicy

MOST = 20  # of hosts, of controllers: each is a process of about 100 MB


class Running(Protocol):
    """A stack: started once, then stopped."""

    @property
    def endpoint(self) -> str:
        """The API's URL, once started."""

    @property
    def database(self) -> str:
        """The URL of the database of controllers and drivers."""

    @property
    def processes(self) -> Sequence[str]:
        """The names of its processes; none when it runs in this one."""

    @property
    def simulators(self) -> Simulators:
        """The devices."""

    def start(self) -> None:
        """Start it. Raises ProviderError; then nothing is left."""

    def stop(self) -> None:
        """Stop it."""


class EmbeddedStack:
    """Everything but the devices in this process, on files in its directory."""

    def __init__(self, state_dir: Path, port: int, policy: CapacityPolicy) -> None:
        """Keep the settings; nothing runs yet."""
        # Octavia takes seconds to import: the other commands must not pay for it.
        from bigip_lbaas.cmd.embedded.stack import Stack, StackSettings

        self._stack = Stack(StackSettings(state_dir, port, policy))
        self.database = ""
        self.processes = ()
        self.simulators = self._stack.simulators
        self.start = self._stack.start
        self.stop = self._stack.stop

    @property
    def endpoint(self) -> str:
        """See Running."""
        return self._stack.api.endpoint


class LabStack:
    """A process for each part, on servers."""

    def __init__(self, settings: LabSettings) -> None:
        """Keep the settings; nothing runs yet."""
        from bigip_lbaas.cmd.lab.stack import Lab

        self._lab = Lab(settings)
        self.database = self._lab.owned.our_url
        self.simulators = self._lab.simulators
        self.start = self._lab.start
        self.stop = self._lab.stop

    @property
    def endpoint(self) -> str:
        """See Running."""
        return self._lab.endpoint

    @property
    def processes(self) -> Sequence[str]:
        """See Running."""
        return tuple(self._lab.programs)


def add_services(parser: ArgumentParser) -> None:
    """Add the options of a stack of processes."""
    group = parser.add_argument_group("processes of their own")
    group.add_argument(
        "--services",
        action="store_true",
        help="a process for each part, on a message broker and a database server of this machine;"
        " what is made there is taken away at the end",
    )
    group.add_argument(
        "--hosts",
        type=_some,
        default=2,
        help="how many hosts run agents, one for each device group (default: %(default)s)",
    )
    group.add_argument(
        "--controllers",
        type=_some,
        default=2,
        help="how many controllers run (default: %(default)s)",
    )
    group.add_argument(
        "--database-server",
        default="mariadb",
        metavar="SERVER",
        help="mariadb or postgresql on this machine, or a server's URL without a database, whose"
        " account may make databases (default: %(default)s)",
    )
    group.add_argument(
        "--broker", default=BROKER, metavar="URL", help="RabbitMQ (default: %(default)s)"
    )


def lab_settings(arguments: Namespace, state_dir: Path) -> LabSettings:
    """Return what the command line says of a stack of processes."""
    return LabSettings(
        state_dir,
        SERVERS.get(arguments.database_server, arguments.database_server),
        arguments.broker,
        arguments.hosts,
        arguments.controllers,
        arguments.port,
        arguments.capacity_policy,
    )


def _some(text: str) -> int:
    """Return a number of processes. Raises ArgumentTypeError."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise ArgumentTypeError(f"{text!r}: give a number in the range 1..{MOST}")
    return int(text)
