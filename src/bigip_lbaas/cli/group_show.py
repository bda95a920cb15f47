"""The commands that say how full device groups are, since when, by what, and until when."""

from abc import abstractmethod
from argparse import ArgumentParser, Namespace
from typing import Any, ClassVar

from cliff.lister import Lister
from cliff.show import ShowOne

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.filtered import FilteredList
from bigip_lbaas.cli.groups import KnownGroup, Written, known_groups
from bigip_lbaas.cli.told import Told, told_list, told_share, told_span
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.scheduling.forecast import Forecast
from bigip_lbaas.scheduling.scores import Book
from bigip_lbaas.scheduling.words import amount, share

LIST_COLUMNS = (
    "group", "score", "binding", "reserved", "trend", "agents", "devices", "age",
    "load balancers", "environment",
)  # fmt: skip
NARROW = 8  # columns that a terminal of 80 has room for
FULL_COLUMNS = ("group", "score", "metric", "measured", "reserved", "limit", "share", "takes new")
FORECAST_COLUMNS = ("group", "metric", "now", "limit", "share", "per day", "full in")
DAY_S = 86400.0


def _ask_which(parser: ArgumentParser, *, needed: bool = False) -> None:
    number = "number of the device group"
    if needed:
        parser.add_argument("group", type=int, help=number)
    else:
        parser.add_argument("group", type=int, nargs="?", help=f"{number} (default: all)")
    parser.add_argument("--environment", help="only of this environment")


def _known(app: OperatorApp, parsed_args: Namespace) -> tuple[KnownGroup, ...]:
    number = getattr(parsed_args, "group", None)
    return known_groups(app.open_store(), app.fleet_of, parsed_args.environment, number)


class GroupList(FilteredList):
    """Show the device groups: how full they are, by which metric, and who serves them."""

    UNDER, BENEATH = "binding", ("environment", "load balancers", "devices", "age")

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--long", action="store_true", help="a table with all columns; other formats have them"
        )
        return parser

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        shown = len(LIST_COLUMNS)
        if parsed_args.formatter == "table" and not parsed_args.long:
            shown = NARROW
        rows = [list_row(one)[:shown] for one in _known(self.app, parsed_args)]
        return LIST_COLUMNS[:shown], rows


class GroupShow(ShowOne):
    """Show all that is known of one device group."""

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        _ask_which(parser, needed=True)
        return parser

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return names and values."""
        found = _known(self.app, parsed_args)
        if len(found) > 1:
            names = ", ".join(one.row.environment for one in found)
            raise RequestRejected(f"group {parsed_args.group} is in {names}: say --environment")
        facts = show_facts(found[0])
        return tuple(facts), tuple(facts.values())


class MetricTable(Lister):
    """A table with a row for each metric of the device groups asked for."""

    app: OperatorApp
    columns: ClassVar[tuple[str, ...]]

    @abstractmethod
    def rows_of(self, one: KnownGroup) -> list[tuple[Any, ...]]:
        """Return one group's rows, under `columns`."""

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        _ask_which(parser)
        return parser

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        found = _known(self.app, parsed_args)
        return self.columns, [row for one in found for row in self.rows_of(one)]


class WhyFull(MetricTable):
    """Show what fills the device groups, metric by metric, fullest first."""

    columns = FULL_COLUMNS

    def rows_of(self, one: KnownGroup) -> list[tuple[Any, ...]]:
        """See MetricTable."""
        return full_rows(one)


class GroupForecast(MetricTable):
    """Say when device groups will be full, metric by metric, if they go on as they did."""

    columns = FORECAST_COLUMNS

    def rows_of(self, one: KnownGroup) -> list[tuple[Any, ...]]:
        """See MetricTable."""
        return forecast_rows(one)


def list_row(one: KnownGroup) -> tuple[Any, ...]:
    """Return a group's row under LIST_COLUMNS."""
    alive = sum(agent.alive for agent in one.agents)
    reserved = {metric: cost for metric, cost in sorted(one.state.reserved.items()) if cost}
    limits = one.state.limits
    in_flight = max((cost / limits[m] for m, cost in reserved.items() if m in limits), default=0.0)
    number = f"{one.row.number}{' (draining)' if one.row.draining else ''}"
    score = told_share(one.score)
    if one.score is not None and not one.state.limits:
        score = Told(one.score, "0 (no policy)")
    return (
        Told(one.row.number, number),
        score,
        one.binding_metric,
        Told(reserved, share(in_flight) if reserved else "-"),
        _trend(one.trend),
        Told({"alive": alive, "of": len(one.agents)}, f"{alive} of {len(one.agents)}"),
        Told(list(one.row.devices), str(len(one.row.devices))),
        told_span(one.age_s, "-"),
        one.state.load_balancers,
        one.row.environment,
    )


