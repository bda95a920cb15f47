"""What is learned of load balancers' costs, from worlds whose true costs are known."""

import math
import random
from dataclasses import replace

import pytest

from bigip_lbaas.domain.costs import EVERYBODY, CostBook, Estimate, Lesson, Part, Watch
from bigip_lbaas.scheduling.coming import Arrived, Seen, ramps_of, still_to_come, watch_on
from bigip_lbaas.scheduling.learning import FARTHEST, costs_to_reserve, learn, levels, seen_costs

METRIC = "active_connections"
EVERY_S = 10.0
TRUE = {"small": 10.0, "middle": 100.0, "large": 1000.0}


class Group:
    """One group whose load balancers cost what `true` says, evenly over ramp_s seconds."""

    def __init__(self, true: dict[str, float], ramp_s: float = 0.0, noise: float = 0.0) -> None:
        self.true, self.ramp_s, self.noise = true, ramp_s, noise
        self.dice = random.Random(7)
        self.now = 0.0
        self.here: list[tuple[str, float]] = []  # project, when it was applied
        self.gone = 0
        self.watch: Watch | None = None
        self.books: dict[str, CostBook] = {}
        self.coming: dict[str, float] = {}
        self.swing = 0.0  # what else the group carries

    def value(self) -> float:
        return sum(
            self.true[project]
            * (1.0 if self.now - at >= self.ramp_s else (self.now - at) / self.ramp_s)
            for project, at in self.here
        )

    def report(self, *arrived: str, in_flight: int = 0, after_s: float = EVERY_S) -> Lesson | None:
        self.now += after_s
        seen = tuple(
            Arrived(project, self.now - after_s / 2, {METRIC: self.expected(project) or 10.0})  # type: ignore[arg-type]
            for project in arrived
        )
        self.here += [(one.project_id, one.applied_at) for one in seen]
        values = {
            METRIC: self.value() + self.swing + self.dice.gauss(0.0, self.noise),
            "tenant_count": 3.0,
        }
        ramps = ramps_of(self.book(EVERYBODY))
        report = Seen(self.now, values, len(self.here) - self.gone, seen, in_flight)
        self.watch, lesson = watch_on(self.watch, report, ramps)
        if lesson:
            self.books |= learn(lesson, self.books)  # type: ignore[arg-type]
        known = {one.project_id: self.costs(one.project_id) for one in self.watch.coming}
        self.coming = still_to_come(self.watch, ramps, known)
        return lesson

    def level(self) -> None:
        assert self.watch is not None
        everybody = replace(self.book(EVERYBODY), level=levels([self.watch]))
        self.books[EVERYBODY] = everybody

    def book(self, project: str) -> CostBook:
        return self.books.get(project, CostBook())

    def costs(self, project: str) -> dict[str, float]:
        return seen_costs(self.book(EVERYBODY), self.book(project))

    def expected(self, project: str) -> float | None:
        return self.costs(project).get(METRIC)


def lived_in(ramp_s: float, noise: float = 0.0, busy: float = 0.1, reports: int = 1200) -> Group:
    """Return a group in which load balancers arrived now and then for a long time."""
    group = Group(TRUE, ramp_s, noise)
    group.report()
    dice = random.Random(1)
    for _ in range(reports):
        some = dice.choice((1, 2)) if dice.random() < busy else 0
        group.report(*dice.choices(list(TRUE), k=some))
    for _ in range(60):
        group.report()
    return group


@pytest.mark.parametrize("ramp_s", [0.0, 60.0, 120.0])
def test_projects_are_told_apart_although_traffic_comes_later_than_the_load_balancer(
    ramp_s: float,
) -> None:
    group = lived_in(ramp_s)
    for project, true in TRUE.items():
        assert true / 2 < group.expected(project) < 2 * true  # type: ignore[operator]
    mean = sum(TRUE[project] for project, _ in group.here) / len(group.here)
    assert group.expected("unseen") == pytest.approx(mean, rel=0.3)


