"""What a simulation begins with: device groups, load balancers to come, and how fast news travels.

Times are seconds of simulated time, which begins at 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.ids import GroupNumber, LoadBalancerId, ProjectId

DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class SimulatedGroup:
    """One device group. carries: metric -> value, what it has at the start and keeps for ever.

    projects: who lives there at the start and stays, with the member addresses of each.
    phase: when in the report interval it reports, 0..1.
    """

    number: GroupNumber
    limits: Mapping[str, float]
    carries: Mapping[str, float] = field(default_factory=dict)
    load_balancers: int = 0
    weight: float = 1.0
    draining: bool = False
    tags: frozenset[str] = frozenset()
    projects: Mapping[ProjectId, frozenset[str]] = field(default_factory=dict)
    phase: float = 0.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One load balancer that will be asked for.

    costs: metric -> what it will truly cost once its traffic is there, for metrics that can only
    be estimated. growth_per_day: by what share of that it grows each day. stays_s: for how long;
    None: for ever.
    """

    at_s: float
    load_balancer_id: LoadBalancerId
    project_id: ProjectId
    costs: Mapping[str, float]
    members: frozenset[str] = frozenset()
    demands: frozenset[str] = frozenset()
    growth_per_day: float = 0.0
    stays_s: float | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """How fast news travels.

    report_every_s: between two reports of a group. report_takes_s: from a measuring to its being
    in the books. apply_s: from the decision to the devices. ramp_s: from then until its traffic
    is all there. as_of_lag_s: how old the database's clock is that a report is dated by.
    refresh_above: with more than this share of a limit in flight, a fresh report is asked for,
    which takes refresh_takes_s; None: never. until_s: when the simulation ends.
    """

    until_s: float
    report_every_s: float = 30.0
    report_takes_s: float = 1.0
    apply_s: float = 1.0
    ramp_s: float = 0.0
    as_of_lag_s: float = 0.1
    refresh_above: float | None = 0.05
    refresh_takes_s: float = 2.0


def groups_of(
    fleet: Fleet, homes: Mapping[ProjectId, frozenset[GroupNumber]]
) -> tuple[SimulatedGroup, ...]:
    """Return a real fleet's groups as a simulation begins with them.

    What is reserved there counts as carried. Groups whose score is not known, or that have no
    agent to do the work, are left out: nobody knows what they could take. homes: project -> where
    it lives.
    """
    usable = [
        group
        for group in fleet.groups
        if group.score_is_known
        and any(agent.live and agent.admin_state_up for agent in group.agents)
    ]
    return tuple(
        SimulatedGroup(
            number=group.number,
            limits=group.limits,
            carries={
                metric: group.measured.get(metric, 0.0) + group.reserved.get(metric, 0.0)
                for metric in group.limits
            },
            load_balancers=group.load_balancers,
            weight=group.weight,
            draining=group.draining,
            tags=group.tags,
            projects={
                project: frozenset[str]()
                for project, numbers in homes.items()
                if group.number in numbers
            },
            phase=index / len(usable),
        )
        for index, group in enumerate(sorted(usable, key=lambda one: one.number))
    )
