"""What load balancers are still expected to bring after a report has seen them: their traffic. Pure.

A load balancer's objects are on the devices at once; its traffic comes over minutes, as clients find
it. A report that sees the one has not seen the other, so what was reserved for estimated metrics is
not forgotten with the reservation: it is counted until values have grown by it, at most for so long.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bigip_lbaas.domain.capacity import EXACT_METRICS

RIPE_AFTER_S = 180.0  # whatever has not come by then is not expected any more


@dataclass(frozen=True, slots=True)
class Coming:
    """What is still expected of load balancers that a report first saw then: metric -> units."""

    since: float
    costs: Mapping[str, float]


def ripen(
    before: Iterable[Coming],
    released: Iterable[Mapping[str, float]],
    grown: Mapping[str, float],
    at: float,
) -> tuple[Coming, ...]:
    """Return what is still coming after a report: oldest first, less what has come.

    released: the costs of the reservations that this report is the first to see. grown: metric ->
    by how much its value rose since the report before. at: this report's time.
    """
    fresh: dict[str, float] = {}
    for costs in released:
        for metric, cost in costs.items():
            if metric not in EXACT_METRICS:
                fresh[metric] = fresh.get(metric, 0.0) + cost
    come = {metric: max(growth, 0.0) for metric, growth in grown.items()}
    left = []
    for each in (*before, Coming(at, fresh)):
        rest = {}
        for metric, cost in each.costs.items():
            taken = min(come.get(metric, 0.0), cost)
            if taken:
                come[metric] -= taken
            if cost > taken and at - each.since < RIPE_AFTER_S:
                rest[metric] = cost - taken
        if rest:
            left.append(Coming(each.since, rest))
    return tuple(left)


def still_coming(coming: Iterable[Coming]) -> dict[str, float]:
    """Return metric -> what is still expected, in its unit."""
    sums: dict[str, float] = {}
    for each in coming:
        for metric, cost in each.costs.items():
            sums[metric] = sums.get(metric, 0.0) + cost
    return sums
