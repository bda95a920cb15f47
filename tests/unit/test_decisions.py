"""Decisions are small, can be said again from what is stored, and go when they no longer matter."""

import random
from dataclasses import replace
from typing import Any

import pytest
from bookkeeping import ENVIRONMENT, Books, ready

from bigip_lbaas.cli.setting import set_group
from bigip_lbaas.controller.costs import level_costs
from bigip_lbaas.controller.decisions import MOST_OF_ONE, forget_decisions
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.capacity import Reading
from bigip_lbaas.domain.placement import Placement, PlacementRules
from bigip_lbaas.scheduling.recall import outcome_of
from bigip_lbaas.scheduling.schedule import schedule
from bigip_lbaas.store import records
from bigip_lbaas.store.events import forget_events, record_event
from bigip_lbaas.store.packing import packed, unpacked
from bigip_lbaas.store.records import Phase
from bigip_lbaas.store.shape import plain_row

GROUPS = 10
LIMITS = {"tenant_count": 12.0, "node_count": 60.0, "active_connections": 5e4, "throughput": 1e9}


def a_days_work(seed: int) -> Books:
    """Return books in which load balancers came and went, groups filled up, drained and opened."""
    dice = random.Random(seed)
    rules = PlacementRules(reopen_below=0.9, affinity_is_hard=bool(seed % 2))
    books = Books(ControllerSettings(ENVIRONMENT, "controller-1", rules))
    epochs = {n: ready(books, group=n, readings=readings(dice, n)).epoch for n in numbers()}
    for number in range(60):
        books.now += 3.0
        group = dice.choice(numbers())
        books.beat(f"h1:{group}", epochs[group], number + 1)
        books.report(f"h1:{group}", epochs[group], readings=readings(dice, group), as_of=books.now)
        if number % 10 == 9:
            books.write(lambda tx: level_costs(tx, books.settings))
            changes = {
                "draining": dice.random() < 0.5,
                "max_load_balancers": dice.choice((None, 2)),
            }
            set_group(books.store, None, group, changes)
        many = dice.choice((1, 1, 1, 3, 25))
        rows = [
            books.accept(100 * number + n, f"project-{dice.randrange(30)}") for n in range(many)
        ]
        for attended in books.attend_all(*rows, waited_s=dice.choice((0.0, 61.0))).values():
            if attended.assignment is not None and dice.random() < 0.8:
                books.end(attended.assignment)
    return books


def numbers() -> range:
    return range(1, GROUPS + 1)


def readings(dice: random.Random, group: int) -> tuple[Reading, ...]:
    full = 1.0 if group % 3 else 1.4
    return tuple(
        Reading(m, float(f"{full * dice.random() * limit:.7g}"), limit)
        for m, limit in LIMITS.items()
    )


def size_of(row: Any) -> int:
    return sum(len(str(value)) for value in plain_row(row))


@pytest.mark.parametrize("seed", range(3))
def test_every_stored_decision_is_said_again_by_what_is_stored(seed: int) -> None:
    books = a_days_work(seed)
    decisions = books.decisions()
    assert len(decisions) >= 60
    for decision in decisions:
        again = schedule(decision.need, decision.fleet, decision.rules)
        assert outcome_of(again) == decision.row.outcome
        assert decision.answer == again
    assert len({type(decision.answer) for decision in decisions}) == 2
    assert len(books.all(records.FleetSnapshot)) < len(decisions) / 2


def test_a_placed_one_among_ten_groups_and_four_metrics_takes_about_a_kilobyte() -> None:
    decisions = a_days_work(1).decisions()
    placed = [each.row for each in decisions if isinstance(each.row.outcome, Placement)]
    snapshots = {each.snapshot.id: each.snapshot for each in decisions}
    sizes = sorted(map(size_of, placed))
    assert sizes[len(sizes) // 2] < 1000
    assert sizes[-1] < 1400
    assert sum(map(size_of, snapshots.values())) / len(placed) < 400


def test_packing_gives_back_what_it_was_given_and_refuses_what_it_does_not_know() -> None:
    for text in ("", "{}", '{"a":"\u00e4\u20ac"}', "x" * 100_000):
        assert unpacked(packed(text)) == text
    for odd in ("b" + packed("{}")[1:], "a" + "////", "{}"):
        with pytest.raises(ValueError):
            unpacked(odd)


def test_decisions_of_the_living_stay_and_others_go_after_their_time() -> None:
    books = Books()
    ready(books)
    living, gone = books.accept(1), books.accept(2)
    books.assigned(living)
    assignment = books.assigned(gone)
    row: Any = books.lb(gone)
    books.put(replace(row, wanted=False, revision=2, phase=Phase.WAITING))
    books.end(assignment, revision=2)
    assert len(books.decisions()) == 2

    def forget() -> int:
        return books.write(lambda tx: forget_decisions(tx, books.settings, 10))

    books.now += books.settings.decisions_kept_s - 1.0
    assert forget() == 0
    books.now += 1.0
    assert forget() == 1
    assert [d.row.load_balancer_id for d in books.decisions()] == [living.id]


def test_of_one_that_is_tried_again_and_again_the_latest_decisions_are_kept() -> None:
    books = Books()
    ready(books, readings=(Reading("tenant_count", 10.0, 10.0),))
    for revision in range(1, MOST_OF_ONE + 6):
        books.attend(books.accept(1, revision=revision))
    kept = [decision.row.number for decision in books.decisions()]
    assert kept == list(range(6, MOST_OF_ONE + 6))


def test_events_go_after_their_time_oldest_first() -> None:
    books = Books()
    for text in ("first", "second", "third"):
        books.write(lambda tx, text=text: record_event(tx, ENVIRONMENT, "kind", "subject", text))  # type: ignore[misc]
        books.now += 100.0

    def forget(at_most: int) -> int:
        kept_s = books.settings.events_kept_s
        return books.write(lambda tx: forget_events(tx, ENVIRONMENT, kept_s, at_most))

    books.now += books.settings.events_kept_s - 200.5
    assert forget(10) == 1
    books.now += 200.5
    assert forget(1) == 1
    assert [event.text for event in books.all(records.Event)] == ["third"]
