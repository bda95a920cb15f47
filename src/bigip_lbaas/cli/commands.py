"""The operator's commands as cliff knows them."""

from argparse import ArgumentParser, Namespace
from typing import Any

from cliff.lister import Lister

from bigip_lbaas.cli import reading
from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.database import DatabaseRestored
from bigip_lbaas.cli.group_set import GroupSet
from bigip_lbaas.cli.group_show import GroupForecast, GroupList, GroupShow, WhyFull
from bigip_lbaas.cli.simulate import Simulate


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


class LoadBalancerExplain(Lister):
    """Say why a load balancer lives where it does, or why it lives nowhere."""

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        parser.add_argument("load_balancer", metavar="ID", help="id of the load balancer")
        return parser

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return a row for each device group of each decision; a table has words before it."""
        decisions = reading.decisions(
            self.app.open_store(), parsed_args.load_balancer, self.app.policies
        )
        if parsed_args.formatter == "table":
            said = "\n\n".join(reading.said_of(decision) for decision in decisions)
            self.app.stdout.write(said + "\n")
        rows = [row for decision in decisions for row in reading.candidate_rows(decision)]
        shown = len(reading.CANDIDATE_COLUMNS) - (parsed_args.formatter == "table")
        return reading.CANDIDATE_COLUMNS[:shown], [row[:shown] for row in rows]


COMMANDS = {
    "agent list": AgentList,
    "database restored": DatabaseRestored,
    "group forecast": GroupForecast,
    "group list": GroupList,
    "group set": GroupSet,
    "group show": GroupShow,
    "loadbalancer explain": LoadBalancerExplain,
    "loadbalancer list": LoadBalancerList,
    "simulate": Simulate,
    "why-full": WhyFull,
}
