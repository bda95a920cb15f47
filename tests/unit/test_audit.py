"""An agent's audits: what they find on a device, what they say, and what they leave alone."""

from dataclasses import replace
from typing import Any

import pytest

from bigip_lbaas.agent import audit as audit_module
from bigip_lbaas.agent.audit import Audit
from bigip_lbaas.cli.audits import Wish, request_audit
from bigip_lbaas.domain.drift import DriftKind
from bigip_lbaas.domain.edit import Edited
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.state import ObjectPath
from bigip_lbaas.reconcile.render import describe
from bigip_lbaas.store import records
from bigip_lbaas.wire.codec import encode
from bigip_lbaas.wire.messages import AuditOrder, DriftReport, Graphs
from tests.integration.graphs import graph, partition_of
from tests.integration.world import World

AGENT = "host-1:1"


def world_with(many: int = 1, projects: int = 1, policy: str = "repair") -> World:
    world = World(audit_policy=policy)
    world.add_agent("host-1", 1, ("big-1",))
    world.pass_time(1.0)
    world.report()
    for number in range(many):
        world.door.create(graph(number, f"project-{number % projects}"), (), f"req-{number}")
    world.settle(4.0)
    return world


def audit_of(world: World) -> Audit:
    return world.agents[AGENT].chores.audit


def run(world: World, **order: Any) -> DriftReport:
    (report,) = audit_of(world).run(AuditOrder(0, **order))
    return report


def spoil(world: World, collection: str, **changes: Any) -> str:
    """Change one object of a collection by hand; return its full path."""
    tree = world.devices["big-1"].objects
    path = next(path for path in sorted(tree) if path.collection == collection)
    tree[path] = {**tree[path], **changes}
    return path.full


def findings(world: World) -> list[records.Drift]:
    return list(world.store.read(lambda tx: tx.select(records.Drift)))


def events(world: World, kind: str) -> list[str]:
    rows = world.store.read(lambda tx: tx.select(records.Event, kind=kind, order_by="number"))
    return [row.text for row in rows]


def obey(world: World) -> None:
    """Let the controllers pass an order on, and the agent carry it out."""
    world.settle(2.0)
    world.agents[AGENT].chores._orders.popleft()  # its own, of its beginning
    world.agents[AGENT].chores.audit_once()
    world.settle(4.0)


def test_what_is_as_it_should_be_is_left_alone() -> None:
    world = world_with(12, 5)
    before = dict(world.devices["big-1"].objects)
    report = run(world)
    assert report.findings == ()
    assert (report.load_balancers, len(report.judged)) == (12, 5)
    world.settle(4.0)
    assert world.devices["big-1"].objects == before
    assert findings(world) == []


def test_a_changed_field_is_told_and_repaired_and_ends() -> None:
    world = world_with(12, 5)
    tree = world.devices["big-1"].objects
    before = {path: dict(each) for path, each in tree.items()}
    full = spoil(world, kinds.POOL, loadBalancingMode="least-connections-member")
    report = run(world)
    (one,) = report.findings
    assert one.words() == (
        f"ltm/pool {full}: loadBalancingMode is least-connections-member, not round-robin"
    )
    while any(method != "drift" for _, method, _ in world.messages):
        world.deliver()
    world.deliver()
    (row,) = findings(world)
    assert (row.finding, row.audits, row.device) == (one, 1, "big-1")
    world.settle(4.0)
    after = world.devices["big-1"].objects
    assert {p: a for p, a in after.items() if p.collection != kinds.DATA_GROUP} == {
        p: a for p, a in before.items() if p.collection != kinds.DATA_GROUP
    }
    assert findings(world) == []


