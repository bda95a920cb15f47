"""What placement thinks of one device group, without looking at the others."""

from dataclasses import dataclass

from bigip_lbaas.domain.fleet import AgentState, GroupState
from bigip_lbaas.domain.placement import Need, Opinion, PlacementRules, Stage
from bigip_lbaas.scheduling.reservations import exact_metrics, expected_costs
from bigip_lbaas.scheduling.scores import Book, open_book
from bigip_lbaas.scheduling.words import listed, share

OPEN_STAGES = (Stage.WITHIN_HEADROOM, Stage.WITHIN_CAPACITY, Stage.LAST_RESORT)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One device group, judged: book is None when its score is not known.

    why_not is None exactly for groups that may take the request. agents could do the work.
    """

    group: GroupState
    stage: Stage
    why_not: str | None
    book: Book | None
    agents: tuple[AgentState, ...]

    @property
    def score(self) -> float | None:
        """Return the group's score, None when it is not known."""
        return None if self.book is None else self.book.score

    @property
    def fewer_is_better(self) -> float:
        """Return its load balancers per weight; a group without weight comes last."""
        return fewer_is_better(self.group)

    def opinion(self, *, why_not: str | None = None, note: str = "") -> Opinion:
        """Return what is stored of it; `why_not` here speaks for groups that are open."""
        binding = self.book.binding if self.book else None
        return Opinion(
            group=self.group.number,
            score=self.score,
            projection=None if self.book is None else self.book.projection,
            binding_metric=binding.metric if binding else None,
            why_not=self.why_not or why_not,
            is_projects_own=self.group.project_lives_here,
            stage=self.stage,
            note=note,
        )


def fewer_is_better(group: GroupState) -> float:
    """Return a group's load balancers per weight; without weight it comes last."""
    return group.load_balancers / group.weight if group.weight > 0 else float("inf")


def judge(need: Need, group: GroupState, rules: PlacementRules) -> Judgement:
    """Say how far `group` comes for `need`; rules that waiting cannot change come first."""
    agents = tuple(agent for agent in group.agents if agent.live and agent.admin_state_up)
    opened = open_book(group, expected_costs(need, group, rules), exact_metrics(need))
    book = opened if isinstance(opened, Book) else None
    stage, why_not = Stage.CLOSED, _why_closed(need, group)
    if why_not is None:
        stage, why_not = Stage.NOT_READY, _why_no_agent(group, agents)
    if why_not is None and isinstance(opened, str):
        why_not = opened
    if why_not is None and book is not None:
        stage, why_not = _room(group, book, rules)
    return Judgement(group, stage, why_not, book, agents)


def _why_closed(need: Need, group: GroupState) -> str | None:
    missing = need.demands - group.tags
    if missing:
        return f"does not offer {listed(tuple(sorted(missing)))}"
    return "is draining" if group.draining else None


def _why_no_agent(group: GroupState, agents: tuple[AgentState, ...]) -> str | None:
    if agents:
        return None
    if not group.agents:
        return "has no agent"
    if any(agent.live for agent in group.agents):
        return "has no live agent that is switched on (admin_state_up)"
    return f"has no live agent ({len(group.agents)} registered)"


def _room(group: GroupState, book: Book, rules: PlacementRules) -> tuple[Stage, str | None]:
    if book.score >= 1.0:
        full = sorted(
            (line for line in book.lines if line.share >= 1.0),
            key=lambda line: (-line.share, line.metric),
        )
        return Stage.FULL, f"is full, {listed(tuple(line.say_now() for line in full))}"
    if group.was_full and book.score >= rules.reopen_below > 0:
        said = f"at score {share(book.score)} it opens again below {share(rules.reopen_below)}"
        return Stage.FULL, f"has been full; {said}"
    if all(line.stays_within(rules.headroom) for line in book.lines):
        return Stage.WITHIN_HEADROOM, None
    if book.projection <= 1.0:
        return Stage.WITHIN_CAPACITY, None
    return Stage.LAST_RESORT, None
