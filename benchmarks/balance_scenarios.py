"""The scenarios of the balance benchmark: a fleet, a burst of arrivals, all drawn from a seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from bigip_lbaas.domain.ids import GroupNumber, LoadBalancerId, ProjectId
from bigip_lbaas.scheduling.whatif.world import Arrival, SimulatedGroup, Timing

METRIC = "active_connections"
UNIT = 100_000.0  # the limit of the smallest group
SIZES = (1.0, 2.0, 4.0)  # times that
SPREAD_OF_FILL = 0.08
SPREAD_OF_COSTS = 0.5  # of the logarithm of what a project's load balancers cost
ARRIVALS_PER_PROJECT = 4
WITH_A_HOME = 0.7  # of the arrivals


@dataclass(frozen=True, slots=True)
class Scenario:
    """A burst: so many arrivals take a fleet from one fill to another within window_s."""

    name: str
    groups: int
    arrivals: int
    fill_from: float
    fill_to: float
    window_s: float = 30.0
    ramp_s: float = 0.0
    zipf: float = 1.1  # exponent of the projects' popularity; 0: all alike
    with_a_home: float = WITH_A_HOME

    def timing(self) -> Timing:
        """Return how fast news travels: one regular report of each group within the window."""
        return Timing(until_s=self.window_s, report_every_s=self.window_s, ramp_s=self.ramp_s)


SCENARIOS = (
    Scenario("A", 8, 200, 0.60, 0.75),
    Scenario("B", 20, 1000, 0.55, 0.80),
    Scenario("C", 20, 1000, 0.55, 0.92, window_s=60.0),
    Scenario("D", 50, 2000, 0.50, 0.85, zipf=0.0),
    Scenario("E", 20, 1000, 0.55, 0.80, with_a_home=0.0),
    Scenario("F", 20, 1000, 0.55, 0.80, ramp_s=120.0),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One draw of a scenario. costs: project -> what each of its load balancers truly costs."""

    groups: tuple[SimulatedGroup, ...]
    arrivals: tuple[Arrival, ...]
    costs: Mapping[ProjectId, float]
    homes: Mapping[ProjectId, GroupNumber] = field(default_factory=dict)


def draw(scenario: Scenario, seed: int) -> Drawn:
    """Return the scenario's fleet and arrivals for this seed."""
    dice = random.Random(f"{scenario.name}:{seed}")
    sizes = [dice.choice(SIZES) * UNIT for _ in range(scenario.groups)]
    fills = _fills(dice, scenario, sizes)
    projects = _projects(scenario)
    homes = _homes(dice, scenario, projects, sizes)
    asked = sorted(dice.choices(projects, _popularity(scenario, projects), k=scenario.arrivals))
    dice.shuffle(asked)
    costs = {project: dice.lognormvariate(0.0, SPREAD_OF_COSTS) for project in projects}
    more = (scenario.fill_to - scenario.fill_from) * sum(sizes)
    scale = more / sum(costs[project] for project in asked)
    costs = {project: cost * scale for project, cost in costs.items()}
    typical = sum(costs.values()) / len(costs)
    groups = tuple(
        SimulatedGroup(
            number=GroupNumber(number),
            limits={METRIC: size},
            carries={METRIC: size * fill},
            load_balancers=round(size * fill / typical),
            projects={p: frozenset() for p, home in homes.items() if home == number},
            phase=dice.random(),
        )
        for number, (size, fill) in enumerate(zip(sizes, fills, strict=True), start=1)
    )
    times = sorted(dice.uniform(0.0, scenario.window_s) for _ in asked)
    arrivals = tuple(
        Arrival(at_s, LoadBalancerId(f"lb-{number}"), project, {METRIC: costs[project]})
        for number, (at_s, project) in enumerate(zip(times, asked, strict=True))
    )
    return Drawn(groups, arrivals, costs, homes)


def _fills(dice: random.Random, scenario: Scenario, sizes: Sequence[float]) -> list[float]:
    """Return how full each group is; all together as full as the scenario says."""
    drawn = [dice.gauss(scenario.fill_from, SPREAD_OF_FILL) for _ in sizes]
    in_all = sum(fill * size for fill, size in zip(drawn, sizes, strict=True)) / sum(sizes)
    return [min(max(fill + scenario.fill_from - in_all, 0.0), 0.94) for fill in drawn]


def _projects(scenario: Scenario) -> list[ProjectId]:
    count = max(scenario.arrivals // ARRIVALS_PER_PROJECT, 1)
    return [ProjectId(f"project-{number:04}") for number in range(count)]


def _popularity(scenario: Scenario, projects: Sequence[ProjectId]) -> list[float]:
    return [1.0 / (rank**scenario.zipf) for rank in range(1, len(projects) + 1)]


def _homes(
    dice: random.Random,
    scenario: Scenario,
    projects: Sequence[ProjectId],
    sizes: Sequence[float],
) -> dict[ProjectId, GroupNumber]:
    """Return where the projects live that have a home; larger groups have more of them."""
    chosen = [project for project in projects if dice.random() < scenario.with_a_home]
    reach = list(accumulate(sizes))
    numbers = range(1, len(sizes) + 1)
    picked = dice.choices(numbers, cum_weights=reach, k=len(chosen))
    return {project: GroupNumber(n) for project, n in zip(chosen, picked, strict=True)}
