"""Laws of the stamp: whatever is lost, late or rolled back, never a writer below the stamp.

Agents with rising fences share one device. Commits are lost before or after they are carried
out, come late, or meet a device that has gone back to what it had saved. The device itself keeps
the record, without asking the code that it judges.
"""

import re
from collections.abc import Collection, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from service_graphs import PROJECT, graphs

from bigip_lbaas.agent.partition import COMMITS, StampedPartition
from bigip_lbaas.agent.together import take_over_together
from bigip_lbaas.domain.errors import (
    CommitMet,
    DeviceBusy,
    DeviceRefused,
    FencedOff,
    OutcomeUnknown,
    ProviderError,
    StampRefused,
)
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.domain.home import Fence, Home
from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.port import PartitionStamps
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.ltm.state import Action, ObjectPath, State, Step
from bigip_lbaas.reconcile.plan import plan
from bigip_lbaas.reconcile.render import RenderSettings, render
from bigip_lbaas.reconcile.scope import Target

NAMING = Naming("dev")
SETTINGS = RenderSettings()
PARTITION = NAMING.name(PROJECT)
STAMP = re.compile(r"stamp_(\d+)\.([0-9a-f]+)\.(\d+)")
Commit = tuple[tuple[Step, ...], tuple[str, ...]]


def fences(names: Collection[str]) -> set[tuple[int, str]]:
    return {(int(m[1]), m[2]) for name in names if (m := STAMP.fullmatch(name))}


# what a device says that a commit met another's, truly or not
MET = ("met", "met, says one that begins it later", "met, says one that has carried it out")


class UnreliableDevice(MemoryDevice):
    """Loses answers and commits, carries some out late, and remembers who wrote over whom."""

    def __init__(self) -> None:
        super().__init__()
        self.next_commit = "answered"
        self.late: list[Commit] = []
        self.saved = self.image()
        self.sent: list[str] = []  # names of all stamps ever put in
        self.trespasses: list[str] = []

    def commit(self, steps: Sequence[Step], stamps: Collection[str] = ()) -> None:
        self.sent += [step.path.name for step in steps if self._is_new_stamp(step)]
        how, self.next_commit = self.next_commit, "answered"
        if how == "busy":
            raise DeviceBusy(self.name, "asks to come back later")
        if how == "met":
            raise CommitMet(self.name, "another change is being committed")
        if how == "met, says one that begins it later":
            self.late.append((tuple(steps), tuple(stamps)))
            raise CommitMet(self.name, "another change is being committed")
        if how == "late":
            self.late.append((tuple(steps), tuple(stamps)))
            raise OutcomeUnknown(self.name, "no answer to a commit")
        self.carry_out(steps, stamps)
        if how == "met, says one that has carried it out":
            raise CommitMet(self.name, "another change is being committed")
        if how == "answer lost":
            raise OutcomeUnknown(self.name, "no answer to a commit")

    def carry_out(self, steps: Sequence[Step], stamps: Collection[str]) -> None:
        before = fences(self.names())
        super().commit(steps, stamps)
        writer = fences([s.path.name for s in steps if s.path.collection == kinds.DATA_GROUP])
        wrote = fences([step.path.name for step in steps if self._is_new_stamp(step)]) or writer
        if before and wrote and max(before)[0] > max(wrote)[0]:
            self.trespasses.append(f"{wrote} wrote over {before}")

    def run_late(self, number: int) -> bool:
        """Carry out a commit that its sender gave up; return whether it wrote anything."""
        steps, stamps = self.late.pop(number)
        try:
            self.carry_out(steps, stamps)
        except ProviderError:
            return False
        return True

    def names(self) -> set[str]:
        return {path.name for path in self.objects if path.collection == kinds.DATA_GROUP}

    def content(self) -> State:
        return {p: dict(a) for p, a in self.read(PARTITION).items()}

    def save(self) -> None:
        self.saved = self.image()

    def reboot(self) -> None:
        self.load(self.saved)
        self.late.clear()  # open transactions do not survive

    @staticmethod
    def _is_new_stamp(step: Step) -> bool:
        is_group = step.path.collection == kinds.DATA_GROUP and step.action is Action.CREATE
        return is_group and bool(STAMP.fullmatch(step.path.name))


def expected(target: Target) -> State:
    if not target.wanted:
        return {}
    nodes = {
        ObjectPath(kinds.NODE, PARTITION, a): {"address": a}
        for a in target.graph.member_addresses()
    }
    return {**render(target.graph, NAMING, SETTINGS), **nodes}


