"""The command by which an operator declares what a device group may take."""

import math
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace

from cliff.command import Command

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.setting import set_group
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
        return parser

    def take_action(self, parsed_args: Namespace) -> None:
        """Change the group and say what has changed."""
        fields = ("draining", "weight", "max_load_balancers", "set_tags")
        given = {name: getattr(parsed_args, name) for name in fields}
        changes = {name: value for name, value in given.items() if value is not UNSET}
        if not changes:
            raise RequestRejected(
                "say what to set: --drain, --no-drain, --weight, --max-load-balancers or --tags"
            )
        store = self.app.open_store()
        said = set_group(store, parsed_args.environment, parsed_args.group, changes)
        self.app.stdout.write(f"group {parsed_args.group}: {said}\n")


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
