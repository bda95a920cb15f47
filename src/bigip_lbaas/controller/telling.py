"""Ends a revision: writes the outcome to the load balancer's row and its statuses to the outbox."""

from dataclasses import replace

from bigip_lbaas.controller.decisions import orphan_decisions
from bigip_lbaas.controller.places import leave_a_tombstone, move_out
from bigip_lbaas.domain.status import (
    ObjectStatus,
    Provisioning,
    statuses_when_applied,
    statuses_when_deleted,
    statuses_when_failed,
)
from bigip_lbaas.store import records
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.port import Transaction
from bigip_lbaas.store.records import Phase


def tell_applied(tx: Transaction, lb: records.LoadBalancer, unclean: tuple[str, ...]) -> None:
    """Every device that answers has the revision: ACTIVE, and DELETED for what has left."""
    _tell(tx, lb, statuses_when_applied(lb.graph, lb.leaving))
    tx.put(
        replace(
            lb,
            phase=Phase.APPLIED,
            applied_revision=lb.revision,
            leaving=(),
            reason="",
            unclean=unclean,
            behind=bool(unclean),
        )
    )


def tell_failed(
    tx: Transaction, lb: records.LoadBalancer, reason: str, behind: bool = False
) -> None:
    """The revision could not be carried out: ERROR, with the reason for the operator.

    behind: its agent goes on trying all the same.
    """
    _tell(tx, lb, statuses_when_failed(lb.graph, lb.leaving))
    tx.put(replace(lb, phase=Phase.FAILED, reason=reason, behind=behind))
    note(tx, lb, "failed", reason)


def tell_refused(tx: Transaction, lb: records.LoadBalancer, reason: str) -> None:
    """No place was found for it: ERROR, also for what is added to it, until a failover."""
    tell_failed(tx, replace(lb, refused=True), reason)


def tell_deleted(tx: Transaction, lb: records.LoadBalancer, keeps_its_place: bool = False) -> None:
    """Nothing of it is left on any device that answers: DELETED, and its rows go."""
    _tell(tx, lb, statuses_when_deleted(lb.graph, lb.leaving))
    for child in tx.select(records.Child, load_balancer_id=lb.id):
        tx.delete(records.Child, child.object_id)
    vip = tx.get(records.Vip, lb.environment, lb.graph.vip_address)
    if vip is not None and vip.load_balancer_id == lb.id:
        tx.delete(records.Vip, lb.environment, lb.graph.vip_address)
    orphan_decisions(tx, lb.id)
    tx.delete(records.Reservation, lb.id)
    if not keeps_its_place:
        move_out(tx, lb.id)
    tx.delete(records.LoadBalancer, lb.id)


def keep_tombstone(tx: Transaction, lb: records.LoadBalancer, unclean: tuple[str, ...]) -> None:
    """It is gone from every device that answers; the others must be cleaned when they return."""
    placement = tx.get(records.PlacementRow, lb.id)
    tell_deleted(tx, lb, keeps_its_place=True)
    tx.put(replace(lb, phase=Phase.GONE, unclean=unclean, behind=True, leaving=()))
    if placement is not None:
        leave_a_tombstone(tx, placement)


def note(tx: Transaction, lb: records.LoadBalancer, kind: str, text: str) -> None:
    """Record an event about a load balancer."""
    record_event(tx, lb.environment, kind, lb.id, text, lb.request_id)


def _tell(tx: Transaction, lb: records.LoadBalancer, statuses: tuple[ObjectStatus, ...]) -> None:
    """Put the statuses into the outbox; what an untold message said was DELETED is said again."""
    earlier = tx.get(records.StatusMessage, lb.id, lock=True)
    told = {status.object for status in statuses}
    carried = tuple(
        status
        for status in (earlier.statuses if earlier else ())
        if status.provisioning is Provisioning.DELETED and status.object not in told
    )
    now = tx.now()
    tx.put(
        records.StatusMessage(
            lb.id,
            lb.environment,
            lb.revision,
            (*statuses, *carried),
            lb.request_id,
            created_at=now,
            next_at=now,
        )
    )
