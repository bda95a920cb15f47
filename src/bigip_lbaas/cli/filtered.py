"""What the lists have in common: the command line may name fields that rows must have."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from cliff.lister import Lister

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.listing import Wanted, wanted
from bigip_lbaas.cli.stacked import StackedTable

# field of the rows -> the option that names its value, and how argparse takes that
FILTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "environment": ("--environment", {"help": "of this environment only"}),
    "group": ("--group", {"type": int, "metavar": "N", "help": "of this device group only"}),
    "agent_id": ("--agent", {"metavar": "ID", "help": "of this agent only"}),
    "project_id": ("--project", {"metavar": "ID", "help": "of this project only"}),
    "load_balancer_id": (
        "--load-balancer",
        {"metavar": "ID", "help": "of this load balancer only"},
    ),
}


class FilteredList(Lister):
    """A list that FIELDS may narrow; each is one of FILTERS.

    In a table that is wider than the terminal, the columns BENEATH go under the column UNDER.
    """

    app: OperatorApp
    FIELDS: ClassVar[tuple[str, ...]] = ("environment",)
    UNDER: ClassVar[str] = ""
    BENEATH: ClassVar[tuple[str, ...]] = ()

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        for field in self.FIELDS:
            option, how = FILTERS[field]
            parser.add_argument(option, dest=field, **how)
        return parser

    def which(self, parsed_args: Namespace) -> Wanted:
        """Return the fields that the command line has named."""
        return wanted(**{field: getattr(parsed_args, field) for field in self.FIELDS})

    def produce_output(
        self,
        parsed_args: Namespace,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
    ) -> int:
        """Write the rows in the format that was asked for."""
        if parsed_args.formatter == "table":
            self.formatter = StackedTable(self.UNDER, self.BENEATH)
        return super().produce_output(parsed_args, column_names, data)
