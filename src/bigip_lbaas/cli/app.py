"""The program `bigip-lbaas`: which commands there are, and which database they read."""

import logging
import os
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cliff.app import App
from cliff.command import Command
from cliff.commandmanager import CommandManager

from bigip_lbaas.domain.errors import ProviderError
from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.scheduling.ranking import Policies
from bigip_lbaas.store.port import Store, Transaction
from bigip_lbaas.store.sql import SqlStore

VERSION = "0.1.0"
DEFAULT_STATE_DIR = Path("run")
DATABASE_VARIABLE = "BIGIP_LBAAS_DATABASE"

FleetOf = Callable[[Transaction, EnvironmentName], Fleet]


def database_in(state_dir: Path) -> str:
    """Return the URL of the embedded stack's database in its state directory."""
    return f"sqlite:///{(state_dir / 'bigip-lbaas.db').absolute()}"


class OperatorApp(App):
    """The commands of an operator."""

    def __init__(
        self,
        commands: Mapping[str, type[Command]],
        fleet_of: FleetOf,
        policies: Policies,
        **streams: Any,
    ) -> None:
        """Offer these commands: name -> class. fleet_of reads a fleet as controllers see it."""
        self.fleet_of, self.policies = fleet_of, policies
        manager = CommandManager("bigip_lbaas.no_plugins")
        for name, command in commands.items():
            manager.add_command(name, command)
        super().__init__(
            description="Load balancing as a service on fleets of F5 BIG-IP",
            version=VERSION,
            command_manager=manager,
            deferred_help=True,
            **streams,
        )

    def build_option_parser(self, *arguments: Any, **named: Any) -> ArgumentParser:
        """Add the options that all commands share."""
        parser: ArgumentParser = super().build_option_parser(*arguments, **named)
        parser.add_argument(
            "--state-dir",
            type=Path,
            default=DEFAULT_STATE_DIR,
            help="directory of the embedded stack (default: %(default)s)",
        )
        parser.add_argument(
            "--database",
            default=os.environ.get(DATABASE_VARIABLE, ""),
            help=f"URL of an environment's database; also read from {DATABASE_VARIABLE}, which"
            " keeps a password out of the process list (default: the embedded stack's)",
        )
        return parser

    def configure_logging(self) -> None:
        """Show what cliff itself says, such as an error's sentence; other logs go elsewhere."""
        handler = logging.StreamHandler(self.stderr)
        handler.setFormatter(logging.Formatter(f"{self.NAME}: %(message)s"))
        self.LOG.handlers[:] = [handler]
        self.LOG.propagate = False

    def open_store(self) -> Store:
        """Open the database that the command line names. Raises ProviderError."""
        if self.options.database:
            return SqlStore(self.options.database)
        state_dir: Path = self.options.state_dir
        if not (state_dir / "bigip-lbaas.db").is_file():
            raise ProviderError(
                f"there is no database in {state_dir}: start the embedded stack with"
                " 'bigip-lbaas up', or name a database with --database"
            )
        return SqlStore(database_in(state_dir))
