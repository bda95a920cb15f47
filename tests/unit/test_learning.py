"""What is learned of load balancers' costs, from worlds whose true costs are known."""

import random
from dataclasses import replace

import pytest

from bigip_lbaas.domain.costs import EVERYBODY, Arrivals, CostBook, Estimate, Lesson, Watch
from bigip_lbaas.scheduling.learning import (
    ENOUGH_OF_EVERYBODY,
    Seen,
    learn,
    levels,
    seen_costs,
    watch_on,
)

METRIC = "active_connections"


class Group:
    """One group whose load balancers cost what `true` says: a share at once, the rest never."""

    def __init__(self, true: dict[str, float], at_once: float = 1.0, noise: float = 0.0) -> None:
        self.true, self.at_once, self.noise = true, at_once, noise
        self.dice = random.Random(7)
        self.value, self.count, self.now = 0.0, 0, 0.0
        self.watch: Watch | None = None
        self.books: dict[str, CostBook] = {}

    def report(self, *arrived: str, more_to_come: bool = False) -> Lesson | None:
        costs = seen_costs(self.book(EVERYBODY), CostBook())
        released = []
        for project in arrived:
            self.value += self.true[project] * self.at_once
            self.count += 1
            costs = seen_costs(self.book(EVERYBODY), self.book(project))
            released.append((project, {METRIC: costs.get(METRIC, 10.0), "tenant_count": 1.0}))
        self.now += 10.0
        value = self.value + self.dice.gauss(0.0, self.noise)
        values = {METRIC: value, "tenant_count": 3.0}
        seen = Seen(self.now, values, self.count, tuple(released), more_to_come)
        self.watch, lesson = watch_on(self.watch, seen)
        if lesson:
            self.books |= learn(lesson, self.books)
            self.level()
        return lesson

    def level(self) -> None:
        assert self.watch is not None
        everybody = replace(self.book(EVERYBODY), level=levels([self.watch]))
        self.books[EVERYBODY] = everybody

    def book(self, project: str) -> CostBook:
        return self.books.get(project, CostBook())

    def expected(self, project: str) -> float | None:
        return seen_costs(self.book(EVERYBODY), self.book(project)).get(METRIC)


TRUE = {"small": 10.0, "middle": 100.0, "large": 1000.0}


@pytest.mark.parametrize("at_once", [1.0, 0.2])
def test_projects_are_told_apart_although_traffic_comes_later_than_the_load_balancer(
    at_once: float,
) -> None:
    group = Group(TRUE, at_once)
    group.report()
    dice = random.Random(1)
    for _ in range(120):
        group.report(*dice.choices(list(TRUE), k=dice.choice((1, 1, 2, 3))))
        group.report()
    group.value /= at_once  # by now the traffic is there
    group.report()
    group.level()
    mean = group.value / group.count
    assert group.expected("unseen") == pytest.approx(mean, rel=0.05)
    for project, true in TRUE.items():
        assert true / 3 < group.expected(project) < 3 * true  # type: ignore[operator]


def test_nothing_is_believed_before_enough_has_been_seen() -> None:
    group = Group(TRUE)
    group.report()
    for _ in range(int(ENOUGH_OF_EVERYBODY) - 1):
        group.report("small")
        assert group.expected("small") is None
    group.report("small")
    assert group.expected("small") == pytest.approx(10.0)
    assert group.expected("large") == pytest.approx(10.0)  # as everybody's


def test_in_a_noisy_group_a_project_is_thought_to_be_like_everybody() -> None:
    group = Group({"calm": 10.0, "other": 10.0}, noise=500.0)
    group.value = 5000.0
    for _ in range(20):
        group.report()
    for _ in range(30):
        group.report("calm")
        group.report("other")
    for project in ("calm", "other"):
        assert group.expected(project) == pytest.approx(group.expected("unseen"), rel=0.3)


