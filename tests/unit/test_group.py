"""A device that cannot be reached is left alone for a growing while, and heard of once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.standing import Patience
from bigip_lbaas.domain.errors import CommitMet, DeviceBusy, DeviceError, DeviceUnreachable
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.port import DeviceIdentity
from tests.integration.world import Inline


class Room:
    def __init__(self, devices: int = 1) -> None:
        self.now_s = 0.0
        self.heard: list[str] = []
        settings = AgentSettings("dev", "host-1", 1, retry_s=1.0, device_retry_most_s=6.0)  # type: ignore[arg-type]
        members = tuple(Member(MemoryDevice(f"big-{n}"), f"serial-{n}") for n in range(devices))
        self.group = DeviceGroup(
            settings, lambda: self.now_s, members, lambda _member, said: self.heard.append(said)
        )
        self.member = members[0]

    def fail(self, error: DeviceError | None = None) -> float:
        """Fail once; return how long the device is then left alone."""
        self.group.failed(self.member, error or DeviceUnreachable("big-0", "is off"))
        return self.member.standing.retry_at_s - self.now_s


def test_each_failure_doubles_the_wait_up_to_the_most() -> None:
    room = Room()
    assert [room.fail() for _ in range(6)] == [1.0, 2.0, 4.0, 6.0, 6.0, 6.0]


def test_very_many_failures_are_still_waited_for_the_most() -> None:
    room = Room()
    for _ in range(2000):
        waited_s = room.fail()
    assert waited_s == 6.0


def test_a_device_that_is_left_alone_gets_work_when_it_has_answered_a_question_again() -> None:
    room = Room(devices=2)
    room.fail()
    assert [member.serial for member in room.group.reachable()] == ["serial-1"]
    room.group.identify(Inline(), 1.0)
    assert len(room.group.reachable()) == 1  # its time has not come
    room.now_s = 1.0
    assert len(room.group.reachable()) == 1
    room.group.identify(Inline(), 1.0)
    assert len(room.group.reachable()) == 2


def test_whoever_answers_with_another_serial_number_is_another_device() -> None:
    room = Room()
    room.fail()
    room.now_s = 1.0
    room.group.identify(Inline(), 1.0)
    assert room.group.serials() == ("big-0",)


def test_a_device_that_says_later_is_left_alone_at_the_third_time_in_a_row() -> None:
    room = Room()
    for _ in range(5):
        room.fail(DeviceBusy("big-0", "HTTP 503"))
        room.fail(DeviceBusy("big-0", "HTTP 503"))
        assert len(room.group.reachable()) == 1
        room.group.answered(room.member)
    for _ in range(3):
        room.fail(CommitMet("big-0", "another commit"))
    assert len(room.group.reachable()) == 1
    for _ in range(3):
        waited_s = room.fail(DeviceBusy("big-0", "HTTP 503"))
    assert (waited_s, room.group.reachable(), room.member.is_away) == (1.0, (), True)


@given(st.integers(0, 50), st.floats(0.0, 1.0))
def test_the_wait_grows_to_its_most_and_dice_move_it_by_a_quarter_only(
    failures: int, jitter: float
) -> None:
    patience = Patience(1.0, 30.0)
    middle_s = patience.wait_s(failures, 0.5)
    assert 0.75 * middle_s <= patience.wait_s(failures, jitter) <= 1.25 * middle_s
    assert middle_s == min(2.0**failures, 30.0)


def test_an_answer_ends_the_waiting_and_the_next_failure_begins_anew() -> None:
    room = Room()
    for _ in range(4):
        room.fail()
    room.group.answered(room.member)
    assert len(room.group.reachable()) == 1
    assert room.fail() == 1.0


@pytest.mark.parametrize("error", [DeviceBusy("big-0", "another commit")])
def test_a_device_that_answers_no_is_not_left_alone(error: DeviceError) -> None:
    room = Room()
    room.fail(error)
    assert len(room.group.reachable()) == 1


def test_the_same_failure_is_said_once_and_so_is_the_return() -> None:
    room = Room()
    room.fail()
    room.fail()
    room.fail(DeviceUnreachable("big-0", "refuses the login"))
    room.group.answered(room.member)
    room.group.answered(room.member)
    assert room.heard == [
        "big-0: is off; it is tried again in 1 s",
        "big-0: refuses the login; it is tried again in 4 s",
        "big-0 answers again",
    ]


def test_a_device_is_known_by_its_serial_number_once_it_has_said_it() -> None:
    room = Room(devices=2)
    room.member.serial = ""
    assert room.group.serials() == ("?big-0", "serial-1")
    room.group.identify(Inline(), 1.0)
    assert room.member.serial == room.member.device.identity().serial
    assert room.group.serials() == ("big-0", "serial-1")


def test_only_devices_that_said_who_they_are_are_measured() -> None:
    room = Room(devices=2)
    room.member.serial = ""
    assert list(room.group.by_serial(room.group.members)) == ["serial-1"]


def test_a_device_that_hangs_is_asked_once_and_waited_for_only_so_long() -> None:
    asked, answer = [], threading.Event()

    class Hanging(MemoryDevice):
        def identity(self) -> DeviceIdentity:
            asked.append(self.name)
            answer.wait(10)
            return super().identity()

    room = Room()
    room.member.serial, room.member.device = "", Hanging("big-0")
    with ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            room.group.identify(pool, 0.01)
        assert (asked, room.group.serials()) == (["big-0"], ("?big-0",))
        answer.set()
    assert room.group.serials() == ("big-0",)


def test_a_device_that_returns_is_told_of_once() -> None:
    room = Room()
    returned: list[Member] = []
    room.group.returned = returned.append
    room.group.answered(room.member)
    room.fail()
    room.group.answered(room.member)
    room.group.answered(room.member)
    assert returned == [room.member]
