"""Says to agents what is to be there, writes down what their audits find, and orders audits."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from bigip_lbaas.controller.homes import agent_of_epoch, as_home
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.strangers import let_go_of_orphans
from bigip_lbaas.domain.drift import DriftKind, Finding
from bigip_lbaas.domain.ids import AgentId, LoadBalancerId
from bigip_lbaas.store import records
from bigip_lbaas.store.aside import select_readable
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.port import AtLeast, Condition, OneOf, Store, Transaction
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.codec import decode, encode
from bigip_lbaas.wire.marks import mark_of
from bigip_lbaas.wire.messages import (
    Assignment,
    AuditOrder,
    DriftReport,
    Graphs,
    GraphsWanted,
    KnownGraph,
    Sighting,
)

GRAPHS_AT_ONCE = 200  # some 2 kB each
TOLD_ONE_BY_ONE = 20  # load balancers with something new; more are told in one event
NAMED_IN_EVENT = 3  # findings
ORDER_AGAIN_S = 30.0
ORDERED_FOR_S = 600.0  # so long an operator's wish waits for an agent


@dataclass(frozen=True, slots=True)
class Audits:
    """One controller's part in audits. tell: casts to an agent."""

    settings: ControllerSettings
    store: Store
    tell: Callable[[AgentId, str, dict[str, Any]], None]

    def on_graphs(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Answer what load balancers are to be."""
        wanted = decode(GraphsWanted, payload)
        return encode(self.store.read(lambda tx: answer_graphs(tx, self.settings, wanted)))

    def on_drift(self, payload: dict[str, Any]) -> None:
        """Write down what an audit has found."""
        report = decode(DriftReport, payload)
        self.store.write(lambda tx: record_drift(tx, self.settings, report))

    def order(self) -> None:
        """Tell agents of the audits that operators want."""
        for row in self.store.write(lambda tx: due_requests(tx, self.settings)):
            order = AuditOrder(
                row.number, row.project_id, row.load_balancer_id, row.repair, row.past_limit
            )
            self.tell(row.agent_id, "audit", encode(order))


def answer_graphs(tx: Transaction, settings: ControllerSettings, wanted: GraphsWanted) -> Graphs:
    """Return what load balancers of an agent's homes are to be; refuse whose epoch has ended."""
    environment, group = settings.environment, wanted.group
    agent = agent_of_epoch(tx, settings, wanted.agent_id, wanted.epoch)
    if agent is None:
        return Graphs(refused=f"the epoch of agent {wanted.agent_id} has ended")
    rows = tx.select(
        records.Home,
        OneOf("project_id", wanted.projects),
        environment=environment,
        group=group,
        agent_id=agent.id,
    )
    homes = {row.project_id: as_home(row) for row in rows}
    places = _places(tx, settings, wanted, tuple(homes))
    page = places[:GRAPHS_AT_ONCE]
    ids = tuple(place.load_balancer_id for place in page)
    found, aside = select_readable(tx, records.LoadBalancer, OneOf("id", ids))
    graphs = []
    for lb in found:
        assignment = Assignment(
            lb.id,
            lb.revision,
            lb.graph,
            lb.wanted,
            homes[lb.project_id],
            agent.epoch,
            lb.request_id,
            lb.leaving,
            mark=mark_of(lb.graph, lb.wanted),
        )
        graphs.append(KnownGraph(assignment, _is_settled(lb)))
    return Graphs(
        tuple(graphs),
        tuple(LoadBalancerId(one.key) for one in aside),
        more=len(places) > len(page),
        last=ids[-1] if ids else "",
    )


def _places(
    tx: Transaction,
    settings: ControllerSettings,
    wanted: GraphsWanted,
    projects: Sequence[str],
) -> Sequence[records.PlacementRow]:
    conditions: list[Condition] = [OneOf("project_id", tuple(projects))]
    if wanted.only:
        conditions.append(OneOf("load_balancer_id", wanted.only))
    if wanted.after:
        conditions.append(AtLeast("load_balancer_id", wanted.after))
    found = tx.select(
        records.PlacementRow,
        *conditions,
        environment=settings.environment,
        group=wanted.group,
        order_by="load_balancer_id",
        limit=GRAPHS_AT_ONCE + 2,
    )
    return [row for row in found if row.load_balancer_id != wanted.after][: GRAPHS_AT_ONCE + 1]


def _is_settled(lb: records.LoadBalancer) -> bool:
    """Return whether devices are to have just this, and nobody is at work on it."""
    return lb.wanted and lb.phase is Phase.APPLIED and not lb.behind


def record_drift(tx: Transaction, settings: ControllerSettings, report: DriftReport) -> None:
    """Write down what an audit has found; what it has not found any more is forgotten.

    Only of an agent in its present epoch: whoever has its homes by now finds out by itself.
    """
    environment = settings.environment
    if agent_of_epoch(tx, settings, report.agent_id, report.epoch) is None:
        return
    rows = tx.select(
        records.Drift, environment=environment, device=report.device, group=report.group
    )
    judged, only, removed = set(report.judged), set(report.only), set(report.removed)
    known = {
        row.id: row
        for row in rows
        if row.project_id in judged or row.load_balancer_id in only or row.finding.object in removed
    }
    found = {_id_of(environment, report.device, one): one for one in report.findings}
    new = {id_: one for id_, one in found.items() if id_ not in known}
    tx.put_all(tuple(_row(tx, settings, report, one, known.get(id_)) for id_, one in found.items()))
    _tell_new(tx, settings, report, new.values())
    orphans = {id_: one for id_, one in found.items() if one.kind is DriftKind.ORPHAN}
    twice = [one for id_, one in orphans.items() if id_ in known]
    _judge_orphans(tx, settings, report, tuple(orphans.values()), twice)
    gone = [row for id_, row in known.items() if id_ not in found] if not report.more else []
    for row in gone:
        tx.delete(records.Drift, row.id)
    _tell_gone(tx, settings, report, gone)
    if judged:
        _note_audit(tx, settings, report)
    request = tx.get(records.AuditRequest, environment, report.agent_id)
    if request is not None and report.request >= request.number:
        tx.delete(records.AuditRequest, environment, report.agent_id)


def _judge_orphans(
    tx: Transaction,
    settings: ControllerSettings,
    report: DriftReport,
    orphans: Sequence[Finding],
    twice: Sequence[Finding],
) -> None:
    """Let go of what nobody knows and two audits have found, unless it is suspiciously much.

    Very many such ones, or more than are known, are likelier the mark of a wrong database.
    """
    many = len({one.load_balancer_id for one in orphans})
    if not report.repairs or not twice or report.more:
        return
    if not report.past_limit and (many > report.purge_limit or many > report.load_balancers):
        said = (
            f"{report.device_name} has {many} load balancers that nobody knows here, purge_limit is"
            f" {report.purge_limit} and {report.load_balancers} are known: none is removed; look at"
            " bigip-lbaas audit list --kind orphan, and if that is right say audit run --repair"
            " --past-limit"
        )
        latest = tx.select(
            records.Event, environment=settings.environment, kind="orphans", order_by="-number",
            limit=1,
        )  # fmt: skip
        if not latest or latest[0].text != said:
            record_event(tx, settings.environment, "orphans", f"group {report.group}", said)
        return
    addresses = {one.load_balancer_id: one.found for one in orphans if one.found}
    some = {
        one.load_balancer_id: Sighting(
            one.load_balancer_id, one.project_id, addresses.get(one.load_balancer_id, "")
        )
        for one in twice
    }
    let_go_of_orphans(tx, settings, report.group, some.values())


def _id_of(environment: str, device: str, one: Finding) -> str:
    text = "\n".join((environment, device, one.object, one.field))
    return sha256(text.encode()).hexdigest()[:32]


def _row(
    tx: Transaction,
    settings: ControllerSettings,
    report: DriftReport,
    one: Finding,
    before: records.Drift | None,
) -> records.Drift:
    return records.Drift(
        _id_of(settings.environment, report.device, one),
        settings.environment,
        report.group,
        report.device,
        report.device_name,
        one.project_id,
        one.load_balancer_id,
        one,
        before.first_seen_at if before else tx.now(),
        tx.now(),
        before.audits + 1 if before else 1,
    )


def _tell_new(
    tx: Transaction, settings: ControllerSettings, report: DriftReport, new: Iterable[Finding]
) -> None:
    """Record an event for each load balancer with something new, or one for very many."""
    then = "; it is repaired" if report.repairs else "; nothing is changed (audit_policy)"
    by_whom: dict[str, list[Finding]] = defaultdict(list)
    for one in new:
        by_whom[one.load_balancer_id or f"project {one.project_id}"].append(one)
    environment, where = settings.environment, report.device_name
    if len(by_whom) > TOLD_ONE_BY_ONE:
        said = f"{where} differs in {len(by_whom)} load balancers{then}; see bigip-lbaas audit list"
        record_event(tx, environment, "drift", f"group {report.group}", said)
        return
    for whose, findings in by_whom.items():
        words = "; ".join(replace(one, left="").words() for one in findings[:NAMED_IN_EVENT])
        others = len(findings) - NAMED_IN_EVENT
        more = f"; and {others} more" if others > 0 else ""
        can = then if any(not one.left for one in findings) else ""
        record_event(tx, environment, "drift", whose, f"{where}: {words}{more}{can}")


def _tell_gone(
    tx: Transaction,
    settings: ControllerSettings,
    report: DriftReport,
    gone: Iterable[records.Drift],
) -> None:
    many: dict[str, int] = defaultdict(int)
    for row in gone:
        many[row.load_balancer_id or f"project {row.project_id}"] += 1
    how = "was repaired" if report.repaired else "is no longer so"
    for whose, count in many.items():
        what = "what was found" if count == 1 else f"all {count} that were found"
        said = f"{report.device_name}: {what} {how}"
        record_event(tx, settings.environment, "drift ended", whose, said)


def _note_audit(tx: Transaction, settings: ControllerSettings, report: DriftReport) -> None:
    tx.put(
        records.Audit(
            settings.environment,
            report.agent_id,
            report.device,
            report.group,
            tx.now(),
            report.took_s,
            report.load_balancers,
            report.objects,
            report.reads,
            len(report.findings) + report.more,
            report.more,
            report.repairs,
        )
    )


def due_requests(tx: Transaction, settings: ControllerSettings) -> tuple[records.AuditRequest, ...]:
    """Return what agents are to be told now; forget what none has done for long."""
    due = []
    for row in tx.select(records.AuditRequest, environment=settings.environment):
        if tx.now() - row.asked_at > ORDERED_FOR_S:
            tx.delete(records.AuditRequest, row.environment, row.agent_id)
            said = f"an audit was wanted and has not been made within {ORDERED_FOR_S:g} s"
            record_event(tx, row.environment, "audit", row.agent_id, said)
        elif row.sent_at is None or tx.now() - row.sent_at >= ORDER_AGAIN_S:
            tx.put(replace(row, sent_at=tx.now()))
            due.append(row)
    return tuple(due)
