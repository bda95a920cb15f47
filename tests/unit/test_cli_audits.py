"""What the commands about audits show."""

import pytest

from bigip_lbaas.cli import audits
from bigip_lbaas.cli.listing import wanted
from bigip_lbaas.ltm import kinds
from bigip_lbaas.wire.messages import AuditOrder
from tests.integration.graphs import graph
from tests.integration.world import World


@pytest.fixture
def world() -> World:
    """A world whose device has one pool otherwise, another not at all, and has been audited."""
    world = World(audit_policy="report")
    world.add_agent("host-1", 1, ("big-1",))
    world.pass_time(1.0)
    world.report()
    for number in (1, 2):
        world.door.create(graph(number, f"project-{number}"), (), f"req-{number}")
    world.settle(4.0)
    tree = world.devices["big-1"].objects
    pools = {path.partition: path for path in tree if path.collection == kinds.POOL}
    tree[pools["dev_project-1"]] = {
        **tree[pools["dev_project-1"]], "loadBalancingMode": "ratio-member"
    }  # fmt: skip
    (monitor,) = (
        path for path in tree if path.collection == kinds.HTTP_MONITOR and "2" in path.partition
    )
    del tree[monitor]
    world.agents["host-1:1"].chores.audit.run(AuditOrder(0))
    world.settle(4.0)
    return world


def test_people_see_sentences_and_programs_see_fields(world: World) -> None:
    seen = audits.drift(world.store, {})
    said = [dict(zip(audits.FINDING_COLUMNS_OF_A_TABLE, map(str, row), strict=True))
            for row in audits.told_rows(seen)]  # fmt: skip
    assert {one["load balancer"] for one in said} == {
        graph(1, "project-1").id, graph(2, "project-2").id,
    }  # fmt: skip
    (changed,) = [one for one in said if "ratio" in one["what"]]
    assert changed["what"].startswith("ltm/pool dev_")
    assert changed["what"].endswith(": loadBalancingMode is ratio-member, not round-robin")
    assert (changed["device"], changed["since"]) == ("big-1", "2.0 s")
    rows = [dict(zip(audits.FINDING_COLUMNS, row, strict=True))
            for row in audits.finding_rows(seen)]  # fmt: skip
    (row,) = [row for row in rows if row["kind"] == "changed"]
    assert row["object"].startswith("ltm/pool /dev_project-1/dev_")
    assert (row["field"], row["wanted"], row["found"]) == (
        "loadBalancingMode", "round-robin", "ratio-member",
    )  # fmt: skip


def test_findings_are_chosen_by_what_an_operator_names(world: World) -> None:
    def many(kind: str | None = None, device: str | None = None, **which: object) -> int:
        return len(audits.drift(world.store, wanted(**which), kind, device).rows)

    assert many() == 2
    assert (many("missing"), many("changed"), many("orphan")) == (1, 1, 0)
    assert (many(device="big-1"), many(device="big-2")) == (2, 0)
    assert (many(group=1), many(group=2), many(environment="other")) == (2, 0, 0)
    assert many(load_balancer_id=graph(1).id) == 1


def test_an_audit_is_shown_with_what_it_came_to(world: World) -> None:
    (row,) = audits.audit_rows(world.store, {})
    shown = dict(zip(audits.AUDIT_COLUMNS, map(str, row), strict=True))
    assert (shown["agent"], shown["findings"], shown["load balancers"]) == ("host-1:1", "2", "2")
    assert (shown["ended ago"], shown["repairs"]) == ("2.0 s", "no")
