"""Decides how often agents beat: as often as asked for, until there are too many of them."""

import math
from dataclasses import dataclass

STEP_S = 0.1  # intervals are told in whole steps, so that one agent more changes few of them


@dataclass(frozen=True, slots=True)
class Pace:
    """How an agent is to beat: how often, and for how long an answer lets it write.

    What the lease has beyond the interval is for heartbeats or answers that are lost.
    """

    interval_s: float
    lease_s: float


def pace_for(agents: int, wanted: Pace, most_a_second: float) -> Pace:
    """Return how so many agents are to beat, all together at most so often a second.

    Up to wanted.interval_s * most_a_second agents beat as wanted; beyond that the interval grows
    with their number. The lease keeps what it has beyond the interval, since how long a lost
    answer is waited for does not depend on how many agents there are.
    """
    least_s = math.ceil(round(agents / most_a_second / STEP_S, 6)) * STEP_S
    interval_s = max(wanted.interval_s, round(least_s, 6))
    return Pace(interval_s, interval_s + wanted.lease_s - wanted.interval_s)


def silence_for(granted_s: float, held_s: float, margin_s: float) -> float:
    """Return how long an agent must be silent before nobody can believe in its lease any more.

    granted_s: the lease that this answer grants. held_s: the one that it holds already, and goes
    on with if the answer is lost.
    """
    return max(granted_s, held_s) + margin_s


def wait_for_answer_s(pace: Pace, most_s: float) -> float:
    """Return how long to wait for an answer, so that the lease holds two more tries."""
    return min(most_s, (pace.lease_s - pace.interval_s) / 2)
