"""An agent's threads: a device that hangs, an answer that is lost, a defect stop no heartbeat."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from bigip_lbaas.agent import beating, pacing, parting, service
from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.level import Leveller
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.service import Agent
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.surroundings import Surroundings
from bigip_lbaas.cmd.building import SystemClock
from bigip_lbaas.domain.errors import NoAnswer
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.port import DeviceIdentity
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.scheduling.capacity_policy import parse
from bigip_lbaas.scheduling.heartbeats import Pace
from tests.integration.world import Inline


class Line:
    """A bus on which a controller answers at once, or as `fails` says."""

    def __init__(self) -> None:
        self.registered: list[tuple[str, ...]] = []
        self.beats = 0
        self.reports = 0
        self.timeouts_s: list[float] = []
        self.homes: list[dict[str, Any]] = []
        self.let_go: list[Any] = []  # as each heartbeat said it, with whether it was a goodbye
        self.hears = False
        self.fails: Callable[[str], None] = lambda _method: None

    def call(
        self, topic: str, method: str, payload: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any]:
        self.timeouts_s.append(timeout_s)
        self.fails(method)
        if method == "register":
            self.registered.append(tuple(payload["devices"]))
            return {"epoch": f"epoch-{len(self.registered)}", "homes": self.homes}
        self.beats += 1
        if payload["let_go"] or payload["goodbye"]:
            self.let_go.append((len(payload["let_go"]), payload["goodbye"]))
        return {"interval_s": 0.01, "lease_s": 3.0, "heard_let_go": self.hears}

    def cast(self, topic: str, method: str, payload: Mapping[str, Any]) -> None:
        self.reports += method == "report"

    def serve(self, _topic: str, _server: str, endpoints: Any, _workers: int) -> Any:
        self.endpoints = endpoints
        return self

    def stop(self) -> None:
        """Nothing serves."""

    def close(self) -> None:
        """Nothing is open."""


class Odd(MemoryDevice):
    """A device that does not say who it is before `answer`, and whose measuring may have a bug."""

    def __init__(self, name: str = "big") -> None:
        super().__init__(name)
        self.answer = threading.Event()
        self.measures = threading.Event()
        self.measures.set()
        self.defects = 0

    def identity(self) -> DeviceIdentity:
        self.answer.wait(20)
        return super().identity()

    def sample(self, metrics, owns=None):  # type: ignore[no-untyped-def]
        self.measures.wait(30)
        if self.defects:
            self.defects -= 1
            raise LookupError("a defect")
        return super().sample(metrics, owns)


def agent_of(line: Line, device: Odd, pool: Inline | None = None, **more: float) -> Agent:
    clock = SystemClock()
    policy = parse("tenant_count: 10")
    given = {"report_interval_s": 0.05, "retry_s": 0.01, **more}
    settings = AgentSettings("dev", "host-1", 1, policy, **given)  # type: ignore[arg-type]
    life = Life(clock.monotonic_s)
    group = DeviceGroup(settings, clock.monotonic_s, (Member(device),))
    leveller = Leveller(Naming("dev"), RenderSettings(), life.may_write_to)
    return Agent(settings, group, life, Surroundings(line, clock, leveller, lambda: 0.5, pool))


@contextmanager
def running(line: Line, device: Odd, **settings: float) -> Iterator[Agent]:
    agent = agent_of(line, device, None, **settings)
    agent.start()
    try:
        yield agent
    finally:
        device.answer.set()
        device.measures.set()
        agent.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until_s, "it never came to be"
        threading.Event().wait(0.005)


def test_a_device_that_hangs_stops_no_heartbeat_and_is_registered_when_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(beating, "FIRST_LOOK_S", 0.02)
    monkeypatch.setattr(service, "FIRST_LOOK_S", 0.02)
    line, device = Line(), Odd()
    with running(line, device):
        wait_until(lambda: line.beats > 5)
        assert line.registered == [("?big",)]
        device.answer.set()
        wait_until(lambda: line.registered == [("?big",), ("big",)])
        seen = line.beats
        wait_until(lambda: line.beats > seen + 5)
    assert len(line.registered) == 2


def test_a_device_that_takes_long_to_be_measured_makes_no_heartbeat_late() -> None:
    line, device = Line(), Odd()
    device.answer.set()
    device.measures.clear()
    with running(line, device):
        wait_until(lambda: line.beats > 20)
        assert line.reports == 0
        device.measures.set()
        wait_until(lambda: line.reports > 1)


def test_where_devices_answer_at_once_one_registration_is_enough() -> None:
    line, device = Line(), Odd()
    device.answer.set()
    with running(line, device):
        wait_until(lambda: line.beats > 5 and line.reports > 1)
    assert line.registered == [("big",)]


def test_an_agent_that_is_asked_for_a_score_does_not_wait_for_its_next_report() -> None:
    line, device = Line(), Odd()
    device.answer.set()
    with running(line, device, report_interval_s=600.0):
        wait_until(lambda: line.beats > 5)
        line.reports = 0
        line.endpoints["measure"]({})
        wait_until(lambda: line.reports == 1)


def test_a_defect_ends_neither_heartbeats_nor_reports(caplog: pytest.LogCaptureFixture) -> None:
    line, device = Line(), Odd()
    device.answer.set()
    device.defects = 2
    defects = [LookupError("a defect"), LookupError("another")]

    def fail(_method: str) -> None:
        if defects:
            raise defects.pop()

    line.fails = fail
    with caplog.at_level(logging.ERROR), running(line, device):
        wait_until(lambda: line.beats > 5 and line.reports > 1)
    assert "could not beat" in caplog.text
    assert "could not report" in caplog.text
    assert "Traceback" in caplog.text


def test_an_answer_is_waited_for_so_that_the_lease_holds_two_more_tries() -> None:
    line, device = Line(), Odd()
    device.answer.set()
    agent = agent_of(line, device, Inline())
    agent.beat_once()
    assert line.timeouts_s == [2.0, 2.0]  # no lease is known yet

    def lose(_method: str) -> None:
        raise NoAnswer("lost")

    line.fails = lose
    # lost without any waiting: then the rest of that half is waited for
    assert 1.4 < agent.beat_once() <= 1.5 + pacing.JITTER_S
    assert line.timeouts_s[-1] == pytest.approx(1.495)
    for _ in range(pacing.TRIES_AT_ONCE - 1):
        assert agent.beat_once() <= 1.5 + pacing.JITTER_S
    agent._heart._pacing.pace = Pace(
        20.0, 22.0
    )  # many agents: the broker may be away for all of them
    assert 10.0 <= agent.beat_once() <= 30.0


def test_after_a_lost_answer_that_took_its_time_the_next_heartbeat_leaves_at_once() -> None:
    line, device = Line(), Odd()
    device.answer.set()
    agent = agent_of(line, device, Inline())
    agent.beat_once()
    agent._heart._pacing.pace = Pace(0.01, 0.03)

    def lose(_method: str) -> None:
        threading.Event().wait(line.timeouts_s[-1])
        raise NoAnswer("lost")

    line.fails = lose
    assert agent.beat_once() <= pacing.JITTER_S


def test_changed_devices_are_saved_at_intervals_and_at_the_end_and_others_left_alone() -> None:
    line, device = Line(), Odd()
    device.answer.set()
    with running(line, device, save_interval_s=0.05):
        wait_until(lambda: line.beats > 5)
        assert device.saves == 0
        device.create_partition("dev_1")
        wait_until(lambda: device.saves == 1)
        beats = line.beats
        wait_until(lambda: line.beats > beats + 5)
        assert device.saves == 1
    last = Odd()
    last.answer.set()
    with running(Line(), last, save_interval_s=60.0) as agent:
        wait_until(lambda: agent._life.lease_left_s() > 0)
        last.create_partition("dev_1")
    assert last.saves == 1


def test_a_defect_in_saving_is_logged_and_saving_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    line, device = Line(), Odd()
    device.answer.set()
    save, failures = device.save, [LookupError("a defect")]

    def odd_save() -> None:
        if failures:
            raise failures.pop()
        save()

    device.save = odd_save  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR), running(line, device, save_interval_s=0.05):
        wait_until(lambda: line.beats > 5)
        device.create_partition("dev_1")
        wait_until(lambda: device.saves == 1)
    assert "could not save; it goes on" in caplog.text


def test_workers_without_work_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    line, device = Line(), Odd()
    device.answer.set()
    with running(line, device, report_interval_s=600.0) as agent:
        wait_until(lambda: line.beats > 5)
        looks = []
        take = agent._inbox.take
        monkeypatch.setattr(agent._inbox, "take", lambda now_s: looks.append(1) or take(now_s))
        before = line.beats
        wait_until(lambda: line.beats > before + 20)
        assert len(looks) < 20 * 30  # each heartbeat wakes four workers; spinning ones look always


def home(number: int) -> dict[str, Any]:
    fence = {"number": number, "nonce": "aa"}
    project = f"project-{number}"
    return {
        "environment": "dev", "project_id": project, "group": 1, "agent_id": "host-1:1",
        "fence": fence,
    }  # fmt: skip


@pytest.mark.parametrize("hears", [True, False])
def test_an_agent_that_stops_lets_go_of_all_homes_before_whoever_hears_it(hears: bool) -> None:
    line, device = Line(), Odd()
    line.homes, line.hears = [home(number) for number in (1, 2, 3)], hears
    device.answer.set()
    with running(line, device):
        wait_until(lambda: line.beats > 3)
        assert line.let_go == []
        begun_s = time.monotonic()
    assert line.let_go == [(3, True)] * (1 if hears else parting.UNHEARD)
    assert time.monotonic() - begun_s < service.PARTING_S
    said = line.beats
    threading.Event().wait(0.05)
    assert line.beats == said


def test_a_task_under_way_is_finished_before_its_home_is_let_go_of() -> None:
    line, device = Line(), Slow()
    line.homes, line.hears = [home(1), home(2)], True
    device.answer.set()
    with running(line, device) as agent:
        wait_until(device.is_read.is_set)  # to stamp them
        stops = threading.Thread(target=agent.leave)
        stops.start()
        stops.join()
        seen = line.beats
        wait_until(lambda: line.beats > seen + 3)
        assert line.let_go == []
        device.goes_on.set()
        wait_until(lambda: line.let_go == [(2, True)])


class Slow(Odd):
    """A device that shows its stamps only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_read, self.goes_on = threading.Event(), threading.Event()

    def stamps(self, partition: str) -> Any:
        self.is_read.set()
        self.goes_on.wait(20)
        return super().stamps(partition)
