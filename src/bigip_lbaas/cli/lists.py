"""The commands that list homes, devices and events."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

from cliff.show import ShowOne

from bigip_lbaas.cli import listing
from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.filtered import FilteredList

MOST_EVENTS = 50


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number of events from 1 on")
    return int(text)


class HomeList(FilteredList):
    """Show the homes: which agent may write a project's partition in a group, and its fence."""

    FIELDS = ("environment", "group", "agent_id", "project_id")
    UNDER, BENEATH = "project", ("agent", "environment", "agent alive", "load balancers")

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        rows = listing.home_rows(self.app.open_store(), self.which(parsed_args))
        return listing.HOME_COLUMNS, rows


class DeviceList(FilteredList):
    """Show the devices: how they do, who manages them, and what they have not got yet."""

    UNDER, BENEATH = "serial number", ("covered by a report", "environment", "to bring level")

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        rows = listing.device_rows(self.app.open_store(), parsed_args.environment)
        return listing.DEVICE_COLUMNS, rows


class DeviceShow(ShowOne):
    """Show one device: how each agent sees it, and which load balancers it has not got yet."""

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        parser.add_argument("device", metavar="SERIAL", help="serial number, as device list has it")
        parser.add_argument(
            "--environment", help="name of its environment, if several know the device"
        )
        return parser

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return names and values."""
        store = self.app.open_store()
        facts = listing.device_facts(store, parsed_args.environment, parsed_args.device)
        return tuple(facts), tuple(facts.values())


class EventList(FilteredList):
    """Show the latest events, oldest first: takeovers, refusals, losses, what was set aside."""

    UNDER, BENEATH = "subject", ("request id", "text", "environment", "kind")

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--kind", help="of this kind only, as the column shows it")
        parser.add_argument("--subject", help="about this agent, group or load balancer only")
        parser.add_argument(
            "--limit", type=_count, default=MOST_EVENTS, metavar="N",
            help="so many at most (default: %(default)s)",
        )  # fmt: skip
        return parser

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        named = listing.wanted(kind=parsed_args.kind, subject=parsed_args.subject)
        which = {**self.which(parsed_args), **named}
        rows = listing.event_rows(self.app.open_store(), which, parsed_args.limit)
        return listing.EVENT_COLUMNS, rows
