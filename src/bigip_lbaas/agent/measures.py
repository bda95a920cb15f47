"""What an agent tells whoever measures it; nobody does unless it is asked for."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bigip_lbaas.agent.converge import Ending
from bigip_lbaas.agent.group import DeviceGroup
from bigip_lbaas.agent.inbox import Inbox
from bigip_lbaas.agent.life import Life


@dataclass(frozen=True, slots=True)
class AgentState:
    """How an agent is at this moment.

    without_lease_s: since when, 0.0 while one is held. answered_ago_s: when the last heartbeat was
    sent that was answered; None: none was. oldest_task_s: how long the oldest task has waited.
    reachable: device -> whether it answered when it was last talked to. allowed: device -> how many
    requests may be under way there now; shares: how many at the most.
    """

    lease_left_s: float
    without_lease_s: float
    answered_ago_s: float | None
    homes: int
    tasks: int
    oldest_task_s: float
    reachable: Mapping[str, bool]
    allowed: Mapping[str, int] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)


def state_of(
    life: Life, group: DeviceGroup, inbox: Inbox, guard: threading.Condition
) -> AgentState:
    """Return how an agent is, of what it consists of. guard: of the inbox."""
    with guard:
        tasks, oldest_task_s = len(inbox), inbox.oldest_s()
    return AgentState(
        life.lease_left_s(),
        life.without_lease_s(),
        life.answered_ago_s(),
        len(life.homes()),
        tasks,
        oldest_task_s,
        group.reachability(),
        {member.device.name: member.device.room.allowed for member in group.members},
        {member.device.name: member.device.room.share for member in group.members},
    )


class AgentMeasures(Protocol):
    """Measures one agent."""

    def looks_at(self, state: Callable[[], AgentState]) -> None:
        """From now on the agent's state can be asked for."""

    def applied(self, ending: Ending, took_s: float) -> None:
        """A load balancer was worked on, with what shared its transactions."""


class Unmeasured:
    """Measures nothing."""

    def looks_at(self, state: Callable[[], AgentState]) -> None:
        """See AgentMeasures."""

    def applied(self, ending: Ending, took_s: float) -> None:
        """See AgentMeasures."""
