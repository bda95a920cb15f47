"""The commands that add, list and remove names of the driver."""

from argparse import ArgumentParser, Namespace
from typing import Any

from cliff.command import Command
from cliff.lister import Lister

from bigip_lbaas.cli import providers
from bigip_lbaas.cli.app import OperatorApp

COLUMNS = ("provider", "section", "class", "distribution", "added")


def _take_name(parser: ArgumentParser) -> ArgumentParser:
    parser.add_argument("name", metavar="NAME", help="the provider is f5_NAME")
    return parser


class ProviderAdd(Command):
    """Install a further name of the driver, f5_NAME, in the Python that runs this."""

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        return _take_name(super().get_parser(prog_name))

    def take_action(self, parsed_args: Namespace) -> None:
        """Install it, and say what is to be done next."""
        added = providers.add(parsed_args.name)
        self.app.stdout.write(
            f"{added.name} is installed ({added.metadata}). In octavia.conf, give it a section"
            f" [{added.name}] with an environment_prefix of its own, and name it in [api_settings]"
            " enabled_provider_drivers; then restart Octavia's API and driver agent. The same on"
            " every API host.\n"
        )


class ProviderList(Lister):
    """Show the names under which the driver is installed in the Python that runs this."""

    app: OperatorApp

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        del parsed_args
        return COLUMNS, [
            (each.name, each.name, each.value, each.distribution, "yes" if each.metadata else "no")
            for each in providers.installed()
        ]


class ProviderRemove(Command):
    """Remove a name that provider add has installed; load balancers that have it stay."""

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        return _take_name(super().get_parser(prog_name))

    def take_action(self, parsed_args: Namespace) -> None:
        """Remove it, and say so."""
        gone = providers.remove(parsed_args.name)
        self.app.stdout.write(
            f"f5_{parsed_args.name} is removed ({gone}). Take it out of octavia.conf, too: Octavia"
            " does not find it any more.\n"
        )
