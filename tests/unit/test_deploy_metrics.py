"""What is delivered for Prometheus and Grafana asks for what the programs serve, and parses."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.cmd.telemetry import catalogue
from bigip_lbaas.cmd.telemetry.agent import AgentTelemetry
from bigip_lbaas.cmd.telemetry.controller import ControllerTelemetry
from bigip_lbaas.cmd.telemetry.database import Looks
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber
from bigip_lbaas.store.memory import MemoryStore

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "bigip-lbaas.json"
ENVIRONMENT = EnvironmentName("dev")
ENDINGS = {"gauge": ("",), "counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
# whatever else stands in a query: functions, aggregations, words of the language
LANGUAGE = {"max", "sum", "by", "rate", "increase", "histogram_quantile", "or"}
ADDED_BY_PROMETHEUS = {"instance", "le"}


def telemetries() -> tuple[AgentTelemetry, ControllerTelemetry]:
    store = MemoryStore(lambda: 0.0)
    return (
        AgentTelemetry(AgentSettings(ENVIRONMENT, "host-1", GroupNumber(1))),
        ControllerTelemetry(ENVIRONMENT, Looks(store, ENVIRONMENT), lambda: 0.0),
    )


def served() -> set[str]:
    """Return the names that the registries of an agent and of a controller describe."""
    families = [family for one in telemetries() for family in one.describe()]
    families += [family for one in telemetries() for family in one.registry.collect()]
    return {family.name + ending for family in families for ending in ENDINGS[family.type]}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def targets() -> list[dict[str, Any]]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target for panel in panels for target in panel["targets"]]


QUERIES = [rule["expr"] for rule in alerts()] + [target["expr"] for target in targets()]


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_names_what_is_served(query: str) -> None:
    without_texts = re.sub(r'"[^"]*"', "", re.sub(r"\[[^]]*\]", "", query))
    named = set(re.findall(r"(?<![\w.])[a-z_]\w*", without_texts))
    metrics = named & served()
    labels = {
        label
        for one in catalogue.AGENT + catalogue.CONTROLLER
        if metrics & one.samples
        for label in one.labels
    }
    assert metrics
    assert named - metrics - LANGUAGE - labels - ADDED_BY_PROMETHEUS == set()


@pytest.mark.parametrize("query", QUERIES)
def test_every_outcome_that_a_query_asks_for_is_explained(query: str) -> None:
    (metric, *_) = [
        one for one in catalogue.AGENT + catalogue.CONTROLLER if one.samples & set(names(query))
    ]
    for words in re.findall(r'outcome[!=~]+"([^"]*)"', query):
        for word in words.split("|"):
            assert re.search(rf"[: ]{word}\b", metric.says.partition("Outcome:")[2]), word


def names(query: str) -> list[str]:
    return re.findall(r"bigip_lbaas_\w+", query)


def test_every_metric_is_on_the_dashboard() -> None:
    asked = {name for target in targets() for name in names(target["expr"])}
    unseen = {one.name for one in catalogue.AGENT + catalogue.CONTROLLER if not one.samples & asked}
    assert unseen == set()


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_every_alert_says_how_bad_it_is_and_what_to_look_at(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"].keys() == {"summary", "description"}
    shown = set(re.findall(r"\$labels\.(\w+)", "".join(rule["annotations"].values())))
    grouped = re.search(r"by \(([^)]*)\)", rule["expr"])
    if grouped:
        assert shown <= set(re.split(r",\s*", grouped[1]))


def test_alerts_have_names_of_their_own() -> None:
    said = [rule["alert"] for rule in alerts()]
    assert len(set(said)) == len(said)


def promtool(*words: str, said: str = "") -> None:
    told = subprocess.run(
        ["promtool", "check", *words],
        input=said, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr


has_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="there is no promtool here (Debian: prometheus)"
)


@has_promtool
def test_promtool_accepts_the_rules() -> None:
    promtool("rules", str(ALERTS))


@has_promtool
def test_promtool_accepts_the_queries_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": target["expr"]}
        for number, target in enumerate(targets())
    ]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("rules", str(path))


@has_promtool
def test_promtool_finds_no_fault_with_the_metrics() -> None:
    for telemetry in telemetries():
        promtool("metrics", said=generate_latest(telemetry.registry).decode())


def test_panels_do_not_overlap_and_choose_their_data_source() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in dashboard["panels"]]
    assert len(set(places)) == len(places)
    assert len({one["id"] for one in dashboard["panels"]}) == len(places)
    assert {target["datasource"]["uid"] for target in targets()} == {"${datasource}"}
