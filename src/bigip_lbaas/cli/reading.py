"""What the commands show, read from the store and laid out as rows of text."""

from typing import Any

from bigip_lbaas.domain.capacity import CapacityReport
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.scheduling.explain import explain
from bigip_lbaas.store import records
from bigip_lbaas.store.port import Store, Transaction

GROUP_COLUMNS = (
    "environment", "group", "score", "binding metric", "reserved", "load balancers", "agents",
    "devices", "report age",
)  # fmt: skip
LOAD_BALANCER_COLUMNS = (
    "id", "name", "project", "vip", "group", "agent", "phase", "revision", "reason",
)  # fmt: skip
AGENT_COLUMNS = ("id", "environment", "group", "alive", "admin up", "homes", "heard of", "devices")

Rows = tuple[tuple[str, ...], ...]


def group_rows(store: Store) -> Rows:
    """Return one row per device group, under GROUP_COLUMNS."""
    return store.read(lambda tx: tuple(_group(tx, row) for row in tx.select(records.Group)))


def agent_rows(store: Store) -> Rows:
    """Return one row per agent, under AGENT_COLUMNS."""
    return store.read(lambda tx: tuple(_agent(tx, row) for row in tx.select(records.Agent)))


def load_balancer_rows(store: Store) -> Rows:
    """Return one row per load balancer, under LOAD_BALANCER_COLUMNS."""
    return store.read(
        lambda tx: tuple(_load_balancer(tx, row) for row in tx.select(records.LoadBalancer))
    )


def explanation(store: Store, load_balancer_id: str) -> str:
    """Return every decision about a load balancer as text. Raises RequestRejected."""
    decisions = store.read(
        lambda tx: tx.select(records.Decision, load_balancer_id=load_balancer_id, order_by="number")
    )
    if not decisions:
        raise RequestRejected(
            f"Nothing has been decided about load balancer {load_balancer_id}: it is not known"
            " here, or no controller has looked at it yet"
        )
    return "\n\n".join(
        f"decision {decision.number}, by {decision.controller}, of revision {decision.revision}\n"
        + explain(decision.need, decision.answer, decision.rules)
        for decision in decisions
    )


def _group(tx: Transaction, row: records.Group) -> tuple[str, ...]:
    where: dict[str, Any] = {"environment": row.environment, "group": row.number}
    agents = tx.select(records.Agent, **where)
    reports = tx.select(records.Report, **where, order_by="-received_at", limit=1)
    reserved: dict[str, float] = {}
    for reservation in tx.select(records.Reservation, **where):
        for metric, cost in reservation.costs.items():
            reserved[metric] = reserved.get(metric, 0.0) + cost
    newest = reports[0] if reports else None
    return (
        row.environment,
        str(row.number) + (" (draining)" if row.draining else ""),
        _score(newest.report if newest else None),
        (newest.report.binding_metric if newest else None) or "-",
        ", ".join(f"{metric} {cost:g}" for metric, cost in sorted(reserved.items())) or "-",
        str(len(tx.select(records.PlacementRow, **where))),
        f"{sum(agent.alive for agent in agents)} of {len(agents)} alive",
        ", ".join(row.devices),
        f"{tx.now() - newest.received_at:.1f} s" if newest else "-",
    )


def _score(report: CapacityReport | None) -> str:
    if report is None or report.environment_capacity_score is None:
        return "unknown"
    score = f"{report.environment_capacity_score:.3f}"
    return score if report.has_policy else f"{score} (no policy)"


def _agent(tx: Transaction, row: records.Agent) -> tuple[str, ...]:
    return (
        row.id,
        row.environment,
        str(row.group),
        "yes" if row.alive else "no",
        "yes" if row.admin_state_up else "no",
        str(len(tx.select(records.Home, agent_id=row.id))),
        f"{tx.now() - row.beat_at:.1f} s ago",
        ", ".join(row.devices),
    )


def _load_balancer(tx: Transaction, row: records.LoadBalancer) -> tuple[str, ...]:
    placement = tx.get(records.PlacementRow, row.id)
    home = (
        tx.get(records.Home, row.environment, row.project_id, placement.group)
        if placement
        else None
    )
    return (
        row.id,
        row.graph.name or "-",
        row.project_id,
        row.graph.vip_address,
        str(placement.group) if placement else "-",
        home.agent_id if home else "-",
        row.phase,
        str(row.revision),
        row.reason or "-",
    )