@pytest.mark.parametrize("ramp_s", [30.0, 60.0, 120.0])
def test_it_is_learned_in_which_time_traffic_comes(ramp_s: float) -> None:
    ramps = ramps_of(lived_in(ramp_s).book(EVERYBODY))
    assert ramps == {METRIC: pytest.approx(ramp_s, rel=0.15)}


def test_that_traffic_takes_longer_than_was_waited_for_is_found_out_little_by_little() -> None:
    early, late = (lived_in(240.0, busy=0.02, reports=many) for many in (300, 3000))
    ramps = [ramps_of(group.book(EVERYBODY))[METRIC] for group in (early, late)]
    assert 60.0 < ramps[0] < ramps[1] < 245.0
    assert ramps[1] > 200.0


def test_traffic_that_comes_at_once_is_not_waited_for() -> None:
    group = lived_in(0.0)
    assert ramps_of(group.book(EVERYBODY)) == {}
    group.report("large", "large")
    assert group.coming == {}


def test_a_noisy_group_does_not_teach_that_traffic_is_late() -> None:
    assert ramps_of(lived_in(0.0, noise=300.0).book(EVERYBODY)).get(METRIC, 0.0) < 40.0


def test_a_group_whose_values_rise_and_fall_by_themselves_does_not_teach_that_either() -> None:
    group = Group({"small": 10.0})
    group.report()
    arrives = random.Random(3)
    for number in range(1500):
        group.swing = 5000.0 * math.sin(number / 100.0)
        group.report(*(["small"] if arrives.random() < 0.05 else []))
    assert ramps_of(group.book(EVERYBODY)) == {}


def test_what_a_load_balancer_will_bring_is_counted_until_it_has() -> None:
    group = lived_in(120.0)
    settled = group.value()
    group.report("large")
    for _ in range(11):
        assert group.value() + group.coming[METRIC] == pytest.approx(settled + 1000.0, abs=250.0)
        group.report()
    for _ in range(4):
        group.report()
    assert group.coming == {}
    assert group.value() == settled + 1000.0


def test_a_dear_stranger_is_found_out_while_its_traffic_comes() -> None:
    group = lived_in(120.0)
    group.true = {**TRUE, "dear": 3000.0}
    before = group.expected("dear")
    for _ in range(6):
        group.report("dear", "small", after_s=3.0)
    assert before is not None
    assert before < 600.0
    assert 1200.0 < group.expected("dear") < 3600.0  # type: ignore[operator]
    assert group.expected("small") < 100.0  # type: ignore[operator]


def test_who_is_known_well_is_not_blamed_for_what_a_stranger_adds() -> None:
    known = CostBook(growth={METRIC: Estimate(10.0, 100.0)})
    parts = {"known": {METRIC: Part(1.0)}, "stranger": {METRIC: Part(1.0)}}
    after = learn(Lesson({METRIC: 40.0}, {}, {}, parts), {EVERYBODY: known, "known": known})  # type: ignore[arg-type,dict-item]
    moved = {project: book.growth[METRIC].mean for project, book in after.items()}
    assert moved["known"] < 12.0  # type: ignore[index]
    assert moved["stranger"] > 25.0  # type: ignore[index]


def test_in_a_noisy_group_a_project_is_thought_to_be_like_everybody() -> None:
    group = Group({"calm": 10.0, "other": 10.0}, noise=500.0)
    group.report()
    for _ in range(20):
        group.report()
    for _ in range(30):
        group.report("calm")
        group.report("other")
    for project in ("calm", "other"):
        found, unseen = group.expected(project), group.expected("unseen")
        assert found is None or found == pytest.approx(unseen, rel=0.3)


def test_nothing_is_believed_before_enough_has_been_seen() -> None:
    group = Group(TRUE)
    group.report()
    for _ in range(9):
        group.report("small")
        assert group.expected("small") is None
    group.report("small")
    assert group.expected("small") == pytest.approx(10.0)
    assert group.expected("large") == pytest.approx(10.0)  # as everybody's


def test_nothing_is_learned_while_load_balancers_leave() -> None:
    group = Group(TRUE)
    group.report("small", "small")
    group.gone += 1
    assert group.report() is None
    assert group.books == {}


