"""Decides when a device is left alone, and for how long: how it stands with one agent.

Rule 1: a device that cannot be reached is left alone at once, one that says "later" after a few
times in a row; twice as long each time, up to a most, never two agents for the same time.
Rule 2: when its time has come one small question goes first; work follows when it is answered.
Rule 3: one answer ends it.
"""

from dataclasses import dataclass, replace

LATER_IN_A_ROW = 3  # answers such as 503; fewer are a passing crowd
MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """How a device stands. All times on a clock that only grows.

    failures: in a row that left it alone; 0: work may go there. later: how often in a row it said
    so. since_s: when the first of these failures, or the first answer after them, came.
    said: the last error, kept when it answers again. retry_at_s: when it is asked again.
    """

    failures: int = 0
    later: int = 0
    since_s: float | None = None
    said: str = ""
    retry_at_s: float = 0.0

    @property
    def answers(self) -> bool:
        """Return whether work may go there."""
        return not self.failures

    def is_due(self, now_s: float) -> bool:
        """Return whether a device that is left alone is to be asked again."""
        return not self.answers and self.retry_at_s <= now_s


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a device is left alone: at first, and at the most."""

    first_s: float
    most_s: float

    def wait_s(self, failures: int, jitter: float) -> float:
        """Return how long to wait after so many earlier failures. jitter: in 0..1."""
        doubled_s = min(self.first_s * 2.0 ** min(failures, MOST_DOUBLINGS), self.most_s)
        return doubled_s * (0.75 + jitter / 2)


def after_failure(
    before: Standing, said: str, now_s: float, patience: Patience, jitter: float
) -> Standing:
    """Return how a device stands that cannot be reached."""
    return Standing(
        before.failures + 1,
        0,
        now_s if before.answers else before.since_s,
        said,
        now_s + patience.wait_s(before.failures, jitter),
    )


def after_later(
    before: Standing, said: str, now_s: float, patience: Patience, jitter: float
) -> Standing:
    """Return how a device stands that answers, but says "later"."""
    if before.answers and before.later + 1 < LATER_IN_A_ROW:
        return replace(before, later=before.later + 1, said=said)
    return after_failure(before, said, now_s, patience, jitter)


def after_answer(before: Standing, now_s: float) -> Standing:
    """Return how a device stands that answers."""
    if before.answers and before.since_s is not None:
        return replace(before, later=0) if before.later else before
    return Standing(since_s=now_s, said=before.said)
