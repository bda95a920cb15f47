"""An agent's audits: what they find on a device, what they say, and what they leave alone."""

from typing import Any

from bigip_lbaas.agent.audit import Audit
from bigip_lbaas.ltm import kinds
from bigip_lbaas.store import records
from bigip_lbaas.wire.messages import AuditOrder, DriftReport
from tests.integration.graphs import graph
from tests.integration.world import World

AGENT = "host-1:1"


def world_with(many: int = 1, projects: int = 1) -> World:
    world = World()
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
    tree = world.devices["big-1"]._tree
    path = next(path for path in sorted(tree) if path.collection == collection)
    tree[path] = {**tree[path], **changes}
    return path.full


def findings(world: World) -> list[records.Drift]:
    return list(world.store.read(lambda tx: tx.select(records.Drift)))


def test_what_is_as_it_should_be_is_left_alone() -> None:
    world = world_with(12, 5)
    before = dict(world.devices["big-1"]._tree)
    report = run(world)
    assert report.findings == ()
    assert (report.load_balancers, len(report.judged)) == (12, 5)
    world.settle(4.0)
    assert world.devices["big-1"]._tree == before
    assert findings(world) == []


def test_a_changed_field_is_told_and_repaired_and_ends() -> None:
    world = world_with(12, 5)
    tree = world.devices["big-1"]._tree
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
    after = world.devices["big-1"]._tree
    assert {p: a for p, a in after.items() if p.collection != kinds.DATA_GROUP} == {
        p: a for p, a in before.items() if p.collection != kinds.DATA_GROUP
    }
    assert findings(world) == []
