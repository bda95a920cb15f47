"""Knows the agents: registration, and the taking away of homes from the silent."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bigip_lbaas.controller.beating import notice_lost_commits, pace_of
from bigip_lbaas.controller.books import is_live
from bigip_lbaas.controller.homes import (
    Nonces,
    as_home,
    give_homes,
    hand_out,
    homes_of,
    live_agents,
)
from bigip_lbaas.controller.placing import OPEN
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.silence import silence_of
from bigip_lbaas.controller.sources import note_view, ways
from bigip_lbaas.domain.fleet import UNKNOWN_SERIAL
from bigip_lbaas.domain.home import Home
from bigip_lbaas.domain.ids import AgentId, LoadBalancerId
from bigip_lbaas.scheduling.conflicts import called, conflict
from bigip_lbaas.scheduling.heartbeats import silence_for
from bigip_lbaas.store import records
from bigip_lbaas.store.aside import select_readable
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.port import OneOf, Transaction
from bigip_lbaas.store.versions import books_changed
from bigip_lbaas.wire.messages import Registered, Registration

BEATS_MISSED = 2  # after so many intervals without a heartbeat a process may have been replaced
Epochs = Callable[[], str]  # a new random number each time, as text


def register(
    tx: Transaction,
    settings: ControllerSettings,
    registration: Registration,
    epochs: Epochs,
    nonces: Nonces,
) -> Registered:
    """Begin a new life of an agent: a new epoch, and a new fence for each of its homes.

    Homes of the group whose agent is gone, and which nobody could take then, become its too.
    """
    tx.put(records.Environment(settings.environment))  # two newcomers are judged one by one
    agents = tx.select(records.Agent, environment=settings.environment)
    now = tx.now()
    heard = [agent for agent in agents if is_live(agent, now, settings)]
    why_not = conflict(registration, heard, ways(tx, settings))
    if why_not:
        return Registered(refused=why_not)
    notice_lost_commits(tx, [registration.seen], nonces)
    pace = pace_of(tx, settings)
    earlier = tx.get(records.Agent, settings.environment, registration.agent_id, lock=True)
    if earlier and _is_another_process(earlier, registration, now - BEATS_MISSED * pace.interval_s):
        return Registered(refused=_twin(earlier, registration))
    agent = _newborn(registration, earlier, epochs(), now)
    silence_s = silence_for(pace.lease_s, 0.0, settings.takeover_margin_s)
    agent = replace(agent, silence_s=silence_s)
    tx.put(agent)
    _write_group(tx, settings, registration)
    note_view(tx, settings, registration)
    mine = (*homes_of(tx, settings, agent.id), *_deserted(tx, agent))
    homes = give_homes(
        tx,
        {(home.environment, home.project_id, home.group): agent.id for home in mine},
        nonces,
    )
    books_changed(tx, settings.environment, {agent.group, *((earlier.group,) if earlier else ())})
    record_event(tx, settings.environment, "agent registered", agent.id, f"epoch {agent.epoch}")
    return Registered(agent.epoch, homes, pace.interval_s, pace.lease_s, now)


def _write_group(tx: Transaction, settings: ControllerSettings, registration: Registration) -> None:
    """Write down what the agent says of its group."""
    group = tx.get(records.Group, settings.environment, registration.group)
    group = group or records.Group(settings.environment, registration.group)
    if not any(name.startswith(UNKNOWN_SERIAL) for name in registration.devices):
        group = replace(group, devices=registration.devices)
    tx.put(replace(group, tags=registration.tags))


@dataclass(frozen=True, slots=True)
class Takeover:
    """What was taken from an agent.

    given: the homes with their new agents; unsettled: their work. is_heard: False where what an
    agent says of its homes does not count yet.
    """

    agent_id: AgentId
    given: tuple[Home, ...] = ()
    unsettled: tuple[LoadBalancerId, ...] = ()
    left: int = 0  # homes that nobody of the group could take
    is_heard: bool = True


def take_homes(
    tx: Transaction,
    settings: ControllerSettings,
    silent: records.Agent,
    epochs: Epochs,
    nonces: Nonces,
) -> Takeover | None:
    """End the agent's epoch and give each of its homes, whole, to a live agent of its group.

    `silent` is the row that the controller has watched; None, and nothing changes, when the
    agent has been heard of since.
    """
    agent = tx.get(records.Agent, settings.environment, silent.id, lock=True)
    if agent is None or (agent.epoch, agent.beat) != (silent.epoch, silent.beat):
        return None
    tx.put(replace(agent, alive=False, epoch=epochs()))
    tx.delete(records.Report, settings.environment, agent.id)
    homes = homes_of(tx, settings, agent.id)
    successors = live_agents(tx, settings, agent.group)  # it is none of them any more
    given = hand_out(tx, settings, homes, successors, nonces)
    books_changed(tx, settings.environment, (agent.group,))
    record_event(
        tx,
        settings.environment,
        "agent gone",
        agent.id,
        f"silent for {silence_of(agent, settings):g} s;"
        f" {len(given)} of {len(homes)} homes were given to"
        f" {', '.join(sorted({home.agent_id for home in given})) or 'nobody'}",
    )
    return Takeover(agent.id, given, unsettled_work(tx, settings, given), len(homes) - len(given))


def rescue_homes(
    tx: Transaction, settings: ControllerSettings, nonces: Nonces
) -> tuple[Takeover, ...]:
    """Give away the homes of agents that are gone, in groups that have a live one by now."""
    agents = tx.select(records.Agent, environment=settings.environment, alive=False)
    rescued = []
    for gone in agents:
        homes = homes_of(tx, settings, gone.id)
        successors = live_agents(tx, settings, gone.group) if homes else ()
        given = hand_out(tx, settings, homes, successors, nonces)
        if given:
            rescued.append(Takeover(gone.id, given, unsettled_work(tx, settings, given)))
    return tuple(rescued)


def unsettled_work(
    tx: Transaction, settings: ControllerSettings, homes: tuple[Home, ...]
) -> tuple[LoadBalancerId, ...]:
    """Return the load balancers of these homes that not every device has as they must be.

    Most of a fleet is settled: what is not is looked for, and then whether it lives there.
    """
    projects = tuple({home.project_id for home in homes})
    where: dict[str, Any] = {"environment": settings.environment}
    of_these = OneOf("project_id", projects)
    is_open = OneOf("phase", OPEN)
    open_ones, _unreadable = select_readable(tx, records.LoadBalancer, of_these, is_open, **where)
    behind, _unreadable = select_readable(tx, records.LoadBalancer, of_these, behind=True, **where)
    ids = tuple(sorted({row.id for row in (*open_ones, *behind)}))
    theirs = {(home.project_id, home.group) for home in homes}
    placed = tx.select(records.PlacementRow, OneOf("load_balancer_id", ids))
    return tuple(row.load_balancer_id for row in placed if (row.project_id, row.group) in theirs)


def _newborn(
    registration: Registration, earlier: records.Agent | None, epoch: str, now: float
) -> records.Agent:
    """Return the row of an agent that begins a life; what the operator set of it stays."""
    return records.Agent(
        registration.agent_id,
        registration.environment,
        registration.host,
        registration.group,
        epoch,
        beat=0,
        alive=True,
        admin_state_up=earlier.admin_state_up if earlier else True,
        devices=registration.devices,
        registered_at=now,
        beat_at=now,
        instance=registration.instance,
        runs_as=registration.runs_as,
        set_because=earlier.set_because if earlier else None,
    )


def _is_another_process(
    earlier: records.Agent, registration: Registration, heard_since: float
) -> bool:
    """Return whether another process is that agent, and has been heard of lately.

    A restart replaces the process before it, which beats no more.
    """
    return (
        earlier.alive
        and earlier.beat_at > heard_since
        and bool(earlier.instance and registration.instance)
        and earlier.instance != registration.instance
    )


def _twin(earlier: records.Agent, registration: Registration) -> str:
    return (
        f"agent {called(earlier)} on this host ({earlier.host}) serves device group"
        f" {registration.group} already: start the second one on another host, or give it a host"
        " name of its own; if that one has just ended, this one takes its place in a moment"
    )


def _deserted(tx: Transaction, agent: records.Agent) -> tuple[Home, ...]:
    """Return the homes of the group whose agent is no longer alive, if the newcomer is admin-up."""
    if not agent.admin_state_up:
        return ()
    rows = tx.select(records.Home, environment=agent.environment, group=agent.group)
    gone = {
        row.id
        for row in tx.select(records.Agent, environment=agent.environment, group=agent.group)
        if not row.alive
    }
    return tuple(as_home(row) for row in rows if row.agent_id in gone)
