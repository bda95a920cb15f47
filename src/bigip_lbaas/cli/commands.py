"""The operator's commands as cliff knows them."""

from argparse import ArgumentParser, Namespace
from typing import Any

from cliff.command import Command
from cliff.lister import Lister

from bigip_lbaas.cli import reading
from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.group_set import GroupSet


class GroupList(Lister):
    """Show the device groups: how full they are, by which metric, and who serves them."""

    app: OperatorApp

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        del parsed_args
        return reading.GROUP_COLUMNS, reading.group_rows(self.app.open_store())


class AgentList(Lister):
    """Show the agents: whether they are alive, and how many homes they have."""

    app: OperatorApp

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        del parsed_args
        return reading.AGENT_COLUMNS, reading.agent_rows(self.app.open_store())


class LoadBalancerList(Lister):
    """Show the load balancers: where each lives, how far it is, and why."""

    app: OperatorApp

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        del parsed_args
        columns = reading.LOAD_BALANCER_COLUMNS
        return columns, reading.load_balancer_rows(self.app.open_store())


class LoadBalancerExplain(Command):
    """Say why a load balancer lives where it does, or why it lives nowhere."""

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        parser.add_argument("load_balancer", metavar="ID", help="id of the load balancer")
        return parser

    def take_action(self, parsed_args: Namespace) -> None:
        """Print every decision about it."""
        text = reading.explanation(self.app.open_store(), parsed_args.load_balancer)
        self.app.stdout.write(text + "\n")


COMMANDS = {
    "agent list": AgentList,
    "group list": GroupList,
    "group set": GroupSet,
    "loadbalancer explain": LoadBalancerExplain,
    "loadbalancer list": LoadBalancerList,
}
