"""The inbox: the newest of each thing, the oldest first, a home at a time."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigip_lbaas.agent import inbox as inbox_module
from bigip_lbaas.agent.inbox import Inbox, Task
from bigip_lbaas.domain.home import Fence, Home
from bigip_lbaas.wire.messages import Assignment
from tests.integration.graphs import graph


def home(project: str = "acme", fence: int = 1) -> Home:
    return Home("dev", project, 1, "host-1:1", Fence(fence, "aa"))  # type: ignore[arg-type]


def task(number: int, revision: int = 1, project: str = "acme", fence: int = 1) -> Task:
    made = graph(number, project)
    of = home(project, fence)
    return Task(of, "epoch", Assignment(made.id, revision, made, True, of, "epoch", "req"))


def drain(inbox: Inbox) -> list[Task]:
    taken = []
    while (next_ := inbox.take(0.0)) is not None:
        taken.append(next_)
        inbox.finish(next_)
    return taken


def test_a_newer_revision_replaces_an_older_one_and_keeps_its_place() -> None:
    inbox = Inbox()
    for one in (task(1), task(2), task(1, revision=2)):
        assert inbox.put(one)
    assert drain(inbox) == [task(1, revision=2), task(2)]


def test_a_higher_fence_is_newer_than_any_revision() -> None:
    inbox = Inbox()
    inbox.put(task(1, revision=7, fence=1))
    assert inbox.put(task(1, revision=3, fence=2))
    assert not inbox.put(task(1, revision=9, fence=1))
    assert drain(inbox) == [task(1, revision=3, fence=2)]


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 4), st.booleans()), max_size=12))
def test_in_whatever_order_revisions_come_none_is_done_after_a_newer_one(
    steps: list[tuple[int, int, bool]],
) -> None:
    inbox = Inbox()
    done: dict[int, list[int]] = {1: [], 2: []}
    sent: dict[int, int] = {}

    def work() -> None:
        taken = inbox.take(0.0)
        if taken is not None and taken.assignment is not None:
            number = 1 if taken.assignment.load_balancer_id == graph(1).id else 2
            done[number].append(taken.assignment.revision)
            inbox.finish(taken)

    for number, revision, works in steps:
        inbox.put(task(number, revision))
        sent[number] = max(revision, sent.get(number, 0))
        if works:
            work()
    while len(inbox):
        work()
    for number, newest in sent.items():
        assert done[number] == sorted(done[number])
        assert done[number][-1] == newest


def test_the_same_revision_may_be_done_again_when_it_is_sent_again() -> None:
    inbox = Inbox()
    inbox.put(task(1))
    drain(inbox)
    assert inbox.put(task(1))
    assert drain(inbox) == [task(1)]


def test_a_new_life_knows_of_no_earlier_task() -> None:
    inbox = Inbox()
    inbox.put(task(1, revision=5))
    inbox.clear()
    assert len(inbox) == 0
    assert inbox.put(task(1, revision=1))


def test_only_so_many_things_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "REMEMBERED", 3)
    inbox = Inbox()
    for number in (1, 2, 3, 1, 4):  # 2 is the one not heard of for the longest time
        inbox.put(task(number, revision=5))
    drain(inbox)
    assert [inbox.put(task(number, revision=4)) for number in (1, 3, 4, 2)] == [
        False, False, False, True
    ]  # fmt: skip


def test_two_tasks_of_one_home_are_never_taken_at_once_and_other_homes_go_on() -> None:
    inbox = Inbox()
    for one in (task(1), task(2), task(3, project="bolt")):
        inbox.put(one)
    first = inbox.take(0.0)
    assert first == task(1)
    assert inbox.take(0.0) == task(3, project="bolt")
    assert inbox.take(0.0) is None
    inbox.finish(first)
    assert inbox.take(0.0) == task(2)


def test_what_is_put_back_waits_its_time_and_remembers_how_often_it_was_tried() -> None:
    inbox = Inbox()
    inbox.put(task(1))
    taken = inbox.take(0.0)
    assert taken is not None
    inbox.put_back(taken, 5.0, "is off")
    inbox.finish(taken)
    assert inbox.take(4.9) is None
    assert inbox.next_ready_in_s(2.0) == 3.0
    again = inbox.take(5.0)
    assert again == replace(task(1), ready_at_s=5.0, tries=1, said="is off")


def test_what_is_put_back_never_replaces_what_came_meanwhile() -> None:
    inbox = Inbox()
    inbox.put(task(1))
    taken = inbox.take(0.0)
    assert taken is not None
    inbox.put(task(1, revision=2))
    inbox.put_back(taken, 0.0, "is off")
    inbox.finish(taken)
    assert drain(inbox) == [task(1, revision=2)]


def test_the_same_task_sent_again_is_ready_at_once_but_keeps_what_was_said() -> None:
    inbox = Inbox()
    inbox.put(task(1))
    taken = inbox.take(0.0)
    assert taken is not None
    inbox.put_back(taken, 50.0, "is off")
    inbox.finish(taken)
    inbox.put(task(1))
    assert inbox.take(0.0) == replace(task(1), tries=1, said="is off")


def test_next_ready_counts_idle_homes_only() -> None:
    inbox = Inbox()
    assert inbox.next_ready_in_s(0.0) is None
    inbox.put(task(1))
    assert inbox.next_ready_in_s(0.0) == 0.0
    inbox.put(task(2))
    inbox.take(0.0)
    assert inbox.next_ready_in_s(0.0) is None


def test_homes_that_wait_for_their_stamp_are_counted_until_they_have_been_tried() -> None:
    inbox = Inbox()
    inbox.put(Task(home("acme"), "epoch"))
    inbox.put(Task(home("bolt"), "epoch"))
    inbox.put(task(1))
    assert inbox.untried_homes() == 2
    taken = inbox.take(0.0)
    assert taken is not None
    inbox.put_back(taken, 1.0, "is off")
    inbox.finish(taken)
    assert inbox.untried_homes() == 1


def test_stamps_come_before_all_else() -> None:
    inbox = Inbox()
    stamp = Task(home("bolt"), "epoch")
    for one in (task(1), task(2, project="bolt"), stamp):
        inbox.put(one)
    assert inbox.take(0.0) == stamp
    inbox.put_back(stamp, ready_at_s=5.0, said="it is off")
    inbox.finish(stamp)
    assert inbox.take(0.0) == task(1)
    inbox.finish(task(1))
    later = inbox.take(5.0)
    assert later is not None
    assert later.assignment is None
    inbox.finish(later)
    assert inbox.take(5.0) == task(2, project="bolt")


def test_homes_that_only_need_their_stamp_are_taken_together() -> None:
    inbox = Inbox()
    inbox.put(task(1, project="busy"))
    assert inbox.take(0.0) is not None
    inbox.put(task(2, project="other"))
    for project in ("a", "b", "busy", "c"):
        inbox.put(Task(home(project), "epoch"))
    inbox.put(Task(home("earlier"), "an earlier epoch"))
    first = inbox.take(0.0)
    assert first is not None
    assert first.assignment is None
    together = [first, *inbox.take_stamps(0.0, "epoch", 10)]
    assert {one.home.project_id for one in together if one.epoch == "epoch"} >= {"a", "b", "c"}
    assert "busy" not in {one.home.project_id for one in together}
    assert inbox.take_stamps(0.0, "epoch", 10) == ()
    assert [one.assignment is None for one in drain(inbox)] == [False]


def test_only_so_many_stamps_are_taken_together_and_none_before_its_time() -> None:
    inbox = Inbox()
    for number in range(5):
        inbox.put(Task(home(f"p{number}"), "epoch"))
    assert len(inbox.take_stamps(0.0, "epoch", 3)) == 3
    (late, *_) = inbox.take_stamps(0.0, "epoch", 1)
    inbox.finish(late)
    inbox.put_back(late, 5.0, "is busy")
    assert len(inbox.take_stamps(0.0, "epoch", 9)) == 1
    assert [one.home for one in inbox.take_stamps(5.0, "epoch", 9)] == [late.home]


@pytest.mark.parametrize("loud", [("acme",), ("acme", "core", "dune")])
def test_many_changes_of_some_projects_delay_anothers_by_one_apply_of_each(
    loud: tuple[str, ...],
) -> None:
    inbox = Inbox()
    for number in range(500):
        for each, project in enumerate(loud):
            inbox.put(task(1000 * each + number, project=project))
    for _ in range(7):
        begun = inbox.take(0.0)
        assert begun is not None
        inbox.finish(begun)
    quiet = task(5000, project="quiet")
    inbox.put(quiet)
    inbox.put(task(5001, project="quiet"))
    order = [one.home.project_id for one in drain(inbox)]
    first, second = (n for n, project in enumerate(order) if project == "quiet")
    assert first <= len(loud)
    assert sorted(order[first + 1 : second]) == sorted(loud)


def test_a_projects_own_changes_are_done_in_the_order_of_their_arrival() -> None:
    inbox = Inbox()
    for number, project in enumerate(("b", "a", "b", "a", "a")):
        inbox.put(task(number, project=project))
    done = drain(inbox)
    for project in ("a", "b"):
        own = [one for one in done if one.home.project_id == project]
        assert own == [task(n, project=project) for n, of in enumerate("babaa") if of == project]


def test_what_waits_of_a_taken_project_may_come_along_up_to_a_number() -> None:
    inbox = Inbox()
    for number in range(1, 6):
        inbox.put(task(number))
    inbox.put(task(6, project="other"))
    first = inbox.take(0.0)
    assert first == task(1)
    assert inbox.take_more(first, 0.0, 3) == (task(2), task(3), task(4))
    assert inbox.take(0.0) == task(6, project="other")  # the project itself is busy
    for number in range(1, 5):
        inbox.finish(task(number))
    assert inbox.take(0.0) == task(5)


def test_what_is_not_alike_or_not_ready_does_not_come_along() -> None:
    inbox = Inbox()
    inbox.put(task(1))
    later = replace(task(2), ready_at_s=5.0)
    inbox.put(later)
    inbox.put(task(3, fence=2))
    inbox.put(replace(task(4), epoch="another"))
    inbox.put(task(5))
    first = inbox.take(0.0)
    assert first is not None
    assert inbox.take_more(first, 0.0, 9) == (task(5),)


def test_a_task_with_which_the_home_ends_is_done_alone_and_in_its_turn() -> None:
    def ending(number: int) -> Task:
        one = task(number)
        assert one.assignment is not None
        return replace(one, assignment=replace(one.assignment, wanted=False, home_is_ending=True))

    inbox = Inbox()
    for one in (task(1), ending(2), task(3)):
        inbox.put(one)
    first = inbox.take(0.0)
    assert first is not None
    assert inbox.take_more(first, 0.0, 9) == ()
    inbox.finish(first)
    second = inbox.take(0.0)
    assert second == ending(2)
    assert inbox.take_more(second, 0.0, 9) == ()
