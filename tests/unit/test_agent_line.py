"""An agent and the controllers, step by step: what is late, lost, or from another life."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from bigip_lbaas.agent.partition import StampedPartition
from bigip_lbaas.bus import topics
from bigip_lbaas.domain.edit import Edited
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.domain.home import Fence, Home
from bigip_lbaas.domain.ids import AgentId, GroupNumber, ProjectId
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.scheduling.capacity_policy import parse
from bigip_lbaas.store import records
from bigip_lbaas.store.port import Transaction
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.codec import Unreadable
from tests.integration.graphs import graph, partition_of
from tests.integration.world import ENVIRONMENT, World

AGENT = "host-1:1"


def world_with_one_agent() -> World:
    world = World()
    world.add_agent("host-1", 1, ("big-1",), parse("tenant_count: 10"))
    world.pass_time(1.0)
    world.report()
    pump(world)
    return world


def pump(world: World) -> list[tuple[str, str, dict[str, Any]]]:
    """Deliver everything in order and do all the work; return what was said."""
    said = []
    for _ in range(30):
        while world.messages:
            said.append(world.messages[0])
            world.deliver()
        if not world.work():
            break
    return said


def create(world: World, number: int, project: str = "acme") -> ServiceGraph:
    made = graph(number, project)
    world.door.create(made, (), f"req-{number}")
    return made


def assignments(said: list[tuple[str, str, dict[str, Any]]]) -> list[Any]:
    return [message for message in said if message[1] == "assign"]


def contents(world: World) -> Any:
    return world.devices["big-1"].read(partition_of("acme"))


def test_an_assignment_that_comes_after_a_newer_one_changes_nothing() -> None:
    world = world_with_one_agent()
    made = create(world, 1)
    late = assignments(pump(world))
    world.door.edit(made.id, lambda g: Edited(replace(g, admin_state_up=False), ()), "req-2")
    pump(world)
    before = contents(world)
    world.messages += late
    pump(world)
    assert contents(world) == before


def test_an_assignment_that_comes_after_its_deletion_brings_nothing_back() -> None:
    world = world_with_one_agent()
    made = create(world, 1)
    late = assignments(pump(world))
    create(world, 2)  # so that the home goes on
    pump(world)
    world.door.delete(made.id, (), "req-3")
    pump(world)
    before = contents(world)
    world.messages += late
    pump(world)
    assert contents(world) == before


def test_what_was_assigned_to_an_earlier_life_is_not_done() -> None:
    world = world_with_one_agent()
    create(world, 1)
    world.deliver()  # the nudge; the assignment waits
    world.restart(AGENT)
    world.pass_time(1.0)
    world.messages = assignments(world.messages)[:1]
    world.deliver()
    while world.work():
        pass
    assert contents(world) == {}


def test_without_a_lease_nothing_is_begun() -> None:
    world = world_with_one_agent()
    create(world, 1)
    world.deliver()
    world.deliver()
    world.now_s += 10.0  # no heartbeat is answered meanwhile
    assert not world.agents[AGENT].work_once()
    assert partition_of("acme") not in world.devices["big-1"].partitions()


def test_a_successor_stamps_idle_homes_too_before_it_is_ready() -> None:
    world = world_with_one_agent()
    create(world, 1)
    pump(world)
    world.add_agent("host-2", 1, ("big-1",), parse("tenant_count: 10"))
    world.pass_time(1.0)
    pump(world)
    before = world.devices["big-1"].stamps(partition_of("acme"))
    world.frozen.add(AGENT)
    world.pass_time(6.0)
    pump(world)
    after = world.devices["big-1"].stamps(partition_of("acme"))
    assert before != after
    home = world.store.read(lambda tx: tx.get(records.Home, ENVIRONMENT, "acme", 1))
    assert home is not None
    assert home.agent_id == "host-2:1"


def test_a_lost_farewell_is_said_again_when_the_home_is_assigned_again() -> None:
    world = world_with_one_agent()
    made = create(world, 1)
    pump(world)
    world.door.delete(made.id, (), "req-2")
    world.deliver()
    world.deliver()
    world.work()
    lost = [message for message in world.messages if message[1] == "outcome"]
    assert lost[0][2]["let_go"] is not None
    world.messages.clear()
    world.pass_time(12.0)  # the sweep asks again
    pump(world)
    world.settle(20)
    assert world.store.read(lambda tx: tx.get(records.LoadBalancer, made.id)) is None
    assert world.store.read(lambda tx: tx.select(records.Home, project_id="acme")) == ()


def test_an_unreadable_message_is_refused_and_changes_nothing() -> None:
    world = world_with_one_agent()
    topic = topics.agent_queue(ENVIRONMENT, AgentId(AGENT))
    world.messages.append((topic, "assign", {"load_balancer_id": 7}))
    with pytest.raises(Unreadable, match="not a Assignment"):
        world.deliver()
    assert not world.agents[AGENT].work_once()


def test_one_load_balancer_that_fails_in_the_sweep_holds_up_no_other(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    first, second = create(world, 1), create(world, 2, "bolt")
    world.messages.clear()  # nobody is nudged
    controller = world.controllers[0]
    attend = controller.attend

    def fail_for_the_first(load_balancer_id: Any) -> None:
        if load_balancer_id == first.id:
            raise LookupError("a defect")
        attend(load_balancer_id)

    sweep = controller._sweep
    monkeypatch.setattr(sweep, "hands", replace(sweep.hands, attend=fail_for_the_first))
    world.add_agent("host-1", 1, ("big-1",), parse("tenant_count: 10"))
    with caplog.at_level(logging.ERROR):
        world.settle(6)
    found = world.store.read(lambda tx: tx.get(records.LoadBalancer, second.id))
    assert found is not None
    assert found.phase is Phase.APPLIED
    assert "a bug" in caplog.text


def test_of_many_that_are_taken_on_together_a_bad_one_holds_up_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.add_agent("host-1", 1, ("big-1",), parse("tenant_count: 10"))
    world.settle(4)
    made = [create(world, number, f"project-{number}") for number in range(3)]
    world.messages.clear()
    table = world.store._tables[records.LoadBalancer]
    spoilt = table[made[1].id,]
    table[made[1].id,] = tuple("no graph" if "pools" in str(value) else value for value in spoilt)
    with caplog.at_level(logging.ERROR):
        world.controllers[0].attend_to([one.id for one in made])
        assert [method for _, method, _ in world.messages] == ["assign", "assign"]
        world.controllers[0].sweep()
    assert f"load balancer {made[1].id} is left aside" in caplog.text
    table[made[1].id,] = spoilt
    world.settle(4)
    rows = world.store.read(lambda tx: tx.select(records.LoadBalancer))
    assert {row.phase for row in rows} == {Phase.APPLIED}


def test_a_wait_goes_on_counting_when_another_controller_takes_the_broom() -> None:
    world = World(pending_deadline_s=20.0)
    world.add_agent("host-1", 1, ("big-1",), parse("tenant_count: 10"))
    world.settle(4)
    world.off.add("big-1")
    made = create(world, 1)
    pump(world)
    for turn in range(8):  # each time longer than a tenure, so that the broom changes hands
        world.now_s += 5.0
        world.controllers[turn % 2].sweep()
        world.controllers[(turn + 1) % 2].sweep()
    found = world.store.read(lambda tx: tx.get(records.LoadBalancer, made.id))
    assert found is not None
    assert found.phase is Phase.FAILED
    assert found.behind


def test_homes_of_an_agent_that_is_gone_are_rescued_when_somebody_can_take_them() -> None:
    world = world_with_one_agent()
    made = create(world, 1)
    pump(world)
    (home,) = world.store.read(lambda tx: tx.select(records.Home, project_id="acme"))
    world.frozen.add(home.agent_id)
    world.pass_time(10.0)  # it is gone, and nobody else is there
    successor = world.add_agent("host-9", 1, ("big-1",), parse("tenant_count: 10"))
    world.settle(10.0)
    world.store.write(lambda tx: _back_to(tx, home))
    world.settle(10.0)
    (rescued,) = world.store.read(lambda tx: tx.select(records.Home, project_id="acme"))
    assert rescued.agent_id == successor
    found = world.store.read(lambda tx: tx.get(records.LoadBalancer, made.id))
    assert found is not None
    assert found.phase is Phase.APPLIED


def _back_to(tx: Transaction, home: records.Home) -> None:
    """Leave the home with the agent that is gone, as if nobody could have taken it."""
    (now,) = tx.select(records.Home, project_id="acme")
    tx.put(replace(now, agent_id=home.agent_id))


def test_of_two_deletions_at_once_the_later_one_ends_the_home() -> None:
    world = world_with_one_agent()
    first, second = create(world, 1), create(world, 2)
    pump(world)
    for made in (first, second):
        world.door.delete(made.id, (), "req-3")
    while any(method == "nudge" for _, method, _ in world.messages):
        world.deliver()  # both are assigned while the other is still there
    world.settle(10.0)
    assert world.store.read(lambda tx: tx.select(records.LoadBalancer)) == ()
    assert world.store.read(lambda tx: tx.select(records.Home, project_id="acme")) == ()
    assert world.devices["big-1"].partitions() == {"Common"}


def test_what_is_behind_is_sent_again_although_it_has_been_told() -> None:
    world = World()
    for host in ("host-1", "host-2"):
        world.add_agent(host, 1, ("big-1", "big-2"), parse("tenant_count: 10"))
    world.settle(4)
    world.off.add("big-2")
    made = create(world, 1)
    pump(world)
    world.off.clear()
    for agent in world.agents.values():
        agent._inbox.clear()  # the agent has lost it
    world.settle(60)
    found = world.store.read(lambda tx: tx.get(records.LoadBalancer, made.id))
    assert found is not None
    assert (found.unclean, found.behind) == ((), False)


def test_what_is_made_anew_under_the_same_id_is_newer_than_what_was_deleted() -> None:
    world = world_with_one_agent()
    made = create(world, 1)
    create(world, 2)  # so that the home goes on, and its agent remembers
    pump(world)
    world.door.delete(made.id, (), "req-3")
    pump(world)
    create(world, 1)
    pump(world)
    found = world.store.read(lambda tx: tx.get(records.LoadBalancer, made.id))
    assert found is not None
    assert found.phase is Phase.APPLIED


def test_a_partition_that_another_has_stamped_is_told_with_its_device_and_written_no_more() -> None:
    world = world_with_one_agent()
    create(world, 1)
    pump(world)
    home = Home(ENVIRONMENT, ProjectId("acme"), GroupNumber(1), AgentId("x:1"), Fence(99, "aa"))
    stranger = StampedPartition(world.devices["big-1"], home, Naming(ENVIRONMENT), RenderSettings())
    stranger.take_over()
    before = contents(world)
    create(world, 2)
    outcomes = [payload for _, method, payload in pump(world) if method == "outcome"]
    assert outcomes
    assert all("big-1: partition" in each["error"] for each in outcomes)
    assert all("stamped stamp_99.aa" in each["error"] for each in outcomes)
    assert all(each["retrying"] and not each["applied"] for each in outcomes)
    assert contents(world) == before


def test_a_device_that_returns_is_read_and_stamped_before_anything_is_asked() -> None:
    world = world_with_one_agent()
    create(world, 1)
    pump(world)
    before = world.devices["big-1"].stamps(partition_of("acme"))
    world.off.add("big-1")
    world.report()
    world.off.clear()
    world.pass_time(2.0)
    world.report()
    world.messages.clear()
    assert world.work()
    assert world.devices["big-1"].stamps(partition_of("acme")) != before


def test_a_home_that_has_ended_is_not_remembered() -> None:
    world = world_with_one_agent()
    made = create(world, 1)
    pump(world)
    leveller = world.agents[AGENT]._around.leveller
    assert len(leveller) == 1
    world.door.delete(made.id, (), "req-2")
    pump(world)
    assert len(leveller) == 0


def test_an_agent_that_knows_of_a_later_revision_says_so_and_lost_commits_are_noticed() -> None:
    """A database is set back to a backup, and nobody but an idle agent knows what was lost."""
    world = world_with_one_agent()
    made = create(world, 1)
    pump(world)
    backup = {record: dict(rows) for record, rows in world.store._tables.items()}
    for state in (False, True):
        world.door.edit(made.id, lambda g, s=state: Edited(replace(g, admin_state_up=s), ()), "r")  # type: ignore[misc]
        pump(world)
    world.store._tables = backup
    world.door.edit(made.id, lambda g: Edited(replace(g, admin_state_up=False), ()), "r")
    world.settle(30)
    kinds = [row.kind for row in world.store.read(lambda tx: tx.select(records.Event))]
    assert kinds.count("commits lost") == 1
    row = world.store.read(lambda tx: tx.get(records.LoadBalancer, made.id))
    assert row is not None
    assert (row.phase, row.revision, row.behind) == (Phase.APPLIED, 2, False)
    (virtual,) = [a for path, a in contents(world).items() if path.collection.endswith("virtual")]
    assert virtual["disabled"]


def test_a_late_message_is_answered_and_changes_nothing() -> None:
    world = world_with_one_agent()
    made = create(world, 1)
    late = assignments(pump(world))
    world.door.edit(made.id, lambda g: Edited(replace(g, admin_state_up=False), ()), "r")
    pump(world)
    before = world.store.read(lambda tx: tx.select(records.LoadBalancer))
    world.messages += late
    said = pump(world)
    assert [method for _, method, _ in said] == ["assign", "outcome"]
    assert world.store.read(lambda tx: tx.select(records.LoadBalancer)) == before
    kinds = [row.kind for row in world.store.read(lambda tx: tx.select(records.Event))]
    assert "commits lost" not in kinds