goals = st.integers(0, 2)  # of the three that a run knows, so that they come again


class AgentsAtOneDevice(RuleBasedStateMachine):
    """Every step is one that the fleet may take; what must hold follows at the end."""

    owners = Bundle("owners")

    @initialize(target=owners, one=graphs(1), two=graphs(1))
    def begin(self, one: ServiceGraph, two: ServiceGraph) -> StampedPartition:
        self.goals = (Target(one), Target(two), Target(two, wanted=False))
        self.device = UnreliableDevice()
        self.number = 0
        self.rolled_back = False
        return self._new_owner()

    def _new_owner(self) -> StampedPartition:
        self.number += 1
        fence = Fence(self.number, f"{self.number * 7:x}")
        home = Home(EnvironmentName("dev"), PROJECT, GroupNumber(1), AgentId("a"), fence)
        self.newest = StampedPartition(self.device, home, NAMING, SETTINGS)
        return self.newest

    @rule(target=owners)
    def the_home_changes_hands(self) -> StampedPartition:
        return self._new_owner()

    @rule(owner=owners, together=st.booleans())
    def take_over(self, owner: StampedPartition, together: bool) -> None:
        try:
            if together:
                take_over_together([owner])
            else:
                owner.take_over()
        except (FencedOff, OutcomeUnknown, DeviceBusy, StampRefused):
            pass

    @rule(owner=owners, number=goals)
    def work(self, owner: StampedPartition, number: int) -> None:
        goal = self.goals[number]
        was_fenced = max(fences(self.device.names()), default=(0, ""))[0] > owner.home.fence.number
        was_known = owner.is_known
        try:
            refused = owner.apply([goal])
        except (FencedOff, OutcomeUnknown, DeviceBusy, StampRefused):
            return
        assert refused == {}
        if was_known and (was_fenced or self.rolled_back):
            return  # settled from memory: the next audit's matter
        assert self.device.content() == expected(goal)
        self._nothing_late_may_change_it()

    @rule(owner=owners, there=goals, back=goals, how=st.sampled_from(["late", "answer lost"]))
    def there_and_back(self, owner: StampedPartition, there: int, back: int, how: str) -> None:
        """A change is lost on its way, and then no longer wanted."""
        self.device.next_commit = "answered"
        self.work(owner, back)
        self.device.next_commit = how
        self.work(owner, there)
        self.work(owner, back)

    def _nothing_late_may_change_it(self) -> None:
        before = self.device.content()
        for each in reversed(range(len(self.device.late))):
            self.device.run_late(each)
        assert self.device.content() == before

    @rule(owner=owners, number=goals)
    def end(self, owner: StampedPartition, number: int) -> None:
        try:
            left = owner.end([self.goals[number]])
        except (FencedOff, OutcomeUnknown, DeviceBusy, StampRefused):
            return
        if not left and not self.rolled_back and not self.device.late:
            assert PARTITION not in self.device.partitions()

    @rule(how=st.sampled_from(["busy", "late", "answer lost", *MET]))
    def the_next_commit_goes_wrong(self, how: str) -> None:
        self.device.next_commit = how

    @precondition(lambda self: self.device.late)
    @rule(data=st.data())
    def a_commit_comes_late(self, data: st.DataObject) -> None:
        self.device.run_late(data.draw(st.integers(0, len(self.device.late) - 1)))

    @rule()
    def the_device_saves(self) -> None:
        self.device.save()

    @rule()
    def the_device_comes_back_with_what_was_saved(self) -> None:
        self.device.reboot()
        self.rolled_back = True

    @rule(owner=owners)
    def audit(self, owner: StampedPartition) -> None:
        owner.forget()

    @rule(number=goals)
    def all_goes_well_at_last(self, number: int) -> None:
        """The newest owner always arrives, whatever came before."""
        goal = self.goals[number]
        self.device.next_commit = "answered"
        self.newest.forget()
        assert self.newest.apply([goal]) == {}
        assert self.device.content() == expected(goal)
        self._nothing_late_may_change_it()
        requests = self.device.requests
        assert self.newest.apply([goal]) == {}
        if PARTITION in self.device.partitions():  # an absence is looked at each time
            assert self.device.requests == requests + 1  # this test's own look

    @invariant()
    def no_lower_fence_writes_where_a_higher_has_stamped(self) -> None:
        assert self.device.trespasses == []

    @invariant()
    def no_count_is_sent_twice_under_a_fence(self) -> None:
        assert len(self.device.sent) == len(set(self.device.sent))

    @invariant()
    def guard_and_stamp_are_together(self) -> None:
        names = self.device.names()
        assert len(fences(names)) <= 1
        assert bool(fences(names)) == bool(names - {n for n in names if STAMP.fullmatch(n)})


