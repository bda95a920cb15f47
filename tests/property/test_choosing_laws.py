"""The quick choice is the whole scheduler's; a decision is said again from what is stored."""

from dataclasses import replace

from hypothesis import given

import strategies_fleet as draw
from bigip_lbaas.domain.fleet import Booking, Fleet, GroupState, Standing
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.domain.placement import Need, Placement, PlacementRules
from bigip_lbaas.scheduling.choosing import Shortlist, choose
from bigip_lbaas.scheduling.recall import fleet_at, outcome_of, say_again
from bigip_lbaas.scheduling.schedule import schedule
from bigip_lbaas.scheduling.shipped import SHIPPED

ENVIRONMENT = EnvironmentName("test")


def parted(fleet: Fleet) -> tuple[tuple[GroupState, ...], dict[int, Standing]]:
    """Return what the groups are to everybody, and what they are to this project alone."""
    neutral = tuple(
        replace(group, project_lives_here=False, project_home=None, project_nodes=frozenset())
        for group in fleet.groups
    )
    standings = {
        group.number: Standing(
            group.number, group.project_lives_here, group.project_home, group.project_nodes
        )
        for group, bare in zip(fleet.groups, neutral, strict=True)
        if group != bare
    }
    return neutral, standings


def chooses_the_same(need: Need, fleet: Fleet, rules: PlacementRules) -> None:
    neutral, standings = parted(fleet)
    chosen = choose(need, Shortlist(neutral), standings, rules)  # type: ignore[arg-type]
    whole = schedule(need, fleet, rules)
    assert chosen is None or chosen == outcome_of(whole)
    assert fleet_at(fleet.environment, neutral, (), standings.values()) == Fleet(
        fleet.environment, tuple(sorted(fleet.groups, key=lambda group: group.number))
    )
    assert say_again(need, fleet, rules, outcome_of(whole), SHIPPED) == whole


@given(need=draw.needs, fleet=draw.fleets(), rules=draw.rules)
def test_the_quick_choice_is_that_of_the_scheduler(
    need: Need, fleet: Fleet, rules: PlacementRules
) -> None:
    chooses_the_same(need, fleet, rules)


@given(need=draw.tight_needs, fleet=draw.tight_fleets(), rules=draw.rules)
def test_so_it_is_when_groups_are_nearly_full(
    need: Need, fleet: Fleet, rules: PlacementRules
) -> None:
    chooses_the_same(need, fleet, rules)


@given(need=draw.needs, fleet=draw.lame_fleets(), rules=draw.rules)
def test_so_it_is_when_groups_lack_agents_or_scores(
    need: Need, fleet: Fleet, rules: PlacementRules
) -> None:
    chooses_the_same(need, fleet, rules)


@given(fleet=draw.fleets(), other=draw.fleets())
def test_a_shortlist_that_was_kept_up_to_date_is_as_good_as_a_new_one(
    fleet: Fleet, other: Fleet
) -> None:
    kept = Shortlist(fleet.groups)
    before = kept.copy()
    states = {group.number: group for group in fleet.groups}
    for group in other.groups:
        if group.number in states:
            kept.replace(group)
            states[group.number] = group
    new = Shortlist(states.values())
    assert (kept.groups, kept.scores, kept.order) == (new.groups, new.scores, new.order)
    assert before.order == Shortlist(fleet.groups).order


def test_a_request_of_whom_nothing_special_is_known_is_chosen_for_quickly() -> None:
    """Or the choice would be right, and slow."""
    groups = [draw.group(number, 10.0 * number) for number in (3, 1, 2)]
    own = {3: Standing(3, lives_here=True)}  # type: ignore[arg-type, dict-item]
    for standings, number in (({}, 1), (own, 3)):
        chosen = choose(draw.NEED, Shortlist(groups), standings, draw.RULES)  # type: ignore[arg-type]
        assert isinstance(chosen, Placement)
        assert chosen.group == number


def test_a_policy_that_is_not_installed_cannot_say_its_reasons_again() -> None:
    groups = (draw.group(1, 10.0), draw.group(2, 20.0))
    fleet = Fleet(ENVIRONMENT, groups)
    rules = replace(draw.RULES, policy="of-somebody-else")
    outcome = outcome_of(schedule(draw.NEED, fleet, draw.RULES))
    said = say_again(draw.NEED, fleet, rules, outcome, SHIPPED)
    assert isinstance(said, Placement)
    assert "policy of-somebody-else is not installed here" in said.because
    assert (said.group, said.opinions) == (1, outcome.opinions)


def test_a_booking_is_what_later_requests_see() -> None:
    before = draw.group(1, 10.0)
    booking = Booking(before.number, {"tenant_count": 1.0}, before.load_balancers + 1, 0)
    (seen,) = fleet_at(ENVIRONMENT, (before,), (booking,), ()).groups
    assert seen == replace(
        before, reserved={"tenant_count": 1.0}, load_balancers=before.load_balancers + 1
    )