def test_another_policy_begins_anew() -> None:
    watch = Watch({"throughput": 5.0}, 1.0)
    arrived = (Arrived("p", 9.0, {METRIC: 1.0}),)  # type: ignore[arg-type]
    begun, lesson = watch_on(watch, Seen(10.0, {METRIC: 7.0}, 1, arrived), {})
    assert lesson is None
    assert begun.values == {METRIC: 7.0}


@pytest.mark.parametrize("grown", [1e9, -1e9])
def test_one_odd_report_moves_an_estimate_by_a_bounded_factor(grown: float) -> None:
    before = CostBook(growth={METRIC: Estimate(10.0, 50.0)})
    lesson = Lesson({METRIC: grown}, {}, {}, {"p": {METRIC: Part(1.0)}})  # type: ignore[dict-item]
    after = learn(lesson, {EVERYBODY: before, "p": before})  # type: ignore[dict-item]
    assert all(
        10.0 / FARTHEST <= book.growth[METRIC].mean <= 10.0 * FARTHEST for book in after.values()
    )


def test_what_is_known_exactly_is_not_learned() -> None:
    group = Group(TRUE)
    group.report()
    group.report("small")
    group.level()
    assert set(group.book("small").growth) == {METRIC}
    assert set(group.book(EVERYBODY).level) == {METRIC}


def test_counts_are_never_still_to_come() -> None:
    watch = Watch({"vlan_count": 1.0}, 1.0)
    arrived = (Arrived("p", 9.0, {"vlan_count": 1.0, "node_count": 2.0}),)  # type: ignore[arg-type]
    ramps = {"vlan_count": 60.0, "node_count": 60.0}
    after, lesson = watch_on(watch, Seen(10.0, {"vlan_count": 2.0}, 1, arrived), ramps)
    assert still_to_come(after, ramps, {}) == {}
    assert lesson is None


def test_one_device_that_carries_much_else_does_not_spoil_the_level() -> None:
    watches = [Watch({METRIC: 10.0 * n}, 0.0, n) for n in (30, 50, 40)]
    spoilt = Watch({METRIC: 1e6}, 0.0, 45)
    empty = Watch({METRIC: 500.0}, 0.0, 0)
    assert levels([*watches, spoilt, empty]) == {METRIC: Estimate(10.0, 165.0)}
    halves = [Watch({METRIC: 10.0}, 0.0, 1), Watch({METRIC: 20.0}, 0.0, 1)]
    assert levels(halves)[METRIC].mean == 15.0


def test_what_has_been_seen_to_cost_nothing_is_left_to_the_prior() -> None:
    nothing = CostBook(level={METRIC: Estimate(0.0, 100.0)})
    assert seen_costs(nothing, CostBook()) == {}


def test_who_was_in_the_values_before_it_was_known_as_applied_does_not_look_free() -> None:
    known = CostBook(growth={METRIC: Estimate(10.0, 100.0)})
    watch = Watch({METRIC: 10.0}, 100.0)

    def learned_of(applied_at: float) -> float:
        arrived = (Arrived("p", applied_at, {METRIC: 10.0}),)  # type: ignore[arg-type]
        _, lesson = watch_on(watch, Seen(130.0, {METRIC: 10.0}, 1, arrived), {})
        assert lesson is not None
        return learn(lesson, {EVERYBODY: known})["p"].growth[METRIC].mean  # type: ignore[index]

    assert learned_of(100.1) > 5.0  # measured by the report before, a little later than it said
    assert learned_of(110.0) < 2.0


def test_of_a_project_that_was_never_seen_more_is_reserved_than_is_expected() -> None:
    everybody = CostBook(growth={METRIC: Estimate(100.0, 100.0)})
    known = [CostBook(growth={METRIC: Estimate(100.0, weight)}) for weight in (0.0, 1.0, 22.0)]
    reserved = [costs_to_reserve(everybody, each)[METRIC] for each in (CostBook(), *known)]
    assert reserved == pytest.approx([157.7, 157.7, 100.0, 100.0], rel=1e-3)
    assert costs_to_reserve(CostBook(), CostBook()) == {}
