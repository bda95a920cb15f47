"""What the controllers expect load balancers to cost in a simulation, and what teaches them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from bigip_lbaas.domain.costs import EVERYBODY, CostBook, Watch
from bigip_lbaas.domain.ids import GroupNumber, ProjectId
from bigip_lbaas.scheduling.coming import Seen, ramps_of, still_to_come, watch_on
from bigip_lbaas.scheduling.learning import costs_to_reserve, learn, levels, seen_costs

LEVEL_EVERY_S = 60.0  # as often as a controller's sweep works the levels out


class Estimator(Protocol):
    """Says what load balancers are expected to cost, by metric, in its unit.

    expected: of one more of that project. learn: takes a report in, and says what those that it
    has seen are still expected to bring.
    """

    def expected(self, project_id: ProjectId) -> Mapping[str, float]: ...
    def learn(self, group: GroupNumber, seen: Seen) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always expects the same; without costs, what the operator says or the scheduler's prior."""

    costs: Mapping[str, float] = field(default_factory=dict)

    def expected(self, project_id: ProjectId) -> Mapping[str, float]:
        """See Estimator."""
        del project_id
        return self.costs

    def learn(self, group: GroupNumber, seen: Seen) -> Mapping[str, float]:
        """See Estimator."""
        del group, seen
        return {}


@dataclass
class Learned:
    """Learns from reports as the controllers do, by the same functions."""

    watches: dict[GroupNumber, Watch] = field(default_factory=dict)
    books: dict[ProjectId, CostBook] = field(default_factory=dict)
    levelled_at: float = float("-inf")

    def expected(self, project_id: ProjectId) -> Mapping[str, float]:
        """See Estimator."""
        everybody = self.books.get(EVERYBODY, CostBook())
        return costs_to_reserve(everybody, self.books.get(project_id, CostBook()))

    def learn(self, group: GroupNumber, seen: Seen) -> Mapping[str, float]:
        """See Estimator."""
        ramps = ramps_of(self.books.get(EVERYBODY, CostBook()))
        watch, lesson = watch_on(self.watches.get(group), seen, ramps)
        self.watches[group] = watch
        if lesson is not None:
            self.books |= learn(lesson, self.books)
        if seen.as_of - self.levelled_at >= LEVEL_EVERY_S:
            self.levelled_at = seen.as_of
            level = levels(self.watches.values())
            if level:
                everybody = self.books.get(EVERYBODY, CostBook())
                self.books[EVERYBODY] = replace(everybody, level=level)
        everybody = self.books.get(EVERYBODY, CostBook())
        known = {
            one.project_id: seen_costs(everybody, self.books.get(one.project_id, CostBook()))
            for one in watch.coming
        }
        return still_to_come(watch, ramps, known)
