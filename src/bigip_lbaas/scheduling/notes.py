"""Says why one device group was chosen and each other one that could have taken it was not."""

from collections.abc import Sequence

from bigip_lbaas.domain.placement import PlacementRules, Stage
from bigip_lbaas.scheduling.judgement import OPEN_STAGES, Judgement
from bigip_lbaas.scheduling.words import amount, share

NO_BETTER_STAGE = {
    Stage.WITHIN_HEADROOM: "",
    Stage.WITHIN_CAPACITY: " (with it, no group stays within the headroom)",
    Stage.LAST_RESORT: " (with it, every group goes past 1.0)",
}


def why_chosen(chosen: Judgement, rivals: Sequence[Judgement], judged: Sequence[Judgement]) -> str:
    """Return why `chosen` was taken from `rivals`, to follow "Group 1"."""
    score = share(chosen.score)
    if chosen.group.project_lives_here:
        which = "" if len(rivals) == 1 else f", the lowest of its {len(rivals)} groups with room"
        why = f"is the project's own, at score {score}{which}"
    elif len([one for one in judged if one.stage in OPEN_STAGES]) == 1:
        why = f"alone can take it, at score {score}"
    elif len(rivals) == 1:
        room = "the headroom" if chosen.stage is Stage.WITHIN_HEADROOM else "1.0"
        why = f"alone stays within {room} with it, at score {score}"
    else:
        why = f"has the lowest score of {len(rivals)}, {score}"
    return why + NO_BETTER_STAGE[chosen.stage]


def note_for(one: Judgement, chosen: Judgement, rules: PlacementRules) -> str:
    """Return why `one` was not taken although it could have, to follow "group 1"."""
    winner = chosen.group.number
    if one.stage not in OPEN_STAGES:
        return ""  # its opinion has a reason against it
    if one.stage is not chosen.stage:
        return _why_later(one, rules)
    if chosen.group.project_lives_here and not one.group.project_lives_here:
        return f"could take it, but the project lives in group {winner}"
    if one.score != chosen.score:
        return f"has a higher score than group {winner}"
    if one.fewer_is_better != chosen.fewer_is_better:
        return f"has the same score and more load balancers per weight than group {winner}"
    return f"is as good as group {winner}; the dice decided"


def _why_later(one: Judgement, rules: PlacementRules) -> str:
    """Return what makes its stage come after the chosen one's."""
    lines = one.book.lines if one.book else ()
    if one.stage is Stage.LAST_RESORT:
        past = [line.say_projected() for line in lines if line.projected > 1.0]
        return f"comes last: {', '.join(past)}"
    past = [line.say_projected() for line in lines if not line.stays_within(rules.headroom)]
    return f"comes second: {', '.join(past)}, past the headroom of {amount(rules.headroom)}"
