"""Chooses as `schedule` does, but looks at as few groups as it can: most requests need one.

Where the choice takes more than a look at the first few, it says so, and `schedule` is asked.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping

from bigip_lbaas.domain.fleet import GroupState, Standing
from bigip_lbaas.domain.ids import GroupNumber
from bigip_lbaas.domain.placement import LOWEST_SCORE, Need, Placement, PlacementRules, Stage
from bigip_lbaas.scheduling.dice import choose_agent, throw
from bigip_lbaas.scheduling.judgement import Judgement, fewer_is_better, judge
from bigip_lbaas.scheduling.reservations import expected_costs
from bigip_lbaas.scheduling.scores import Book, open_book

Key = tuple[float, float]  # score, load balancers per weight: the order of lowest-score


class Shortlist:
    """Groups as they are to every project, in the order in which lowest-score prefers them."""

    def __init__(self, groups: Iterable[GroupState]) -> None:
        """Take the groups."""
        self.groups = {group.number: group for group in groups}
        self.scores = {number: _score(group) for number, group in self.groups.items()}
        self.order = sorted(
            (*key, number) for number in self.groups if (key := self._key(number)) is not None
        )

    def copy(self) -> "Shortlist":
        """Return one that goes its own way from here."""
        other = Shortlist(())
        other.groups, other.scores = dict(self.groups), dict(self.scores)
        other.order = list(self.order)
        return other

    def replace(self, group: GroupState) -> None:
        """Take a group's new state."""
        before = self._key(group.number)
        if before is not None:
            del self.order[bisect_left(self.order, (*before, group.number))]
        self.groups[group.number] = group
        self.scores[group.number] = _score(group)
        after = self._key(group.number)
        if after is not None:
            insort(self.order, (*after, group.number))

    def first_with_room(
        self, need: Need, rules: PlacementRules, standings: Mapping[GroupNumber, Standing]
    ) -> Judgement | None:
        """Return the first group that stays within the headroom; None when there is none."""
        equal: list[Judgement] = []
        key: Key | None = None
        for score, fewer, number in self.order:
            if key is not None and key != (score, fewer):
                break
            judged = judge(need, self.seen(number, standings), rules)
            if judged.stage is Stage.WITHIN_HEADROOM:
                equal.append(judged)
                key = score, fewer
        if len(equal) < 2:
            return equal[0] if equal else None
        return min(equal, key=lambda one: (throw(need, one.group.number), one.group.number))

    def seen(self, number: GroupNumber, standings: Mapping[GroupNumber, Standing]) -> GroupState:
        """Return a group as the request with these standings sees it."""
        standing = standings.get(number)
        group = self.groups[number]
        return group if standing is None else standing.seen(group)

    def _key(self, number: GroupNumber) -> Key | None:
        score = self.scores[number]
        return None if score is None else (score, fewer_is_better(self.groups[number]))


def choose(
    need: Need,
    shortlist: Shortlist,
    standings: Mapping[GroupNumber, Standing],
    rules: PlacementRules,
) -> Placement | None:
    """Return the outcome that `schedule` would come to; None when only `schedule` can tell.

    Of the opinions it has only that of the chosen group, and it says no reasons.
    """
    if any(standing.reserved is not None for standing in standings.values()):
        return None  # what is held for this request itself changes the order
    own = [
        judge(need, standing.seen(shortlist.groups[number]), rules)
        for number, standing in standings.items()
        if standing.lives_here
    ]
    with_room = [one for one in own if one.stage is Stage.WITHIN_HEADROOM]
    if len(with_room) > 1 or (not with_room and _must_wait(own)):
        return None
    chosen = with_room[0] if with_room else None
    if chosen is None and rules.policy == LOWEST_SCORE:
        chosen = shortlist.first_with_room(need, rules, standings)
    if chosen is None:
        return None
    return Placement(
        load_balancer_id=need.load_balancer_id,
        group=chosen.group.number,
        agent_id=choose_agent(need, chosen)[0].id,
        because="",
        costs=expected_costs(need, chosen.group, rules),
        opinions=(chosen.opinion(),),
    )


def _must_wait(own: Iterable[Judgement]) -> bool:
    """Return whether affinity may hold the request back."""
    stages = {one.stage for one in own} - {Stage.CLOSED}
    return stages == {Stage.NOT_READY}


def _score(group: GroupState) -> float | None:
    book = open_book(group, dict.fromkeys(group.limits, 0.0), ())
    return book.score if isinstance(book, Book) else None