AgentsAtOneDevice.TestCase.settings = settings(
    max_examples=settings.default.max_examples,
    stateful_step_count=20,
    suppress_health_check=[HealthCheck.too_slow],
)
TestAgentsAtOneDevice = AgentsAtOneDevice.TestCase


class ForgetfulDevice(UnreliableDevice):
    """Just starting: says once that a partition is not there although it is."""

    forgets = False

    def stamps(self, partition: str) -> PartitionStamps | None:
        found = super().stamps(partition)
        forgets, self.forgets = self.forgets, False
        return None if forgets else found


def owner(device: MemoryDevice, number: int) -> StampedPartition:
    fence = Fence(number, f"{number:x}")
    home = Home(EnvironmentName("dev"), PROJECT, GroupNumber(1), AgentId("a"), fence)
    return StampedPartition(device, home, NAMING, SETTINGS)


@given(graphs(1), graphs(1))
@settings(max_examples=20)
def test_a_partition_that_was_there_after_all_is_read_not_taken_for_empty(
    before: ServiceGraph, goal: ServiceGraph
) -> None:
    device = ForgetfulDevice()
    device.create_partition(PARTITION)
    for steps in plan(render(before, NAMING, SETTINGS), {}).transactions:
        device.commit(steps)  # as made by someone who puts no stamps
    device.forgets = True
    assert owner(device, 1).apply([Target(goal)]) == {}
    assert device.content() == expected(Target(goal))


@given(graphs(1))
@settings(max_examples=10)
def test_a_partition_that_was_there_after_all_is_not_reported_gone(graph: ServiceGraph) -> None:
    device = ForgetfulDevice()
    home = owner(device, 1)
    home.apply([Target(graph)])
    home.forget()
    device.forgets = True
    assert home.end([Target(graph)]) == ()
    assert device.partitions() == {"Common"}


@given(graphs(1), graphs(1))
@settings(max_examples=10)
def test_a_count_found_on_the_device_is_not_sent_again(
    one: ServiceGraph, two: ServiceGraph
) -> None:
    device = UnreliableDevice()
    for goal in (one, two, one):
        assert owner(device, 1).apply([Target(goal)]) == {}  # each knows only what it reads
    assert len(device.sent) == len(set(device.sent))


@pytest.mark.parametrize("names", [("stamp_guard",), ("stamp_guard", "stamp_new.kind")])
def test_a_guard_alone_or_an_unreadable_stamp_is_left_for_a_person(names: tuple[str, ...]) -> None:
    device = UnreliableDevice()
    device.create_partition(PARTITION)
    device.commit(
        [
            Step(Action.CREATE, ObjectPath(kinds.DATA_GROUP, PARTITION, name), {"type": "string"})
            for name in names
        ]
    )
    with pytest.raises(DeviceRefused, match=r"has its guard but no stamp|cannot read"):
        owner(device, 1).take_over()
    assert device.names() == set(names)


class MeetingDevice(UnreliableDevice):
    """On which somebody else commits at the same time, so often."""

    meets = 0

    def commit(self, steps: Sequence[Step], stamps: Collection[str] = ()) -> None:
        if self.meets:
            self.meets -= 1
            self.next_commit = "met"
        super().commit(steps, stamps)


@given(graphs(1), graphs(1))
@settings(max_examples=10)
def test_a_commit_that_met_anothers_is_sent_again_without_reading(
    before: ServiceGraph, goal: ServiceGraph
) -> None:
    device = MeetingDevice()
    home = owner(device, 1)
    rests: list[int] = []
    home.rest = rests.append
    home.apply([Target(before)])
    device.stamps = None  # type: ignore[assignment,method-assign]  # nothing is looked at again
    device.meets = COMMITS - 1
    assert home.apply([Target(goal)]) == {}
    if rests:
        assert rests == list(range(COMMITS - 1))
    assert len(device.sent) == len(set(device.sent))


def test_a_commit_that_goes_on_meeting_others_is_given_up_and_everything_forgotten() -> None:
    device = MeetingDevice()
    device.create_partition(PARTITION)
    home = owner(device, 1)
    home.take_over()
    device.meets = COMMITS
    with pytest.raises(CommitMet):
        owner(device, 2).take_over()
    assert device.meets == 0
    device.meets = COMMITS
    with pytest.raises(CommitMet):
        take_over_together([owner(device, 3)])
    assert take_over_together([owner(device, 3)]) == {}
