"""What an agent does on one device for one task, and what it remembers of the partition."""

from dataclasses import replace

import pytest

from bigip_lbaas.agent.group import Member
from bigip_lbaas.agent.inbox import Task
from bigip_lbaas.agent.level import Leveller
from bigip_lbaas.agent.life import Life
from bigip_lbaas.domain.errors import DeviceRefused, FencedOff, LeaseExpired, RequestRejected
from bigip_lbaas.domain.home import Fence, Home, Stamp
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.wire.messages import Assignment
from tests.integration.graphs import graph, partition_of

PARTITION = partition_of("acme")


def home(fence: int = 1) -> Home:
    return Home("dev", "acme", 1, "h1:1", Fence(fence, f"{fence:02x}"))  # type: ignore[arg-type]


def task(number: int, wanted: bool = True, fence: int = 1, ending: bool = False) -> Task:
    made = graph(number)
    assignment = Assignment(
        made.id, 1, made, wanted, home(fence), "epoch", "req", home_is_ending=ending
    )
    return Task(home(fence), "epoch", assignment)


class Bench:
    def __init__(self, device: MemoryDevice | None = None) -> None:
        self.device = device or MemoryDevice("big")
        self.member = Member(self.device, "big")
        self.leveller = Leveller(Naming("dev"), RenderSettings())

    def level(self, one: Task) -> object:
        return self.leveller.level(self.member, [one]).get(one.key, False)

    def fence(self) -> int:
        """Return the number of the fence under which the partition is stamped."""
        stamps = self.device.stamps(PARTITION)
        assert stamps is not None
        (name,) = stamps.names
        stamp = Stamp.parse(name)
        assert stamp is not None
        return stamp.fence.number


def test_a_home_that_is_taken_over_is_stamped_and_nothing_else_is_written() -> None:
    first, second = Bench(), Bench()
    second.device = first.device
    second.member = Member(first.device, "big")
    first.level(task(1))
    before = first.device.read(PARTITION)
    assert second.leveller.stamp(second.member, [Task(home(2), "epoch")]) == {}
    assert second.fence() == 2
    assert second.device.read(PARTITION) == before


def test_many_homes_are_stamped_in_one_transaction_and_only_those_that_need_it() -> None:
    bench = Bench()
    homes = [
        Home("dev", f"p{number}", 1, "h1:1", Fence(number, "aa"))  # type: ignore[arg-type]
        for number in range(1, 11)
    ]
    for n, each in enumerate(homes):
        made = graph(n, each.project_id)
        assignment = Assignment(made.id, 1, made, True, each, "epoch", "req")  # type: ignore[arg-type]
        bench.level(Task(each, "epoch", assignment))
    successor = Leveller(Naming("dev"), RenderSettings())
    taken = [replace(each, fence=Fence(50 + n, "bb")) for n, each in enumerate(homes)]
    newer = Leveller(Naming("dev"), RenderSettings())
    newest = replace(homes[3], fence=Fence(90, "cc"))
    newer.stamp(bench.member, [Task(newest, "epoch")])
    before = bench.device.requests
    refused = successor.stamp(bench.member, [Task(each, "epoch") for each in taken])
    assert list(refused) == ["home p4"]
    assert isinstance(refused["home p4"], FencedOff)
    # all stamps; nine swaps between beginning and end of one transaction; the refused one alone
    assert bench.device.requests - before == 1 + (2 + 2 * 9) + 1
    again = bench.device.requests
    assert successor.stamp(bench.member, [Task(taken[0], "epoch")]) == {}
    assert bench.device.requests == again


def test_a_project_whose_id_no_partition_can_bear_spoils_no_others_stamp() -> None:
    bench = Bench()
    bench.level(task(1))
    odd = Home("dev", "a/b", 1, "h1:1", Fence(1, "aa"))  # type: ignore[arg-type]
    successor = Leveller(Naming("dev"), RenderSettings())
    refused = successor.stamp(bench.member, [Task(odd, "epoch"), Task(home(2), "epoch")])
    assert isinstance(refused["home a/b"], RequestRejected)
    assert list(refused) == ["home a/b"]
    assert bench.fence() == 2


def test_after_a_takeover_the_earlier_owner_writes_nothing() -> None:
    bench = Bench()
    bench.level(task(1, fence=1))
    successor = Leveller(Naming("dev"), RenderSettings())
    successor.stamp(bench.member, [Task(home(2), "epoch")])
    before = bench.device.read(PARTITION)
    for _ in range(3):
        with pytest.raises(Exception) as raised:
            bench.level(task(2, fence=1))
    assert isinstance(raised.value, FencedOff)
    assert bench.device.read(PARTITION) == before


def test_doing_it_twice_is_doing_it_once() -> None:
    bench = Bench()
    bench.level(task(1))
    before = bench.device.read(PARTITION), bench.device.stamps(PARTITION)
    assert bench.level(task(1)) is False
    assert (bench.device.read(PARTITION), bench.device.stamps(PARTITION)) == before


