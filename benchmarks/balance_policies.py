"""What the balance benchmark holds ours against: the old rules, and two that are often proposed.

Each answers in the scheduler's words so that the one simulation can play it; none of them knows
reservations, as the old one did not.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bigip_lbaas.domain.fleet import Fleet, GroupState
from bigip_lbaas.domain.placement import Need, Placement, PlacementRules, Unplaced
from bigip_lbaas.scheduling.whatif.simulate import Decide

Choose = Callable[[Sequence[GroupState]], GroupState]


def reported(group: GroupState) -> float:
    """Return the score as last reported: nothing is added to it between reports."""
    return max(group.measured[metric] / limit for metric, limit in group.limits.items())


@dataclass(frozen=True, slots=True)
class OldRules:
    """The old rules: home first, unless its group is full by its last report; else `choose`.

    knows_scores False: every group looks empty, as it did when the score's name was misspelled.
    """

    choose: Choose
    knows_scores: bool = True

    def __call__(self, need: Need, fleet: Fleet, rules: PlacementRules) -> Placement | Unplaced:
        """Decide as schedule() does."""
        del rules
        ordered = sorted(fleet.groups, key=lambda group: group.number)
        below = [one for one in ordered if not self.knows_scores or reported(one) < 1.0]
        if not below:
            return Unplaced(need.load_balancer_id, "Nothing is below capacity.", False, ())
        homes = [group for group in below if group.project_lives_here]
        chosen = homes[0] if homes else self.choose(below)
        nothing = dict.fromkeys(chosen.limits, 0.0)  # reserved
        agent = chosen.agents[0].id
        return Placement(need.load_balancer_id, chosen.number, agent, "old rules", nothing, ())


def as_shipped() -> Decide:
    """Return the old rules as they ran: without scores the first group always has the lowest."""
    return OldRules(lambda below: below[0], knows_scores=False)


def as_documented() -> Decide:
    """Return the old rules as they were meant: the lowest reported score."""
    return OldRules(lambda below: min(below, key=reported))


def fewest_load_balancers() -> Decide:
    """Return the old rules with load balancers counted instead of scores."""
    return OldRules(lambda below: min(below, key=lambda group: group.load_balancers))


def power_of_two_choices(seed: int) -> Decide:
    """Return the old rules with the less full of two groups, drawn at random."""
    dice = random.Random(seed)

    def choose(below: Sequence[GroupState]) -> GroupState:
        return min(dice.sample(below, min(2, len(below))), key=reported)

    return OldRules(choose)
