"""A report says what the fullest device says; what cannot be read is unknown, never zero."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bigip_lbaas.agent.capacity import Measuring, Survey, report
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.domain.capacity import CapacityReport, Reading
from bigip_lbaas.domain.errors import DeviceUnreachable
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.port import Measured
from bigip_lbaas.scheduling.capacity_policy import parse
from tests.integration.world import Inline

OFF = Measuring("off", None, DeviceUnreachable("off", "is off"))


def settings(policy: str = "tenant_count: 10, node_count: 100") -> AgentSettings:
    return AgentSettings("dev", "host-1", 3, parse(policy))  # type: ignore[arg-type]


def answered(serial: str, tenants: float, nodes: float) -> Measuring:
    return Measuring(serial, Measured({"tenant_count": tenants, "node_count": nodes}, {}))


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
    lame = Measuring("b", Measured({"tenant_count": 3.0}, {"node_count": "odd answer"}))
    found = made(answered("a", 4, 10), lame)
    assert found.unreadable == ("node_count on b: odd answer",)
    assert found.environment_capacity_score is None
    assert found.binding_metric is None


def test_without_any_answer_nothing_is_known_and_nothing_is_reported() -> None:
    assert report(settings(), "epoch", [OFF], 7.0, 1) is None


def test_without_a_policy_the_score_is_zero() -> None:
    found = made(Measuring("a", Measured({}, {})), policy="")
    assert not found.has_policy
    assert found.environment_capacity_score == 0.0


def test_a_report_says_whose_it_is_and_what_it_can_have_seen() -> None:
    found = made(answered("a", 1, 1))
    assert (found.environment, found.group, found.agent_id) == ("dev", 3, "host-1:3")
    assert (found.epoch, found.as_of, found.number) == ("epoch", 7.0, 2)


def test_a_device_that_cannot_be_reached_has_an_error_and_no_value() -> None:
    class Off(MemoryDevice):
        def measure(self, metrics):  # type: ignore[no-untyped-def]
            raise DeviceUnreachable("off", "is off")

    found = Survey(Inline(), 1.0).measure(
        {"b": MemoryDevice("b"), "a": Off("a")}, ("tenant_count",)
    )
    assert [one.serial for one in found] == ["a", "b"]
    assert found[0].measured is None
    assert str(found[0].error) == "off: is off"
    assert found[1].measured is not None
    assert found[1].measured.values == {"tenant_count": 0.0}


def test_a_device_that_hangs_delays_no_report_and_is_not_asked_again_meanwhile(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked, answer = [], threading.Event()

    class Hanging(MemoryDevice):
        def measure(self, metrics):  # type: ignore[no-untyped-def]
            asked.append(self.name)
            answer.wait(10)
            return super().measure(metrics)

    devices = {"a": Hanging("a"), "b": MemoryDevice("b")}
    with ThreadPoolExecutor(3) as pool:
        survey = Survey(pool, 0.05)
        for _ in range(2):
            first, second = survey.measure(devices, ("tenant_count",))
            assert first.measured is None
            assert "has not answered within" in str(first.error)
            assert second.measured is not None
        assert asked == ["a"]
        assert caplog.text.count("a has not been measured") == 1
        answer.set()
    with ThreadPoolExecutor(3) as pool:
        survey._pool = pool
        assert all(each.measured for each in survey.measure(devices, ("tenant_count",)))
