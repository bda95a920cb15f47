"""Learns from capacity reports what load balancers cost, so that reservations have a size. Pure.

Two things are looked at. The *level*: a group's value divided by its load balancers is what one of
them costs in the long run, whoever owns it. The *growth*: by how much the value rose while the
traffic of some of them came tells projects apart. Growth shows a load balancer's first minutes, the
level its whole life; whichever says more is expected.

Of a project that has not been seen it is only believed, not known, that it is like everybody. So
when a group grows otherwise than expected, those are at fault of whom least is known: each
project's mean is moved in proportion to its own uncertainty (a Kalman filter without covariances).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from bigip_lbaas.domain.capacity import COUNTS, EXACT_METRICS
from bigip_lbaas.domain.costs import EVERYBODY, CostBook, Estimate, Lesson, Part, Watch
from bigip_lbaas.domain.ids import ProjectId

ENOUGH_OF_EVERYBODY = 10.0  # load balancers, before what they cost is believed
MEMORY = 100.0  # an estimate rests on about as many of the latest load balancers
LATE_MEMORY = 30.0
FARTHEST = 30.0  # times what everybody costs, up or down: beyond that something else has happened
STRANGENESS = 3.0  # a stranger is as well known as after so many load balancers, none of them seen
FOR_STRANGERS = 1.0 + 1.0 / math.sqrt(STRANGENESS)
HALF_A_LOAD_BALANCER = 0.5  # less than that has not been seen
UNEVENNESS = 0.02  # how uneven traffic comes: 0.0 as smoothly as expected, 1.0 each one's at once
SWING = 0.1  # of what a project's load balancers bring: how much they differ
SURPRISING = 2.0  # standard deviations: what differs more says that less is known than was thought
UNSURE = 0.3  # of what one in flight brings may be in the values already, or not


def learn(lesson: Lesson, books: Mapping[ProjectId, CostBook]) -> dict[ProjectId, CostBook]:
    """Return the books of everybody and of the lesson's projects with what it teaches."""
    everybody = books.get(EVERYBODY, CostBook())
    learned = {project: books.get(project, CostBook()) for project in lesson.arrived}
    for metric in sorted(lesson.grown.keys() - COUNTS):
        parts = {
            project: each[metric] for project, each in lesson.arrived.items() if metric in each
        }
        if not parts:
            continue
        many, grown = sum(part.come for part in parts.values()), lesson.grown[metric]
        usual = _usual(everybody, metric) or max(grown, 0.0) / many
        noise = lesson.noise.get(metric, 0.0)
        chance = noise**2 + lesson.in_flight.get(metric, 0.0) * (usual * UNSURE) ** 2
        before = {project: learned[project].growth.get(metric) for project in parts}
        for project, estimate in _blamed(grown, parts, before, usual, chance):
            growth = {**learned[project].growth, metric: estimate}
            learned[project] = replace(learned[project], growth=growth)
        everybody = _with_growth(everybody, metric, grown, many, noise)
    for metric, late in lesson.lateness.items():
        moved = _moved(everybody.lateness.get(metric), late.mean, late.weight, LATE_MEMORY)
        everybody = replace(everybody, lateness={**everybody.lateness, metric: moved})
    return {EVERYBODY: everybody, **learned}


def levels(watches: Iterable[Watch]) -> dict[str, Estimate]:
    """Return metric -> what one load balancer costs in the long run, by all groups.

    The median over the groups, weighed by how many load balancers each has: a device that carries
    other things than ours does not spoil it.
    """
    found: dict[str, list[tuple[float, int]]] = {}
    for watch in watches:
        for metric, value in watch.values.items() if watch.settled else ():
            share = max(value, 0.0) / watch.settled
            found.setdefault(metric, []).append((share, watch.settled))
    return {
        metric: Estimate(_median(costs), float(sum(count for _, count in costs)))
        for metric, costs in sorted(found.items())
        if metric not in EXACT_METRICS
    }


def seen_costs(everybody: CostBook, project: CostBook) -> dict[str, float]:
    """Return metric -> what a load balancer of that project is expected to cost, where known.

    What it has been seen to add, or the level in proportion to how that compares with what
    everybody adds, whichever is more. What has been seen to cost nothing is left out: it may yet.
    """
    costs = {}
    for metric in sorted(everybody.level.keys() | everybody.growth.keys()):
        level, growth = everybody.level.get(metric), everybody.growth.get(metric)
        base = level.mean if level and _is_enough(level) else 0.0
        usual = growth.mean if growth and _is_enough(growth) else 0.0
        mine = project.growth.get(metric)
        cost = max(base, usual)
        if mine is not None and (base or usual):
            ratio = mine.mean / usual if usual else 1.0
            cost = max(base * min(max(ratio, 1 / FARTHEST), FARTHEST), mine.mean)
        if cost > 0:
            costs[metric] = cost
    return costs