def test_what_is_not_wanted_leaves_and_the_others_stay() -> None:
    bench = Bench()
    for number in (1, 2):
        bench.level(task(number))
    other = Bench()
    other.level(task(2))
    assert bench.level(task(1, wanted=False)) is False
    assert bench.device.read(PARTITION) == other.device.read(PARTITION)


def test_with_the_last_one_the_partition_goes_and_is_said_to_be_gone() -> None:
    bench = Bench()
    bench.level(task(1))
    assert bench.level(task(1, wanted=False, ending=True)) is True
    assert PARTITION not in bench.device.partitions()


def test_a_home_that_is_not_empty_yet_does_not_end() -> None:
    bench = Bench()
    for number in (1, 2):
        bench.level(task(number))
    assert bench.level(task(1, wanted=False, ending=True)) is False
    assert bench.device.read(PARTITION) != {}


def test_several_of_a_project_share_a_transaction_and_a_bad_one_stops_only_itself() -> None:
    apart, together = Bench(), Bench()
    for number in (1, 2, 3):
        apart.level(task(number))
    together.level(task(1))
    before = together.device.requests
    assert together.leveller.level(together.member, [task(2), task(3)]) == {}
    shared = together.device.requests - before
    assert together.device.read(PARTITION) == apart.device.read(PARTITION)
    before = together.device.requests
    together.level(task(4))
    alone = together.device.requests - before
    assert shared == 2 * alone - 4  # its beginning and end, and the stamp that goes out and in

    bad = str(graph(6).id)

    class Picky(MemoryDevice):
        def commit(self, steps, stamps=()):  # type: ignore[no-untyped-def]
            if any(bad in step.path.name for step in steps):
                raise DeviceRefused(self.name, "refuses it")
            super().commit(steps, stamps)

    bench = Bench(Picky("big"))
    refused = bench.leveller.level(bench.member, [task(5), task(6), task(7)])
    assert {key: str(why) for key, why in refused.items()} == {
        f"load balancer {bad}": "big: refuses it"
    }
    well = Bench()
    for number in (5, 7):
        well.level(task(number))
    assert bench.device.read(PARTITION) == well.device.read(PARTITION)


def test_under_a_new_fence_the_partition_is_learned_anew_and_stamped() -> None:
    bench = Bench()
    bench.level(task(1, fence=1))
    bench.level(task(2, fence=2))
    assert bench.fence() == 2


def test_a_partition_that_is_known_is_not_read_again_until_it_is_forgotten() -> None:
    class Counted(MemoryDevice):
        reads = 0

        def read(self, partition):  # type: ignore[no-untyped-def]
            self.reads += 1
            return super().read(partition)

    device = Counted("big")
    bench = Bench(device)
    for number in (1, 2, 3):
        bench.level(task(number))
    known = device.reads
    bench.level(task(4))
    assert device.reads == known
    bench.leveller.forget()
    bench.level(task(5))
    assert device.reads > known


def test_what_an_earlier_life_began_writes_nothing_under_the_lease_of_the_present_one() -> None:
    life = Life(lambda: 100.0)

    class Reborn(MemoryDevice):
        """While the old life's work looks at it, the agent registers anew."""

        def partitions(self) -> frozenset[str]:
            begin("new", 2)
            return super().partitions()

        def stamps(self, partition):  # type: ignore[no-untyped-def]
            begin("new", 2)
            return super().stamps(partition)

    def begin(epoch: str, fence: int) -> None:
        life.begin(epoch, (home(fence),))
        life.renew(epoch, 100.0, 3.0)

    device = Reborn("big", life.may_write)
    leveller = Leveller(Naming("dev"), RenderSettings(), life.may_write_to)
    begin("epoch", 1)
    with pytest.raises(LeaseExpired, match="no longer this agent's under fence 1"):
        leveller.level(Member(device, "big"), [task(1, fence=1)])
    assert PARTITION not in MemoryDevice.partitions(device)


def test_a_home_that_needs_its_stamp_is_not_stamped_twice_but_anew_after_an_absence() -> None:
    bench = Bench()
    bench.level(task(1))
    stamped = bench.device.stamps(PARTITION)
    bench.leveller.stamp(bench.member, [Task(home(), "epoch")])
    assert bench.device.stamps(PARTITION) == stamped
    bench.leveller.forget_device("another")
    bench.leveller.stamp(bench.member, [Task(home(), "epoch")])
    assert bench.device.stamps(PARTITION) == stamped
    bench.leveller.forget_device("big")
    bench.leveller.stamp(bench.member, [Task(home(), "epoch")])
    assert bench.device.stamps(PARTITION) != stamped


def test_a_home_that_has_been_let_go_of_is_not_remembered() -> None:
    bench = Bench()
    bench.level(task(1, fence=2))
    assert bench.leveller.drop((home(1),)) == (home(1),)
    assert len(bench.leveller) == 1  # it has come back since
    with bench.leveller._known["big", "acme"].in_use():  # type: ignore[index]
        assert bench.leveller.drop((home(2),)) == ()
        assert len(bench.leveller) == 1  # somebody is at work in it
    assert bench.leveller.drop((home(2),)) == (home(2),)
    assert len(bench.leveller) == 0
