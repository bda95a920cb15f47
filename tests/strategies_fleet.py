"""How to draw a need, a fleet and the operator's rules: small numbers, so that limits are met."""

import itertools
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from bigip_lbaas.domain.fleet import AgentState, Fleet, GroupState
from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber, LoadBalancerId, ProjectId
from bigip_lbaas.domain.placement import Need, Placement, PlacementRules, Unplaced
from bigip_lbaas.scheduling.schedule import schedule

ESTIMATED = ("active_connections", "throughput")
METRICS = ("tenant_count", "node_count", *ESTIMATED)
ADDRESSES = ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
TAGS = ("gold", "zone-a")
PATIENCE_S = 60.0

ADDRESS_SETS = tuple(frozenset(ADDRESSES[a:b]) for a in range(3) for b in range(a, 4))
# Often none: a demand that no group meets makes every other rule idle.
DEMANDS = (frozenset(), frozenset(), frozenset(), frozenset(TAGS[:1]))
STATES = ((True, True), (True, True), (False, True), (True, False))  # live, admin_state_up
STAFFS = tuple(
    states for count in (2, 1, 0, 3) for states in itertools.product(STATES, repeat=count)
)
# limit, measured, reserved; whole numbers, so that shares of 1.0 are exact, and most of them
# one or two below the limit, where the rules part.
BOOKED = tuple(
    (float(limit), float(measured), float(reserved))
    for limit in (4, 1, 2, 12)
    for measured in (0, *range(max(0, limit - 3), limit + 2))
    for reserved in (0, 0, 1, 2)
)
COSTS = ({}, {"active_connections": 2.0}, {"active_connections": 0.0, "throughput": 1.0})
SUBSETS = tuple(itertools.chain(*(itertools.combinations(METRICS, n) for n in (1, 2, 3, 0, 4))))
# draining, score_is_known, a value is lacking, project_lives_here, weight, load balancers, tags,
# at most so many load balancers, has been full; in one draw, because every draw costs time.
CONDITIONS = tuple(
    itertools.product(
        (False, False, False, False, True),
        (True, True, True, True, False),
        (False, False, False, False, False, False, True),
        (False, False, True),
        (1.0, 1.0, 2.0, 0.0),
        (0, 1, 3),
        (frozenset(TAGS), frozenset(TAGS), frozenset(TAGS[:1])),
        (None, None, 3),
        (False, False, True),
    )
)
address_sets = st.sampled_from(ADDRESS_SETS)
booked = st.sampled_from(BOOKED)
conditions = st.sampled_from(CONDITIONS)
counts = st.sampled_from((3, 2, 4, 4, 1, 0))
homes = st.sampled_from((None, 0, 1, 9))  # which agent; the last is not in the group
staffs = st.sampled_from(STAFFS)
subsets = st.sampled_from(SUBSETS)


@st.composite
def groups(draw: st.DrawFn, number: int) -> GroupState:
    """Draw one group, most often one that could take a load balancer."""
    staff, home = draw(staffs), draw(homes)
    members = tuple(
        AgentState(AgentId(f"agent-{number}-{index}"), f"host-{index}", live, up)
        for index, (live, up) in enumerate(staff)
    )
    book = {metric: draw(booked) for metric in draw(subsets)}
    drawn = draw(conditions)
    draining, known, lacks, lives_here, weight, load_balancers, tags, most, was_full = drawn
    measured = {metric: line[1] for metric, line in book.items()}
    if book and lacks:
        del measured[min(book)]
    return GroupState(
        number=GroupNumber(number),
        agents=members,
        draining=draining,
        weight=weight,
        score_is_known=known,
        measured=measured if known else {},
        limits={metric: line[0] for metric, line in book.items()} if known else {},
        reserved={metric: line[2] for metric, line in book.items() if line[2]},
        load_balancers=load_balancers,
        project_lives_here=lives_here,
        project_home=AgentId(f"agent-{number}-{home}") if home is not None else None,
        project_nodes=draw(address_sets),
        tags=tags,
        max_load_balancers=most,
        was_full=was_full,
    )


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """Draw a fleet of up to four groups."""
    count = draw(counts)
    return Fleet(EnvironmentName("test"), tuple(draw(groups(n)) for n in range(1, count + 1)))


# limit, measured, reserved: one to three below the limit, so that a small cost decides the stage.
TIGHT = tuple(
    (float(limit), float(limit - free - held), float(held))
    for limit in (4, 8, 3)
    for free in (1, 2, 3)
    for held in (0, 1)
    if limit >= free + held
)
tight_books = st.dictionaries(
    st.sampled_from(METRICS[1:]), st.sampled_from(TIGHT), min_size=1, max_size=2
)
# project_lives_here, load balancers, weight, at most so many load balancers, has been full
popularity = st.sampled_from(
    tuple(
        itertools.product(
            (False, False, False, True),
            (0, 1, 3),
            (1.0, 2.0, 0.0),
            (None, None, 3, 4),
            (False, False, True),
        )
    )
)


