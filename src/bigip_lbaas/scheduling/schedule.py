"""Decides which device group and which agent a load balancer goes to, or says why none fits.

Rules of this file: no clock, no dice but the seeded hash, no order of anything but what is sorted
here; the same need, fleet and rules give the same answer in any process, at any time.
"""

from collections.abc import Sequence

from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.domain.placement import Need, Placement, PlacementRules, Stage, Unplaced
from bigip_lbaas.scheduling.dice import choose_agent, throw
from bigip_lbaas.scheduling.judgement import OPEN_STAGES, Judgement, judge
from bigip_lbaas.scheduling.notes import Ranking, note_for, why_chosen
from bigip_lbaas.scheduling.ranking import OpenGroup, Policies, ranks
from bigip_lbaas.scheduling.reservations import expected_costs
from bigip_lbaas.scheduling.shipped import SHIPPED
from bigip_lbaas.scheduling.words import amount, listed


def schedule(
    need: Need, fleet: Fleet, rules: PlacementRules, policies: Policies = SHIPPED
) -> Placement | Unplaced:
    """Choose a device group and an agent for one load balancer, or say why none fits.

    Both answers hold an opinion of every group, sorted by its number. An Unplaced may wait while
    a group merely lacks an agent or a known score and rules.patience_s is not over. Raises
    LookupError when rules.policy is not one of `policies`.
    """
    in_order = sorted(fleet.groups, key=lambda group: group.number)
    judged = tuple(judge(need, group, rules) for group in in_order)  # 1. each group by itself
    unplaced = _hold_for_own_groups(need, judged, rules)  # 2. affinity may have to wait
    if unplaced is not None:
        return unplaced
    best = _best_stage(judged)  # 3. the groups with most room
    if not best:
        return _refuse(need, fleet.environment, judged, rules)
    own = tuple(one for one in best if one.group.project_lives_here)
    ranking = _rank(need, own or best, fleet, rules, policies)  # 4. the policy prefers one
    chosen = ranking.first
    agent, why_agent = choose_agent(need, chosen)  # 5. who does the work
    why = why_chosen(ranking, judged)
    return Placement(
        load_balancer_id=need.load_balancer_id,
        group=chosen.group.number,
        agent_id=agent.id,
        because=f"Group {chosen.group.number} {why}; agent {agent.id} {why_agent}.",
        costs=expected_costs(need, chosen.group, rules),
        opinions=tuple(
            one.opinion(note=why if one is chosen else note_for(one, ranking, rules))
            for one in judged
        ),
    )


def _best_stage(judged: Sequence[Judgement]) -> tuple[Judgement, ...]:
    for stage in OPEN_STAGES:
        found = tuple(one for one in judged if one.stage is stage)
        if found:
            return found
    return ()


def _rank(
    need: Need,
    rivals: Sequence[Judgement],
    fleet: Fleet,
    rules: PlacementRules,
    policies: Policies,
) -> Ranking:
    """Order the rivals for `need`: by the policy, fewest load balancers, dice; none are equal."""
    candidates = [OpenGroup(one.group, one.book) for one in rivals if one.book is not None]
    rank_of = ranks(rules.policy, policies, need, candidates, fleet)

    def preference(one: Judgement) -> tuple[float, float, bytes, int]:
        number = one.group.number
        return rank_of[number], one.fewer_is_better, throw(need, number), number

    return Ranking(rules.policy, min(rivals, key=preference), rank_of)


def _hold_for_own_groups(
    need: Need, judged: Sequence[Judgement], rules: PlacementRules
) -> Unplaced | None:
    """Return an answer while none of the project's own groups can even be judged.

    One that is full, draining or not fit sends the project elsewhere at once, and so does one
    that is ready while another is not.
    """
    own = [one for one in judged if one.group.project_lives_here and one.stage is not Stage.CLOSED]
    if not own or any(one.stage is not Stage.NOT_READY for one in own):
        return None
    may_wait = need.waited_s < rules.patience_s
    if not (may_wait or rules.affinity_is_hard):
        return None
    if may_wait:
        head, elsewhere = "Waiting for the project's own device group", "it is waited for"
    else:
        head = f"The project's own device group was not ready within {amount(rules.patience_s)} s"
        elsewhere = "affinity is hard"
    numbers = listed(tuple(str(one.group.number) for one in own))
    why_not = f"could take it, but the project lives in group {numbers} and {elsewhere}"
    return _unplaced(need, head, judged, may_wait=may_wait, why_not=why_not)


def _refuse(
    need: Need, environment: EnvironmentName, judged: Sequence[Judgement], rules: PlacementRules
) -> Unplaced:
    """Return the answer when no group may take it; only what is known to be full refuses."""
    stages = {one.stage for one in judged}
    not_ready = not judged or Stage.NOT_READY in stages
    may_wait = not_ready and need.waited_s < rules.patience_s
    if may_wait:
        head = "Waiting for a device group"
    elif not_ready:
        head = f"No device group could take it within {amount(rules.patience_s)} s"
    elif Stage.FULL in stages:
        head = "No capacity"
    else:
        head = "No device group is open to it"
    if not judged:
        because = f"{head}: environment {environment} has none, no agent is registered there."
        return Unplaced(need.load_balancer_id, because, may_wait, ())
    return _unplaced(need, head, judged, may_wait=may_wait)


def _unplaced(
    need: Need, head: str, judged: Sequence[Judgement], *, may_wait: bool, why_not: str = ""
) -> Unplaced:
    opinions = tuple(one.opinion(why_not=why_not) for one in judged)
    reasons = "; ".join(f"group {opinion.group} {opinion.why_not}" for opinion in opinions)
    return Unplaced(need.load_balancer_id, f"{head}: {reasons}.", may_wait, opinions)
