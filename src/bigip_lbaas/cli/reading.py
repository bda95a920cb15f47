"""What the commands show, read from the store and laid out as rows of text."""

import textwrap
from collections.abc import Mapping
from typing import Any

from bigip_lbaas.cli.agent_set import find_agent
from bigip_lbaas.cli.groups import numbers_of_homes
from bigip_lbaas.cli.listing import Wanted
from bigip_lbaas.cli.told import Told, told_list, told_share
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber, ProjectId
from bigip_lbaas.domain.placement import Placement
from bigip_lbaas.scheduling.explain import explain
from bigip_lbaas.scheduling.ranking import Policies
from bigip_lbaas.store import records
from bigip_lbaas.store.decisions import Decision
from bigip_lbaas.store.decisions import decisions as stored_decisions
from bigip_lbaas.store.port import OneOf, Store, Transaction
from bigip_lbaas.store.records import Phase

CANDIDATE_COLUMNS = (
    "decision", "group", "score", "projection", "binding", "stage", "reason", "chosen",
)  # fmt: skip
WIDTH = 80  # characters, as many as any terminal has
LOAD_BALANCER_COLUMNS = (
    "id", "name", "project", "vip", "group", "agent", "phase", "revision", "reason",
)  # fmt: skip
AGENT_COLUMNS = (
    "id", "environment", "group", "alive", "admin up", "homes", "heard of", "devices", "reason",
)  # fmt: skip

ERROR = (Phase.FAILED,)

Rows = tuple[tuple[Any, ...], ...]


def agent_rows(store: Store, which: Wanted | None = None) -> Rows:
    """Return one row per agent, under AGENT_COLUMNS."""

    def work(tx: Transaction) -> Rows:
        found = tx.select(records.Agent, **(which or {}))
        homes = {name: numbers_of_homes(tx, name) for name in {row.environment for row in found}}
        return tuple(_agent(tx, row, homes[row.environment][row.id]) for row in found)

    return store.read(work)


def agent_facts(store: Store, environment: str | None, agent_id: str) -> dict[str, Any]:
    """Return name -> value of all that is known of an agent. Raises RequestRejected."""

    def work(tx: Transaction) -> dict[str, Any]:
        row = find_agent(tx, environment, agent_id)
        homes = numbers_of_homes(tx, row.environment)
        return {
            **dict(zip(AGENT_COLUMNS, _agent(tx, row, homes[row.id]), strict=True)),
            "host": row.host,
            "process": row.runs_as or "-",
            "registered": f"{tx.now() - row.registered_at:.1f} s ago",
        }

    return store.read(work)


def load_balancer_rows(
    store: Store, which: Wanted | None = None, phases: tuple[Phase, ...] | None = None
) -> Rows:
    """Return one row per load balancer, under LOAD_BALANCER_COLUMNS; phases: in one of them."""

    def work(tx: Transaction) -> Rows:
        in_phase = () if phases is None else (OneOf("phase", phases),)
        whose = which or {}  # all three have these fields
        rows = tx.select(records.LoadBalancer, *in_phase, **whose)
        placed = tx.select(records.PlacementRow, **whose)
        groups = {row.load_balancer_id: row.group for row in placed}
        agents = {
            (row.environment, row.project_id, row.group): row.agent_id
            for row in tx.select(records.Home, **whose)
        }
        return tuple(_load_balancer(row, groups.get(row.id), agents) for row in rows)

    return store.read(work)


def decisions(store: Store, load_balancer_id: str, policies: Policies) -> tuple[Decision, ...]:
    """Return every decision about a load balancer. Raises RequestRejected."""
    found = store.read(
        lambda tx: stored_decisions(
            tx, load_balancer_id=load_balancer_id, order_by="number", policies=policies
        )
    )
    if not found:
        raise RequestRejected(
            f"Nothing has been decided about load balancer {load_balancer_id}: it is not known"
            " here, or no controller has looked at it yet"
        )
    return found


def said_of(decision: Decision) -> str:
    """Return a decision in words, without its candidates."""
    words = explain(decision.need, decision.answer, decision.rules).partition("\n\n")[0]
    row = decision.row
    title = f"decision {row.number}, by {row.controller}, of revision {row.revision}"
    return "\n".join(_wrapped(line) for line in (title, *words.splitlines()))


def _wrapped(line: str) -> str:
    return textwrap.fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def candidate_rows(decision: Decision) -> tuple[tuple[Any, ...], ...]:
    """Return a row for each device group under CANDIDATE_COLUMNS: what was thought of it."""
    answer = decision.answer
    chosen = answer.group if isinstance(answer, Placement) else None
    return tuple(
        (
            decision.row.number,
            Told(one.group, f"{one.group}{' (own)' if one.is_projects_own else ''}"),
            told_share(one.score),
            told_share(one.projection),
            one.binding_metric or "-",
            str(one.stage or "-"),
            Told(
                one.why_not or one.note,
                f"{'chosen: ' if one.group == chosen else ''}{one.why_not or one.note}",
            ),
            one.group == chosen,
        )
        for one in answer.opinions
    )


def _agent(tx: Transaction, row: records.Agent, homes: int) -> tuple[Any, ...]:
    return (
        row.id,
        row.environment,
        str(row.group),
        "yes" if row.alive else "no",
        "yes" if row.admin_state_up else "no",
        str(homes),
        f"{tx.now() - row.beat_at:.1f} s ago",
        told_list(row.devices),
        row.set_because or "-",
    )


def _load_balancer(
    row: records.LoadBalancer,
    group: GroupNumber | None,
    agents: Mapping[tuple[EnvironmentName, ProjectId, GroupNumber], AgentId],
) -> tuple[str, ...]:
    agent = None if group is None else agents.get((row.environment, row.project_id, group))
    return (
        row.id,
        row.graph.name or "-",
        row.project_id,
        row.graph.vip_address,
        "-" if group is None else str(group),
        agent or "-",
        row.phase,
        str(row.revision),
        row.reason or "-",
    )
