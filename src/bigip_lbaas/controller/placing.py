"""Attends to one load balancer: places it if it has no place, records why, says what to assign."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from bigip_lbaas.controller.books import read_fleet
from bigip_lbaas.controller.costs import costs_of
from bigip_lbaas.controller.decisions import record_decision
from bigip_lbaas.controller.fullness import remember_full
from bigip_lbaas.controller.homes import Nonces, as_home, found_home, give_home
from bigip_lbaas.controller.places import move_in
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.telling import tell_deleted, tell_refused
from bigip_lbaas.domain.errors import ConcurrentUpdate
from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.ids import AgentId, GroupNumber, LoadBalancerId
from bigip_lbaas.domain.placement import Need, Placement, Unplaced
from bigip_lbaas.scheduling.reservations import brought_by, share_in_flight
from bigip_lbaas.scheduling.schedule import schedule
from bigip_lbaas.store import records
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import Transaction
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.messages import Assignment

UNFINISHED = (Phase.WAITING, Phase.ASSIGNED)
OPEN = (*UNFINISHED, Phase.FAILED)  # some device may not have what it must


@dataclass(frozen=True, slots=True)
class Attended:
    """What came of attending to a load balancer: at most one of the first three is set.

    measure: the group in which much is in flight, with the agent to be asked for a fresh score.
    """

    assignment: Assignment | None = None
    waits_because: str = ""
    told: bool = False  # its statuses were put into the outbox
    measure: tuple[GroupNumber, AgentId] | None = None


def unsettled(lb: records.LoadBalancer) -> bool:
    """Return whether some device may not have what this load balancer must be."""
    return lb.phase in OPEN or bool(lb.unclean)


def attend(
    tx: Transaction,
    settings: ControllerSettings,
    load_balancer_id: LoadBalancerId,
    waited_s: Callable[[], float],
    nonces: Nonces,
) -> Attended:
    """Take one load balancer as far as a controller can, inside one transaction.

    waited_s tells how long this controller has seen it wait for a place.
    """
    lb = tx.get(records.LoadBalancer, load_balancer_id, lock=True)
    if lb is None or lb.environment != settings.environment or not unsettled(lb):
        return Attended()
    row = tx.get(records.PlacementRow, lb.id)
    measure = None
    if row is None and lb.phase not in UNFINISHED:
        return Attended()  # it found no place once; nothing moves by itself
    if row is None and not lb.wanted:
        tell_deleted(tx, lb)
        return Attended(told=True)
    if row is None and lb.refused:  # it shares the fate of what it was added to
        tell_refused(tx, lb, lb.reason)
        return Attended(told=True)
    if row is None:
        # the books: nobody else places in this environment until the end of the transaction
        locked(tx, records.Environment(settings.environment), settings.environment)
        answer, uncertain = decide(tx, settings, lb, waited_s())
        if isinstance(answer, Unplaced):
            if answer.may_wait:
                return Attended(waits_because=answer.because)
            tell_refused(tx, lb, answer.because)
            return Attended(told=True)
        row = settle(tx, settings, lb, answer, nonces)
        if uncertain > settings.refresh_above:
            measure = answer.group, answer.agent_id
    return Attended(assignment=assign(tx, settings, lb, row, nonces), measure=measure)


def decide(
    tx: Transaction, settings: ControllerSettings, lb: records.LoadBalancer, waited_s: float
) -> tuple[Placement | Unplaced, float]:
    """Ask the scheduler on a snapshot of the fleet, and store question and answer.

    Return the answer, and which share of a limit of that group is in flight as an estimate.
    """
    need, fleet, answer = ask(tx, settings, lb, waited_s)
    record_decision(tx, settings, lb.revision, (need, fleet, answer))
    return answer, share_in_flight(need, fleet, answer)


def ask(
    tx: Transaction, settings: ControllerSettings, lb: records.LoadBalancer, waited_s: float
) -> tuple[Need, Fleet, Placement | Unplaced]:
    """Ask the scheduler on a snapshot of the fleet; what is held for this one is free to it."""
    need = Need(
        lb.id,
        lb.project_id,
        member_addresses=lb.graph.member_addresses(),
        demands=frozenset(lb.demands),
        waited_s=waited_s,
        seed=_seed(lb),
        brings=brought_by(lb.graph),
        seen_costs=costs_of(tx, settings, lb.project_id),
    )
    fleet = read_fleet(tx, settings, need)
    answer = schedule(need, fleet, settings.rules, settings.policies)
    remember_full(tx, settings, {one.group: one.score for one in answer.opinions})
    return need, fleet, answer


def settle(
    tx: Transaction,
    settings: ControllerSettings,
    lb: records.LoadBalancer,
    answer: Placement,
    nonces: Nonces,
) -> records.PlacementRow:
    """Write the placement down, with what it is expected to cost and the project's home."""
    row = records.PlacementRow(lb.id, settings.environment, lb.project_id, answer.group)
    reserved = records.Reservation(
        lb.id, settings.environment, lb.project_id, answer.group, answer.costs, tx.now()
    )
    tx.put(reserved)
    key = (settings.environment, lb.project_id, answer.group)
    if tx.get(records.Home, *key, lock=True) is None:
        agent = tx.get(records.Agent, settings.environment, answer.agent_id, lock=True)
        if agent is None or not (agent.alive and agent.admin_state_up):
            raise ConcurrentUpdate(f"agent {answer.agent_id} went while its work was placed")
        give_home(tx, key, agent.id, nonces)
    move_in(tx, row)
    return row


def assign(
    tx: Transaction,
    settings: ControllerSettings,
    lb: records.LoadBalancer,
    row: records.PlacementRow,
    nonces: Nonces,
) -> Assignment | None:
    """Return the task for the agent whose home it is; None while no agent can have it."""
    key = (settings.environment, lb.project_id, row.group)
    home_row = tx.get(records.Home, *key, lock=True)
    home = as_home(home_row) if home_row else found_home(tx, settings, key, nonces)
    agent = tx.get(records.Agent, settings.environment, home.agent_id) if home else None
    if home is None or agent is None or not agent.alive:
        return None
    if lb.phase is Phase.WAITING:
        tx.put(replace(lb, phase=Phase.ASSIGNED))
    others = tx.select(
        records.PlacementRow,
        environment=settings.environment,
        project_id=lb.project_id,
        group=row.group,
        limit=2,
    )
    return Assignment(
        lb.id,
        lb.revision,
        lb.graph,
        lb.wanted,
        home,
        agent.epoch,
        lb.request_id,
        lb.leaving,
        home_is_ending=not lb.wanted and len(others) == 1,
    )


def _seed(lb: records.LoadBalancer) -> int:
    digest = hashlib.sha256(f"{lb.id}:{lb.revision}".encode()).digest()
    return int.from_bytes(digest[:6], "big")
