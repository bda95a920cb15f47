"""What the controllers know in a simulation: reports that have come in, and reservations."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from bigip_lbaas.domain.fleet import AgentState, GroupState
from bigip_lbaas.domain.ids import AgentId, LoadBalancerId, ProjectId
from bigip_lbaas.scheduling.whatif.load import TrueLoad
from bigip_lbaas.scheduling.whatif.world import SimulatedGroup


@dataclass(frozen=True, slots=True)
class Held:
    """One reservation. applied_at: when its load balancer is on the devices."""

    project_id: ProjectId
    costs: Mapping[str, float]
    applied_at: float


@dataclass(frozen=True, slots=True)
class Measuring:
    """One report: what was measured, and until when what was applied is surely in it."""

    as_of: float
    values: Mapping[str, float]


@dataclass
class GroupBook:
    """One device group in the controllers' books."""

    group: SimulatedGroup
    load: TrueLoad
    measured: Mapping[str, float]
    held: dict[LoadBalancerId, Held] = field(default_factory=dict)
    coming: Mapping[str, float] = field(default_factory=dict)
    load_balancers: int = 0
    _reserved: dict[str, float] = field(default_factory=dict)
    _state: GroupState | None = None

    def reserve(self, load_balancer_id: LoadBalancerId, held: Held) -> None:
        """Count what a placement is expected to cost."""
        self.held[load_balancer_id] = held
        self.load_balancers += 1
        self._changed()

    def leave(self, load_balancer_id: LoadBalancerId) -> None:
        """Forget a load balancer that is deleted."""
        self.held.pop(load_balancer_id, None)
        self.load_balancers -= 1
        self._changed()

    def record(self, report: Measuring) -> tuple[Held, ...]:
        """Take a report in; return the reservations that it has seen, which are released."""
        seen = {name: held for name, held in self.held.items() if held.applied_at <= report.as_of}
        for name in seen:
            del self.held[name]
        self.measured = report.values
        self._changed()
        return tuple(seen.values())

    def expect(self, coming: Mapping[str, float]) -> None:
        """Count what load balancers that a report has seen are still expected to bring."""
        self.coming = coming
        self._changed()

    def state(self, project_id: ProjectId) -> GroupState:
        """Return the group as one project's request sees it."""
        lives_here = self.load.lives_here[project_id] > 0
        if not lives_here:
            self._state = self._state or self._as_seen_by()
            return self._state
        nodes = self.load.nodes.get(project_id, Counter())
        return self._as_seen_by(
            lives_here=True, nodes=frozenset(name for name, count in nodes.items() if count)
        )

    def _as_seen_by(
        self, lives_here: bool = False, nodes: frozenset[str] = frozenset()
    ) -> GroupState:
        group = self.group
        agent = AgentState(AgentId(f"agent-{group.number}"), "simulated", live=True)
        return GroupState(
            number=group.number,
            agents=(agent,),
            draining=group.draining,
            weight=group.weight,
            score_is_known=True,
            measured=self.measured,
            limits=group.limits,
            reserved=dict(self._reserved),
            load_balancers=self.load_balancers,
            project_lives_here=lives_here,
            project_home=agent.id if lives_here else None,
            project_nodes=nodes,
            tags=group.tags,
        )

    def _changed(self) -> None:
        self._reserved = dict(self.coming)
        for held in self.held.values():
            for metric, cost in held.costs.items():
                self._reserved[metric] = self._reserved.get(metric, 0.0) + cost
        self._state = None
