"""The rule of who is active, among units that power, words and links fail in any order."""

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bigip_sim.election import PATIENCE_S, SILENCE_S, START_S, YIELD_S, Election, Group, Role, Seat
from bigip_sim.links import Address

GROUPS = {"g1": Group(), "g2": Group(("b", "a"))}
STEP_S = 0.05
SETTLED_S = START_S + PATIENCE_S + YIELD_S + 0.5


@dataclass
class World:
    """Units that tell each other what they are; answers may be on their way while time passes."""

    names: tuple[str, ...]
    groups: dict[str, dict[str, Group]]  # what each unit believes the groups to be
    now: float = 0.0
    units: dict[str, Election] = field(default_factory=dict)
    cut: set[frozenset[str]] = field(default_factory=set)
    deaf_until: dict[frozenset[str], float] = field(default_factory=dict)
    on_the_way: list[tuple[str, Seat, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, name in enumerate(self.names):
            unit = Election(name, 1000 * number, self.now)
            others = [other for other in self.names if other != name]
            unit.arrange(self.groups[name], others, others, self.now)
            self.units[name] = unit

    def ask(self, one: str, other: str, *, is_late: bool = False) -> None:
        """One unit tells another of itself and gets its answer, at once or later."""
        if frozenset({one, other}) in self.cut:
            return
        asker, asked = self.units[one], self.units[other]
        asked.hear(asker.seat(self.now), asker.saw(other), self.now)
        asked.settle(self.now)
        answer = (one, asked.seat(self.now), asked.saw(one))
        if is_late:
            self.on_the_way.append(answer)
        else:
            self._arrive(answer)

    def arrive(self) -> None:
        if self.on_the_way:
            self._arrive(self.on_the_way.pop())

    def _arrive(self, answer: tuple[str, Seat, int]) -> None:
        to, seat, saw = answer
        self.units[to].hear(seat, saw, self.now)
        self.units[to].settle(self.now)

    def pass_time(self, seconds: float) -> None:
        """Let everybody speak with everybody, over and over."""
        while self.on_the_way:
            self.arrive()
        end = self.now + seconds
        while self.now < end:
            self.now += STEP_S
            for one, other in itertools.permutations(self.names, 2):
                self.ask(one, other)
            for unit in self.units.values():
                while unit.settle(self.now):
                    pass

    def part(self, one: str, other: str) -> None:
        self.cut.add(frozenset({one, other}))

    def join(self) -> None:
        """Let all hear each other again; who met while apart may differ for a moment."""
        for pair in self.cut:
            self.deaf_until[pair] = self.now + 2 * STEP_S
        self.cut.clear()

    def active(self, group: str) -> list[str]:
        return [n for n, u in self.units.items() if u.seat(self.now).role(group) is Role.ACTIVE]

    def check(self) -> None:
        for group in GROUPS:
            for pair in itertools.combinations(self.active(group), 2):
                both = frozenset(pair)
                parted = both in self.cut or self.deaf_until.get(both, -1.0) > self.now
                assert parted, f"{pair} are both active for {group}"


def worlds() -> st.SearchStrategy[World]:
    orders = st.permutations(["a", "b", "c"]).map(tuple)

    def build(count: int, first: tuple[str, ...], second: tuple[str, ...]) -> World:
        names = ("a", "b", "c")[:count]
        believed = {"a": first, "b": second, "c": first}
        return World(names, {n: {"g1": Group(), "g2": Group(believed[n])} for n in names})

    return st.builds(build, st.integers(1, 3), orders, orders)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["ask", "late", "late", "arrive", "arrive", "off", "on", "out", "in", "yield", "quiet"]
        ),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    max_size=80,
)


@settings(max_examples=150, deadline=None)
@given(worlds(), STEPS, st.integers(0, 2))
def test_two_that_hear_each_other_are_never_both_active_and_in_the_end_one_is(world, steps, gone):
    count = len(world.names)
    world.pass_time(0.7)
    for what, first, second in steps:
        one, other = world.names[first % count], world.names[second % count]
        unit = world.units[one]
        if what in {"ask", "late"} and one != other:
            world.ask(one, other, is_late=what == "late")
        elif what == "arrive":
            world.arrive()
        elif what in {"off", "on"}:
            unit.power(world.now, on=what == "on")
        elif what in {"out", "in"}:
            unit.force(world.now, offline=what == "out")
        elif what == "yield":
            unit.stand_by(GROUPS, other if other != one else "", world.now)
        elif what == "quiet":
            world.pass_time(0.3)
        world.now += 0.001
        for each in world.units.values():
            each.settle(world.now)
        _hear_in_time(world)
        world.check()
    for number, name in enumerate(world.names):
        world.units[name].power(world.now, on=count == 1 or number != gone)
        world.units[name].force(world.now, offline=False)
    fit = [n for n in world.names if world.units[n].seat(world.now).fit]
    for _ in range(int(SETTLED_S / STEP_S)):
        world.pass_time(STEP_S)
        world.check()
    for group in GROUPS:
        assert len(world.active(group)) == 1, f"nobody has {group}"
        assert set(world.active(group)) <= set(fit)


