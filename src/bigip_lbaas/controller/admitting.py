"""Says whether a load balancer that is not accepted yet would find room, and holds it."""

from bigip_lbaas.controller.books import read_projects
from bigip_lbaas.controller.costs import costs_of_all
from bigip_lbaas.controller.decisions import Decided, record_decisions
from bigip_lbaas.controller.ledger import Ledger, OpenBooks
from bigip_lbaas.controller.placing import decide, need_of
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.placement import Placement, Stage, Unplaced
from bigip_lbaas.store import records
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import AtMost, Transaction
from bigip_lbaas.store.records import Phase
from bigip_lbaas.store.versions import books_changed
from bigip_lbaas.wire.messages import Admission, Admitted


def admit(
    tx: Transaction, settings: ControllerSettings, admission: Admission, new_id: str
) -> Admitted:
    """Hold room for a load balancer, or say why there is none. new_id: for what is stored of it.

    It is admitted, too, while a group merely lacks an agent or a fresh score: it may wait. What
    is held goes when nothing is accepted within settings.hold_s. A refusal is stored as any
    decision, with an event: of the load balancer itself nothing will be.
    """
    if tx.get(records.PlacementRow, admission.graph.id) is not None:
        return Admitted(True)
    locked(tx, records.Environment(settings.environment), settings.environment)
    books = Ledger().open(tx, settings)
    decided = _decide(tx, settings, admission, books)
    answer = decided.answer
    if isinstance(answer, Placement):
        _hold(tx, settings, admission, answer)
        return Admitted(True)
    if answer.may_wait:
        return Admitted(True)
    record_decisions(tx, settings, books, (decided,), new_id, orphaned=True)
    record_event(
        tx,
        settings.environment,
        "create refused",
        admission.graph.id,
        answer.because,
        admission.request_id,
    )
    return Admitted(False, answer.because, unsupported=_offered_nowhere(answer))


def _decide(
    tx: Transaction, settings: ControllerSettings, admission: Admission, books: OpenBooks
) -> Decided:
    graph = admission.graph
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
    costs = costs_of_all(tx, settings, {graph.project_id})[graph.project_id]
    need = need_of(unborn, costs, waited_s=0.0)
    residents = read_projects(tx, settings, (need,), books.groups)
    return decide(settings, need, unborn.revision, books, residents)


def _hold(
    tx: Transaction, settings: ControllerSettings, admission: Admission, answer: Placement
) -> None:
    now = tx.now()
    tx.put(
        records.Reservation(
            admission.graph.id,
            settings.environment,
            admission.graph.project_id,
            answer.group,
            answer.costs,
            made_at=now,
            expires_at=now + settings.hold_s,
        )
    )
    books_changed(tx, settings.environment, (answer.group,))


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
