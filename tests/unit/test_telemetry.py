"""Metrics and health of a controller and of agents, scraped over HTTP."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bigip_lbaas.agent.converge import Ending
from bigip_lbaas.cmd.telemetry import catalogue
from bigip_lbaas.cmd.telemetry.agent import WITHOUT_LEASE_S, AgentTelemetry
from bigip_lbaas.cmd.telemetry.controller import LATE_S, ControllerTelemetry
from bigip_lbaas.cmd.telemetry.database import Looks
from bigip_lbaas.cmd.telemetry.server import Listen, Telemetry, TelemetryServer, serving
from bigip_lbaas.domain.errors import ConfigurationRefused, StoreUnavailable
from bigip_lbaas.ltm import kinds
from bigip_lbaas.scheduling.capacity_policy import parse
from bigip_lbaas.wire.messages import AuditOrder
from tests.integration.graphs import graph
from tests.integration.world import ENVIRONMENT, World

HOST = "127.0.0.1"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def ask(server: TelemetryServer, path: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection(*server.server_address[:2], timeout=10)) as client:
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, answer.read().decode()


def scrape(server: TelemetryServer) -> Samples:
    status, text = ask(server, "/metrics")
    assert status == 200
    return {
        (sample.name.removeprefix("bigip_lbaas_"), tuple(sorted(sample.labels.items()))):
            sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }  # fmt: skip


def labelled(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted({"environment": "dev", **labels}.items()))


class Measured:
    """A world whose agents and controllers are measured and served."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.telemetries: dict[str, AgentTelemetry] = {}
        self.world = World(measures_of_agent=self._measures)
        looks = Looks(self.world.store, ENVIRONMENT)
        self.controller = ControllerTelemetry(ENVIRONMENT, looks, lambda: self.world.now_s)
        self.world.measure_controllers(self.controller)

    def _measures(self, settings: Any) -> AgentTelemetry:
        self.telemetries[settings.agent_id] = AgentTelemetry(settings)
        return self.telemetries[settings.agent_id]

    def serve(self, telemetry: Telemetry) -> TelemetryServer:
        return self._stack.enter_context(serving(Listen(HOST, 0), telemetry))

    def pump(self) -> None:
        while self.world.messages or self.world.work():
            while self.world.messages:
                self.world.deliver()


@pytest.fixture
def measured() -> Iterator[Measured]:
    with ExitStack() as stack:
        made = Measured(stack)
        made.world.add_agent("host-1", 1, ("big-1",), parse("tenant_count: 10"))
        made.world.pass_time(1.0)
        made.world.report()
        made.pump()
        yield made


def test_one_load_balancer_is_seen_on_its_way(measured: Measured) -> None:
    world = measured.world
    agent = measured.serve(measured.telemetries["host-1:1"])
    controller = measured.serve(measured.controller)
    world.door.create(graph(1, "acme"), (), "req-1")
    world.deliver()  # placed, and sent to the agent
    world.now_s += 1.0
    seen = scrape(controller)
    assert seen[labelled("decisions_total", outcome="placed")] == 1
    assert seen[labelled("load_balancers", phase="assigned")] == 1
    assert seen[labelled("pending_age_seconds", phase="assigned")] == 1.0
    assert seen[labelled("pending_age_seconds", phase="waiting")] == 0.0
    assert seen[labelled("outbox_statuses")] == 0
    world.deliver()
    world.now_s += 0.5
    waits = scrape(agent)
    assert waits[labelled("agent_tasks", group="1")] == 1
    assert waits[labelled("agent_task_age_seconds", group="1")] == 0.5
    measured.pump()
    world.now_s += 1.0
    done, told = scrape(agent), scrape(controller)
    assert done[labelled("agent_tasks", group="1")] == 0
    assert done[labelled("agent_homes", group="1")] == 2  # and that of what projects share
    assert done[
        labelled("apply_duration_seconds_count", group="1", outcome="applied")
    ] == 1  # fmt: skip
    assert done[labelled("device_answers", group="1", device="big-1")] == 1
    assert told[labelled("outcomes_total", outcome="applied")] == 1
    assert told[labelled("load_balancers", phase="applied")] == 1
    assert told[labelled("outbox_statuses")] == 1
    assert told[labelled("outbox_age_seconds")] == 1.0
    assert told[labelled("group_agents_alive", group="1")] == 1


def test_heartbeats_and_leases_are_counted_down(measured: Measured) -> None:
    agent, controller = (
        measured.serve(measured.telemetries["host-1:1"]),
        measured.serve(measured.controller),
    )
    before = scrape(agent)
    measured.world.now_s += 2.0
    after, seen = scrape(agent), scrape(controller)
    for name, change in (("agent_heartbeat_age_seconds", 2.0), ("agent_lease_left_seconds", -2.0)):
        key = labelled(name, group="1")
        assert after[key] == pytest.approx(before[key] + change), name
    assert seen[labelled("group_heartbeat_age_seconds", group="1")] >= 2.0
    assert seen[labelled("controller_watch_age_seconds")] == 2.0


def test_a_device_that_is_off_is_seen_as_one(measured: Measured) -> None:
    measured.world.off.add("big-1")
    measured.world.report()
    agent = measured.serve(measured.telemetries["host-1:1"])
    assert scrape(agent)[labelled("device_answers", group="1", device="big-1")] == 0


def test_agents_of_one_process_are_told_apart(measured: Measured) -> None:
    measured.world.add_agent("host-1", 2, ("big-2",))
    servers = [measured.serve(each) for each in measured.telemetries.values()]
    groups = [{dict(labels).get("group") for _, labels in scrape(each)} for each in servers]
    assert groups == [{"1"}, {"2"}]


