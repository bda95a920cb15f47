"""What load balancers have been seen to cost, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bigip_lbaas.domain.ids import ProjectId

EVERYBODY = ProjectId("")  # stands for all projects of an environment together


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over load balancers, in the unit of what is estimated; rests on `weight` of them."""

    mean: float
    weight: float


@dataclass(frozen=True, slots=True)
class CostBook:
    """What has been learned of one project's load balancers, or of everybody's; by metric.

    growth: by how much a group's value grew when one of them arrived. Of everybody only: level,
    what a group's value is for each one that lives there, and lateness, by how many seconds its
    traffic comes later than the load balancer, on average.
    """

    growth: Mapping[str, Estimate] = field(default_factory=dict)
    level: Mapping[str, Estimate] = field(default_factory=dict)
    lateness: Mapping[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Coming:
    """Load balancers of one project that a report has seen, whose traffic is not all there yet.

    applied_at: when they were on the devices, on average. expected: metric -> what they were
    expected to cost together when they were placed, in its unit.
    """

    project_id: ProjectId
    count: int
    applied_at: float
    expected: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Settling:
    """What a group's values did since nothing was on its way, to tell how late traffic comes.

    since, calm: that moment and its values. area: metric -> integral of what the value has grown
    by, in units times seconds. expected: metric -> what those who arrived were expected to cost;
    moment: the same times the seconds from `since` to each one's arrival; first_s, last_s: the
    least and the most of those seconds. count: how many arrived. reports: how many there were;
    apart_s: the longest time between two of them.
    """

    since: float
    calm: Mapping[str, float]
    area: Mapping[str, float]
    expected: Mapping[str, float] = field(default_factory=dict)
    moment: Mapping[str, float] = field(default_factory=dict)
    count: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    reports: int = 0
    apart_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of one group from report to report, to learn from the next one.

    values: of the last report, by metric, in its unit; as_of: until when what was applied is in
    it. settled: how many load balancers it had seen. applied_at: when the latest of them was on
    the devices. noise: by how much a value changes from one report to the next while nothing
    arrives, on average; drift: the same long after anything arrived.
    """

    values: Mapping[str, float]
    as_of: float = 0.0
    settled: int = 0
    applied_at: float | None = None
    noise: Mapping[str, float] = field(default_factory=dict)
    drift: Mapping[str, float] = field(default_factory=dict)
    coming: tuple[Coming, ...] = ()
    settling: Settling | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """How many load balancers' traffic came, in parts of one, if it came as it uses to.

    spread: the variance of that number if each one's traffic came all at once, some time or other.
    doubtful: of how many it may have been in the values of the report before.
    """

    come: float
    spread: float = 0.0
    doubtful: float = 0.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one report teaches. grown: metric -> by how much its value grew; noise: see Watch.

    in_flight: metric -> of how many load balancers the traffic may be in the values already, or
    not. arrived: whose traffic came, project -> metric. lateness: metric -> by how many seconds
    it came later, and on how many load balancers that rests.
    """

    grown: Mapping[str, float]
    noise: Mapping[str, float]
    in_flight: Mapping[str, float] = field(default_factory=dict)
    arrived: Mapping[ProjectId, Mapping[str, Part]] = field(default_factory=dict)
    lateness: Mapping[str, Estimate] = field(default_factory=dict)
