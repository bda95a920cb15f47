"""The decision table: its rows, and the page that is written from playing them."""

import placement_cases as play
from placement_cases import Case

DOCUMENTED = (
    Case(
        "D1",
        "the project's group has room",
        "the project's agent, wherever it came first in a list",
        "the project's own group",
        play.own_group_has_room,
    ),
    Case(
        "D2",
        "the project's group is at capacity",
        "another group, if that very agent said so",
        "another group, at once",
        play.own_group_is_full,
    ),
    Case(
        "D3",
        "a new project",
        "always the same group, since no score arrived (S1, S2)",
        "the lowest score, with what is reserved",
        play.lowest_score,
    ),
    Case(
        "D4",
        "all groups are at capacity",
        "the load balancer to ERROR; children stayed PENDING",
        "ERROR with all below, or a refusal of the call; the reason names each group",
        play.all_full,
    ),
    Case(
        "D5",
        "no capacity policy",
        "score 0.0",
        "score 0.0, then the fewest load balancers per weight",
        play.no_policy,
    ),
    Case(
        "D6",
        "which agent of the group",
        "documented: the one with the fewest requests; in fact dice",
        "the project's home; for a new project dice",
        play.agent_in_group,
    ),
    Case(
        "D7",
        "agents of a group name different devices",
        "documented three ways, checked nowhere",
        "the second is refused",
        play.different_devices_in_a_group,
    ),
)

DEFECTS = (
    Case(
        "S1",
        "the score's name in the report",
        "misspelt whenever there was a policy: all looked empty",
        "one schema for both sides; a test takes a real report to a real decision",
        play.the_score_arrives,
    ),
    Case(
        "S2",
        "all scores are equal",
        "always the first group",
        "the fewest load balancers per weight, then seeded dice",
        play.equal_scores_spread,
    ),
    Case(
        "S3",
        "an agent dies, and so do all of its group",
        "its load balancers moved to agents of other groups, that is to other devices",
        "homes never leave their group",
        play.takeover_stays_in_the_group,
    ),
    Case(
        "S4",
        "an agent dies, others of the group live",
        "the first takes all, in a user's request",
        "each home to the one with the fewest, outside of any request",
        play.takeover_spreads,
    ),
    Case(
        "S5",
        "no agent of the group is alive",
        "the message went to a queue that nobody read",
        "the work waits for the group; ERROR with the reason at the deadline",
        play.nobody_is_there,
    ),
    Case(
        "S6",
        "the agent returns",
        "nothing moved back, ports stayed bound to the other host",
        "nothing moves back; nothing is bound to an agent's host",
        play.after_a_return,
    ),
    Case(
        "S7",
        "agents of the group say different scores",
        "affinity asked one agent only",
        "the highest value counts, for the whole group",
        play.affinity_by_the_group,
    ),
    Case(
        "S8",
        "the project's group is away for a moment",
        "the project was split over device groups",
        "it waits for its group, then goes elsewhere (or not: affinity = hard)",
        play.own_group_is_away,
    ),
    Case(
        "S9",
        "what a decision costs",
        "all load balancers of all agents, as objects",
        "a fixed number of statements",
        play.what_a_decision_reads,
    ),
    Case(
        "S10",
        'group 0, and group "2"',
        '0 meant all groups, and "2" was not 2',
        "numbers from 1 on; anything else is refused",
        play.group_numbers,
    ),
    Case(
        "S11",
        "a stale report of one agent",
        "closed the group until that agent reported again",
        "reports count while they are fresh",
        play.a_stale_report,
    ),
    Case(
        "S12",
        "many arrive between two reports",
        "all to the same group",
        "what is placed is reserved at once, for all controllers",
        play.a_herd,
    ),
    Case(
        "S13",
        "the agent inside the group",
        "dice, and each agent did one thing after the other",
        "dice for a new project; agents work on several homes at a time",
        play.inside_a_group,
    ),
    Case(
        "S14",
        "something is added in a full group",
        "was not gated, and not seen for a while",
        "is not gated: refusing it would break what works; the next report counts it",
        play.children_of_a_full_group,
    ),
    Case(
        "S15",
        "something is added to one in ERROR for want of capacity",
        "it was placed, or stayed PENDING for ever",
        "it shares its fate; a failover places it anew",
        play.children_of_one_in_error,
    ),
    Case(
        "S16",
        "nobody can take it",
        "errors were swallowed: PENDING for ever",
        "ERROR, with a reason",
        play.nothing_stays_pending,
    ),
    Case(
        "S17",
        "a deletion without an agent",
        "the row went, the configuration stayed",
        "the row stays until devices are clean",
        play.delete_without_an_agent,
    ),
    Case(
        "S18",
        "two requests at the same time",
        "shared objects mixed them up",
        "values that cannot be changed, and a driver without any",
        play.no_shared_state,
    ),
    Case(
        "S19",
        "who cleans up",
        "several agents, or none",
        "one at a time, by a tenure in the database",
        play.one_sweeper,
    ),
    Case(
        "S20",
        "the database cannot be asked",
        '"no active agent": ERROR',
        "an error, and it is tried again",
        play.an_error_is_no_empty_fleet,
    ),
    Case(
        "S21",
        "a score that is text",
        "was compared as it came",
        "the message is refused by its type",
        play.a_score_of_text,
    ),
    Case(
        "S22",
        "a device in two groups",
        "was never noticed",
        "the second agent is refused",
        play.one_device_in_two_groups,
    ),
)

ABOUT = """\
The cases in the documentation of F5's LBaaSv2 driver and agent, and the defects of its scheduler
(release 9.x) as they are known: what it did, what we do, and what happened when the case was
played to write this page."""
NOTE = "<!-- Written by tools/write_placement_cases.py from playing the cases. -->\n\n"
HEAD = ("| | case | the old system | here | shown |", "|---|---|---|---|---|")


def page() -> str:
    """Play all cases and return the page."""
    parts = [
        "# Placement, case by case",
        ABOUT,
        _section("As documented", DOCUMENTED),
        _section("Its defects", DEFECTS),
    ]
    return NOTE + "\n\n".join(parts) + "\n"


def _section(title: str, cases: tuple[Case, ...]) -> str:
    rows = [
        f"| {case.id} | {case.case} | {case.it_did} | {case.we_do} | {_cell(case.play())} |"
        for case in cases
    ]
    return f"## {title}\n\n" + "\n".join((*HEAD, *rows))


def _cell(text: str) -> str:
    assert text
    return text.replace("|", "\\|").replace("`", "'")
