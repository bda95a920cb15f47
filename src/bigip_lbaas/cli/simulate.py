"""The command that plays load balancers against a fleet, to see what would become of it."""

import random
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cliff.show import ShowOne

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.described import Described, read_described
from bigip_lbaas.cli.picture import bars, draw
from bigip_lbaas.cli.replay import Beginning, recorded, todays
from bigip_lbaas.cli.told import Told, told_share, told_span
from bigip_lbaas.domain.capacity import EXACT_METRICS
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.placement import LOWEST_SCORE, PlacementRules
from bigip_lbaas.scheduling.capacity_policy import parse_expected_cost
from bigip_lbaas.scheduling.reservations import PRIOR_SHARE_OF_LIMIT
from bigip_lbaas.scheduling.whatif.estimates import Learned
from bigip_lbaas.scheduling.whatif.simulate import Setting, simulate
from bigip_lbaas.scheduling.whatif.synthetic import Demand, Kind, draw_arrivals
from bigip_lbaas.scheduling.whatif.tally import Tally
from bigip_lbaas.scheduling.whatif.world import DAY_S, Arrival, Timing

MOST_REPORTS = 2000  # of each group: a long simulation reports less often
REPORT_EVERY_S = 30.0


class Simulate(ShowOne):
    """Play load balancers against a fleet: how full it gets, who is refused. Changes nothing.

    The scheduler is the one that places in earnest. It plays --arrivals made up ones, or with
    --replay those that were decided about, over today's fleet or the one that --fleet describes.
    """

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--arrivals", type=_count, default=100, help="load balancers (default: %(default)s)"
        )
        what.add_argument("--replay", action="store_true", help="those that were decided about")
        parser.add_argument(
            "--fleet", type=Path, metavar="FILE", help="a TOML file; see the how-to"
        )
        parser.add_argument("--environment", help="whose fleet, if the database has several")
        parser.add_argument("--policy", default=LOWEST_SCORE, help="(default: %(default)s)")
        parser.add_argument(
            "--hours", type=_hours, default=24.0, help="in which they come (default: %(default)s)"
        )
        parser.add_argument(
            "--projects", type=_count, default=20, help="that ask (default: %(default)s)"
        )
        parser.add_argument(
            "--zipf", type=float, default=1.1, help="exponent of popularity (default: %(default)s)"
        )
        parser.add_argument(
            "--spread",
            type=float,
            default=0.8,
            help="of the logarithm of what projects' load balancers cost (default: %(default)s)",
        )
        parser.add_argument(
            "--cost", default="", help="mean of one: throughput:5M (default: as has been seen)"
        )
        parser.add_argument(
            "--growth", type=float, default=0.0, help="of costs, share a day (default: 0)"
        )
        parser.add_argument(
            "--leave", type=float, default=0.0, help="share that leaves in time (default: 0)"
        )
        parser.add_argument(
            "--stay-days", type=_hours, default=10.0, help="mean (default: %(default)s)"
        )
        parser.add_argument("--controllers", type=_count, default=1, help="(default: 1)")
        parser.add_argument("--seed", type=int, default=0, help="other dice (default: 0)")
        parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="draw it there too")
        return parser

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return names and values."""
        if parsed_args.policy not in self.app.policies:
            known = ", ".join(sorted(self.app.policies))
            raise RequestRejected(
                f"there is no policy {parsed_args.policy!r}; installed are {known}"
            )
        described = read_described(parsed_args.fleet) if parsed_args.fleet else None
        begin = self._begin(parsed_args, described)
        arrivals = begin.arrivals or make_up(parsed_args, begin, described)
        hours = max(parsed_args.hours, arrivals[-1].at_s / 3600 if arrivals else 0.0)
        timing = Timing(
            until_s=hours * 3600,
            report_every_s=max(REPORT_EVERY_S, hours * 3600 / MOST_REPORTS),
        )
        setting = Setting(
            PlacementRules(policy=parsed_args.policy),
            self.app.policies,
            estimator=begin.learned,
            controllers=parsed_args.controllers,
        )
        tally = simulate(begin.groups, arrivals, timing, setting)
        if parsed_args.picture:
            title = f"{tally.placed} placed, {tally.refused} refused by {parsed_args.policy}"
            draw(tally.fills, title, parsed_args.picture)
        facts = facts_of(tally, parsed_args.policy)
        return tuple(facts), tuple(facts.values())

    def _begin(self, parsed_args: Namespace, described: Described | None) -> Beginning:
        """Return the fleet, and with --replay what was asked of it."""
        if described and not parsed_args.replay:
            return Beginning(described.groups(), Learned())
        store = self.app.open_store()
        if not parsed_args.replay:
            return todays(store, self.app.fleet_of, parsed_args.environment)
        begin = recorded(store, parsed_args.environment)
        if described:
            return Beginning(described.groups(), begin.learned, begin.arrivals)
        return begin


def make_up(
    parsed_args: Namespace, begin: Beginning, described: Described | None
) -> tuple[Arrival, ...]:
    """Return made up arrivals, drawn from the seed."""
    told = parse_expected_cost(parsed_args.cost, option="--cost")
    smallest: dict[str, float] = {}
    for group in begin.groups:
        for metric, limit in group.limits.items():
            if metric in EXACT_METRICS:
                continue
            smallest[metric] = min(limit, smallest.get(metric, limit))
    prior = {metric: limit * PRIOR_SHARE_OF_LIMIT for metric, limit in smallest.items()}
    everybody = Kind("everybody", 1.0, {**prior, **begin.everybodys_costs(), **told})
    demand = Demand(
        arrivals=parsed_args.arrivals,
        over_s=parsed_args.hours * 3600,
        kinds=described.kind if described and described.kind else (everybody,),
        projects=parsed_args.projects,
        zipf=parsed_args.zipf,
        spread=parsed_args.spread,
        growth_per_day=parsed_args.growth,
        leave=parsed_args.leave,
        stay_days=parsed_args.stay_days,
    )
    return draw_arrivals(demand, random.Random(parsed_args.seed))


def facts_of(tally: Tally, policy: str) -> dict[str, Any]:
    """Return name -> value of what came of it."""
    groups = [{**asdict(fill), "share": fill.share} for fill in tally.fills]
    return {
        "policy": policy,
        "arrived": tally.arrived,
        "placed": tally.placed,
        "refused": tally.refused,
        "first refusal": told_span(tally.first_refusal_s, "none"),
        "because": "\n".join(tally.reasons[:1]) or "-",
        "refused with room": tally.refused_with_room,
        "over capacity": tally.over,
        "of these avoidable": tally.over_avoidable,
        "group-hours past capacity": round(tally.overfull_s / 3600, 2),
        "affinity kept": Told(round(tally.affinity, 4), f"{tally.affinity:.1%}"),
        "fresh reports asked for": tally.refreshes,
        "highest": told_share(tally.highest),
        "mean": told_share(tally.mean),
        "groups": Told(groups, bars(tally.fills) or "none"),
    }


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0.0 < hours < 100 * DAY_S:
        raise ArgumentTypeError(f"{text!r} is no number above 0")
    return hours
