"""What the controllers expect load balancers to cost in a simulation, and what teaches them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bigip_lbaas.domain.ids import GroupNumber, ProjectId


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one report of a group can teach.

    released: the reservations that it is the first to see, by project and expected cost.
    more_to_come: load balancers that it has not seen are on their way.
    """

    at_s: float
    group: GroupNumber
    values: Mapping[str, float]
    load_balancers: int
    released: tuple[tuple[ProjectId, Mapping[str, float]], ...]
    more_to_come: bool


class Estimator(Protocol):
    """Says what a project's next load balancer is expected to cost, by metric, in its unit."""

    def expected(self, project_id: ProjectId) -> Mapping[str, float]: ...
    def learn(self, lesson: Lesson) -> None: ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always expects the same: what the operator says, and the scheduler's prior otherwise."""

    costs: Mapping[str, float] = field(default_factory=dict)

    def expected(self, project_id: ProjectId) -> Mapping[str, float]:
        """See Estimator."""
        del project_id
        return self.costs

    def learn(self, lesson: Lesson) -> None:
        """See Estimator."""
