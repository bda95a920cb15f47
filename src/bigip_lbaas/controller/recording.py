"""Writes down what agents say of their work."""

from dataclasses import dataclass, replace

from bigip_lbaas.controller.homes import Nonces, as_home, give_home
from bigip_lbaas.controller.places import move_out
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.telling import (
    keep_tombstone,
    note,
    tell_applied,
    tell_deleted,
    tell_failed,
)
from bigip_lbaas.domain.ids import LoadBalancerId
from bigip_lbaas.store import records
from bigip_lbaas.store.aside import select_readable
from bigip_lbaas.store.fences import begin_anew
from bigip_lbaas.store.port import OneOf, Transaction
from bigip_lbaas.store.records import UNFINISHED, Phase
from bigip_lbaas.wire.marks import contradict, mark_of
from bigip_lbaas.wire.messages import Outcome


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of an outcome. told: statuses wait in the outbox; again: attend to these."""

    told: bool = False
    again: tuple[LoadBalancerId, ...] = ()


def record_outcome(
    tx: Transaction, settings: ControllerSettings, outcome: Outcome, nonces: Nonces
) -> Recorded:
    """Write down how the work on one revision ended.

    Only the present holder of the home is believed: what an earlier fence's owner says has been
    overtaken. An outcome of an older revision ends nothing; one of a revision that this database
    does not know means that it has lost commits.
    """
    lb = tx.get(records.LoadBalancer, outcome.load_balancer_id, lock=True)
    placement = tx.get(records.PlacementRow, outcome.load_balancer_id)
    if lb is None or placement is None or lb.environment != settings.environment:
        return Recorded()
    home = tx.get(records.Home, settings.environment, lb.project_id, placement.group, lock=True)
    if home is None or as_home(home).fence != outcome.fence or home.agent_id != outcome.agent_id:
        return Recorded()
    if outcome.revision > lb.revision or _is_of_another(lb, outcome):
        which = f"revision {outcome.revision} of load balancer {lb.id}"
        why = f"agent {outcome.agent_id} knows a {which} that is not known here"
        begin_anew(tx, outcome.fence.number, why, nonces)
        return Recorded()
    told = False
    if _leaves_a_home_behind(tx, lb, home, outcome):
        return Recorded(again=(lb.id,))  # the home's end is said together with this deletion
    if outcome.revision == lb.revision:
        told = _end(tx, lb, outcome)
    elif outcome.applied:
        tx.put(replace(lb, applied_revision=max(lb.applied_revision, outcome.revision)))
    again = _let_go(tx, settings, home, nonces) if outcome.let_go == outcome.fence else ()
    return Recorded(told, again)


def _end(tx: Transaction, lb: records.LoadBalancer, outcome: Outcome) -> bool:
    """Carry an outcome of the last accepted revision to its end; return whether it was told."""
    if outcome.retrying:
        if outcome.error and outcome.error != lb.reason:
            tx.put(replace(lb, reason=outcome.error))
            note(tx, lb, "retrying", outcome.error)
        return False
    if not outcome.applied and lb.phase is Phase.GONE:
        tx.put(replace(lb, reason=outcome.error))
        note(tx, lb, "not cleaned", outcome.error)
        return False  # the API knows it as deleted, and that is not taken back
    if not outcome.applied:
        tell_failed(tx, lb, outcome.error)
        return True
    if not lb.wanted:
        return _end_deletion(tx, lb, outcome)
    _start_release(tx, lb)
    if lb.phase is Phase.APPLIED:
        if (lb.unclean, lb.behind) != (outcome.unclean, bool(outcome.unclean)):
            tx.put(replace(lb, unclean=outcome.unclean, behind=bool(outcome.unclean)))
        return False
    tell_applied(tx, lb, outcome.unclean)
    return True


def _is_of_another(lb: records.LoadBalancer, outcome: Outcome) -> bool:
    """Return whether it is of another revision that had the same number: commits were lost."""
    if outcome.revision != lb.revision or not outcome.mark:
        return False
    return contradict(outcome.mark, mark_of(lb.graph, lb.wanted))


def _leaves_a_home_behind(
    tx: Transaction, lb: records.LoadBalancer, home: records.Home, outcome: Outcome
) -> bool:
    """Return whether the home's last load balancer is gone, but nobody has ended the home.

    Its agent was told of another one there, which has gone meanwhile.
    """
    if lb.wanted or not outcome.applied or outcome.unclean or outcome.revision != lb.revision:
        return False
    tried = outcome.tried_to_end or outcome.let_go is not None
    return not tried and len(_placements(tx, home, limit=2)) == 1


def _placements(
    tx: Transaction, home: records.Home, limit: int | None = None
) -> tuple[records.PlacementRow, ...]:
    return tx.select(
        records.PlacementRow,
        environment=home.environment,
        project_id=home.project_id,
        group=home.group,
        limit=limit,
    )


def _end_deletion(tx: Transaction, lb: records.LoadBalancer, outcome: Outcome) -> bool:
    if outcome.unclean:
        if lb.phase is Phase.GONE:
            tx.put(replace(lb, unclean=outcome.unclean, behind=bool(outcome.unclean)))
            return False
        keep_tombstone(tx, lb, outcome.unclean)
        return True
    if lb.phase is Phase.GONE:
        move_out(tx, lb.id)
        tx.delete(records.LoadBalancer, lb.id)
        return False
    tell_deleted(tx, lb)
    return True


def _start_release(tx: Transaction, lb: records.LoadBalancer) -> None:
    """From now on a report may release the reservation: the devices have what it stood for."""
    reservation = tx.get(records.Reservation, lb.id, lock=True)
    if reservation is not None and reservation.applied_at is None:
        tx.put(replace(reservation, applied_at=tx.now()))


def _let_go(
    tx: Transaction, settings: ControllerSettings, home: records.Home, nonces: Nonces
) -> tuple[LoadBalancerId, ...]:
    """End the home, or give it a new number if work has come meanwhile; return that work."""
    key = (settings.environment, home.project_id, home.group)
    left = _placements(tx, home)
    if not left:
        tx.delete(records.Home, *key)
        return ()
    give_home(tx, key, home.agent_id, nonces)
    return unfinished(tx, tuple(row.load_balancer_id for row in left))


def unfinished(
    tx: Transaction, load_balancers: tuple[LoadBalancerId, ...]
) -> tuple[LoadBalancerId, ...]:
    """Return those whose last accepted revision has not ended yet."""
    rows, _unreadable = select_readable(tx, records.LoadBalancer, OneOf("id", load_balancers))
    return tuple(row.id for row in rows if row.phase in UNFINISHED)
