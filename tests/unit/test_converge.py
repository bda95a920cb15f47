"""How a task ends, from how it ended on each device."""

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from bigip_lbaas.agent.converge import (
    TRIES_FOR_A_BUSY_DEVICE,
    Ending,
    Work,
    converge,
    judge,
    outcome_of,
)
from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.inbox import Task
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.domain.errors import (
    DeviceBusy,
    DeviceRefused,
    DeviceUnreachable,
    FencedOff,
    LeaseExpired,
    OutcomeUnknown,
    ProviderError,
    RequestRejected,
    StampRefused,
)
from bigip_lbaas.domain.home import Fence, Home
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.wire.messages import Assignment
from tests.integration.graphs import graph
from tests.integration.world import Inline

OFF = DeviceUnreachable("b", "is off")
BUSY = DeviceBusy("b", "is busy")
REFUSED = DeviceRefused("b", "no such thing")
FENCED = FencedOff("b", "a newer owner")
LEASE = LeaseExpired("no lease")


def test_applied_when_every_device_has_it() -> None:
    assert judge({"a": False, "b": False}) == Ending(applied=True)


def test_the_home_has_ended_only_when_its_partition_is_gone_everywhere() -> None:
    assert judge({"a": True, "b": True}) == Ending(applied=True, ended=True)
    assert judge({"a": True, "b": False}) == Ending(applied=True)
    assert not judge({"a": True, "b": OFF}).ended


def test_applied_with_some_devices_away_names_them_and_is_tried_again() -> None:
    ending = judge({"a": False, "c": OFF, "b": OFF})
    assert ending == Ending(applied=True, unclean=("b", "c"), later="b: is off")


def test_with_no_device_reached_it_is_tried_again() -> None:
    assert judge({"a": OFF, "b": OFF}) == Ending(later="b: is off")


@pytest.mark.parametrize("error", [BUSY, LEASE, StampRefused("b", "other stamp")])
@pytest.mark.parametrize("other", [False, True, OFF])
def test_what_may_pass_is_tried_again_and_nothing_is_said_applied(
    error: ProviderError, other: bool | ProviderError
) -> None:
    ending = judge({"a": other, "b": error})
    assert (ending.applied, ending.refused, ending.ended) == (False, "", False)
    assert str(error) in ending.later


@pytest.mark.parametrize("error", [REFUSED, RequestRejected("not so")])
@pytest.mark.parametrize("other", [False, OFF, BUSY, LEASE])
def test_what_a_device_refuses_ends_it_with_that_reason_and_no_other(
    error: ProviderError, other: bool | ProviderError
) -> None:
    ending = judge({"a": other, "b": error})
    assert ending == Ending(refused=str(error))


@pytest.mark.parametrize("other", [False, True, OFF, BUSY, REFUSED, LEASE])
def test_fenced_off_anywhere_is_fenced_off(other: bool | ProviderError) -> None:
    ending = judge({"a": other, "b": FENCED})
    assert ending == Ending(fenced=True, later=str(FENCED))


def test_an_unknown_outcome_is_a_device_not_reached() -> None:
    ending = judge({"a": False, "b": OutcomeUnknown("b", "no answer to the commit")})
    assert ending.applied
    assert ending.unclean == ("b",)


def test_the_same_words_of_two_devices_are_said_once() -> None:
    said = DeviceUnreachable("x", "is off")
    assert judge({"a": said, "b": said}).later == "x: is off"


def test_a_device_that_stays_busy_holds_up_the_others_for_a_few_tries_only() -> None:
    results = {"a": False, "b": BUSY}
    assert not judge(results, TRIES_FOR_A_BUSY_DEVICE - 1).applied
    ending = judge(results, TRIES_FOR_A_BUSY_DEVICE)
    assert ending == Ending(applied=True, unclean=("b",), later=str(BUSY))


@pytest.mark.parametrize("other", [BUSY, OFF])
def test_however_often_it_is_tried_nothing_is_applied_where_no_device_has_it(
    other: ProviderError,
) -> None:
    assert judge({"a": other, "b": BUSY}, 99) == Ending(later=judge({"a": other, "b": BUSY}).later)