def _hear_in_time(world: World) -> None:
    """Nobody is silent who is there: links that fail have a test of their own."""
    for one, other in itertools.permutations(world.names, 2):
        if world.units[one].heard(other, world.now + 2 * STEP_S) is None:
            world.ask(one, other)


def test_one_whose_partner_never_comes_takes_over_in_time():
    world = World(("a", "b"), {"a": {"g1": Group()}, "b": {}})
    world.part("a", "b")
    world.pass_time(START_S - 0.1)
    assert world.active("g1") == []
    world.pass_time(0.3)
    assert world.active("g1") == ["a"]


def pair(groups: dict[str, Group] | None = None) -> World:
    rules = groups if groups is not None else {"g1": Group(), "g2": Group()}
    world = World(("a", "b"), {"a": rules, "b": rules})
    world.pass_time(2.0)
    return world


def test_the_first_by_name_is_active_unless_an_order_says_otherwise():
    assert pair().active("g1") == ["a"]
    world = pair({"g1": Group(("b", "a")), "g2": Group(("a", "b"))})
    assert (world.active("g1"), world.active("g2")) == (["b"], ["a"])


def test_a_unit_that_returns_does_not_take_back_but_a_group_that_fails_back_goes_home():
    world = pair({"g1": Group(("a", "b")), "g2": Group(("a", "b"), failback_s=5.0)})
    world.units["a"].power(world.now, on=False)
    world.pass_time(0.2)
    assert world.active("g1") == world.active("g2") == ["b"]
    world.units["a"].power(world.now, on=True)
    world.pass_time(4.0)
    assert world.active("g1") == world.active("g2") == ["b"]
    world.pass_time(2.0)
    assert (world.active("g1"), world.active("g2")) == (["b"], ["a"])


def test_silence_is_taken_over_and_whoever_meets_again_leaves_one():
    world = pair()
    world.part("a", "b")
    began = world.now
    while world.active("g1") != ["a", "b"]:
        world.pass_time(STEP_S)
        assert world.now - began < SILENCE_S + 1.0
    assert world.now - began >= SILENCE_S - STEP_S
    world.join()
    world.pass_time(2 * STEP_S)
    assert len(world.active("g1")) == 1


def test_standing_by_names_an_heir_or_takes_the_next_and_is_undone_when_nobody_can():
    rules = {"g1": Group(("a", "b", "c"))}
    world = World(("a", "b", "c"), dict.fromkeys("abc", rules))
    world.pass_time(2.0)
    world.units["a"].stand_by(["g1"], "c", world.now)
    world.pass_time(0.3)
    assert world.active("g1") == ["c"]
    world.units["c"].stand_by(["g1"], "", world.now)
    world.pass_time(0.3)
    assert world.active("g1") == ["a"]
    for name in "bc":
        world.units[name].force(world.now, offline=True)
    world.units["a"].stand_by(["g1"], "", world.now)
    world.pass_time(0.3)
    assert world.active("g1") == []
    world.pass_time(YIELD_S)
    assert world.active("g1") == ["a"]


def test_an_old_word_that_arrives_late_changes_nothing():
    world = pair()
    old = world.units["b"].seat(world.now)
    world.units["a"].power(world.now, on=False)
    world.pass_time(0.3)
    world.units["a"].power(world.now, on=True)
    world.ask("a", "b")
    world.units["a"].hear(old, 10**9, world.now)
    for _ in range(3):
        world.units["a"].settle(world.now)
    assert world.active("g1") == ["b"]


def test_a_seat_is_read_as_it_was_written():
    seat = Seat("a", 7, True, False, 1.5, {"g1": Role.YIELDS}, {"g1": "b"})
    assert Seat.read(seat.written()) == seat


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "https://127.0.0.1:80", "http://127.0.0.1"])
def test_a_peer_without_a_control_url_is_refused(url):
    with pytest.raises(ValueError, match="NAME=http://HOST:PORT"):
        Address.read("b", url)
