"""Load balancers that might be asked for: popular and rare projects, small and dear ones, drawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bigip_lbaas.domain.ids import LoadBalancerId, ProjectId
from bigip_lbaas.scheduling.whatif.world import DAY_S, Arrival


class Dice(Protocol):
    """What is drawn with; random.Random(seed) is one."""

    def random(self) -> float: ...
    def expovariate(self, lambd: float) -> float: ...
    def lognormvariate(self, mu: float, sigma: float) -> float: ...
    def choices(
        self, population: Sequence[int], weights: Sequence[float], *, k: int
    ) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of project. share: of the projects. costs: metric -> mean of one load balancer."""

    name: str
    share: float
    costs: Mapping[str, float]
    members: float = 2.0  # mean
    demands: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Demand:
    """What will be asked for. arrivals: how many in over_s seconds.

    rise: how much faster they come at the end than at the beginning, 1.0: as fast. zipf: exponent
    of the projects' popularity. spread: of the logarithm of what projects' load balancers cost.
    growth_per_day: mean share by which a cost grows each day; projects differ. leave: share of
    load balancers that leave, after stay_days on average.
    """

    arrivals: int
    over_s: float
    kinds: Sequence[Kind]
    projects: int = 100
    rise: float = 1.0
    zipf: float = 1.1
    spread: float = 0.8
    growth_per_day: float = 0.0
    leave: float = 0.0
    stay_days: float = 10.0


@dataclass(frozen=True, slots=True)
class Project:
    """One project: what its load balancers cost, and how that grows."""

    id: ProjectId
    kind: Kind
    costs: Mapping[str, float] = field(default_factory=dict)
    growth_per_day: float = 0.0


def draw_arrivals(demand: Demand, dice: Dice) -> tuple[Arrival, ...]:
    """Return the load balancers of this demand, sorted by time."""
    projects = [_draw_project(number, demand, dice) for number in range(demand.projects)]
    popularity = [1.0 / (rank**demand.zipf) for rank in range(1, demand.projects + 1)]
    chosen = dice.choices(range(demand.projects), popularity, k=demand.arrivals)
    times = sorted(_draw_time(demand, dice) for _ in range(demand.arrivals))
    return tuple(
        Arrival(
            at_s=at_s,
            load_balancer_id=LoadBalancerId(f"lb-{number:05}"),
            project_id=projects[index].id,
            costs=projects[index].costs,
            members=frozenset(_draw_members(number, projects[index], dice)),
            demands=projects[index].kind.demands,
            growth_per_day=projects[index].growth_per_day,
            stays_s=_draw_stay(demand, dice),
        )
        for number, (at_s, index) in enumerate(zip(times, chosen, strict=True))
    )


def _draw_project(number: int, demand: Demand, dice: Dice) -> Project:
    kinds = demand.kinds
    kind = kinds[dice.choices(range(len(kinds)), [one.share for one in kinds], k=1)[0]]
    # the mean of a lognormal is exp(spread² / 2) times its median
    size = dice.lognormvariate(-(demand.spread**2) / 2, demand.spread)
    growth = demand.growth_per_day * dice.expovariate(1.0)
    costs = {metric: cost * size for metric, cost in kind.costs.items()}
    return Project(ProjectId(f"project-{number:04}"), kind, costs, growth)


def _draw_time(demand: Demand, dice: Dice) -> float:
    """Draw a moment; the rate goes in a straight line from 1 to `rise`."""
    share, more = dice.random(), demand.rise - 1.0
    if more:
        # the part of all arrivals that has come by x is (x + more x²/2) / (1 + more/2)
        share = ((1.0 + 2.0 * more * share * (1.0 + more / 2.0)) ** 0.5 - 1.0) / more
    return share * demand.over_s


def _draw_members(number: int, project: Project, dice: Dice) -> Iterator[str]:
    """Draw addresses: some that the project has used before, by name."""
    many = 1 + int(dice.expovariate(1.0 / max(project.kind.members - 1.0, 0.01)))
    for index in range(many):
        yield f"{project.id}/{number}/{index}"


def _draw_stay(demand: Demand, dice: Dice) -> float | None:
    if dice.random() >= demand.leave:
        return None
    return dice.expovariate(1.0 / (demand.stay_days * DAY_S))
