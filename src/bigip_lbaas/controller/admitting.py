"""Says whether a load balancer that is not accepted yet would find room, and holds it."""

from bigip_lbaas.controller.decisions import record_decision
from bigip_lbaas.controller.placing import ask
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.placement import Placement, Stage, Unplaced
from bigip_lbaas.store import records
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import AtMost, Transaction
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.messages import Admission, Admitted


def admit(tx: Transaction, settings: ControllerSettings, admission: Admission) -> Admitted:
    """Hold room for a load balancer, or say why there is none.

    It is admitted, too, while a group merely lacks an agent or a fresh score: it may wait. What
    is held goes when nothing is accepted within settings.hold_s. A refusal is stored as any
    decision, with an event: of the load balancer itself nothing will be.
    """
    graph = admission.graph
    if tx.get(records.PlacementRow, graph.id) is not None:
        return Admitted(True)
    locked(tx, records.Environment(settings.environment), settings.environment)
    unborn = records.LoadBalancer(
        graph.id,
        settings.environment,
        graph.project_id,
        revision=1,
        graph=graph,
        wanted=True,
        phase=Phase.WAITING,
        request_id=admission.request_id,
        accepted_at=tx.now(),
        demands=admission.demands,
    )
    need, fleet, answer = ask(tx, settings, unborn, waited_s=0.0)
    if isinstance(answer, Placement):
        tx.put(
            records.Reservation(
                graph.id,
                settings.environment,
                graph.project_id,
                answer.group,
                answer.costs,
                made_at=tx.now(),
                expires_at=tx.now() + settings.hold_s,
            )
        )
        return Admitted(True)
    if answer.may_wait:
        return Admitted(True)
    record_decision(tx, settings, unborn.revision, (need, fleet, answer), orphaned_at=tx.now())
    record_event(
        tx,
        settings.environment,
        "create refused",
        graph.id,
        answer.because,
        admission.request_id,
    )
    return Admitted(False, answer.because, unsupported=_offered_nowhere(answer))


def _offered_nowhere(answer: Unplaced) -> bool:
    return bool(answer.opinions) and all(
        one.stage is Stage.CLOSED and "does not offer" in (one.why_not or "")
        for one in answer.opinions
    )


def forget_holds(tx: Transaction, settings: ControllerSettings, at_most: int) -> int:
    """Delete what was held for creates that were not accepted in time; return how many."""
    late = AtMost("expires_at", tx.now())
    rows = tx.select(records.Reservation, late, environment=settings.environment, limit=at_most)
    for row in rows:
        tx.delete(records.Reservation, row.load_balancer_id)
    return len(rows)
