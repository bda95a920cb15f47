"""The command by which an operator declares what a device group may take."""

import math
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace

from cliff.command import Command

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.setting import set_group, set_source
from bigip_lbaas.domain.errors import RequestRejected

UNSET = object()


class GroupSet(Command):
    """Declare what a device group may take; what lives there stays."""

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        parser.add_argument("group", type=int, help="number of the device group")
        parser.add_argument(
            "--environment", help="name of its environment, if the database has several"
        )
        parser.add_argument(
            "--drain",
            dest="draining",
            action=BooleanOptionalAction,
            default=UNSET,
            help="whether it is closed to new load balancers",
        )
        parser.add_argument(
            "--weight",
            type=_weight,
            default=UNSET,
            help="among groups of one score the one with the fewest load balancers for its weight"
            " is taken; 0: last of all (at first: 1)",
        )
        parser.add_argument(
            "--max-load-balancers",
            type=_most,
            default=UNSET,
            help="how many load balancers may live there, whatever is measured; none: any number",
        )
        parser.add_argument(
            "--tags",
            dest="set_tags",
            type=_tags,
            default=UNSET,
            help="what it offers, separated by commas, instead of what its agents' configuration"
            " says; none: what that says",
        )
        parser.add_argument(
            "--source",
            metavar="SERIAL",
            help="write this device, where the others follow by their own sync; agents stop for a"
            " moment, and everything is compared",
        )
        return parser

    def take_action(self, parsed_args: Namespace) -> None:
        """Change the group and say what has changed."""
        fields = ("draining", "weight", "max_load_balancers", "set_tags")
        given = {name: getattr(parsed_args, name) for name in fields}
        changes = {name: value for name, value in given.items() if value is not UNSET}
        environment, number, source = (
            parsed_args.environment, parsed_args.group, parsed_args.source
        )  # fmt: skip
        if not changes and source is None:
            raise RequestRejected(
                "say what to set: --drain, --no-drain, --weight, --max-load-balancers, --tags or"
                " --source"
            )
        store = self.app.open_store()
        if changes:
            said = set_group(store, environment, number, changes)
            self.app.stdout.write(f"group {number}: {said}\n")
        if source is not None:
            said = set_source(store, environment, number, source)
            self.app.stdout.write(f"group {number}: {said}\n")


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not (math.isfinite(weight) and weight >= 0):
        raise ArgumentTypeError(f"{text!r} is no number from 0 on")
    return weight


def _most(text: str) -> int | None:
    if text == "none":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is neither a number from 1 on nor none; or use --drain")
    return int(text)


def _tags(text: str) -> tuple[str, ...] | None:
    if text == "none":
        return None
    return tuple(sorted({tag.strip() for tag in text.split(",") if tag.strip()}))
