"""What the controllers expect load balancers to cost in a simulation, and what teaches them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from bigip_lbaas.domain.costs import EVERYBODY, CostBook, Watch
from bigip_lbaas.domain.ids import GroupNumber, ProjectId
from bigip_lbaas.scheduling.learning import Seen, learn, levels, seen_costs, watch_on

LEVEL_EVERY_S = 60.0  # as often as a controller's sweep works the levels out


class Estimator(Protocol):
    """Says what a project's next load balancer is expected to cost, by metric, in its unit."""

    def expected(self, project_id: ProjectId) -> Mapping[str, float]: ...
    def learn(self, group: GroupNumber, seen: Seen) -> None: ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always expects the same; without costs, what the operator says or the scheduler's prior."""

    costs: Mapping[str, float] = field(default_factory=dict)

    def expected(self, project_id: ProjectId) -> Mapping[str, float]:
        """See Estimator."""
        del project_id
        return self.costs

    def learn(self, group: GroupNumber, seen: Seen) -> None:
        """See Estimator."""


@dataclass
class Learned:
    """Learns from reports as the controllers do, by the same functions."""

    watches: dict[GroupNumber, Watch] = field(default_factory=dict)
    books: dict[ProjectId, CostBook] = field(default_factory=dict)
    levelled_at: float = float("-inf")

    def expected(self, project_id: ProjectId) -> Mapping[str, float]:
        """See Estimator."""
        everybody = self.books.get(EVERYBODY, CostBook())
        return seen_costs(everybody, self.books.get(project_id, CostBook()))

    def learn(self, group: GroupNumber, seen: Seen) -> None:
        """See Estimator."""
        self.watches[group], lesson = watch_on(self.watches.get(group), seen)
        if lesson is not None:
            self.books |= learn(lesson, self.books)
        if seen.at - self.levelled_at >= LEVEL_EVERY_S:
            self.levelled_at = seen.at
            level = levels(self.watches.values())
            if level:
                everybody = self.books.get(EVERYBODY, CostBook())
                self.books[EVERYBODY] = replace(everybody, level=level)
