"""When an agent calls the controllers again, and for how long it waits for an answer."""

from collections.abc import Callable
from dataclasses import dataclass

from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.scheduling.heartbeats import Pace, wait_for_answer_s

JITTER_S = 0.1  # so that agents whose controller died do not all ask the next one at once
TRIES_AT_ONCE = 4  # after a call that was lost; then it is no matter of one lost message
MOST_DOUBLINGS = 4  # of the wait of an agent that is to register later


FIRST_REST_S = 0.1  # a small commit takes about that long


def rest_s(met: int, jitter: float) -> float:
    """Return how long to wait after a commit met another agent's, as `met` have before.

    jitter: in 0..1. Twice as long each time, so that even many agents get past each other.
    """
    return FIRST_REST_S * 2.0**met * (0.5 + jitter)


@dataclass
class Pacing:
    """Remembers what the controllers said of the pace, and how many calls were lost.

    jitter: a number in 0..1, new each time.
    """

    settings: AgentSettings
    jitter: Callable[[], float]
    pace: Pace | None = None  # as the last answered heartbeat gave it
    lost: int = 0  # calls in a row
    put_off: int = 0  # registrations in a row

    def timeout_s(self) -> float:
        """Return for how long an answer is waited for: one that is lost must not cost the lease."""
        configured_s = self.settings.call_timeout_s
        return wait_for_answer_s(self.pace, configured_s) if self.pace else configured_s

    def answered(self) -> None:
        """Note that a call was answered."""
        self.lost = 0

    def again_after_loss_s(self, has_epoch: bool, took_s: float) -> float:
        """Return when to call again after a call that was lost after took_s.

        At once while that may save the lease, which holds three tries if none waits for long;
        then as seldom as the whole fleet is to call, since it may be the broker that is away.
        """
        self.lost += 1
        if has_epoch and self.lost <= TRIES_AT_ONCE:
            return max(0.0, self.timeout_s() - took_s) + JITTER_S * self.jitter()
        told_s = self.pace.interval_s if self.pace else 0.0
        return max(self.settings.retry_s, told_s) * (0.5 + self.jitter())

    def again_when_refused_s(self, again_in_s: float) -> float:
        """Return when to register again; again_in_s: not 0.0 where too many did so at once.

        The wait doubles each time then, so that those who come first get through.
        """
        if not again_in_s:
            return self.settings.retry_s * (1 + self.jitter())
        self.put_off = min(self.put_off + 1, MOST_DOUBLINGS)
        return again_in_s * 2.0 ** (self.put_off - 1) * (0.5 + self.jitter())