def costs_to_reserve(everybody: CostBook, project: CostBook) -> dict[str, float]:
    """Return metric -> what to count for a load balancer of that project until it is seen.

    Of a project that has never been seen a standard deviation more than is expected: until the
    first report can tell, a group may have been given many of one that is dear.
    """
    return {
        metric: cost if _is_known(project, metric) else cost * FOR_STRANGERS
        for metric, cost in seen_costs(everybody, project).items()
    }


def _is_known(project: CostBook, metric: str) -> bool:
    mine = project.growth.get(metric)
    return mine is not None and mine.weight >= HALF_A_LOAD_BALANCER


def _blamed(
    grown: float,
    parts: Mapping[ProjectId, Part],
    before: Mapping[ProjectId, Estimate | None],
    usual: float,
    chance: float,
) -> Iterable[tuple[ProjectId, Estimate]]:
    """Return the projects' estimates after a growth to which each gave these parts."""
    lowest = usual / FARTHEST
    old = {project: before[project] or Estimate(usual, 0.0) for project in parts}
    means = {project: max(each.mean, lowest) for project, each in old.items()}
    known = {project: STRANGENESS + each.weight for project, each in old.items()}
    surprise = grown - sum(means[project] * part.come for project, part in parts.items())
    uneven = chance + sum(
        means[project] ** 2 * (UNEVENNESS * part.spread + (SWING * part.come) ** 2 + part.doubtful)
        for project, part in parts.items()
    )
    doubt = uneven + _doubt(parts, means, known)
    if doubt <= 0:
        return
    wrong = surprise**2 / (SURPRISING**2 * doubt)
    if wrong > 1.0:  # then less is known than was thought
        known = {project: max(each / wrong, STRANGENESS) for project, each in known.items()}
        doubt = uneven + _doubt(parts, means, known)
    for project, part in parts.items():
        gain = means[project] ** 2 / known[project] * part.come / doubt
        mean = min(max(means[project] + gain * surprise, lowest), usual * FARTHEST)
        weight = known[project] / max(1.0 - gain * part.come, STRANGENESS / MEMORY) - STRANGENESS
        yield project, Estimate(mean, min(weight, MEMORY))


def _doubt(
    parts: Mapping[ProjectId, Part],
    means: Mapping[ProjectId, float],
    known: Mapping[ProjectId, float],
) -> float:
    """Return the variance of what these parts bring, in so far as it is not known."""
    return sum(
        (means[project] * part.come) ** 2 / known[project] for project, part in parts.items()
    )


def _usual(everybody: CostBook, metric: str) -> float | None:
    """Return what one load balancer of whomever is expected to add."""
    for each in (everybody.growth.get(metric), everybody.level.get(metric)):
        if each and _is_enough(each):
            return each.mean
    return None


def _with_growth(
    everybody: CostBook, metric: str, grown: float, many: float, noise: float
) -> CostBook:
    old = everybody.growth.get(metric)
    each = grown / many
    if old is None or old.mean <= 0:
        each = max(each, 0.0)
        expected = each * many
    else:
        each = min(max(each, -old.mean * FARTHEST), old.mean * FARTHEST)
        expected = old.mean * many
    trust = expected**2 / (expected**2 + noise**2) if expected else 0.0
    moved = _moved(old, each, many * trust)
    lowest = old.mean / FARTHEST if old else 0.0
    moved = replace(moved, mean=max(moved.mean, lowest))
    return replace(everybody, growth={**everybody.growth, metric: moved})


def _is_enough(estimate: Estimate) -> bool:
    return estimate.weight >= ENOUGH_OF_EVERYBODY and estimate.mean > 0


def _moved(
    before: Estimate | None, value: float, weight: float, memory: float = MEMORY
) -> Estimate:
    """Return the estimate with that many more load balancers of which it is `value`."""
    old = before or Estimate(value, 0.0)
    total = old.weight + weight
    mean = old.mean + (value - old.mean) * weight / total if total else old.mean
    return Estimate(mean, min(total, memory))


def _median(costs: Iterable[tuple[float, int]]) -> float:
    """Return the weighted median of (value, weight); between two halves the mean of both."""
    ordered = sorted(costs)
    half = sum(weight for _, weight in ordered) / 2
    below = 0.0
    for (value, weight), (following, _) in pairwise((*ordered, ordered[-1])):
        below += weight
        if below == half:
            return (value + following) / 2
        if below > half:
            return value
    return ordered[-1][0]
