"""Follows the traffic that comes after its load balancer, from report to report. Pure.

A count is on the devices with the load balancer. Traffic comes later: how much later is learned,
per environment and metric, as one number, the *lateness*. What a load balancer is expected to bring
is taken to come evenly over twice that time; what has not come yet stays reserved.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bigip_lbaas.domain.capacity import COUNTS
from bigip_lbaas.domain.costs import Coming, CostBook, Estimate, Lesson, Part, Settling, Watch
from bigip_lbaas.domain.ids import ProjectId

QUIET_S = 120.0  # beyond what is known of it, before all traffic is taken to have come
LONGEST_S = 900.0  # in a busy group something is always on its way; it is not waited for longer
LONGEST_RAMP_S = 300.0  # nothing stays reserved for traffic longer than this
SHORTEST_RAMP_S = 10.0  # sooner is at once: reports are too far apart to tell
IN_FLIGHT_S = 2.0  # so long ago, at most, came what may be measured and is not known as applied
JUST_NOW_S = 0.5  # so much later than it says may have been measured what a report says
TOGETHER_S = 30.0  # the farther apart they arrived, the less it tells how late whose traffic was
DRIFT = 2.0  # times as much as the value may have drifted by itself must have come, to tell at all
ENOUGH = 3.0  # load balancers, before it is believed how late traffic comes
NOISE_MEMORY = 20.0  # reports

Ramps = Mapping[str, float]  # metric -> seconds in which a load balancer's traffic comes


@dataclass(frozen=True, slots=True)
class Arrived:
    """A load balancer that a report is the first to see. costs: what was reserved for it."""

    project_id: ProjectId
    applied_at: float
    costs: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one report says of a group. as_of: what was applied until then is in its values.

    settled: load balancers that are applied, those in `arrived` among them. in_flight: how many
    are not yet, or not surely.
    """

    as_of: float
    values: Mapping[str, float]
    settled: int
    arrived: tuple[Arrived, ...] = ()
    in_flight: int = 0


def ramps_of(everybody: CostBook) -> dict[str, float]:
    """Return metric -> seconds over which traffic comes, where that has been seen often enough."""
    return {
        metric: min(2.0 * lateness.mean, LONGEST_RAMP_S)
        for metric, lateness in sorted(everybody.lateness.items())
        if lateness.weight >= ENOUGH and 2.0 * lateness.mean >= SHORTEST_RAMP_S
    }


def watch_on(watch: Watch | None, seen: Seen, ramps: Ramps) -> tuple[Watch, Lesson | None]:
    """Return what to remember after a report, and what can be learned from it.

    Nothing is learned when load balancers left since the last report: then the growth is not
    theirs who arrived.
    """
    if watch is None or watch.values.keys() != seen.values.keys():
        return Watch(seen.values, seen.as_of, seen.settled, settling=_begin(seen)), None
    coming = (*watch.coming, *_together(seen.arrived))
    applied_at = max((one.applied_at for one in coming), default=watch.applied_at)
    left = seen.settled < watch.settled + len(seen.arrived)
    settling = None if left else _settle(watch, seen)
    noise, drift = watch.noise, watch.drift
    if not coming and not seen.in_flight and not left:
        noise = _with_change(noise, watch, seen)
    lateness: Mapping[str, Estimate] = {}
    if _is_quiet(applied_at, seen, ramps):
        if settling and settling.count:
            lateness = _lateness(settling, seen, drift)
        elif settling:
            drift = _with_change(drift, watch, seen)
        settling = _begin(seen)
    after = Watch(
        seen.values,
        seen.as_of,
        seen.settled,
        applied_at,
        noise,
        drift,
        tuple(one for one in coming if seen.as_of - one.applied_at < _longest(ramps)),
        settling,
    )
    grown = {metric: seen.values[metric] - watch.values[metric] for metric in seen.values}
    arrived = {} if left else _arrived(watch, seen, coming, ramps)
    in_flight = {
        metric: seen.in_flight * come(IN_FLIGHT_S, ramps.get(metric, 0.0)) for metric in seen.values
    }
    lesson = Lesson(grown, watch.noise, in_flight, arrived, lateness)
    return after, lesson if arrived or lateness else None


def _is_quiet(applied_at: float | None, seen: Seen, ramps: Ramps) -> bool:
    """Return whether nothing is on its way, and all traffic must have come, and for long."""
    if seen.in_flight:
        return False
    return applied_at is None or seen.as_of >= applied_at + QUIET_S + 2 * _longest(ramps)


def come(age_s: float, ramp_s: float) -> float:
    """Return which part (0..1) of a load balancer's traffic has come, so long after it."""
    if age_s >= ramp_s:
        return 1.0
    return max(age_s, 0.0) / ramp_s


def still_to_come(
    watch: Watch, ramps: Ramps, costs: Mapping[ProjectId, Mapping[str, float]]
) -> dict[str, float]:
    """Return metric -> what is still expected of load balancers that reports have seen.

    costs: project -> metric -> what one of its load balancers is expected to cost by now; for
    others it is what it was when they were placed.
    """
    sums: dict[str, float] = {}
    for one in watch.coming:
        known = costs.get(one.project_id, {})
        for metric, ramp_s in ramps.items():
            if metric in COUNTS or metric not in one.expected:
                continue
            cost = known.get(metric, one.expected[metric] / one.count) * one.count
            left = cost * (1.0 - come(watch.as_of - one.applied_at, ramp_s))
            sums[metric] = sums.get(metric, 0.0) + left
    return {metric: left for metric, left in sorted(sums.items()) if left > 0}