def show_facts(one: KnownGroup) -> dict[str, Any]:
    """Return name -> value of all that is known of a group."""
    row, why_not = one.row, one.judgement.why_not
    agents = [
        f"{agent.id} ({'alive' if agent.alive else 'gone'},"
        f" {'on' if agent.admin_state_up else 'switched off'}, {one.homes[agent.id]} homes)"
        for agent in one.agents
    ]
    lines = one.book.lines if isinstance(one.book, Book) else ()
    metrics = [f"{line.say_now()} ({share(line.share)})" for line in lines]
    most = row.max_load_balancers
    return {
        "environment": row.environment,
        "group": row.number,
        "takes new": Told(why_not is None, "yes" if why_not is None else f"no: it {why_not}"),
        "score": told_share(one.score),
        "binding metric": one.binding_metric,
        "metrics": told_list(tuple(metrics)),
        "trend": _trend(one.trend),
        "full in": _full_in(one.trend),
        "report age": told_span(one.age_s, "no report"),
        "load balancers": one.state.load_balancers,
        "most load balancers": Told(most, "any number" if most is None else str(most)),
        "weight": row.weight,
        "draining": row.draining,
        "has been full": row.was_full,
        "tags": told_list(tuple(sorted(one.state.tags))),
        "agents": told_list(tuple(agents)),
        "devices": told_list(row.devices),
        "written": _written(one.written),
        "policies differ": row.policies_differ or "no",
    }


def full_rows(one: KnownGroup) -> list[tuple[Any, ...]]:
    """Return a row under FULL_COLUMNS for each metric, fullest first, or one that says why not."""
    why_not = one.judgement.why_not
    takes = Told(why_not is None, "yes" if why_not is None else f"no: {why_not}")
    if not isinstance(one.book, Book) or not one.book.lines:
        return [(one.row.number, told_share(one.score), "-", "-", "-", "-", "-", takes)]
    return [
        (
            one.row.number,
            told_share(one.score),
            line.metric,
            Told(line.measured, amount(line.measured)),
            Told(line.reserved, amount(line.reserved)),
            Told(line.limit, amount(line.limit)),
            told_share(line.share),
            takes,
        )
        for line in sorted(one.book.lines, key=lambda line: (-line.share, line.metric))
    ]


def forecast_rows(one: KnownGroup) -> list[tuple[Any, ...]]:
    """Return a row under FORECAST_COLUMNS for each metric."""
    rows = []
    for metric, limit in sorted(one.state.limits.items()):
        seen = one.by_metric[metric]
        now = one.state.measured.get(metric)
        a_day = seen.slope * DAY_S
        rows.append(
            (
                one.row.number,
                metric,
                Told(now, "not known" if now is None else amount(now)),
                Told(limit, amount(limit)),
                told_share(None if now is None else now / limit),
                Told(a_day, f"{'+' if a_day > 0 else ''}{amount(a_day)}" if seen.enough else "-"),
                _full_in(seen),
            )
        )
    return rows


def _written(one: Written) -> Told:
    """Return which device is written; None: every one."""
    if not one.only_one:
        return Told(None, "every device")
    if not one.source:
        return Told("", f"none now: it changes to {one.next or 'the first that agents reach'}")
    level = "its peers are in sync" if one.is_level else "its peers are not in sync yet"
    return Told(one.source, f"{one.source}, for {told_span(one.for_s, '-')}; {level}")


def _trend(seen: Forecast) -> Told:
    if not seen.enough:
        return Told(None, "-")
    a_day = round(seen.slope * DAY_S, 4)
    return Told(a_day, f"{a_day:+.3f}/day" if seen.growing else "not growing")


def _full_in(seen: Forecast) -> Told:
    if not seen.enough:
        return Told(None, "too little history")
    if seen.full_in_s is not None and seen.full_in_s <= 0:
        return Told(0.0, "full now")
    return told_span(seen.full_in_s, "not growing")
