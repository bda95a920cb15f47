"""Keeps decisions of placement, with all that is needed to say them again."""

from dataclasses import replace

from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.ids import LoadBalancerId
from bigip_lbaas.domain.placement import Need, Placement, Unplaced
from bigip_lbaas.store import records
from bigip_lbaas.store.port import AtMost, Transaction

MOST_OF_ONE = 20  # of one load balancer, which somebody fails over again and again


def record_decision(
    tx: Transaction,
    settings: ControllerSettings,
    revision: int,
    said: tuple[Need, Fleet, Placement | Unplaced],
    orphaned_at: float | None = None,
) -> None:
    """Store question and answer; of the answers while it waits only the latest is kept.

    orphaned_at: now, when there will be no such load balancer.
    """
    need, fleet, answer = said
    id_ = need.load_balancer_id
    earlier = tx.select(records.Decision, load_balancer_id=id_, order_by="-number", limit=1)
    number = 1
    if earlier:
        last = earlier[0].answer
        waited = isinstance(last, Unplaced) and last.may_wait
        number = earlier[0].number if waited else earlier[0].number + 1
    decision = records.Decision(
        id_,
        number,
        settings.environment,
        tx.now(),
        revision,
        settings.name,
        need,
        fleet,
        settings.rules,
        answer,
        orphaned_at,
    )
    tx.put(decision)
    tx.delete(records.Decision, id_, number - MOST_OF_ONE)


def orphan_decisions(tx: Transaction, load_balancer_id: LoadBalancerId) -> None:
    """Note that the load balancer is gone: from now on its decisions are kept for a time."""
    for row in tx.select(records.Decision, load_balancer_id=load_balancer_id):
        tx.put(replace(row, orphaned_at=tx.now()))


def forget_decisions(tx: Transaction, settings: ControllerSettings, at_most: int) -> int:
    """Delete decisions about load balancers that are gone for long; return how many."""
    old = AtMost("orphaned_at", tx.now() - settings.decisions_kept_s)
    rows = tx.select(records.Decision, old, environment=settings.environment, limit=at_most)
    for row in rows:
        tx.delete(records.Decision, row.load_balancer_id, row.number)
    return len(rows)