def _longest(ramps: Ramps) -> float:
    return max(ramps.values(), default=0.0)


def _together(arrived: Iterable[Arrived]) -> tuple[Coming, ...]:
    """Return those who arrived, those of one project as one."""
    found: dict[ProjectId, list[Arrived]] = {}
    for one in arrived:
        found.setdefault(one.project_id, []).append(one)
    return tuple(
        Coming(
            project,
            len(each),
            sum(one.applied_at for one in each) / len(each),
            {
                metric: sum(one.costs.get(metric, 0.0) for one in each)
                for metric in sorted({metric for one in each for metric in one.costs} - COUNTS)
            },
        )
        for project, each in sorted(found.items())
    )


def _arrived(
    watch: Watch, seen: Seen, coming: tuple[Coming, ...], ramps: Ramps
) -> dict[ProjectId, dict[str, Part]]:
    """Return project -> metric -> how many load balancers' traffic came since the last report."""
    found: dict[ProjectId, dict[str, Part]] = {}
    old = len(watch.coming)
    for number, one in enumerate(coming):
        mine = found.setdefault(one.project_id, {})
        for metric in seen.values.keys() - COUNTS:
            ramp_s = ramps.get(metric, 0.0)
            before = come(watch.as_of - one.applied_at, ramp_s) if number < old else 0.0
            share = come(seen.as_of - one.applied_at, ramp_s) - before
            is_doubtful = number >= old and one.applied_at < watch.as_of + JUST_NOW_S
            if share > 0:
                so_far = mine.get(metric, Part(0.0))
                mine[metric] = Part(
                    so_far.come + one.count * share,
                    so_far.spread + one.count * share * (1.0 - share),
                    so_far.doubtful + (one.count * share if is_doubtful else 0.0),
                )
    return {project: mine for project, mine in found.items() if mine}


def _begin(seen: Seen) -> Settling | None:
    if seen.in_flight:
        return None
    return Settling(seen.as_of, seen.values, dict.fromkeys(seen.values, 0.0))


def _settle(watch: Watch, seen: Seen) -> Settling | None:
    """Return the settling after this report, None when it has gone on for too long."""
    before = watch.settling
    if before is None or seen.as_of - before.since > LONGEST_S:
        return None
    took_s = seen.as_of - watch.as_of
    area = {
        metric: before.area[metric]
        + ((watch.values[metric] + seen.values[metric]) / 2 - before.calm[metric]) * took_s
        for metric in seen.values
    }
    expected, moment = dict(before.expected), dict(before.moment)
    for one in seen.arrived:
        for metric in seen.values.keys() & one.costs.keys() - COUNTS:
            cost = one.costs[metric]
            expected[metric] = expected.get(metric, 0.0) + cost
            since_s = one.applied_at - before.since
            moment[metric] = moment.get(metric, 0.0) + cost * since_s
    when = [one.applied_at - before.since for one in seen.arrived]
    first_s = before.first_s if before.count or not when else min(when)
    return replace(
        before,
        area=area,
        expected=expected,
        moment=moment,
        count=before.count + len(when),
        first_s=first_s,
        last_s=max(when, default=before.last_s),
        reports=before.reports + 1,
        apart_s=max(before.apart_s, took_s),
    )


def _lateness(settling: Settling, seen: Seen, drift: Mapping[str, float]) -> dict[str, Estimate]:
    """Return metric -> by how much later than the load balancers their traffic came.

    Had all of it come at once, the area under the growth would be the growth times the time since
    they arrived; what is missing, divided by the growth, is the lateness.
    """
    found = {}
    # between two reports nobody knows when the value grew: a variance of a twelfth of the square
    unclear = (settling.last_s - settling.first_s) ** 2 + settling.apart_s**2 / 12
    together = TOGETHER_S**2 / (TOGETHER_S**2 + unclear)
    for metric in sorted(settling.expected):
        grown = seen.values[metric] - settling.calm[metric]
        expected = settling.expected[metric]
        if grown <= 0 or expected <= 0:
            continue
        since_s = seen.as_of - settling.since - settling.moment[metric] / expected
        late_s = since_s - settling.area[metric] / grown
        if metric not in drift:
            continue  # who knows how far it would have come by itself
        by_itself = drift[metric] * settling.reports
        trust = max(0.0, 1.0 - (DRIFT * by_itself / grown) ** 2) * together
        if trust > 0:
            late_s = min(max(late_s, -LONGEST_RAMP_S), LONGEST_RAMP_S)
            found[metric] = Estimate(late_s, trust * settling.count)
    return found


def _with_change(noise: Mapping[str, float], watch: Watch, seen: Seen) -> dict[str, float]:
    """Return the mean change from report to report, with this one."""
    return {
        metric: _towards(noise.get(metric), abs(seen.values[metric] - watch.values[metric]))
        for metric in seen.values
    }


def _towards(before: float | None, change: float) -> float:
    return change if before is None else before + (change - before) / NOISE_MEMORY
