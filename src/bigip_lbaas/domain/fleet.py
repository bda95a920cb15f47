"""A fleet: what placement knows of an environment's device groups, read in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber

UNKNOWN_SERIAL = "?"  # begins what a device is known as before it has said its serial number


@dataclass(frozen=True, slots=True)
class AgentState:
    """One agent as the database knows it. live: registered, and its heartbeat is fresh."""

    id: AgentId
    host: str
    live: bool
    admin_state_up: bool = True
    report_is_fresh: bool = False


@dataclass(frozen=True, slots=True)
class GroupState:
    """One device group, seen by one project's request.

    measured: metric -> highest value over the fresh reports of its live agents.
    limits: metric -> the strictest limit over those reports; empty when no agent has a policy.
    reserved: metric -> what placements that no report has seen yet are expected to cost.
    score_is_known: at least one live agent has a fresh report in which every metric was read.
    project_lives_here: the project has a placement here that is no tombstone.
    project_nodes: those of the request's member addresses that the project already has here.
    held: for how many more room is held that have not been accepted yet.
    max_load_balancers: as many as the operator allows here, beside what is measured.
    was_full: it has been full, and its score has not fallen far enough since.
    """

    number: GroupNumber
    agents: tuple[AgentState, ...] = ()
    draining: bool = False
    weight: float = 1.0
    score_is_known: bool = False
    measured: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    reserved: Mapping[str, float] = field(default_factory=dict)
    load_balancers: int = 0
    project_lives_here: bool = False
    project_home: AgentId | None = None
    project_nodes: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()  # what its devices offer; a flavor or zone demands some
    held: int = 0
    max_load_balancers: int | None = None
    was_full: bool = False
    unreadable: tuple[str, ...] = ()  # what its fresh reports could not read, with the reason


@dataclass(frozen=True, slots=True)
class Fleet:
    """A snapshot, not live; the order of groups carries no meaning."""

    environment: EnvironmentName
    groups: tuple[GroupState, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What a group is to one project's request alone, beside what it is to everybody.

    lives_here, home, nodes: as in GroupState. reserved, held: what stays when that which is held
    for this very load balancer is left out; None when nothing is.
    """

    group: GroupNumber
    lives_here: bool = False
    home: AgentId | None = None
    nodes: frozenset[str] = frozenset()
    reserved: Mapping[str, float] | None = None
    held: int | None = None

    def seen(self, group: GroupState) -> GroupState:
        """Return the group as this request sees it."""
        return replace(
            group,
            project_lives_here=self.lives_here,
            project_home=self.home,
            project_nodes=self.nodes,
            reserved=group.reserved if self.reserved is None else self.reserved,
            held=group.held if self.held is None else self.held,
        )


@dataclass(frozen=True, slots=True)
class Booking:
    """What a placement has left in a group's books, for those that are placed after it."""

    group: GroupNumber
    reserved: Mapping[str, float]
    load_balancers: int
    held: int

    def entered(self, group: GroupState) -> GroupState:
        """Return the group after this placement."""
        return replace(
            group,
            reserved=self.reserved,
            load_balancers=self.load_balancers,
            held=self.held,
        )
