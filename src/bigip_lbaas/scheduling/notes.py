"""Says why one device group was chosen and each other one that could have taken it was not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bigip_lbaas.domain.placement import LOWEST_SCORE, PlacementRules, Stage
from bigip_lbaas.scheduling.judgement import OPEN_STAGES, Judgement
from bigip_lbaas.scheduling.words import amount, share

NO_BETTER_STAGE = {
    Stage.WITHIN_HEADROOM: "",
    Stage.WITHIN_CAPACITY: " (with it, no group stays within the headroom)",
    Stage.LAST_RESORT: " (with it, every group goes past 1.0)",
}


@dataclass(frozen=True, slots=True)
class Ranking:
    """How a policy ordered the groups of one stage: number -> rank, and which came first."""

    policy: str
    first: Judgement
    rank_of: Mapping[int, float]


def why_chosen(ranking: Ranking, judged: Sequence[Judgement]) -> str:
    """Return why the first was taken, to follow "Group 1"."""
    chosen, rivals = ranking.first, len(ranking.rank_of)
    score = share(chosen.score)
    if chosen.group.project_lives_here:
        best = "the lowest" if ranking.policy == LOWEST_SCORE else f"the first by {ranking.policy}"
        which = "" if rivals == 1 else f", {best} of its {rivals} groups with room"
        why = f"is the project's own, at score {score}{which}"
    elif len([one for one in judged if one.stage in OPEN_STAGES]) == 1:
        why = f"alone can take it, at score {score}"
    elif rivals == 1:
        room = "the headroom" if chosen.stage is Stage.WITHIN_HEADROOM else "1.0"
        why = f"alone stays within {room} with it, at score {score}"
    elif ranking.policy == LOWEST_SCORE:
        why = f"has the lowest score of {rivals}, {score}"
    else:
        why = f"is the first of {rivals} by {ranking.policy}, at score {score}"
    return why + NO_BETTER_STAGE[chosen.stage]


def note_for(one: Judgement, ranking: Ranking, rules: PlacementRules) -> str:
    """Return why `one` was not taken although it could have, to follow "group 1"."""
    chosen = ranking.first
    winner = chosen.group.number
    if one.stage not in OPEN_STAGES:
        return ""  # its opinion has a reason against it
    if one.stage is not chosen.stage:
        return _why_later(one, rules)
    if chosen.group.project_lives_here and not one.group.project_lives_here:
        return f"could take it, but the project lives in group {winner}"
    rank, best = ranking.rank_of[one.group.number], ranking.rank_of[winner]
    by_score = ranking.policy == LOWEST_SCORE
    if rank != best:
        ranks = f"ranks after group {winner} by {ranking.policy}, {amount(rank)} to {amount(best)}"
        return f"has a higher score than group {winner}" if by_score else ranks
    same = "has the same score" if by_score else f"ranks the same by {ranking.policy}"
    if one.fewer_is_better != chosen.fewer_is_better:
        return f"{same} and more load balancers per weight than group {winner}"
    return f"is as good as group {winner}; the dice decided"


def _why_later(one: Judgement, rules: PlacementRules) -> str:
    """Return what makes its stage come after the chosen one's."""
    lines = one.book.lines if one.book else ()
    if one.stage is Stage.LAST_RESORT:
        past = [line.say_projected() for line in lines if line.projected > 1.0]
        return f"comes last: {', '.join(past)}"
    past = [line.say_projected() for line in lines if not line.stays_within(rules.headroom)]
    return f"comes second: {', '.join(past)}, past the headroom of {amount(rules.headroom)}"
