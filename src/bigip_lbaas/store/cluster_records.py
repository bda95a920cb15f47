"""The rows about groups of which one device is written and the others follow by their own sync."""

from dataclasses import dataclass
from typing import ClassVar

from bigip_lbaas.domain.cluster import Sight
from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber


@dataclass(frozen=True, slots=True)
class ClusterSource:
    """Which device of a group is written; serial numbers.

    source: empty while it changes: nobody writes then. next: what it changes to, from `left`.
    wanted: what an operator has asked for. number: grows with each change; agents that have
    registered since know that nothing goes to the one before any more. since_at: of this state.
    """

    KEY: ClassVar = ("environment", "group")
    environment: EnvironmentName
    group: GroupNumber
    source: str = ""
    next: str = ""
    left: str = ""
    wanted: str = ""
    number: int = 0
    since_at: float = 0.0


@dataclass(frozen=True, slots=True)
class ClusterView:
    """How an agent has its group's devices written, and how it sees them; none: it writes each.

    number: that of ClusterSource when it registered.
    """

    KEY: ClassVar = ("environment", "agent_id")
    environment: EnvironmentName
    agent_id: AgentId
    group: GroupNumber
    device_sync: str
    device_set: str
    number: int
    sees: tuple[Sight, ...] = ()
