"""How full a device group is on the books: measured, reserved, and what one more would add."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bigip_lbaas.domain.fleet import GroupState
from bigip_lbaas.scheduling.words import amount

DECLARED = "load_balancers"  # is no metric: the database counts them, against max_load_balancers


@dataclass(frozen=True, slots=True)
class BookLine:
    """One metric of one device group, in the metric's unit.

    cost: what this request would add; is_exact: that is known, not estimated.
    """

    metric: str
    measured: float
    reserved: float
    cost: float
    limit: float
    is_exact: bool

    @property
    def share(self) -> float:
        """Return how much of the limit is taken now: 1.0 is full."""
        return (self.measured + self.reserved) / self.limit

    @property
    def projected(self) -> float:
        """Return how much of the limit would be taken with this request."""
        return (self.measured + self.reserved + self.cost) / self.limit

    def stays_within(self, headroom: float) -> bool:
        """Return whether the request fits; only what is estimated is held against headroom."""
        return self.projected <= (1.0 if self.is_exact else min(headroom, 1.0))

    def say_now(self) -> str:
        """Return, for example, "node_count is at 12 (2 of them reserved) of 12"."""
        reserved = f" ({amount(self.reserved)} {self._of} reserved)" if self.reserved else ""
        taken = amount(self.measured + self.reserved)
        return f"{self.metric} is at {taken}{reserved} of {amount(self.limit)}"

    def say_projected(self) -> str:
        """Return, for example, "node_count would be at 13 of 12"."""
        taken = amount(self.measured + self.reserved + self.cost)
        return f"{self.metric} would be at {taken} of {amount(self.limit)}"

    @property
    def _of(self) -> str:
        return "of it" if self.metric.endswith("throughput") else "of them"


@dataclass(frozen=True, slots=True)
class Book:
    """The lines of one device group; none without a policy, and then everything is 0.0."""

    lines: tuple[BookLine, ...] = ()

    @property
    def score(self) -> float:
        """Return the highest share of a limit that is taken now."""
        return max((line.share for line in self.lines), default=0.0)

    @property
    def projection(self) -> float:
        """Return the highest share of a limit that would be taken with this request."""
        return max((line.projected for line in self.lines), default=0.0)

    @property
    def binding(self) -> BookLine | None:
        """Return the line that makes the projection."""
        return max(self.lines, key=lambda line: (line.projected, line.metric), default=None)


def open_book(group: GroupState, costs: Mapping[str, float], exact: Collection[str]) -> Book | str:
    """Return the group's book, or why its score is not known.

    A metric that has a limit and no value is not known: None is never 0. `costs` has every metric
    of the group's limits; those in `exact` are no estimates.
    """
    if not group.score_is_known:
        if group.unreadable:
            return f"has no known score (not read: {', '.join(group.unreadable)})"
        return "has no known score: no agent has sent a fresh report"
    lines = []
    for metric in sorted(group.limits):
        measured, limit = group.measured.get(metric), group.limits[metric]
        reserved = group.reserved.get(metric, 0.0)
        if measured is None or not math.isfinite(measured + reserved):
            return f"has no known score: no value of {metric} was reported"
        if not (math.isfinite(limit) and limit > 0):
            return f"has no known score: the limit of {metric} is {limit}, not a positive number"
        lines.append(BookLine(metric, measured, reserved, costs[metric], limit, metric in exact))
    if group.max_load_balancers is not None:
        lives, most = float(group.load_balancers), float(group.max_load_balancers)
        lines.append(BookLine(DECLARED, lives, float(group.held), 1.0, most, is_exact=True))
    return Book(tuple(lines))
