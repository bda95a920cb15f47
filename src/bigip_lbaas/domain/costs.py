"""What load balancers have been seen to cost, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bigip_lbaas.domain.ids import ProjectId

EVERYBODY = ProjectId("")  # stands for all projects of an environment together


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean cost of one load balancer in one metric, in its unit; rests on `weight` of them."""

    mean: float
    weight: float


@dataclass(frozen=True, slots=True)
class CostBook:
    """What has been learned of one project's load balancers, or of everybody's; by metric.

    growth: by how much a group's value grew when one of them arrived. level: what a group's value
    is for each one that lives there; of everybody only.
    """

    growth: Mapping[str, Estimate] = field(default_factory=dict)
    level: Mapping[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How many load balancers of one project arrived, and what all of them were expected to cost.

    expected: metric -> sum, in the metric's unit.
    """

    count: int
    expected: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of one group from report to report, to learn from the next one.

    values: of the last report. calm: of the last one before `arrived` came. noise: by how much a
    value changes from one report to the next while nothing arrives, on average. All by metric, in
    its unit. since: when `calm` was reported. load_balancers: how many lived there with the last
    report, calm_load_balancers with that one. arrived: what reports have seen since, by project.
    """

    values: Mapping[str, float]
    calm: Mapping[str, float]
    since: float
    load_balancers: int = 0
    calm_load_balancers: int = 0
    noise: Mapping[str, float] = field(default_factory=dict)
    arrived: Mapping[ProjectId, Arrivals] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lesson:
    """By how much each metric of a group grew while these load balancers arrived."""

    grown: Mapping[str, float]
    noise: Mapping[str, float]
    arrived: Mapping[ProjectId, Arrivals]