def test_it_is_learned_when_nothing_more_is_on_its_way_and_then_of_all_that_arrived() -> None:
    group = Group(TRUE)
    group.report()
    assert group.report("small", more_to_come=True) is None
    assert group.report(more_to_come=True) is None
    lesson = group.report("large", "large")
    assert lesson is not None
    assert {project: each.count for project, each in lesson.arrived.items()} == {
        "small": 1,
        "large": 2,
    }
    assert lesson.grown[METRIC] == 2010.0


def test_a_busy_group_is_not_waited_for_without_end() -> None:
    group = Group(TRUE)
    group.report()
    lessons = [group.report("small", more_to_come=True) for _ in range(100)]
    assert sum(lesson is not None for lesson in lessons) in (1, 2)


def test_what_is_measured_before_it_is_applied_is_not_the_calm_that_one_compares_with() -> None:
    group = Group(TRUE)
    group.report()
    group.value += 100.0  # on the device already, but not reported as applied
    group.count += 1
    group.report(more_to_come=True)
    group.value -= 100.0
    group.count -= 1
    lesson = group.report("middle")
    assert lesson is not None
    assert lesson.grown[METRIC] == 100.0


def test_nothing_is_learned_while_load_balancers_leave() -> None:
    group = Group(TRUE)
    group.report("small", "small")
    group.count -= 1
    assert group.report("large") is None
    assert group.books == {}


def test_another_policy_begins_anew() -> None:
    watch = Watch({"throughput": 5.0}, {"throughput": 5.0}, 0.0)
    begun, lesson = watch_on(watch, Seen(10.0, {METRIC: 7.0}, 1, (("p", {METRIC: 1.0}),)))
    assert lesson is None
    assert begun.calm == {METRIC: 7.0}


@pytest.mark.parametrize("grown", [1e9, -1e9])
def test_one_odd_report_moves_an_estimate_by_a_bounded_factor(grown: float) -> None:
    before = CostBook(growth={METRIC: Estimate(10.0, 50.0)})
    lesson = Lesson({METRIC: grown}, {}, {"p": Arrivals(1, {METRIC: 10.0})})
    after = learn(lesson, {EVERYBODY: before, "p": before})["p"].growth[METRIC]
    assert 9.0 < after.mean < 16.0


def test_what_came_alone_and_out_of_a_calm_teaches_most() -> None:
    alone = {"p": Arrivals(1, {METRIC: 10.0})}
    among = {**alone, "q": Arrivals(3, {METRIC: 30.0})}

    def weight(arrived: dict[str, Arrivals], noise: float) -> float:
        return (
            learn(Lesson({METRIC: 40.0}, {METRIC: noise}, arrived), {})["p"].growth[METRIC].weight
        )

    assert weight(alone, 0.0) == 1.0
    assert weight(among, 0.0) == 0.25
    assert weight(alone, 10.0) == 0.5
    assert weight(alone, 1000.0) < 0.001


def test_what_is_known_exactly_is_not_learned() -> None:
    group = Group(TRUE)
    group.report()
    group.report("small")
    assert set(group.book("small").growth) == {METRIC}
    assert set(group.book(EVERYBODY).level) == {METRIC}


def test_one_device_that_carries_much_else_does_not_spoil_the_level() -> None:
    watches = [Watch({METRIC: 10.0 * n}, {}, 0.0, n) for n in (30, 50, 40)]
    spoilt = Watch({METRIC: 1e6}, {}, 0.0, 45)
    empty = Watch({METRIC: 500.0}, {}, 0.0, 0)
    assert levels([*watches, spoilt, empty]) == {METRIC: Estimate(10.0, 165.0)}
    halves = [Watch({METRIC: 10.0}, {}, 0.0, 1), Watch({METRIC: 20.0}, {}, 0.0, 1)]
    assert levels(halves)[METRIC].mean == 15.0


def test_what_has_been_seen_to_cost_nothing_is_left_to_the_prior() -> None:
    nothing = CostBook(level={METRIC: Estimate(0.0, 100.0)})
    assert seen_costs(nothing, CostBook()) == {}