def test_how_often_a_task_was_tried_counts_where_it_is_worked_on() -> None:
    def level(member: Member, _tasks: Sequence[Task]) -> Mapping[str, bool]:
        if member.serial == "b":
            raise BUSY
        return {}

    members = tuple(Member(MemoryDevice(name), name) for name in "ab")
    settings = AgentSettings("dev", "host-1", 1)  # type: ignore[arg-type]
    group = DeviceGroup(settings, lambda: 0.0, members)
    home = Home("dev", "acme", 1, "host-1:1", Fence(1, "aa"))  # type: ignore[arg-type]
    task = Task(home, "epoch")
    assert not converge(group, [task], level, Inline())[0].applied
    often = replace(task, tries=TRIES_FOR_A_BUSY_DEVICE)
    assert converge(group, [often], level, Inline())[0].unclean == ("b",)


def test_that_a_home_could_not_be_ended_is_said_so_that_nobody_asks_for_ever() -> None:
    home = Home("dev", "acme", 1, "host-1:1", Fence(1, "aa"))  # type: ignore[arg-type]
    assignment = Assignment(
        graph(1).id,
        1,
        graph(1),
        False,
        home,
        "epoch",
        "req",
        home_is_ending=True,  # type: ignore[arg-type]
    )
    task = Task(home, "epoch", assignment)
    outcome = outcome_of(task, Ending(applied=True), home.agent_id, Work())
    assert outcome is not None
    assert (outcome.tried_to_end, outcome.let_go) == (True, None)


def test_homes_that_are_stamped_together_end_each_in_its_own_way() -> None:
    members = tuple(Member(MemoryDevice(name), name) for name in "ab")
    settings = AgentSettings("dev", "host-1", 1)  # type: ignore[arg-type]
    group = DeviceGroup(settings, lambda: 0.0, members)
    tasks = [
        Task(Home("dev", project, 1, "host-1:1", Fence(1, "aa")), "epoch")  # type: ignore[arg-type]
        for project in ("well", "fenced", "refused")
    ]

    def stamp(member: Member, given: Sequence[Task]) -> Mapping[str, ProviderError]:
        assert list(given) == tasks
        if member.serial == "b":
            raise OFF
        return {"home fenced": FENCED, "home refused": REFUSED}

    well, fenced, refused = converge(group, tasks, stamp, Inline())
    assert (well.applied, well.unclean) == (True, ("b",))
    assert fenced.fenced
    assert not fenced.applied
    assert refused.refused == str(REFUSED)
    assert group.reachable() == members[:1]  # b is left alone for a while
    assert [one.unclean for one in converge(group, tasks[:1], lambda *_: {}, Inline())] == [("b",)]


def test_a_slow_device_is_not_waited_for_and_gets_nothing_else_until_it_has_finished() -> None:
    go_on, begun = threading.Event(), threading.Event()
    members = tuple(Member(MemoryDevice(name), name) for name in "ab")
    settings = AgentSettings("dev", "host-1", 1, slow_s=0.05)  # type: ignore[arg-type]
    group = DeviceGroup(settings, time.monotonic, members)
    back = threading.Event()
    group.returned = lambda _member: back.set()
    task = Task(Home("dev", "acme", 1, "host-1:1", Fence(1, "aa")), "epoch")  # type: ignore[arg-type]

    def level(member: Member, _tasks: Sequence[Task]) -> Mapping[str, bool]:
        if member.serial == "b":
            begun.set()
            go_on.wait(20)
        return {}

    with ThreadPoolExecutor(4) as pool:
        (ending,) = converge(group, [task], level, pool)
        assert (ending.applied, ending.unclean) == (True, ("b",))
        assert "is slow" in ending.later
        assert begun.is_set()
        assert group.reachable() == members[:1]
        (ending,) = converge(group, [task], level, pool)
        assert (ending.applied, ending.unclean) == (True, ("b",))
        go_on.set()
        assert back.wait(10)
        assert converge(group, [task], level, pool)[0].unclean == ()


def test_the_only_device_that_gets_to_it_is_waited_for() -> None:
    members = tuple(Member(MemoryDevice(name), name) for name in "ab")
    settings = AgentSettings("dev", "host-1", 1, slow_s=0.0)  # type: ignore[arg-type]
    group = DeviceGroup(settings, time.monotonic, members)
    task = Task(Home("dev", "acme", 1, "host-1:1", Fence(1, "aa")), "epoch")  # type: ignore[arg-type]
    failed = threading.Event()
    group.heard = lambda _member, _said: failed.set()

    def level(member: Member, _tasks: Sequence[Task]) -> Mapping[str, bool]:
        if member.serial == "a":
            raise OFF
        failed.wait(20)
        threading.Event().wait(0.05)  # longer than slow_s
        return {}

    with ThreadPoolExecutor(4) as pool:
        (ending,) = converge(group, [task], level, pool)
    assert (ending.applied, ending.unclean) == (True, ("a",))
