"""What is read at a scrape says the same on every store."""

import pytest

from bigip_lbaas.cmd.telemetry.database import see
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.domain.ids import (
    AgentId,
    EnvironmentName,
    GroupNumber,
    LoadBalancerId,
    ProjectId,
    RequestId,
)
from bigip_lbaas.store.port import Store, Transaction
from bigip_lbaas.store.records import Agent, Group, LoadBalancer, Phase, StatusMessage

DEV, OTHER = EnvironmentName("dev"), EnvironmentName("dev_2")
REQUEST = RequestId("req-1")


def load_balancer(
    name: str, phase: Phase, accepted_at: float, environment: EnvironmentName = DEV
) -> LoadBalancer:
    id_, project = LoadBalancerId(name), ProjectId("acme")
    graph = ServiceGraph(id_, project, "192.0.2.1")
    return LoadBalancer(
        id_, environment, project, 1, graph, True, phase, REQUEST, accepted_at
    )  # fmt: skip


def status(name: str, created_at: float, told_at: float | None) -> StatusMessage:
    return StatusMessage(
        LoadBalancerId(name), DEV, 1, (), REQUEST, created_at, created_at, told_at=told_at
    )


def agent(host: str, group: int, alive: bool, beat_at: float) -> Agent:
    return Agent(
        AgentId(f"{host}:{group}"), DEV, host, GroupNumber(group), "e", 1, alive, True, (), 0.0,
        beat_at,
    )  # fmt: skip


def test_of_each_environment_the_oldest_is_found(store: Store) -> None:
    now = store.read(lambda tx: tx.now())
    rows = [
        load_balancer("1", Phase.WAITING, now - 50),
        load_balancer("2", Phase.WAITING, now - 70),
        load_balancer("3", Phase.ASSIGNED, now - 20),
        load_balancer("4", Phase.APPLIED, now - 900),
        load_balancer("5", Phase.WAITING, now - 800, OTHER),
        status("1", now - 30, None),
        status("2", now - 40, None),
        status("3", now - 500, now - 499),
        Group(DEV, GroupNumber(1)),
        Group(DEV, GroupNumber(2)),
        agent("host-1", 1, True, now - 1),
        agent("host-2", 1, True, now - 9),
        agent("host-1", 2, False, now - 600),
    ]

    def write(tx: Transaction) -> None:
        for row in rows:
            tx.put(row)

    store.write(write)
    seen = store.read(lambda tx: see(tx, DEV))
    assert seen.load_balancers == {
        Phase.WAITING: 2, Phase.ASSIGNED: 1, Phase.APPLIED: 1, Phase.FAILED: 0, Phase.GONE: 0,
    }  # fmt: skip
    assert seen.pending_s[Phase.WAITING] == pytest.approx(70, abs=10)
    assert seen.pending_s[Phase.ASSIGNED] == pytest.approx(20, abs=10)
    assert seen.untold == 2
    assert seen.untold_s == pytest.approx(40, abs=8)
    assert seen.alive == {1: 2, 2: 0}
    assert seen.silent_s.keys() == {1}
    assert seen.silent_s[GroupNumber(1)] == pytest.approx(9, abs=7)


def test_where_nothing_is_nothing_is_old(store: Store) -> None:
    seen = store.read(lambda tx: see(tx, DEV))
    assert set(seen.load_balancers.values()) == {0}
    assert set(seen.pending_s.values()) == {0.0}
    assert (seen.untold, seen.untold_s, seen.alive) == (0, 0.0, {})
