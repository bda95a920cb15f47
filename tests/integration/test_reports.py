"""A counter on a device decides where load balancers go: real agent, bus, store and scheduler."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.bus.oslo import OsloBus, private_conf
from bigip_lbaas.cmd.building import SystemClock, build_agent
from bigip_lbaas.cmd.metrics import load_metrics
from bigip_lbaas.controller.service import Controller
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.surroundings import Surroundings
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.domain.ids import (
    EnvironmentName,
    GroupNumber,
    LoadBalancerId,
    ProjectId,
    RequestId,
)
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.store import records, schema
from bigip_lbaas.store.sql import SqlStore
from bigip_sim.embedded import RunningDevice, running_device

ENVIRONMENT = EnvironmentName("dev")
POLICY = "throughput: 1G, active_connections: 1k, tenant_count: 20"
DEADLINE_S = 20.0


@dataclass
class Cloud:
    """Two device groups of one device each, an agent for each, one controller, one database."""

    store: SqlStore
    door: Door
    devices: dict[int, RunningDevice]

    def report(self, group: int) -> records.Report | None:
        """Return the newest report of a group."""
        found = self.store.read(lambda tx: tx.select(records.Report, environment=ENVIRONMENT))
        return next((row for row in found if row.group == group), None)

    def value(self, group: int, metric: str) -> float:
        """Return what a group was last reported to be at, -1.0 before."""
        row = self.report(group)
        readings = row.report.readings if row else ()
        return next((one.value for one in readings if one.metric == metric), -1.0)

    def create(self, number: int) -> records.LoadBalancer:
        """Create a load balancer of a project of its own; return it when it has settled."""
        id_ = LoadBalancerId(str(uuid.uuid4()))
        graph = ServiceGraph(id_, ProjectId(f"project-{number}"), f"127.0.71.{number}")
        self.door.create(graph, (), RequestId(f"req-{number}"))

        def settled() -> records.LoadBalancer | None:
            found = self.store.read(lambda tx: tx.get(records.LoadBalancer, id_))
            ends = (records.Phase.APPLIED, records.Phase.FAILED)
            return found if found is not None and found.phase in ends else None

        return until(settled)

    def group_of(self, created: records.LoadBalancer) -> int | None:
        """Return where it was placed."""
        row = self.store.read(lambda tx: tx.get(records.PlacementRow, created.id))
        return row.group if row else None


def until(look: Callable[[], Any]) -> Any:
    """Return what `look` finds, once it finds something."""
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to be in time")


@contextmanager
def cloud(directory: Path) -> Iterator[Cloud]:
    url = f"sqlite:///{directory / 'ours.db'}"
    exchange = f"reports-{uuid.uuid4()}"
    schema.upgrade(url)
    with ExitStack() as stack:
        store = SqlStore(url)
        stack.callback(store.close)

        def bus() -> OsloBus:
            made = OsloBus(private_conf(), "kombu+memory://localhost/", exchange)
            stack.callback(made.close)
            return made

        settings = ControllerSettings(ENVIRONMENT, "controller-1")
        controller = Controller(settings, Surroundings(store, bus(), SystemClock().monotonic_s))
        controller.start()
        stack.callback(controller.stop)
        metrics = load_metrics()
        devices = {}
        for group in (1, 2):
            device = stack.enter_context(running_device(name=f"bigip-{group}"))
            agent = build_agent(
                AgentSettings(
                    ENVIRONMENT,
                    f"host-{group}",
                    GroupNumber(group),
                    metrics.policy(POLICY),
                    report_interval_s=0.3,
                    metrics=metrics.usable,
                ),
                [Endpoint(f"bigip-{group}", device.url, device.username, device.password,
                          device.ca_file)],
                bus(),
            )  # fmt: skip
            agent.start()
            stack.callback(agent.stop)
            devices[group] = device
        yield Cloud(store, Door(store, bus(), ENVIRONMENT), devices)


@pytest.mark.timeout(60)
def test_what_devices_count_decides_where_load_balancers_go(tmp_path: Path) -> None:
    with cloud(tmp_path) as here:
        here.devices[1].rates(throughput_in=5e8, throughput_out=1e8)
        here.devices[2].rates(active_connections=300)
        until(lambda: abs(here.value(1, "throughput") - 6e8) < 6e7)
        until(lambda: here.value(2, "active_connections") == 300.0)
        row = here.report(1)
        assert row is not None
        assert row.report.binding_metric == "throughput"
        assert row.report.environment_capacity_score == pytest.approx(0.6, rel=0.1)
        assert len(row.report.devices) == 1
        assert row.report.clock_offset_s is not None
        assert abs(row.report.clock_offset_s) < 1
        assert row.report.took_s > 0

        assert here.group_of(here.create(1)) == 2  # the lower score
        here.devices[2].rates(active_connections=999)
        until(lambda: here.value(2, "active_connections") == 999.0)
        assert here.group_of(here.create(2)) == 1

        here.devices[1].rates(throughput_in=2e9)
        here.devices[2].rates(active_connections=1000)
        until(lambda: here.value(1, "throughput") > 1e9)
        until(lambda: here.value(2, "active_connections") == 1000.0)
        refused = here.create(3)
        assert refused.phase is records.Phase.FAILED
        assert here.group_of(refused) is None
        assert "active_connections is at 1000 of 1000" in refused.reason
        assert "group 1 is full, throughput is at " in refused.reason
