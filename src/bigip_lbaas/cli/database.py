"""The command by which an operator says that the database was set back."""

import secrets
from argparse import ArgumentParser, Namespace

from cliff.command import Command

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.store.fences import begin_anew


class DatabaseRestored(Command):
    """Say that the database lost commits, as after a restored backup: all agents begin anew.

    Every agent's epoch ends and every home gets a new number, higher than any before; what the
    devices have is then brought level with what the database says. Controllers find out by
    themselves as soon as an agent tells of a number that the database does not know; this does not
    wait for that.
    """

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            "--above",
            type=int,
            default=0,
            metavar="NUMBER",
            help="the highest fence known from a device's stamps or from logs, if any is known",
        )
        return parser

    def take_action(self, parsed_args: Namespace) -> None:
        """Begin anew and say for how many homes."""
        store = self.app.open_store()
        why = "an operator said that the database was set back"
        homes = store.write(
            lambda tx: begin_anew(tx, parsed_args.above, why, lambda: secrets.token_hex(4))
        )
        self.app.stdout.write(f"every epoch was ended; {homes} homes have new numbers\n")
