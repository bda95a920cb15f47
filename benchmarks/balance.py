"""How well bursts are balanced: scenarios A to F, the old rules and ours beside an oracle.

A placement is over capacity when, with all traffic that is to come, it takes its group past 1.0.
The oracle is our scheduler that knows every true load and cost. Ours learned costs the day before,
from the reports of projects that live somewhere; of new projects it knows what everybody costs.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import fmean

from benchmarks import balance_pages
from benchmarks.balance_policies import (
    as_documented,
    as_shipped,
    fewest_load_balancers,
    power_of_two_choices,
)
from benchmarks.balance_scenarios import METRIC, SCENARIOS, Drawn, Scenario, draw
from benchmarks.figures import Figure, publish
from bigip_lbaas.domain.costs import CostBook
from bigip_lbaas.domain.ids import LoadBalancerId, ProjectId
from bigip_lbaas.scheduling.whatif.estimates import Fixed, Learned
from bigip_lbaas.scheduling.whatif.simulate import Setting, simulate
from bigip_lbaas.scheduling.whatif.tally import Tally
from bigip_lbaas.scheduling.whatif.world import Arrival, Timing

SEEDS, QUICK_SEEDS = 30, 2
LESSONS_PER_PROJECT = 4  # load balancers of each project with a home, the day before
LESSON_EVERY_S = 30.0
ORACLE = "oracle"
CONTROLLERS = (1, 4)

Settle = Callable[[Scenario, Drawn, int], Setting]


def taught(scenario: Scenario, drawn: Drawn, seed: int) -> Learned:
    """Return what was learned the day before: a few load balancers of each project with a home."""
    estimator = Learned()
    dice = random.Random(f"the day before {scenario.name}:{seed}")
    asked = [project for project in drawn.homes for _ in range(LESSONS_PER_PROJECT)]
    dice.shuffle(asked)
    emptier = tuple(
        replace(
            group,
            carries={METRIC: group.carries[METRIC] / 2},
            load_balancers=group.load_balancers // 2,
        )
        for group in drawn.groups
    )
    arrivals = [
        Arrival(
            number * LESSON_EVERY_S,
            LoadBalancerId(f"lesson-{number}"),
            project,
            {METRIC: drawn.costs[project]},
        )
        for number, project in enumerate(asked)
    ]
    until_s = (len(arrivals) + 10) * LESSON_EVERY_S
    timing = Timing(until_s=until_s, ramp_s=scenario.ramp_s)
    simulate(emptier, arrivals, timing, Setting(estimator=estimator))
    return Learned(books=estimator.books)


@lru_cache(maxsize=1)
def _taught_once(scenario: Scenario, seed: int) -> Mapping[ProjectId, CostBook]:
    return taught(scenario, draw(scenario, seed), seed).books


def ours(controllers: int) -> Settle:
    """Return ours: shared reservations, learned costs, fresh reports on demand."""

    def settle(scenario: Scenario, _drawn: Drawn, seed: int) -> Setting:
        learned = Learned(books=dict(_taught_once(scenario, seed)))
        return Setting(estimator=learned, controllers=controllers)

    return settle


WHO: dict[str, Settle] = {
    "as shipped": lambda *_: Setting(decide=as_shipped(), estimator=Fixed()),
    "as documented": lambda *_: Setting(decide=as_documented(), estimator=Fixed()),
    "fewest load balancers": lambda *_: Setting(decide=fewest_load_balancers(), estimator=Fixed()),
    "power of two choices": lambda _scenario, _drawn, seed: Setting(
        decide=power_of_two_choices(seed), estimator=Fixed()
    ),
    **{f"ours, {count} controller{'s'[: count > 1]}": ours(count) for count in CONTROLLERS},
    ORACLE: lambda *_: Setting(estimator=Fixed(), sees_all=True),
}
OURS = tuple(name for name in WHO if name.startswith("ours"))


@dataclass(frozen=True, slots=True)
class Row:
    """One policy in one scenario: percentages are of placements or arrivals, over all seeds."""

    scenario: str
    who: str
    over: float
    highest: float
    to_mean: float
    affinity: float
    refused_with_room: int
    refreshes: float


def play(scenario: Scenario, seed: int, who: Iterable[str] = tuple(WHO)) -> dict[str, Tally]:
    """Play one burst under each of these policies."""
    drawn = draw(scenario, seed)
    return {
        name: simulate(
            drawn.groups, drawn.arrivals, scenario.timing(), WHO[name](scenario, drawn, seed)
        )
        for name in who
    }


def row_of(scenario: Scenario, who: str, tallies: Iterable[Tally]) -> Row:
    """Return the means over the seeds."""
    each = list(tallies)
    return Row(
        scenario.name,
        who,
        100.0 * sum(one.over for one in each) / sum(one.placed for one in each),
        fmean(one.highest for one in each),
        fmean(one.highest / one.mean for one in each),
        100.0 * fmean(one.affinity for one in each),
        sum(one.refused_with_room for one in each),
        fmean(one.refreshes for one in each),
    )


def figures_of(rows: Iterable[Row]) -> list[Figure]:
    """Return what is measured against targets: ours beside the oracle."""
    by_name = {(row.scenario, row.who): row for row in rows}
    figures = []
    for scenario in SCENARIOS:
        oracle = by_name[scenario.name, ORACLE]
        ramps = scenario.ramp_s > 0
        for who in OURS:
            row = by_name[scenario.name, who]
            said = f"{scenario.name}, {who}:"
            ratio = row.to_mean / oracle.to_mean
            lost = oracle.affinity - row.affinity
            figures += [
                Figure(f"{said} over capacity", row.over, "%", 0.3 if ramps else 0.1),
                Figure(f"{said} highest/mean to oracle's", ratio, "", 1.07 if ramps else 1.05),
                Figure(f"{said} affinity below oracle's", lost, "points", 1.0),
                Figure(f"{said} refused with room", row.refused_with_room, "", 0.0),
                Figure(f"{said} fresh reports asked for", row.refreshes, ""),
            ]
        old = by_name[scenario.name, "as documented"]
        figures.append(Figure(f"{scenario.name}, {old.who}: over capacity", old.over, "%"))
    return figures


def main() -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two seeds; writes no page")
    quick = parser.parse_args().quick
    seeds = range(QUICK_SEEDS if quick else SEEDS)
    with ProcessPoolExecutor() as pool:
        waiting = [
            (scenario, [pool.submit(play, scenario, seed) for seed in seeds])
            for scenario in SCENARIOS
        ]
        rows = [
            row_of(scenario, who, (one.result()[who] for one in each))
            for scenario, each in waiting
            for who in WHO
        ]
    status = publish("balance", figures_of(rows))
    if not quick:
        balance_pages.write(rows, len(seeds))
    return status


if __name__ == "__main__":
    sys.exit(main())
