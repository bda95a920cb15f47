"""Thirty days of growth with departures: hours until the first refusal, policy by policy.

The simulation is the one of `bigip-lbaas simulate`. Policies are given the same arrivals, learn
costs from the same reports, and stop at the first load balancer that no group can take. The seeds
that count were not looked at while `lowest-price` was designed (that used 0 to 5), nor while the
number of arrivals was chosen so that nearly every month sees a refusal (2000 to 2029, with 2,600
arrivals: 13 of 30 saw none).
"""

import argparse
import random
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from statistics import fmean

from benchmarks.figures import Figure, publish
from bigip_lbaas.domain.ids import GroupNumber
from bigip_lbaas.domain.placement import LOWEST_SCORE, PlacementRules
from bigip_lbaas.scheduling.shipped import LOWEST_PRICE
from bigip_lbaas.scheduling.whatif.simulate import Setting, simulate
from bigip_lbaas.scheduling.whatif.synthetic import Demand, Kind, draw_arrivals
from bigip_lbaas.scheduling.whatif.world import DAY_S, SimulatedGroup, Timing

DAYS = 30
SEEDS, QUICK_SEEDS = range(3000, 3030), range(3000, 3002)
GOLD = frozenset({"gold"})
GROUPS = 12
# three models of device: a small one licensed by throughput, a middle one, a large one whose TLS
# is weak; so no two are short of the same thing first
MODELS: tuple[Mapping[str, float], ...] = (
    {"throughput": 1e9, "active_connections": 200e3, "ssltps": 2e3, "node_count": 400.0,
     "tenant_count": 60.0},
    {"throughput": 5e9, "active_connections": 500e3, "ssltps": 10e3, "node_count": 800.0,
     "tenant_count": 120.0},
    {"throughput": 10e9, "active_connections": 2e6, "ssltps": 5e3, "node_count": 1200.0,
     "tenant_count": 200.0},
)  # fmt: skip
KINDS = (
    Kind("web", 0.4, {"throughput": 6e6, "active_connections": 1500.0, "ssltps": 10.0}, 3),
    Kind("stream", 0.2, {"throughput": 30e6, "active_connections": 500.0, "ssltps": 2.0}, 3),
    Kind("devices", 0.2, {"throughput": 2e6, "active_connections": 6000.0, "ssltps": 4.0}, 2),
    Kind("services", 0.2, {"throughput": 2e6, "active_connections": 600.0, "ssltps": 30.0}, 10),
)


@dataclass(frozen=True, slots=True)
class Month:
    """One kind of month. gold: share of projects that demand what three of the groups offer."""

    name: str
    gold: float = 0.0
    alike: bool = False  # all groups the same model, all projects of the same kind
    arrivals: int = 3600


MONTHS = (
    Month("mixed", gold=0.15),
    Month("mixed, no demands", arrivals=4200),
    Month("alike", alike=True, arrivals=6000),
)


@dataclass(frozen=True, slots=True)
class Went:
    """How one month went."""

    hours: float
    affinity: float
    overfull_hours: float
    accepted: int


def fleet(month: Month, dice: random.Random) -> tuple[SimulatedGroup, ...]:
    """Return twelve groups that carry something already, none of it ours to move."""
    groups = []
    for number in range(1, GROUPS + 1):
        limits = MODELS[1 if month.alike else (number - 1) % len(MODELS)]
        fill = dice.uniform(0.15, 0.30)
        groups.append(
            SimulatedGroup(
                GroupNumber(number),
                limits,
                {metric: limit * fill * dice.uniform(0.8, 1.2) for metric, limit in limits.items()},
                load_balancers=round(limits["tenant_count"] * fill),
                tags=GOLD if number <= GROUPS // 4 else frozenset(),
                phase=dice.random(),
            )
        )
    return tuple(groups)


def demand(month: Month) -> Demand:
    """Return what is asked for in the month."""
    kinds = KINDS[:1] if month.alike else KINDS
    plain = [replace(kind, share=kind.share * (1 - month.gold)) for kind in kinds]
    gold = [replace(kind, share=kind.share * month.gold, demands=GOLD) for kind in kinds]
    return Demand(
        arrivals=month.arrivals,
        over_s=DAYS * DAY_S,
        kinds=(*plain, *gold) if month.gold else kinds,
        projects=300,
        rise=1.5,
        zipf=1.0,
        growth_per_day=0.01,
        leave=0.5,
        stay_days=10.0,
    )


def play(month: Month, policy: str, seed: int) -> Went:
    """Play one month under one policy, to its first refusal."""
    dice = random.Random(seed)
    groups = fleet(month, dice)
    arrivals = draw_arrivals(demand(month), dice)
    timing = Timing(until_s=DAYS * DAY_S, report_every_s=600.0, refresh_above=None)
    setting = Setting(PlacementRules(policy=policy), stop_at_refusal=True)
    tally = simulate(groups, arrivals, timing, setting)
    ended_s = timing.until_s if tally.first_refusal_s is None else tally.first_refusal_s
    return Went(ended_s / 3600, tally.affinity, tally.overfull_s / 3600, tally.placed)


def compare(month: Month, seeds: Iterable[int], pool: ProcessPoolExecutor) -> list[Figure]:
    """Return the figures of one kind of month: means over the seeds."""
    went = {
        policy: [pool.submit(play, month, policy, seed) for seed in seeds]
        for policy in (LOWEST_SCORE, LOWEST_PRICE)
    }
    old, new = ([one.result() for one in went[name]] for name in (LOWEST_SCORE, LOWEST_PRICE))
    counts = month is MONTHS[0]
    hours = [fmean(one.hours for one in each) for each in (old, new)]
    lost = fmean(one.affinity for one in old) - fmean(one.affinity for one in new)
    figures = [
        Figure(f"{month.name}: hours, {LOWEST_SCORE}", hours[0], "h"),
        Figure(f"{month.name}: hours, {LOWEST_PRICE}", hours[1], "h"),
        Figure(
            f"{month.name}: hours of {LOWEST_SCORE} for one of {LOWEST_PRICE}",
            hours[0] / hours[1],
            "",
            1 / 1.05 if counts else None,
        ),
        Figure(f"{month.name}: affinity lost", lost * 100, "points", 2.0 if counts else None),
    ]
    for policy, each in ((LOWEST_SCORE, old), (LOWEST_PRICE, new)):
        said = f"{month.name}: {policy}"
        overfull = fmean(one.overfull_hours for one in each)
        figures.append(Figure(f"{said}, affinity", fmean(o.affinity for o in each) * 100, "%"))
        figures.append(Figure(f"{said}, group-hours past capacity", overfull, "h"))
        figures.append(Figure(f"{said}, accepted", fmean(o.accepted for o in each), ""))
    better = sum(b.hours > a.hours for a, b in zip(old, new, strict=True))
    figures.append(Figure(f"{month.name}: seeds with more hours", better, f"of {len(old)}"))
    return figures


def main() -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two seeds")
    seeds = QUICK_SEEDS if parser.parse_args().quick else SEEDS
    with ProcessPoolExecutor() as pool:
        found = [compare(month, seeds, pool) for month in MONTHS]
    return publish("month", [figure for figures in found for figure in figures])


if __name__ == "__main__":
    sys.exit(main())
