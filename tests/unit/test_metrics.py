"""Which metrics there are: the established ones, and those that distributions bring along."""

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from stevedore import ExtensionManager

from bigip_lbaas.cmd import metrics
from bigip_lbaas.cmd.metrics import Metrics, load_metrics
from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.metrics import ESTABLISHED, count
from bigip_lbaas.scheduling.capacity_policy import ESTABLISHED_METRICS

SHIPPED = {"cpu", "memory", "virtual_server_count", "pool_member_count", "new_connections_rate"}
irule_count = count("ltm/rule")  # as a third party would write it
not_a_metric = 7


def test_the_established_names_are_those_that_operators_know() -> None:
    assert ESTABLISHED.keys() == ESTABLISHED_METRICS


def test_ours_come_as_anybody_elses_do() -> None:
    found = load_metrics()
    assert found.broken == {}
    assert found.usable.keys() == ESTABLISHED_METRICS | SHIPPED


def with_points(monkeypatch: pytest.MonkeyPatch, **points: str) -> Metrics:
    """Return what is found where these entry points, and no others, are installed."""
    found = [
        EntryPoint(name, f"{__name__}:{said}", metrics.NAMESPACE) for name, said in points.items()
    ]
    monkeypatch.setattr(ExtensionManager, "list_entry_points", lambda _self: found)
    return load_metrics()


def test_a_third_partys_metric_can_be_named_in_a_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    found = with_points(monkeypatch, irule_count="irule_count")
    assert found.policy("irule_count: 5, node_count: 1k").limits == {
        "irule_count": 5.0, "node_count": 1000.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [
        ("odd", "not_a_metric", "is no Metric"),
        ("odd", "not_there", "cannot be loaded"),
        ("node_count", "irule_count", "has the name of an established metric"),
    ],
)
def test_one_that_cannot_be_used_is_refused_only_where_a_policy_names_it(
    name: str, said: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = with_points(monkeypatch, **{name: said})
    assert found.policy("tenant_count: 5").limits == {"tenant_count": 5.0}
    with pytest.raises(ConfigurationRefused, match=why) as refused:
        found.policy(f"tenant_count: 5, {name}: 7", "--capacity-policy")
    assert str(refused.value).startswith(f"--capacity-policy: the metric {name} cannot be used")


def test_the_metrics_of_the_how_to_work_as_they_stand_there() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-capacity-metric.md"
    said: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(block, said)
    device = MemoryDevice()
    device.traffic["httpRequests"] = 7.0
    found = device.sample({name: said[name] for name in ("irule_count", "http_requests_rate")})  # type: ignore[misc]
    assert found.values["irule_count"] == 0.0
    assert "shows no httpRequests" in found.unreadable["http_requests_rate"]
