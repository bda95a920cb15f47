"""The question where a load balancer shall live, and its two answers, each with reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bigip_lbaas.domain.ids import AgentId, GroupNumber, LoadBalancerId, ProjectId

LOWEST_SCORE = "lowest-score"  # the policy that holds when nothing else is said


@dataclass(frozen=True, slots=True)
class Need:
    """One load balancer that wants a device group.

    demands: tags that a group must carry. waited_s: how long a controller has seen it wait.
    seed: makes the choice among equals the same each time it is worked out again.
    brings: metric -> what it adds to any group, where that is known exactly. seen_costs: metric ->
    what load balancers like it have been seen to cost. Both in the metric's unit.
    """

    load_balancer_id: LoadBalancerId
    project_id: ProjectId
    member_addresses: frozenset[str] = frozenset()
    demands: frozenset[str] = frozenset()
    waited_s: float = 0.0
    seed: int = 0
    brings: Mapping[str, float] = field(default_factory=dict)
    seen_costs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlacementRules:
    """The operator's settings for placement.

    headroom: estimated metrics are first held against this share (0..1], counts against 1.0.
    patience_s: how long to wait for a group that merely lacks an agent or a fresh score.
    expected_cost: metric -> what one load balancer is expected to cost where it can only be
    estimated and none has been seen yet, in the metric's unit. policy: the name of what ranks the
    groups that may take it. reopen_below: a group that was full stays closed until its score has
    fallen below this; 0.0: below 1.0 it is open again.
    """

    headroom: float = 0.95
    patience_s: float = 60.0
    affinity_is_hard: bool = False
    expected_cost: Mapping[str, float] = field(default_factory=dict)
    policy: str = LOWEST_SCORE
    reopen_below: float = 0.0


class Stage(StrEnum):
    """How far a device group came; a group of an earlier stage is taken before a later one."""

    WITHIN_HEADROOM = "within headroom"  # with this request, estimates stay at or below it
    WITHIN_CAPACITY = "within capacity"  # with this request, everything stays at or below 1.0
    LAST_RESORT = "last resort"  # below 1.0 now, past it with this request
    FULL = "full"  # at or past 1.0 now
    NOT_READY = "not ready"  # no agent that could do it, or no known score; waiting may help
    CLOSED = "closed"  # draining, or without what is asked for; waiting does not help


@dataclass(frozen=True, slots=True)
class Opinion:
    """What placement thought of one device group, at that moment.

    score and projection are shares of the limits (1.0 = at capacity), None when not known;
    binding_metric makes the projection. why_not is None for groups that could have taken it;
    note then says why it was or was not the one. Both are written to follow "group 1".
    """

    group: GroupNumber
    score: float | None
    projection: float | None
    binding_metric: str | None
    why_not: str | None
    is_projects_own: bool = False
    stage: Stage | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """Yes: that device group, that agent. costs: metric -> what to reserve, in its unit."""

    load_balancer_id: LoadBalancerId
    group: GroupNumber
    agent_id: AgentId
    because: str
    costs: Mapping[str, float]
    opinions: tuple[Opinion, ...]


@dataclass(frozen=True, slots=True)
class Unplaced:
    """No, for now (may_wait: a group merely lacks an agent or a score) or for good.

    because is one sentence for a person; opinions has a reason for every group.
    """

    load_balancer_id: LoadBalancerId
    because: str
    may_wait: bool
    opinions: tuple[Opinion, ...]
