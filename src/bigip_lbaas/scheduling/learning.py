"""Learns from capacity reports what load balancers cost, so that reservations have a size. Pure.

Two things are looked at. The *level*: a group's value divided by its load balancers is what one of
them costs in the long run, whoever owns it. The *growth*: by how much the value rose while some of
them arrived tells projects apart; a load balancer's traffic comes later than it does, so growth
counts only in proportion: a project whose arrivals add three times as much as everybody's is
expected to cost three times the level.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from bigip_lbaas.domain.capacity import EXACT_METRICS
from bigip_lbaas.domain.costs import EVERYBODY, Arrivals, CostBook, Estimate, Lesson, Watch
from bigip_lbaas.domain.ids import ProjectId

ENOUGH_OF_EVERYBODY = 10.0  # load balancers, before what they cost is believed
ENOUGH_OF_A_PROJECT = 3.0
MEMORY = 100.0  # an estimate rests on about as many of the latest load balancers
FARTHEST = 30.0  # times what was expected, up or down: beyond that something else has happened
LONGEST_S = 600.0  # in a busy group something is always on its way; it is not waited for longer
MOST_PROJECTS = 50  # in one lesson: it would teach next to nothing about each of them
NOISE_MEMORY = 20.0  # reports


@dataclass(frozen=True, slots=True)
class Seen:
    """What one report says of a group, at that time on the database's clock.

    released: the load balancers that it is the first to see, each with its project and with what
    it was expected to cost. more_to_come: others are still on their way.
    """

    at: float
    values: Mapping[str, float]
    load_balancers: int
    released: tuple[tuple[ProjectId, Mapping[str, float]], ...] = ()
    more_to_come: bool = False


def watch_on(watch: Watch | None, seen: Seen) -> tuple[Watch, Lesson | None]:
    """Return what to remember after a report, and what can be learned from it.

    Nothing is learned while more is on its way, and nothing when load balancers left meanwhile:
    then the growth is not theirs who arrived.
    """
    if watch is None or watch.values.keys() != seen.values.keys():
        return _begin(seen, {}), None
    arrived = _with(watch.arrived, seen.released)
    if not arrived and not seen.more_to_come:
        return _begin(seen, _noise(watch, seen.values)), None
    goes_on = seen.more_to_come and len(arrived) < MOST_PROJECTS
    if goes_on and seen.at - watch.since < LONGEST_S:
        remembered = replace(
            watch, values=seen.values, load_balancers=seen.load_balancers, arrived=arrived
        )
        return remembered, None
    count = sum(each.count for each in arrived.values())
    lesson = None
    if arrived and seen.load_balancers >= watch.calm_load_balancers + count:
        grown = {metric: seen.values[metric] - watch.calm[metric] for metric in seen.values}
        lesson = Lesson(grown, watch.noise, arrived)
    return _begin(seen, watch.noise), lesson


def learn(lesson: Lesson, books: Mapping[ProjectId, CostBook]) -> dict[ProjectId, CostBook]:
    """Return the books of everybody and of the lesson's projects with what it teaches.

    The growth is shared out as it was expected: what came alone teaches most, and growth that
    could be chance teaches little.
    """
    arrived = lesson.arrived
    everybody = Arrivals(
        sum(each.count for each in arrived.values()),
        {
            metric: sum(_expected(each, metric) for each in arrived.values())
            for metric in _of(lesson)
        },
    )
    learned = {}
    for project, each in {EVERYBODY: everybody, **arrived}.items():
        book = books.get(project, CostBook())
        growth = dict(book.growth)
        for metric in _of(lesson):
            in_all = everybody.expected[metric]
            mine = _expected(each, metric)
            if in_all <= 0 or mine <= 0:
                continue
            grown = min(max(lesson.grown[metric], in_all / FARTHEST), in_all * FARTHEST)
            noise = lesson.noise.get(metric, 0.0)
            trust = mine / in_all * in_all**2 / (in_all**2 + noise**2)
            cost = grown * mine / in_all / each.count
            growth[metric] = _moved(growth.get(metric), cost, each.count * trust)
        learned[project] = replace(book, growth=growth)
    return learned


def levels(watches: Iterable[Watch]) -> dict[str, Estimate]:
    """Return metric -> what one load balancer costs in the long run, by all groups.

    The median over the groups, weighed by how many load balancers each has: a device that carries
    other things than ours does not spoil it.
    """
    found: dict[str, list[tuple[float, int]]] = {}
    for watch in watches:
        for metric, value in watch.values.items() if watch.load_balancers else ():
            share = max(value, 0.0) / watch.load_balancers
            found.setdefault(metric, []).append((share, watch.load_balancers))
    return {
        metric: Estimate(_median(costs), float(sum(count for _, count in costs)))
        for metric, costs in sorted(found.items())
        if metric not in EXACT_METRICS
    }


def seen_costs(everybody: CostBook, project: CostBook) -> dict[str, float]:
    """Return metric -> what a load balancer of that project is expected to cost, where known.

    The level, in proportion to how the project's growth compares with everybody's if enough of
    its load balancers have been seen. What has been seen to cost nothing is left out: it may yet.
    """
    costs = {}
    for metric in sorted(everybody.level.keys() | everybody.growth.keys()):
        level, growth = everybody.level.get(metric), everybody.growth.get(metric)
        base = next((each.mean for each in (level, growth) if each and _is_enough(each)), 0.0)
        mine = project.growth.get(metric)
        if mine and growth and growth.mean > 0 and mine.weight >= ENOUGH_OF_A_PROJECT:
            base *= min(max(mine.mean / growth.mean, 1 / FARTHEST), FARTHEST)
        if base > 0:
            costs[metric] = base
    return costs


def _is_enough(estimate: Estimate) -> bool:
    return estimate.weight >= ENOUGH_OF_EVERYBODY and estimate.mean > 0


def _of(lesson: Lesson) -> tuple[str, ...]:
    return tuple(sorted(lesson.grown.keys() - EXACT_METRICS))


def _expected(arrivals: Arrivals, metric: str) -> float:
    return arrivals.expected.get(metric, 0.0)


def _begin(seen: Seen, noise: Mapping[str, float]) -> Watch:
    many = seen.load_balancers
    return Watch(seen.values, seen.values, seen.at, many, many, noise)


def _noise(watch: Watch, values: Mapping[str, float]) -> dict[str, float]:
    """Return the mean change from report to report, with this quiet one."""
    return {
        metric: _towards(watch.noise.get(metric), abs(values[metric] - watch.values[metric]))
        for metric in values
    }


def _towards(before: float | None, change: float) -> float:
    return change if before is None else before + (change - before) / NOISE_MEMORY


def _with(
    arrived: Mapping[ProjectId, Arrivals],
    released: Iterable[tuple[ProjectId, Mapping[str, float]]],
) -> dict[ProjectId, Arrivals]:
    grown = dict(arrived)
    for project, costs in released:
        before = grown.get(project, Arrivals(0, {}))
        metrics = before.expected.keys() | costs.keys()
        sums = {metric: _expected(before, metric) + costs.get(metric, 0.0) for metric in metrics}
        grown[project] = Arrivals(before.count + 1, sums)
    return grown


def _moved(before: Estimate | None, value: float, weight: float) -> Estimate:
    """Return the estimate with that many more load balancers that cost so much each."""
    old = before or Estimate(value, 0.0)
    total = old.weight + weight
    mean = old.mean + (value - old.mean) * weight / total if total else old.mean
    return Estimate(mean, min(total, MEMORY))


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
