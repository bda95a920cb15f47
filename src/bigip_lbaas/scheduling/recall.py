"""Says a decision again from what is stored of it."""

from collections.abc import Iterable
from dataclasses import replace

from bigip_lbaas.domain.fleet import Booking, Fleet, GroupState, Standing
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.domain.placement import Need, Placement, PlacementRules, Unplaced
from bigip_lbaas.scheduling.ranking import Policies
from bigip_lbaas.scheduling.schedule import schedule


def fleet_at(
    environment: EnvironmentName,
    groups: Iterable[GroupState],
    bookings: Iterable[Booking],
    standings: Iterable[Standing],
) -> Fleet:
    """Return the fleet that a request saw after those bookings."""
    states = {group.number: group for group in groups}
    for booking in bookings:
        states[booking.group] = booking.entered(states[booking.group])
    for standing in standings:
        states[standing.group] = standing.seen(states[standing.group])
    return Fleet(environment, tuple(states[number] for number in sorted(states)))


def outcome_of(answer: Placement | Unplaced) -> Placement | Unplaced:
    """Return what of an answer has to be stored: a Placement's reasons can be said again."""
    if isinstance(answer, Unplaced):
        return answer
    chosen = next(one for one in answer.opinions if one.group == answer.group)
    return replace(answer, because="", opinions=(replace(chosen, note=""),))


def say_again(
    need: Need, fleet: Fleet, rules: PlacementRules, outcome: Placement | Unplaced, known: Policies
) -> Placement | Unplaced:
    """Return the whole answer that led to this outcome, with an opinion of every group.

    Where the policy is not known here, or ranks differently by now, there are no reasons but that.
    """
    if isinstance(outcome, Unplaced):
        return outcome
    if rules.policy in known:
        answer = schedule(need, fleet, rules, known)
        if outcome_of(answer) == outcome:
            return answer
    because = (
        f"Group {outcome.group} was chosen; policy {rules.policy} is not installed here or has"
        " changed since, so the reasons cannot be said again."
    )
    return replace(outcome, because=because)
