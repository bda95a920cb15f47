"""What a simulation counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bigip_lbaas.domain.ids import GroupNumber
from bigip_lbaas.scheduling.whatif.load import TrueLoad
from bigip_lbaas.scheduling.whatif.world import Arrival


@dataclass(frozen=True, slots=True)
class Fill:
    """How full one group is at the end. shares: metric -> share of its limit, all traffic there."""

    group: GroupNumber
    shares: Mapping[str, float]
    load_balancers: int

    @property
    def share(self) -> float:
        """Return the highest share; 1.0 is full."""
        return max(self.shares.values(), default=0.0)

    @property
    def binding_metric(self) -> str:
        """Return the metric that makes it."""
        return max(self.shares, key=lambda metric: (self.shares[metric], metric), default="-")


@dataclass
class Tally:
    """Counts of one simulation.

    over: placements that truly took their group past 1.0. over_avoidable: those of them that
    another group had room for. refused_with_room: refusals while some group truly had room.
    had_home: arrivals whose project lived somewhere; kept_home: those of them that went there.
    overfull_s: seconds that groups were past 1.0, added up over groups.
    """

    arrived: int = 0
    placed: int = 0
    refused: int = 0
    refused_with_room: int = 0
    over: int = 0
    over_avoidable: int = 0
    had_home: int = 0
    kept_home: int = 0
    refreshes: int = 0
    overfull_s: float = 0.0
    first_refusal_s: float | None = None
    fills: tuple[Fill, ...] = ()
    mean: float = 0.0
    reasons: list[str] = field(default_factory=list)  # of the first refusals

    @property
    def highest(self) -> float:
        """Return how full the fullest group is at the end."""
        return max((fill.share for fill in self.fills), default=0.0)

    @property
    def affinity(self) -> float:
        """Return which share of the arrivals that had a home went there; 1.0 if there were none."""
        return self.kept_home / self.had_home if self.had_home else 1.0

    def count_placement(
        self, arrival: Arrival, loads: Mapping[GroupNumber, TrueLoad], group: GroupNumber, at: float
    ) -> None:
        """Count a placement, before it is added to its group's load."""
        self.placed += 1
        if any(load.lives_here[arrival.project_id] for load in loads.values()):
            self.had_home += 1
            self.kept_home += loads[group].lives_here[arrival.project_id] > 0
        if _would_be(loads[group], arrival, at) > 1.0:
            self.over += 1
            self.over_avoidable += any(has_room(load, arrival, at) for load in loads.values())

    def count_refusal(self, with_room: bool, because: str, at_s: float) -> None:
        """Count a refusal."""
        self.refused += 1
        self.refused_with_room += with_room
        if self.first_refusal_s is None:
            self.first_refusal_s = at_s
        if len(self.reasons) < MOST_REASONS:
            self.reasons.append(because)

    def close(
        self, loads: Mapping[GroupNumber, TrueLoad], count: Mapping[GroupNumber, int], at: float
    ) -> None:
        """Write down how full each group is at the end."""
        fills, taken, room = [], dict[str, float](), dict[str, float]()
        for number, load in sorted(loads.items()):
            values = load.settled(at)
            for metric, limit in load.limits.items():
                taken[metric] = taken.get(metric, 0.0) + values[metric]
                room[metric] = room.get(metric, 0.0) + limit
            shares = {metric: values[metric] / limit for metric, limit in load.limits.items()}
            fills.append(Fill(number, shares, count[number]))
        self.fills = tuple(fills)
        self.mean = max((taken[metric] / room[metric] for metric in taken), default=0.0)


MOST_REASONS = 3


def has_room(load: TrueLoad, arrival: Arrival, at: float) -> bool:
    """Return whether the group truly has room for it."""
    return load.would_do_for(arrival) and _would_be(load, arrival, at) <= 1.0


def _would_be(load: TrueLoad, arrival: Arrival, at: float) -> float:
    return load.share(at, load.cost_here(arrival))
