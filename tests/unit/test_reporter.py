"""A report says until when what was applied is in it: by the database's clock, told and counted."""

from dataclasses import dataclass
from typing import Any

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.reporting import Reporter
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.domain.capacity import CapacityReport
from bigip_lbaas.domain.errors import DeviceUnreachable
from bigip_lbaas.icontrol.memory import MemoryDevice
from tests.integration.world import Inline


@dataclass
class HandClock:
    """Stands still, but when it is moved; this machine's time has nothing to do with it."""

    now_s: float = 50.0

    def monotonic_s(self) -> float:
        return self.now_s

    def time_s(self) -> float:
        return 1e9

    def wait(self, pause: Any, timeout_s: float) -> bool:
        raise AssertionError("nobody waits here")


def test_what_has_passed_since_the_database_told_its_time_is_counted() -> None:
    clock, sent = HandClock(), list[CapacityReport]()
    settings = AgentSettings("dev", "host-1", 3)  # type: ignore[arg-type]
    group = DeviceGroup(settings, clock.monotonic_s, (Member(MemoryDevice("a"), "A"),))
    life = Life(clock.monotonic_s)
    life.begin("epoch", ())
    reporter = Reporter(settings, group, life, clock, Inline(), sent.append)
    reporter.begin()
    reporter.report_once(0.0)
    reporter.heard(7000.0)
    reporter.report_once(0.0)
    clock.now_s += 4.5
    reporter.report_once(0.0)
    reporter.begin()  # another life: its database may be another
    reporter.report_once(0.0)
    assert [report.as_of for report in sent] == [None, 7000.0, 7004.5, None]


def test_a_group_of_which_no_device_answers_is_reported_with_how_each_does() -> None:
    clock, sent = HandClock(), list[CapacityReport]()
    settings = AgentSettings("dev", "host-1", 3)  # type: ignore[arg-type]
    member = Member(MemoryDevice("a"), "A")
    group = DeviceGroup(settings, clock.monotonic_s, (member,))
    life = Life(clock.monotonic_s)
    life.begin("epoch", ())
    reporter = Reporter(settings, group, life, clock, Inline(), sent.append)
    reporter.begin()
    reporter.heard(7000.0)
    reporter.report_once(0.0)
    clock.now_s += 2.0
    group.failed(member, DeviceUnreachable("a", "is off"))
    reporter.report_once(0.0)
    well, off = (report.standings[0] for report in sent)
    assert (well.device, well.answers, well.again_at) == ("A", True, None)
    assert (off.device, off.answers, off.since_at) == ("A", False, 7002.0)
    assert "is off" in off.said
    assert off.again_at is not None
    assert off.again_at > 7002.0
    assert [report.devices for report in sent] == [("A",), ()]
    assert sent[1].environment_capacity_score is None
    assert sent[1].number > sent[0].number
