"""What one simulated device group truly carries, now and once all traffic has come."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bigip_lbaas.domain.ids import LoadBalancerId, ProjectId
from bigip_lbaas.scheduling.whatif.world import DAY_S, Arrival, SimulatedGroup


@dataclass(frozen=True, slots=True)
class Resident:
    """One load balancer that was placed: when, and what of it is counted exactly."""

    arrival: Arrival
    placed_at: float
    exact: Mapping[str, float]


class TrueLoad:
    """The load of one group. Each metric is a line over time: costs grow steadily."""

    def __init__(self, group: SimulatedGroup) -> None:
        """Begin with what the group carries."""
        self.group, self.limits = group, group.limits
        self.residents: dict[LoadBalancerId, Resident] = {}
        self.lives_here = Counter[ProjectId](dict.fromkeys(group.projects, 1))
        self.nodes = {project: Counter(names) for project, names in group.projects.items()}
        self._at_zero = {metric: group.carries.get(metric, 0.0) for metric in group.limits}
        self._per_s = dict.fromkeys(group.limits, 0.0)
        self._coming: list[Resident] = []  # those whose traffic is not all there yet

    def add(self, arrival: Arrival, at_s: float) -> None:
        """Place a load balancer here."""
        project = arrival.project_id
        nodes = self.nodes.setdefault(project, Counter())
        exact = {
            "tenant_count": 0.0 if self.lives_here[project] else 1.0,
            "node_count": float(sum(not nodes[address] for address in arrival.members)),
        }
        self.lives_here[project] += 1
        nodes.update(arrival.members)
        resident = Resident(arrival, at_s, exact)
        self.residents[arrival.load_balancer_id] = resident
        self._coming.append(resident)
        self._count(resident, 1.0)
        for metric in exact.keys() & self.limits.keys():
            self._at_zero[metric] += exact[metric]

    def remove(self, load_balancer_id: LoadBalancerId) -> None:
        """Take a load balancer away."""
        resident = self.residents.pop(load_balancer_id)
        project, members = resident.arrival.project_id, resident.arrival.members
        self._coming = [one for one in self._coming if one is not resident]
        self._count(resident, -1.0)
        self.lives_here[project] -= 1
        self.nodes[project].subtract(members)
        gone = {
            "tenant_count": 0.0 if self.lives_here[project] else 1.0,
            "node_count": float(sum(not self.nodes[project][address] for address in members)),
        }
        for metric in gone.keys() & self.limits.keys():
            self._at_zero[metric] -= gone[metric]

    def _count(self, resident: Resident, sign: float) -> None:
        for metric, cost in resident.arrival.costs.items():
            if metric in self._at_zero:
                growth = cost * resident.arrival.growth_per_day / DAY_S
                self._per_s[metric] += sign * growth
                self._at_zero[metric] += sign * (cost - growth * resident.placed_at)

    def settled(self, at_s: float) -> dict[str, float]:
        """Return metric -> value, counting all traffic that is to come."""
        return {metric: base + self._per_s[metric] * at_s for metric, base in self._at_zero.items()}

    def measured(self, at_s: float, apply_s: float, ramp_s: float) -> dict[str, float]:
        """Return metric -> value as a device shows it: without what has not come yet."""
        values = self.settled(at_s)
        still = []
        for resident in self._coming:
            since = at_s - resident.placed_at - apply_s
            here = 0.0 if since < 0 else 1.0 if since >= ramp_s else since / ramp_s
            if here < 1.0:
                still.append(resident)
            for metric, cost in resident.arrival.costs.items() if here < 1.0 else ():
                if metric in values:
                    values[metric] -= cost * (1.0 - here)
            for metric in resident.exact.keys() & values.keys() if since < 0 else ():
                values[metric] -= resident.exact[metric]
        self._coming = still
        return {metric: max(value, 0.0) for metric, value in values.items()}

    def share(self, at_s: float, more: Mapping[str, float] | None = None) -> float:
        """Return the highest share of a limit, all traffic and `more` counted."""
        values, more = self.settled(at_s), more or {}
        return max(
            (
                (values[metric] + more.get(metric, 0.0)) / limit
                for metric, limit in self.limits.items()
            ),
            default=0.0,
        )

    def would_do_for(self, arrival: Arrival) -> bool:
        """Return whether the group may take it at all, however full it is."""
        return not self.group.draining and arrival.demands <= self.group.tags

    def cost_here(self, arrival: Arrival) -> dict[str, float]:
        """Return metric -> what it would truly add."""
        known = self.nodes.get(arrival.project_id, Counter())
        return {
            **arrival.costs,
            "tenant_count": 0.0 if self.lives_here[arrival.project_id] else 1.0,
            "node_count": float(sum(not known[address] for address in arrival.members)),
        }
