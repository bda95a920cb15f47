"""Reads a fleet from the database: what the groups are to everybody, and to one project."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.silence import silence_of
from bigip_lbaas.domain.capacity import Reading
from bigip_lbaas.domain.costs import EVERYBODY
from bigip_lbaas.domain.fleet import AgentState, Fleet, GroupState, Standing
from bigip_lbaas.domain.ids import AgentId, GroupNumber, LoadBalancerId, ProjectId
from bigip_lbaas.domain.placement import Need
from bigip_lbaas.store import records
from bigip_lbaas.store.port import OneOf, OneOfPairs, Transaction

PAIRS_AT_ONCE = 256  # SQLite takes no condition of more than a thousand parts
GOOD_FOR_S = 5.0  # the longest that what was read of a group is good for


@dataclass(frozen=True, slots=True)
class ReadGroup:
    """A device group as it is to everybody. good_until: on the database's clock.

    reserved: the sums as they are, of which the state has a few digits. epochs: of the agents
    that are alive.
    """

    state: GroupState
    reserved: Mapping[str, float]
    epochs: Mapping[AgentId, str]
    good_until: float


def read_fleet(tx: Transaction, settings: ControllerSettings, need: Need) -> Fleet:
    """Return the environment's groups as this request sees them.

    What is reserved for the load balancer that asks does not stand in its own way.
    """
    groups = read_groups(tx, settings)
    projects = read_projects(tx, settings, (need,), groups)
    standings = projects.standings(need)
    return Fleet(
        settings.environment,
        tuple(
            standings[number].seen(each.state) if number in standings else each.state
            for number, each in groups.items()
        ),
    )


def read_groups(
    tx: Transaction, settings: ControllerSettings, numbers: Collection[GroupNumber] | None = None
) -> dict[GroupNumber, ReadGroup]:
    """Return the groups of these numbers, else all of the environment, by number."""
    some = () if numbers is None else (OneOf("group", tuple(sorted(numbers))),)
    those = () if numbers is None else (OneOf("number", tuple(sorted(numbers))),)
    where: dict[str, Any] = {"environment": settings.environment}
    now = tx.now()
    # Reservations first: a report that comes in between releases some, and then what they stood
    # for is counted twice for once, which errs on the safe side, and never not at all.
    reservations: dict[GroupNumber, list[records.Reservation]] = defaultdict(list)
    for held in tx.select(records.Reservation, *some, **where):
        if held.expires_at is None or held.expires_at > now:
            reservations[held.group].append(held)
    agents: dict[GroupNumber, list[records.Agent]] = defaultdict(list)
    for agent in tx.select(records.Agent, *some, **where):
        agents[agent.group].append(agent)
    coming = {row.group: row.costs for row in tx.select(records.StillComing, *some, **where)}
    fresh = {
        row.agent_id: row
        for row in tx.select(records.Report, *some, **where)
        if now - row.received_at <= settings.report_ttl_s
    }
    everybody = tx.select(records.Residence, *some, project_id=EVERYBODY, **where)
    many = {row.group: row.load_balancers for row in everybody}
    found = {}
    for row in tx.select(records.Group, *those, **where):
        here, held_here = agents[row.number], reservations[row.number]
        states = tuple(
            AgentState(
                each.id, each.host, is_live(each, now, settings), each.admin_state_up,
                each.id in fresh,
            )
            for each in here
        )  # fmt: skip
        sums = _sums(held_here, coming.get(row.number, {}))
        state = replace(
            _group(row, states, fresh),
            reserved=shortened(sums),
            load_balancers=many.get(row.number, 0),
            held=sum(each.expires_at is not None for each in held_here),
        )
        ends = _ends(settings, now, here, (fresh[a.id] for a in here if a.id in fresh), held_here)
        epochs = {each.id: each.epoch for each in here if each.alive}
        found[row.number] = ReadGroup(state, sums, epochs, min(ends))
    return found


def _ends(
    settings: ControllerSettings,
    now: float,
    agents: Iterable[records.Agent],
    fresh: Iterable[records.Report],
    reservations: Iterable[records.Reservation],
) -> list[float]:
    """Return when what was read of a group may be different by time alone."""
    ends = [now + GOOD_FOR_S]
    live = (agent for agent in agents if is_live(agent, now, settings))
    ends += [agent.beat_at + silence_of(agent, settings) for agent in live]
    ends += [report.received_at + settings.report_ttl_s for report in fresh]
    ends += [each.expires_at for each in reservations if each.expires_at is not None]
    return ends


@dataclass(slots=True)
class Residents:
    """What some projects have in the groups, and will have when more of theirs is placed.

    held: load balancer -> its group's reservations and number of holds without its own.
    """

    living: dict[ProjectId, set[GroupNumber]] = field(default_factory=lambda: defaultdict(set))
    homes: dict[ProjectId, dict[GroupNumber, AgentId]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    nodes: dict[tuple[ProjectId, GroupNumber], set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )
    held: dict[LoadBalancerId, Standing] = field(default_factory=dict)
    home_rows: tuple[records.Home, ...] = ()

    def standings(self, need: Need) -> dict[GroupNumber, Standing]:
        """Return what the groups are to this request alone, where they are anything."""
        project = need.project_id
        living, homes = self.living[project], self.homes[project]
        found = {
            number: Standing(
                number,
                lives_here=number in living,
                home=homes.get(number),
                nodes=frozenset(need.member_addresses & self.nodes[project, number])
                if number in living
                else frozenset(),
            )
            for number in sorted({*living, *homes})
        }
        own = self.held.get(need.load_balancer_id)
        if own is not None:
            known = found.get(own.group, own)
            found[own.group] = replace(known, reserved=own.reserved, held=own.held)
        return found

    def move_in(self, need: Need, group: GroupNumber, agent_id: AgentId) -> None:
        """Take note of a placement."""
        project = need.project_id
        self.living[project].add(group)
        self.homes[project].setdefault(group, agent_id)
        self.nodes[project, group] |= need.member_addresses


def read_projects(
    tx: Transaction,
    settings: ControllerSettings,
    needs: Sequence[Need],
    groups: Mapping[GroupNumber, ReadGroup],
    lock: bool = False,
) -> Residents:
    """Return what the projects of these requests have. lock: their homes stay as they are."""
    found = Residents()
    projects = OneOf("project_id", tuple(sorted({need.project_id for need in needs})))
    where: dict[str, Any] = {"environment": settings.environment}
    found.home_rows = tx.select(records.Home, projects, lock=lock, **where)
    for home in found.home_rows:
        found.homes[home.project_id][home.group] = home.agent_id
    for row in tx.select(records.Residence, projects, **where):
        if row.living:
            found.living[row.project_id].add(row.group)
    if any("node_count" in each.state.limits for each in groups.values()):
        _add_nodes(tx, needs, found)
    if any(each.state.held for each in groups.values()):
        _add_held(tx, needs, groups, found)
    return found


def _add_nodes(tx: Transaction, needs: Sequence[Need], found: Residents) -> None:
    """Add where each project has those of the member addresses that are asked for."""
    asked: dict[ProjectId, set[str]] = defaultdict(set)
    for need in needs:
        if found.living[need.project_id]:
            asked[need.project_id] |= need.member_addresses
    pairs = tuple((project, one) for project in sorted(asked) for one in sorted(asked[project]))
    if not pairs:
        return
    members = [
        member
        for first in range(0, len(pairs), PAIRS_AT_ONCE)
        for member in tx.select(
            records.Child,
            OneOfPairs(("project_id", "address"), pairs[first : first + PAIRS_AT_ONCE]),
        )
    ]
    if not members:
        return
    owners = tuple(sorted({member.load_balancer_id for member in members}))
    places = tx.select(records.PlacementRow, OneOf("load_balancer_id", owners))
    group_of = {place.load_balancer_id: place.group for place in places}
    for member in members:
        if member.load_balancer_id in group_of:
            group = group_of[member.load_balancer_id]
            found.nodes[ProjectId(member.project_id), group].add(member.address)


def _add_held(
    tx: Transaction,
    needs: Sequence[Need],
    groups: Mapping[GroupNumber, ReadGroup],
    found: Residents,
) -> None:
    """Add what stays reserved where something is held for one of these very load balancers."""
    ids = OneOf("load_balancer_id", tuple(sorted({need.load_balancer_id for need in needs})))
    for row in tx.select(records.Reservation, ids):
        group = groups.get(row.group)
        if group is None or (row.expires_at is not None and row.expires_at <= tx.now()):
            continue
        left = {
            metric: max(0.0, value - row.costs.get(metric, 0.0))
            for metric, value in group.reserved.items()
        }
        fewer = group.state.held - (row.expires_at is not None)
        found.held[row.load_balancer_id] = Standing(row.group, reserved=shortened(left), held=fewer)


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
        metric: short(max(one.value / one.over for one in found) * over[metric])
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


def shortened(reserved: Mapping[str, float]) -> dict[str, float]:
    """Return what is reserved, to seven digits each."""
    return {metric: short(value) for metric, value in reserved.items()}


def short(value: float) -> float:
    """Return the value to seven digits: more are no better known, but would be stored each time."""
    return float(f"{value:.7g}")


def _sums(
    reservations: Iterable[records.Reservation], coming: Mapping[str, float]
) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float, coming)
    for reservation in reservations:
        for metric, cost in reservation.costs.items():
            sums[metric] += cost
    return dict(sums)