@st.composite
def tight_fleets(draw: st.DrawFn) -> Fleet:
    """Draw a fleet of groups that are all open and nearly full: only the books tell them apart."""
    drawn = []
    for number in range(1, draw(st.sampled_from((2, 3))) + 1):
        book = draw(tight_books)
        lives_here, load_balancers, weight, most, was_full = draw(popularity)
        fields = {
            "limits": {metric: line[0] for metric, line in book.items()},
            "measured": {metric: line[1] for metric, line in book.items()},
            "reserved": {metric: line[2] for metric, line in book.items()},
            "project_lives_here": lives_here,
            "load_balancers": load_balancers,
            "weight": weight,
            "max_load_balancers": most,
            "was_full": was_full,
            "held": number % 2,
        }
        drawn.append(group(number, **fields))
    return Fleet(EnvironmentName("test"), tuple(drawn))


needs = st.builds(
    Need,
    load_balancer_id=st.sampled_from(("lb-1", "lb-2")).map(LoadBalancerId),
    project_id=st.just(ProjectId("project-1")),
    member_addresses=address_sets,
    demands=st.sampled_from(DEMANDS),
    waited_s=st.sampled_from((0.0, PATIENCE_S - 0.5, PATIENCE_S, PATIENCE_S * 2)),
    seed=st.integers(0, 3),
)
# What may be wrong with a group; the first is nothing.
LAME: tuple[dict[str, Any], ...] = (
    {},
    {"agents": ()},
    {"agents": (AgentState(AgentId("dead"), "host", live=False),)},
    {"agents": (AgentState(AgentId("down"), "host", live=True, admin_state_up=False),)},
    {"score_is_known": False, "measured": {}, "limits": {}},
    {"measured": {}},
    {"measured": {"throughput": 100.0}},
    {"draining": True},
    {"draining": True, "score_is_known": False},
    {"tags": frozenset()},
)
SOUND = ({"load_balancers": count} for count in (1, 2, 3))  # drawn more often than lame ones
lame = st.sampled_from(tuple(itertools.product((False, True), (*SOUND, *LAME))))


def lame_group(number: int, lives_here: bool, fields: dict[str, Any]) -> GroupState:
    """Return an empty group with every tag, but for what `fields` spoil."""
    usual = {"tags": frozenset(TAGS), "project_lives_here": lives_here}
    return group(number, **{**usual, **fields})


@st.composite
def lame_fleets(draw: st.DrawFn) -> Fleet:
    """Draw a fleet of empty groups, each lamed in one way: only waiting and refusing matter."""
    numbers = range(1, draw(st.sampled_from((2, 3, 1, 0))) + 1)
    return Fleet(EnvironmentName("test"), tuple(lame_group(n, *draw(lame)) for n in numbers))


def every_lame_pair() -> Iterator[Fleet]:
    """Return every two groups that are lamed or not, own or not, alone and beside a sound one."""
    conditions = tuple(itertools.product((False, True), LAME))
    sound = lame_group(3, False, {})
    for first, second in itertools.combinations_with_replacement(conditions, 2):
        pair = lame_group(1, *first), lame_group(2, *second)
        yield Fleet(EnvironmentName("test"), pair)
        yield Fleet(EnvironmentName("test"), (*pair, sound))


tight_needs = st.builds(
    Need,
    load_balancer_id=st.just(LoadBalancerId("lb-1")),
    project_id=st.just(ProjectId("project-1")),
    member_addresses=address_sets,
)
rules = st.builds(
    PlacementRules,
    headroom=st.sampled_from((0.5, 0.75, 0.95, 1.0)),
    patience_s=st.just(PATIENCE_S),
    affinity_is_hard=st.booleans(),
    expected_cost=st.sampled_from(COSTS),
    reopen_below=st.sampled_from((0.0, 0.5, 0.75)),
)

# By example: one need, and groups that differ from an ordinary one in what a test names.

NEED = Need(LoadBalancerId("lb-1"), ProjectId("project-1"))
RULES = PlacementRules(expected_cost={"throughput": 10.0})


def agent(name: str, live: bool = True, up: bool = True) -> AgentState:
    """Return an agent that could work, unless told otherwise."""
    return AgentState(AgentId(name), f"host-{name}", live, up)


def group(
    number: int, value: float = 0.0, limit: float = 100.0, metric: str = "throughput", **more: Any
) -> GroupState:
    """Return a group with two live agents and one measured metric; `more` replaces fields."""
    fields = {
        "number": GroupNumber(number),
        "agents": (agent(f"a{number}"), agent(f"b{number}")),
        "score_is_known": True,
        "measured": {metric: value},
        "limits": {metric: limit},
    }
    return GroupState(**{**fields, **more})


def place(
    *groups: GroupState, need: Need = NEED, rules: PlacementRules = RULES
) -> Placement | Unplaced:
    """Return where a fleet of these groups would put `need`."""
    return schedule(need, Fleet(EnvironmentName("test"), groups), rules)
