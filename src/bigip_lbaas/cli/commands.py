"""The operator's commands as cliff knows them."""

from argparse import ArgumentParser, Namespace
from typing import Any

from cliff.lister import Lister
from cliff.show import ShowOne

from bigip_lbaas.cli import reading
from bigip_lbaas.cli.agent_set import AgentSet, name_agent
from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.audits import AuditList, AuditRun, AuditShow
from bigip_lbaas.cli.database import DatabaseRestored
from bigip_lbaas.cli.filtered import FilteredList
from bigip_lbaas.cli.group_set import GroupSet
from bigip_lbaas.cli.group_show import GroupForecast, GroupList, GroupShow, WhyFull
from bigip_lbaas.cli.lists import DeviceList, DeviceShow, EventList, HomeList
from bigip_lbaas.cli.provider_commands import ProviderAdd, ProviderList, ProviderRemove
from bigip_lbaas.cli.simulate import Simulate
from bigip_lbaas.store import records


class AgentList(FilteredList):
    """Show the agents: whether they are alive, and how many homes they have."""

    FIELDS = ("environment", "group")
    UNDER, BENEATH = "id", ("reason", "devices", "environment", "admin up", "homes")

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        rows = reading.agent_rows(self.app.open_store(), self.which(parsed_args))
        return reading.AGENT_COLUMNS, rows


class AgentShow(ShowOne):
    """Show one agent: its process, its homes, and why it is switched off."""

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        name_agent(parser)
        return parser

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return names and values."""
        store = self.app.open_store()
        facts = reading.agent_facts(store, parsed_args.environment, parsed_args.agent)
        return tuple(facts), tuple(facts.values())


class LoadBalancerList(FilteredList):
    """Show the load balancers: where each lives, how far it is, and why."""

    FIELDS = ("environment", "project_id")
    UNDER, BENEATH = "id", ("reason", "project", "agent", "revision", "name", "vip")

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser = super().get_parser(prog_name)
        how_far = parser.add_mutually_exclusive_group()
        how_far.add_argument(
            "--pending", dest="phases", action="store_const", const=records.UNFINISHED,
            help="only those whose last change has not ended yet",
        )  # fmt: skip
        how_far.add_argument(
            "--error", dest="phases", action="store_const", const=reading.ERROR,
            help="only those whose last change has failed",
        )  # fmt: skip
        return parser

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        store, which = self.app.open_store(), self.which(parsed_args)
        rows = reading.load_balancer_rows(store, which, parsed_args.phases)
        return reading.LOAD_BALANCER_COLUMNS, rows


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
    "agent set": AgentSet,
    "agent show": AgentShow,
    "audit list": AuditList,
    "audit run": AuditRun,
    "audit show": AuditShow,
    "database restored": DatabaseRestored,
    "device list": DeviceList,
    "device show": DeviceShow,
    "event list": EventList,
    "group forecast": GroupForecast,
    "group list": GroupList,
    "group set": GroupSet,
    "group show": GroupShow,
    "home list": HomeList,
    "loadbalancer explain": LoadBalancerExplain,
    "loadbalancer list": LoadBalancerList,
    "provider add": ProviderAdd,
    "provider list": ProviderList,
    "provider remove": ProviderRemove,
    "simulate": Simulate,
    "why-full": WhyFull,
}
