"""The laws of placement, in numbers of this file's own: nothing of the rules is imported."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import strategies_fleet as draw
from bigip_lbaas.domain.fleet import Fleet, GroupState
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.domain.placement import Need, Placement, PlacementRules, Unplaced
from bigip_lbaas.scheduling.schedule import schedule

ALL = (*draw.METRICS, "load_balancers")
questions = given(need=draw.needs, fleet=draw.fleets(), rules=draw.rules)
lame_questions = given(need=draw.needs, fleet=draw.lame_fleets(), rules=draw.rules)
tight_questions = given(need=draw.tight_needs, fleet=draw.tight_fleets(), rules=draw.rules)


def cost(need: Need, group: GroupState, rules: PlacementRules, metric: str) -> float:
    if metric == "tenant_count":
        return 0.0 if group.project_lives_here else 1.0
    if metric == "node_count":
        return float(sum(address not in group.project_nodes for address in need.member_addresses))
    return rules.expected_cost.get(metric, group.limits[metric] / 1000)


def taken(group: GroupState, metric: str) -> float:
    return group.measured[metric] + group.reserved.get(metric, 0.0)


def declared(group: GroupState, more: int = 0) -> float:
    most = group.max_load_balancers
    return 0.0 if most is None else (group.load_balancers + group.held + more) / most


def share_now(group: GroupState) -> float:
    shares = (taken(group, m) / limit for m, limit in group.limits.items())
    return max((declared(group), *shares))


def share_with(
    need: Need, group: GroupState, rules: PlacementRules, only: tuple[str, ...] = ALL
) -> float:
    shares = (
        (taken(group, m) + cost(need, group, rules, m)) / limit
        for m, limit in group.limits.items()
        if m in only
    )
    return max((declared(group, 1) if "load_balancers" in only else 0.0, *shares))


def matches(need: Need, group: GroupState) -> bool:
    return not group.draining and need.demands <= group.tags


def is_ready(group: GroupState) -> bool:
    has_agent = any(agent.live and agent.admin_state_up for agent in group.agents)
    return has_agent and group.score_is_known and set(group.limits) <= set(group.measured)


def is_open(need: Need, group: GroupState, rules: PlacementRules) -> bool:
    return matches(need, group) and is_ready(group) and is_below(group, rules)


def is_below(group: GroupState, rules: PlacementRules) -> bool:
    if group.was_full and rules.reopen_below:
        return share_now(group) < rules.reopen_below
    return share_now(group) < 1.0


def has_room(need: Need, group: GroupState, rules: PlacementRules) -> bool:
    return is_open(need, group, rules) and share_with(need, group, rules) <= 1.0


def has_headroom(need: Need, group: GroupState, rules: PlacementRules) -> bool:
    if not has_room(need, group, rules):
        return False
    return share_with(need, group, rules, only=draw.ESTIMATED) <= rules.headroom


def own_are_not_ready(need: Need, fleet: Fleet) -> bool:
    own = [g for g in fleet.groups if g.project_lives_here and matches(need, g)]
    return bool(own) and not any(is_ready(group) for group in own)


def group_of(fleet: Fleet, answer: Placement) -> GroupState:
    return next(group for group in fleet.groups if group.number == answer.group)


@given(need=draw.needs, fleet=draw.lame_fleets() | draw.fleets(), rules=draw.rules)
def test_a_chosen_group_is_live_open_known_and_below_capacity(need, fleet, rules):
    answer = schedule(need, fleet, rules)
    if isinstance(answer, Placement):
        chosen = group_of(fleet, answer)
        assert not chosen.draining
        assert need.demands <= chosen.tags
        assert chosen.score_is_known
        assert set(chosen.limits) <= set(chosen.measured)
        assert is_below(chosen, rules)
        agent = next(agent for agent in chosen.agents if agent.id == answer.agent_id)
        assert agent.live
        assert agent.admin_state_up


@tight_questions
def test_no_group_goes_past_capacity_on_the_books_while_another_had_room(need, fleet, rules):
    answer = schedule(need, fleet, rules)
    if isinstance(answer, Placement):
        chosen = group_of(fleet, answer)
        if share_with(need, chosen, rules) > 1.0:
            assert not any(has_room(need, group, rules) for group in fleet.groups)


@tight_questions
def test_no_estimate_goes_past_the_headroom_while_another_group_had_headroom(need, fleet, rules):
    answer = schedule(need, fleet, rules)
    if isinstance(answer, Placement):
        chosen = group_of(fleet, answer)
        if share_with(need, chosen, rules, only=draw.ESTIMATED) > rules.headroom:
            assert not any(has_headroom(need, group, rules) for group in fleet.groups)


@given(
    needs=st.lists(draw.tight_needs, min_size=2, max_size=6),
    fleet=draw.tight_fleets(),
    rules=draw.rules,
)
def test_a_burst_whose_costs_are_reserved_overfills_no_group_while_another_had_room(
    needs, fleet, rules
):
    for number, asked in enumerate(needs):
        need = replace(asked, load_balancer_id=f"lb-{number}")
        answer = schedule(need, fleet, rules)
        if isinstance(answer, Unplaced):
            continue
        chosen = group_of(fleet, answer)
        held = {m: chosen.reserved.get(m, 0.0) + answer.costs[m] for m in chosen.limits}
        after = replace(
            chosen,
            reserved=held,
            project_lives_here=True,
            load_balancers=chosen.load_balancers + 1,
            project_nodes=chosen.project_nodes | need.member_addresses,
        )
        if share_now(after) > 1.0 + 1e-9:
            assert not any(has_room(need, group, rules) for group in fleet.groups)
        others = tuple(group for group in fleet.groups if group is not chosen)
        fleet = Fleet(fleet.environment, (*others, after))


@lame_questions
def test_every_no_names_a_reason_for_every_group(need, fleet, rules):
    answer = schedule(need, fleet, rules)
    assert [o.group for o in answer.opinions] == sorted(g.number for g in fleet.groups)
    if isinstance(answer, Unplaced):
        assert answer.because.endswith(".")
        for opinion in answer.opinions:
            assert opinion.why_not
            assert f"group {opinion.group} {opinion.why_not}" in answer.because


@questions
def test_a_full_group_is_refused_with_the_metric_its_value_and_its_limit(need, fleet, rules):
    answer = schedule(need, fleet, rules)
    for group in fleet.groups:
        if not (matches(need, group) and is_ready(group) and share_now(group) >= 1.0):
            continue
        said = next(o.why_not for o in answer.opinions if o.group == group.number)
        for metric, limit in group.limits.items():
            if taken(group, metric) >= limit:
                held = group.reserved.get(metric, 0.0)
                which = "of it" if metric == "throughput" else "of them"
                reserved = f" ({held:.0f} {which} reserved)" if held else ""
                value = f"{taken(group, metric):.0f}{reserved}"
                assert f"{metric} is at {value} of {limit:.0f}" in said


@lame_questions
def test_only_groups_that_cannot_take_it_have_a_reason_against_them_in_a_yes(need, fleet, rules):
    answer = schedule(need, fleet, rules)
    if isinstance(answer, Placement):
        for group, opinion in zip(fleet.groups, answer.opinions, strict=True):
            assert (opinion.why_not is None) == is_open(need, group, rules)
            assert opinion.why_not or opinion.note


@tight_questions
def test_somebody_takes_it_while_a_group_is_below_capacity(need, fleet, rules):
    below = any(is_below(group, rules) for group in fleet.groups)
    assert isinstance(schedule(need, fleet, rules), Placement) == below


WAITS = (0.0, 59.5, 60.0, 120.0)


@pytest.mark.parametrize("waited_s", WAITS)
@pytest.mark.parametrize("is_hard", [False, True])
def test_an_open_group_takes_it_unless_the_projects_own_are_not_ready(waited_s, is_hard):
    need = replace(draw.NEED, waited_s=waited_s, demands=frozenset(draw.TAGS))
    rules = replace(draw.RULES, affinity_is_hard=is_hard)
    for fleet in draw.every_lame_pair():
        answer = schedule(need, fleet, rules)
        some_open = any(is_open(need, group, rules) for group in fleet.groups)
        waits = own_are_not_ready(need, fleet) and (waited_s < 60 or is_hard)
        assert isinstance(answer, Placement) == (some_open and not waits), fleet


@pytest.mark.parametrize("waited_s", WAITS)
def test_a_no_may_wait_just_while_a_group_merely_lacks_an_agent_or_a_score(waited_s):
    need = replace(draw.NEED, waited_s=waited_s, demands=frozenset(draw.TAGS))
    nobody = Fleet(EnvironmentName("test"), ())
    for fleet in (nobody, *draw.every_lame_pair()):
        answer = schedule(need, fleet, draw.RULES)
        if isinstance(answer, Unplaced):
            lacking = any(matches(need, group) and not is_ready(group) for group in fleet.groups)
            missing = lacking or not fleet.groups
            assert answer.may_wait == (missing and waited_s < 60), fleet


@tight_questions
def test_a_project_stays_in_its_own_group_while_that_has_room(need, fleet, rules):
    answer = schedule(need, fleet, rules)
    own = [g for g in fleet.groups if g.project_lives_here and has_headroom(need, g, rules)]
    if own:
        assert isinstance(answer, Placement)
        chosen = group_of(fleet, answer)
        assert chosen.project_lives_here
        assert share_now(chosen) == min(share_now(group) for group in own)


@tight_questions
def test_the_lowest_score_wins_then_the_fewest_load_balancers_per_weight(need, fleet, rules):
    answer = schedule(need, fleet, rules)
    level = [g for g in fleet.groups if has_headroom(need, g, rules)]
    if isinstance(answer, Placement) and level and not any(g.project_lives_here for g in level):
        ranks = {
            g.number: (share_now(g), g.load_balancers / g.weight if g.weight else float("inf"))
            for g in level
        }
        assert ranks[answer.group] == min(ranks.values())


@questions
def test_the_projects_home_gets_the_work_while_it_can_do_it(need, fleet, rules):
    answer = schedule(need, fleet, rules)
    if isinstance(answer, Placement):
        chosen = group_of(fleet, answer)
        usable = {agent.id for agent in chosen.agents if agent.live and agent.admin_state_up}
        if chosen.project_home in usable:
            assert answer.agent_id == chosen.project_home


@questions
def test_what_is_reserved_is_exact_where_it_can_be_and_never_nothing_for_the_unseen(
    need, fleet, rules
):
    answer = schedule(need, fleet, rules)
    if isinstance(answer, Placement):
        chosen = group_of(fleet, answer)
        assert set(answer.costs) == set(chosen.limits)
        for metric, amount in answer.costs.items():
            if metric in draw.ESTIMATED and metric not in rules.expected_cost:
                assert amount > 0
            else:
                assert amount == cost(need, chosen, rules, metric)


@questions
def test_opinions_carry_the_score_the_projection_and_what_binds(need, fleet, rules):
    answer = schedule(need, fleet, rules)
    for group, opinion in zip(fleet.groups, answer.opinions, strict=True):
        if not (group.score_is_known and set(group.limits) <= set(group.measured)):
            assert opinion.score is None
            assert opinion.projection is None
            continue
        assert opinion.score == share_now(group)
        assert abs(opinion.projection - share_with(need, group, rules)) < 1e-9
        if opinion.binding_metric:
            alone = share_with(need, group, rules, only=(opinion.binding_metric,))
            assert abs(alone - opinion.projection) < 1e-9


@given(need=draw.needs, fleet=draw.fleets(), rules=draw.rules, data=st.data())
def test_the_order_of_groups_and_agents_does_not_matter(need, fleet, rules, data):
    mixed = [
        replace(group, agents=tuple(data.draw(st.permutations(group.agents))))
        for group in data.draw(st.permutations(fleet.groups))
    ]
    other = Fleet(fleet.environment, tuple(mixed))
    assert schedule(need, other, rules) == schedule(need, fleet, rules)


class AnyOrder:
    """Ranks the groups as it is told, whatever their state."""

    def __init__(self, order: dict[int, int]) -> None:
        self.order = order

    def rank(self, need, candidates, fleet):
        return [self.order[one.group.number] for one in candidates]


@given(
    need=draw.tight_needs,
    fleet=draw.tight_fleets(),
    rules=draw.rules,
    order=st.permutations(range(1, 4)),
)
def test_no_policy_leads_out_of_the_best_stage_or_away_from_home(need, fleet, rules, order):
    policy = AnyOrder(dict(zip(range(1, 4), order, strict=True)))
    answer = schedule(need, fleet, replace(rules, policy="any"), {"any": policy})
    usual = schedule(need, fleet, rules)
    assert isinstance(answer, Placement) == isinstance(usual, Placement)
    if isinstance(answer, Placement):
        stage_of = {opinion.group: opinion.stage for opinion in answer.opinions}
        assert stage_of[answer.group] == stage_of[usual.group]
        lives = {group.number: group.project_lives_here for group in fleet.groups}
        assert lives[answer.group] == lives[usual.group]
        level = [
            n
            for n in stage_of
            if (stage_of[n], lives[n]) == (stage_of[answer.group], lives[answer.group])
        ]
        assert policy.order[answer.group] == min(policy.order[n] for n in level)