def test_with_the_policy_report_nothing_is_written_until_an_operator_asks_for_it() -> None:
    world = world_with(3, policy="report")
    full = spoil(world, kinds.VIRTUAL_ADDRESS, enabled="no")
    before = dict(world.devices["big-1"].objects)
    for audits in (1, 2):
        run(world)
        world.settle(4.0)
        (row,) = findings(world)
        assert (row.audits, row.finding.object) == (audits, f"{kinds.VIRTUAL_ADDRESS} {full}")
        assert row.first_seen_at < world.now_s
    assert world.devices["big-1"].objects == before
    (said,) = events(world, "drift")
    assert said.endswith("enabled is no, not yes; nothing is changed (audit_policy)")
    assert request_audit(world.store, Wish(group=1, repair=True)) == (AGENT,)
    obey(world)
    assert findings(world) == []
    assert world.store.read(lambda tx: tx.select(records.AuditRequest)) == ()
    (ended,) = events(world, "drift ended")
    assert ended == "big-1: what was found was repaired"


def test_an_operator_may_ask_for_one_load_balancer_and_nothing_is_said_of_others() -> None:
    world = world_with(6, 2, policy="report")
    tree = world.devices["big-1"].objects
    for path in [path for path in tree if path.collection == kinds.POOL]:
        tree[path] = {**tree[path], "loadBalancingMode": "ratio-member"}
    wanted = graph(4, "project-0").id
    before = world.devices["big-1"].requests
    request_audit(world.store, Wish(load_balancer_id=wanted))
    obey(world)
    assert [row.load_balancer_id for row in findings(world)] == [wanted]
    assert world.devices["big-1"].requests - before < 20


def test_what_nobody_answers_is_asked_for_again_and_then_forgotten() -> None:
    world = world_with()
    world.frozen.add(AGENT)
    request_audit(world.store, Wish())
    for seconds, sent in ((1.0, 1), (20.0, 1), (20.0, 2), (600.0, 2)):
        world.now_s += seconds
        world.controllers[0].audits.order()
        assert len([each for each in world.messages if each[1] == "audit"]) == sent
    assert world.store.read(lambda tx: tx.select(records.AuditRequest)) == ()
    assert events(world, "audit")[-1] == "an audit was wanted and has not been made within 600 s"


def test_who_or_what_is_not_there_cannot_be_asked() -> None:
    world = world_with()
    for wish, why in (
        (Wish(group=7), "no agent is alive in device group 7"),
        (Wish(load_balancer_id="lb-x"), "load balancer lb-x has no place"),
    ):
        with pytest.raises(RequestRejected, match=why):
            request_audit(world.store, wish)


def test_what_bears_only_our_name_goes_at_the_second_look_and_what_does_not_never() -> None:
    world = world_with()
    tree = world.devices["big-1"].objects
    partition = partition_of("project-0")
    ours = ObjectPath(kinds.POOL, partition, "dev_ffff-1")
    foreign = ObjectPath(kinds.POOL, partition, "somebodys")
    for path in (ours, foreign):
        tree[path] = {"loadBalancingMode": "round-robin", "members": ()}
    first = {one.object: one.left for one in run(world).findings}
    assert "next audit" in first[f"ltm/pool {ours.full}"]
    assert "none of ours" in first[f"ltm/pool {foreign.full}"]
    world.settle(4.0)
    tree = world.devices["big-1"].objects
    assert {ours, foreign} <= tree.keys()
    run(world)
    world.settle(4.0)
    tree = world.devices["big-1"].objects
    assert ours not in tree
    assert foreign in tree
    assert [row.finding.object for row in findings(world)] == [f"ltm/pool {foreign.full}"]


def test_more_than_the_limit_is_removed_only_when_an_operator_agrees() -> None:
    world = world_with(2)
    tree = world.devices["big-1"].objects
    partition = partition_of("project-0")
    mark = describe(graph(0).id)
    extra = [ObjectPath(kinds.POOL, partition, f"dev_ffff-{number}") for number in range(51)]
    for path in extra:
        tree[path] = {"description": mark, "members": ()}
    report = run(world)
    assert len(report.findings) == 51
    assert all("more than purge_limit (50)" in one.left for one in report.findings)
    world.settle(4.0)
    assert set(extra) <= world.devices["big-1"].objects.keys()
    request_audit(world.store, Wish(repair=True, past_limit=True))
    obey(world)
    assert not set(extra) & world.devices["big-1"].objects.keys()
    assert findings(world) == []


