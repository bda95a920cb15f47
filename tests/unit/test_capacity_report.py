"""A report says what the fullest device says; what cannot be read is unknown, never zero."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import pytest

from bigip_lbaas.agent.capacity import Measuring, Survey, report
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.domain.capacity import CapacityReport, Reading
from bigip_lbaas.domain.errors import DeviceUnreachable
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.port import Device, Sample
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.scheduling.capacity_policy import parse
from tests.integration.world import Inline

OFF = Measuring("off", None, DeviceUnreachable("off", "is off"))


def settings(policy: str = "tenant_count: 10, node_count: 100") -> AgentSettings:
    return AgentSettings("dev", "host-1", 3, parse(policy))  # type: ignore[arg-type]


def answered(serial: str, tenants: float, nodes: float) -> Measuring:
    return Measuring(serial, Sample({"tenant_count": tenants, "node_count": nodes}, {}))


def made(
    *measurings: Measuring, policy: str = "tenant_count: 10, node_count: 100"
) -> CapacityReport:
    found = report(settings(policy), "epoch", measurings, 7.0, 2)
    assert found is not None
    return found


def test_a_metric_is_its_highest_value_over_the_devices_that_answered() -> None:
    found = made(answered("a", 4, 10), answered("b", 3, 60), OFF)
    assert found.readings == (Reading("tenant_count", 4, 10), Reading("node_count", 60, 100))
    assert found.devices == ("a", "b")
    assert found.environment_capacity_score == 0.6
    assert found.binding_metric == "node_count"


def test_a_metric_that_one_device_cannot_read_makes_the_score_unknown_and_says_why() -> None:
    lame = Measuring("b", Sample({"tenant_count": 3.0}, {"node_count": "odd answer"}))
    found = made(answered("a", 4, 10), lame)
    assert found.unreadable == ("node_count on b: odd answer",)
    assert found.environment_capacity_score is None
    assert found.binding_metric is None


def test_without_any_answer_nothing_is_known_and_nothing_is_reported() -> None:
    assert report(settings(), "epoch", [OFF], 7.0, 1) is None


def test_without_a_policy_the_score_is_zero() -> None:
    found = made(Measuring("a", Sample({}, {})), policy="")
    assert not found.has_policy
    assert found.environment_capacity_score == 0.0


def test_a_report_says_whose_it_is_and_what_it_can_have_seen() -> None:
    found = made(answered("a", 1, 1))
    assert (found.environment, found.group, found.agent_id) == ("dev", 3, "host-1:3")
    assert (found.epoch, found.as_of, found.number) == ("epoch", 7.0, 2)


class Time:
    """A clock that a test sets; a wait lets it go on and changes what devices have counted."""

    def __init__(self, during: Callable[[], None] = lambda: None) -> None:
        self.now_s = 100.0
        self.waited: list[float] = []
        self._during = during

    def monotonic_s(self) -> float:
        return self.now_s

    def time_s(self) -> float:
        return self.now_s

    def wait(self, _pause: object, timeout_s: float) -> bool:
        self.waited.append(timeout_s)
        self.now_s += timeout_s
        self._during()
        return False


def device_of(clock: "Time", **traffic: float) -> MemoryDevice:
    """Return a device that has this clock beside it."""
    device = MemoryDevice("a")
    device.monotonic_s = clock.monotonic_s
    device.traffic.update(traffic)
    return device


def survey_of(policy: str, clock: Time, pool: Executor | None = None, **more: Any) -> Survey:
    told = AgentSettings("dev", "host-1", 3, parse(policy), **more)  # type: ignore[arg-type]
    return Survey(told, pool or Inline(), clock, threading.Event())


def test_a_device_that_cannot_be_reached_has_an_error_and_no_value() -> None:
    class Off(MemoryDevice):
        def sample(self, metrics, owns=None):  # type: ignore[no-untyped-def]
            raise DeviceUnreachable("off", "is off")

    survey = survey_of("tenant_count: 10", Time())
    found = survey.measure({"b": MemoryDevice("b"), "a": Off("a")})
    assert [one.serial for one in found] == ["a", "b"]
    assert found[0].sample is None
    assert str(found[0].error) == "off: is off"
    assert found[1].sample is not None
    assert found[1].sample.values == {"tenant_count": 0.0}


def test_a_device_that_hangs_delays_no_report_and_is_not_asked_again_meanwhile(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked, answer = [], threading.Event()

    class Hanging(MemoryDevice):
        def sample(self, metrics, owns=None):  # type: ignore[no-untyped-def]
            asked.append(self.name)
            answer.wait(10)
            return super().sample(metrics, owns)

    devices = {"a": Hanging("a"), "b": MemoryDevice("b")}
    with ThreadPoolExecutor(3) as pool:
        survey = survey_of("tenant_count: 10", Time(), pool, measure_timeout_s=0.05)
        for _ in range(2):
            first, second = survey.measure(devices)
            assert first.sample is None
            assert "has not answered within" in str(first.error)
            assert second.sample is not None
        assert asked == ["a"]
        assert caplog.text.count("a has not been measured") == 1
        answer.set()
    with ThreadPoolExecutor(3) as pool:
        survey._pool = pool
        assert all(each.sample for each in survey.measure(devices))


def test_a_first_rate_takes_two_readings_and_every_later_one_only_one() -> None:
    clock = Time(lambda: carry())
    device = device_of(clock)

    def carry() -> None:
        device.traffic["bitsIn"] += 600.0
        device.traffic["bitsOut"] += 1000.0

    survey = survey_of("throughput: 1k, inbound_throughput: 1k, tenant_count: 10", clock)
    (first,) = survey.measure({"a": device})
    assert clock.waited == [2.0]
    assert first.sample is not None
    assert first.sample.values == {
        "throughput": 800.0, "inbound_throughput": 300.0, "tenant_count": 0.0,
    }  # fmt: skip
    before = device.requests
    clock.now_s += 10
    carry()
    (later,) = survey.measure({"a": device})
    assert later.sample is not None
    assert later.sample.values["throughput"] == 160.0
    assert clock.waited == [2.0]
    assert device.requests - before == 2  # both rates from one read, and the partitions


def test_a_reading_too_soon_after_another_repeats_its_rates() -> None:
    clock = Time(lambda: device.traffic.update(bitsIn=2000.0))
    device = device_of(clock)
    survey = survey_of("inbound_throughput: 1k", clock)
    survey.measure({"a": device})
    device.traffic["bitsIn"] += 5000.0
    clock.now_s += 0.1
    (soon,) = survey.measure({"a": device})
    assert soon.sample is not None
    assert soon.sample.values == {"inbound_throughput": 1000.0}
    assert clock.waited == [2.0]


@pytest.mark.parametrize(("then", "passed_s"), [(0.0, 10.0), (9000.0, 500.0)])
def test_counters_that_began_again_or_were_read_long_ago_are_read_twice(
    then: float, passed_s: float
) -> None:
    clock = Time(lambda: device.traffic.update(bitsIn=device.traffic["bitsIn"] + 40.0))
    device = device_of(clock, bitsIn=5000.0)
    survey = survey_of("inbound_throughput: 1k", clock)
    survey.measure({"a": device})
    device.traffic["bitsIn"] = then
    clock.now_s += passed_s
    (found,) = survey.measure({"a": device})
    assert found.sample is not None
    assert found.sample.values == {"inbound_throughput": 20.0}
    assert clock.waited == [2.0, 2.0]


def test_counters_that_began_again_between_two_readings_leave_the_rate_unknown() -> None:
    clock = Time(lambda: device.traffic.update(bitsIn=1.0))
    device = device_of(clock, bitsIn=5000.0)
    survey = survey_of("inbound_throughput: 1k", clock)
    (found,) = survey.measure({"a": device})
    assert found.sample is not None
    assert found.sample.values == {}
    assert "began again" in found.sample.unreadable["inbound_throughput"]


def cluster(active: Mapping[str, bool], connections: Mapping[str, float]) -> CapacityReport:
    devices: dict[str, Device] = {}
    for name, count in connections.items():
        device = MemoryDevice(name)
        device.active, device.traffic["curConns"] = active[name], count
        devices[name] = device
    policy = "active_connections: 100, tenant_count: 10"
    found = report(settings(policy), "epoch", survey_of(policy, Time()).measure(devices), None, 1)
    assert found is not None
    return found


def test_where_one_device_is_active_its_traffic_counts_against_one_limit() -> None:
    found = cluster({"a": True, "b": False}, {"a": 60.0, "b": 3.0})
    assert found.readings[0] == Reading("active_connections", 60.0, 100.0)


def test_where_several_are_active_the_sum_counts_against_the_sum_of_their_limits() -> None:
    found = cluster({"a": True, "b": True, "c": False}, {"a": 60.0, "b": 30.0, "c": 1.0})
    assert found.readings[0] == Reading("active_connections", 90.0, 200.0, over=2)
    assert found.readings[1] == Reading("tenant_count", 0.0, 10.0)
    assert found.environment_capacity_score == 0.45


def test_while_no_device_is_active_the_highest_counts() -> None:
    found = cluster({"a": False, "b": False}, {"a": 60.0, "b": 3.0})
    assert found.readings[0] == Reading("active_connections", 60.0, 100.0)


def test_only_what_the_environment_has_is_counted_when_told_so() -> None:
    device = MemoryDevice("a")
    for name in ("dev_1", "dev_2_1", "other"):
        device.create_partition(name)
    counted = survey_of("tenant_count: 10", Time(), counted=Naming("dev").owns)
    (ours,) = counted.measure({"a": device})
    (everything,) = survey_of("tenant_count: 10", Time()).measure({"a": device})
    assert ours.sample is not None
    assert everything.sample is not None
    assert (ours.sample.values["tenant_count"], everything.sample.values["tenant_count"]) == (1, 3)
