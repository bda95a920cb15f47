"""Reads one fleet from the database: groups, agents, fresh reports, reservations, one project."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.silence import silence_of
from bigip_lbaas.domain.capacity import Reading
from bigip_lbaas.domain.costs import EVERYBODY
from bigip_lbaas.domain.fleet import AgentState, Fleet, GroupState
from bigip_lbaas.domain.ids import AgentId, GroupNumber, LoadBalancerId
from bigip_lbaas.domain.placement import Need
from bigip_lbaas.store import records
from bigip_lbaas.store.port import OneOf, Transaction


def read_fleet(
    tx: Transaction,
    settings: ControllerSettings,
    need: Need,
) -> Fleet:
    """Return the environment's groups as this request sees them, in one snapshot.

    What is reserved for the load balancer that asks does not stand in its own way.
    """
    environment = settings.environment
    now = tx.now()
    # Reservations first: a report that comes in between releases some, and then what they stood
    # for is counted twice for once, which errs on the safe side, and never not at all.
    reservations = _reservations(tx, settings, need.load_balancer_id)
    coming = _coming(tx, settings)
    rows = tx.select(records.Agent, environment=environment)
    fresh = {
        row.agent_id: row
        for row in tx.select(records.Report, environment=environment)
        if now - row.received_at <= settings.report_ttl_s
    }
    agents: dict[GroupNumber, list[AgentState]] = defaultdict(list)
    for row in rows:
        live = is_live(row, now, settings)
        agents[row.group].append(
            AgentState(row.id, row.host, live, row.admin_state_up, row.id in fresh)
        )
    everybody = tx.select(records.Residence, environment=environment, project_id=EVERYBODY)
    many = {row.group: row.load_balancers for row in everybody}
    own = tx.select(records.Residence, environment=environment, project_id=need.project_id)
    own_groups = {row.group for row in own if row.living}
    nodes = _known_nodes(tx, need) if own_groups else {}
    homes = tx.select(records.Home, environment=environment, project_id=need.project_id)
    home_of = {row.group: row.agent_id for row in homes}
    groups = tuple(
        replace(
            _group(row, tuple(agents[row.number]), fresh),
            reserved=_reserved(reservations[row.number], coming.get(row.number, {})),
            load_balancers=many.get(row.number, 0),
            held=sum(each.expires_at is not None for each in reservations[row.number]),
            project_lives_here=row.number in own_groups,
            project_home=home_of.get(row.number),
            project_nodes=nodes.get(row.number, frozenset()),
        )
        for row in tx.select(records.Group, environment=environment)
    )
    return Fleet(environment, groups)


def _reservations(
    tx: Transaction, settings: ControllerSettings, asking: LoadBalancerId
) -> Mapping[GroupNumber, Sequence[records.Reservation]]:
    now = tx.now()
    found: dict[GroupNumber, list[records.Reservation]] = defaultdict(list)
    for row in tx.select(records.Reservation, environment=settings.environment):
        if row.load_balancer_id != asking and (row.expires_at is None or row.expires_at > now):
            found[row.group].append(row)
    return found


def is_live(agent: records.Agent, now: float, settings: ControllerSettings) -> bool:
    """Return whether the agent is registered and has been heard of within its silence."""
    return agent.alive and now - agent.beat_at <= silence_of(agent, settings)


def _group(
    row: records.Group,
    agents: tuple[AgentState, ...],
    reports: Mapping[AgentId, records.Report],
) -> GroupState:
    """Return what a group is to every project, and has measured.

    Of differing reports the highest value and the strictest limit hold, each as that of one
    device, since one agent may see more active devices than another.
    """
    counted = [reports[agent.id].report for agent in agents if agent.live and agent.report_is_fresh]
    complete = [report for report in counted if report.environment_capacity_score is not None]
    readings: dict[str, list[Reading]] = defaultdict(list)
    for report in complete:
        for reading in report.readings:
            readings[reading.metric].append(reading)
    over = {metric: max(one.over for one in found) for metric, found in readings.items()}
    measured = {
        metric: _short(max(one.value / one.over for one in found) * over[metric])
        for metric, found in readings.items()
    }
    limits = {
        metric: min(one.limit / one.over for one in found) * over[metric]
        for metric, found in readings.items()
    }
    return GroupState(
        number=row.number,
        agents=agents,
        draining=row.draining,
        weight=row.weight,
        score_is_known=bool(complete),
        measured=measured,
        limits=limits,
        tags=frozenset(row.tags if row.set_tags is None else row.set_tags),
        max_load_balancers=row.max_load_balancers,
        was_full=row.was_full,
        unreadable=tuple(sorted({reason for report in counted for reason in report.unreadable})),
    )


def _short(value: float) -> float:
    """Return the value to seven digits: more are no better known, but would be stored each time."""
    return float(f"{value:.7g}")


def _coming(
    tx: Transaction, settings: ControllerSettings
) -> Mapping[GroupNumber, Mapping[str, float]]:
    rows = tx.select(records.StillComing, environment=settings.environment)
    return {row.group: row.costs for row in rows}


def _reserved(
    reservations: Iterable[records.Reservation], coming: Mapping[str, float]
) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float, coming)
    for reservation in reservations:
        for metric, cost in reservation.costs.items():
            sums[metric] += cost
    return {metric: _short(total) for metric, total in sums.items()}


def _known_nodes(tx: Transaction, need: Need) -> dict[GroupNumber, frozenset[str]]:
    """Return group -> those of the request's member addresses that its project has there."""
    addresses = OneOf("address", tuple(sorted(need.member_addresses)))
    members = tx.select(records.Child, addresses, project_id=need.project_id)
    owners = tuple(sorted({member.load_balancer_id for member in members}))
    places = tx.select(records.PlacementRow, OneOf("load_balancer_id", owners))
    group_of = {place.load_balancer_id: place.group for place in places}
    nodes: dict[GroupNumber, set[str]] = defaultdict(set)
    for member in members:
        if member.load_balancer_id in group_of:
            nodes[group_of[member.load_balancer_id]].add(member.address)
    return {group: frozenset(found) for group, found in nodes.items()}