# -- health


def test_an_agent_without_a_lease_for_long_is_unwell(measured: Measured) -> None:
    server = measured.serve(measured.telemetries["host-1:1"])
    assert ask(server, "/healthz") == (200, "ok\n")
    measured.world.now_s += 3.0 + WITHOUT_LEASE_S - 0.5  # the lease of 3 s is counted first
    assert ask(server, "/healthz")[0] == 200
    measured.world.now_s += 1.0
    status, why = ask(server, "/healthz")
    assert status == 503
    assert "host-1:1 has had no lease for 3" in why
    measured.world.pass_time(1.0)
    assert ask(server, "/healthz")[0] == 200


def test_a_controller_whose_database_is_away_is_unwell_and_says_what_it_can(
    measured: Measured,
) -> None:
    world = measured.world
    server = measured.serve(measured.controller)
    assert ask(server, "/healthz") == (200, "ok\n")

    def away(_work: Any) -> Any:
        raise StoreUnavailable("the database is away")

    was, world.store.read = world.store.read, away  # type: ignore[method-assign]
    world.now_s += LATE_S + 1.0
    with pytest.raises(StoreUnavailable):
        world.controllers[0].watch()
    status, why = ask(server, "/healthz")
    assert status == 503
    assert "database" in why
    seen = scrape(server)
    assert seen[labelled("database_answers")] == 0
    assert not [name for name, _ in seen if name == "load_balancers"]
    world.store.read = was  # type: ignore[method-assign]
    world.controllers[0].watch()
    assert ask(server, "/healthz")[0] == 200
    assert scrape(server)[labelled("database_answers")] == 1


def test_a_database_that_is_stuck_is_asked_by_one_thread_only() -> None:
    world, asked, goes_on = World(), [], threading.Event()
    was = world.store.read

    def stuck(work: Any) -> Any:
        asked.append(work)
        assert goes_on.wait(30)
        return was(work)

    world.store.read = stuck  # type: ignore[method-assign]
    looks = Looks(world.store, ENVIRONMENT)
    assert looks.look(0.01) is None
    assert looks.look(0.01) is None
    assert len(asked) == 1
    goes_on.set()
    assert looks.look(30) is not None


def test_another_path_is_not_there(measured: Measured) -> None:
    status, said = ask(measured.serve(measured.controller), "/")
    assert status == 404
    assert "/metrics" in said


def test_a_port_in_use_is_refused_naming_option_and_value(measured: Measured) -> None:
    server = measured.serve(measured.controller)
    listen = Listen(HOST, int(server.server_address[1]))
    with pytest.raises(ConfigurationRefused, match=f"metrics_listen = '{listen}': .*in use"):
        TelemetryServer(listen, measured.controller)


# -- names


def families(telemetry: Telemetry) -> dict[str, tuple[str, str]]:
    return {
        family.name + ("_total" if family.type == "counter" else ""):
            (family.type, family.documentation)
        for family in telemetry.registry.collect()
    }  # fmt: skip


def test_the_registries_hold_what_the_catalogue_says(measured: Measured) -> None:
    ours = ((measured.telemetries["host-1:1"], catalogue.AGENT),
            (measured.controller, catalogue.CONTROLLER))  # fmt: skip
    for telemetry, measures in ours:
        assert families(telemetry) == {each.name: (each.kind, each.says) for each in measures}


@pytest.mark.parametrize("measure", catalogue.AGENT + catalogue.CONTROLLER, ids=lambda m: m.name)
def test_names_have_base_units_and_labels_stay_few(measure: catalogue.Measure) -> None:
    assert measure.name.startswith("bigip_lbaas_")
    assert ("seconds" in measure.name) == measure.name.endswith("_seconds")
    assert (measure.kind == "counter") == measure.name.endswith("_total")
    few = {"environment", "group", "device", "outcome", "method", "phase"}
    assert set(measure.labels) <= few


@pytest.mark.parametrize(
    ("ending", "word"),
    [
        (Ending(applied=True), "applied"),
        (Ending(applied=True, unclean=("b",), later="off"), "partly"),
        (Ending(refused="no"), "refused"),
        (Ending(later="busy"), "again"),
        (Ending(fenced=True, later="theirs"), "fenced"),
    ],
)
def test_each_ending_has_its_word(measured: Measured, ending: Ending, word: str) -> None:
    telemetry = measured.telemetries["host-1:1"]
    telemetry.applied(ending, 0.3)
    seen = scrape(measured.serve(telemetry))
    assert seen[labelled("apply_duration_seconds_sum", group="1", outcome=word)] == 0.3


def test_what_audits_have_found_is_seen_until_it_is_gone(measured: Measured) -> None:
    world = measured.world
    controller = measured.serve(measured.controller)
    world.door.create(graph(1, "acme"), (), "req-1")
    measured.pump()
    tree = world.devices["big-1"].objects
    path = next(path for path in tree if path.collection == kinds.POOL)
    tree[path] = {**tree[path], "loadBalancingMode": "ratio-member"}
    assert labelled("audit_age_seconds", group="1") not in scrape(controller)
    audit = world.agents["host-1:1"].chores.audit
    for found in (1, 0):
        audit.run(AuditOrder(0))
        world.deliver()
        world.pass_time(5.0)
        seen = scrape(controller)
        assert seen[labelled("drift_findings", group="1")] == found
        assert seen[labelled("audit_age_seconds", group="1")] == 5.0
        measured.pump()