def test_of_what_is_being_changed_or_was_written_meanwhile_nothing_is_said() -> None:
    world = world_with(2, 2)
    spoil(world, kinds.POOL, loadBalancingMode="ratio-member")
    for made in (graph(0, "project-0"), graph(1, "project-1")):
        world.door.edit(made.id, lambda g: Edited(replace(g, name="x"), ()), "req-x")
    assert run(world).findings == ()  # both wait to be applied
    world.settle(4.0)
    spoil(world, kinds.POOL, loadBalancingMode="ratio-member")
    audit = audit_of(world)
    device = world.devices["big-1"]
    contents = device.contents
    judged = partition_of("project-0"), partition_of("project-1")

    def while_somebody_writes(owns: Any) -> Any:
        found = list(contents(owns))
        for partition in judged:
            (stamp,) = device.stamps(partition).names  # type: ignore[union-attr]
            old = ObjectPath(kinds.DATA_GROUP, partition, stamp)
            tree = device.objects
            tree[ObjectPath(kinds.DATA_GROUP, partition, f"{stamp}1")] = tree.pop(old)
        return iter(found)

    audit_module.READ_ALONE, before = 0, audit_module.READ_ALONE
    device.contents = while_somebody_writes  # type: ignore[method-assign]
    try:
        (report,) = audit.run(AuditOrder(0))
    finally:
        audit_module.READ_ALONE = before
        device.contents = contents  # type: ignore[method-assign]
    assert (report.findings, report.judged) == ((), ())


def test_without_an_answer_of_the_database_nothing_is_said_and_nothing_is_lost() -> None:
    world = world_with(2, policy="report")
    spoil(world, kinds.POOL, loadBalancingMode="ratio-member")
    run(world)
    world.settle(2.0)
    assert len(findings(world)) == 1
    audit = audit_of(world)

    def refuse(_wanted: Any) -> Graphs:
        return Graphs(refused="the epoch has ended")

    ears = audit.ears
    audit.ears = replace(ears, ask=refuse)
    assert audit.run(AuditOrder(0)) == ()
    world.off.add("big-1")
    audit.ears = ears
    assert audit.run(AuditOrder(0)) == ()
    world.settle(2.0)
    assert len(findings(world)) == 1


def test_what_an_agent_of_an_ended_epoch_has_found_is_not_written_down() -> None:
    world = world_with(2)
    spoil(world, kinds.POOL, loadBalancingMode="ratio-member")
    report = run(world)
    world.messages.clear()
    controller = world.controllers[0]
    controller.audits.on_drift(encode(replace(report, epoch="another")))
    assert findings(world) == []
    controller.audits.on_drift(encode(report))
    assert len(findings(world)) == 1


def test_what_could_not_be_judged_is_looked_at_sooner_and_ever_more_rarely() -> None:
    world = world_with(2, 2)
    chores = world.agents[AGENT].chores
    assert chores.audit_pause_s() == 3600.0
    world.off.add("big-1")
    for pause_s in (60.0, 120.0, 240.0):
        chores.order(AuditOrder(0))
        chores.audit_once()
        assert chores.audit_pause_s() == pause_s
        chores.audit_once()
        chores.audit_once()
    world.off.clear()
    world.pass_time(60.0)
    world.settle(4.0)
    chores.order(AuditOrder(0))
    chores.audit_once()
    assert chores.audit_pause_s() == 3600.0


def test_what_a_page_has_missed_is_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_with(5, 5)  # so many that they are read together
    device = world.devices["big-1"]
    contents = device.contents
    monkeypatch.setattr(
        device,
        "contents",
        lambda owns: (each for each in contents(owns) if each[0].collection != kinds.POOL),
    )
    assert run(world).findings == ()
    pools = [path for path in device.objects if path.collection == kinds.POOL]
    for path in pools:
        del device.objects[path]
    assert {one.kind for one in run(world).findings} == {DriftKind.MISSING}
