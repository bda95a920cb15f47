"""The line as a whole, step by step and without threads."""

from dataclasses import replace
from typing import Any

from bigip_lbaas.domain.edit import Edited
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.domain.status import Provisioning
from bigip_lbaas.scheduling.capacity_policy import parse
from bigip_lbaas.scheduling.schedule import schedule
from bigip_lbaas.store import records
from bigip_lbaas.store.decisions import decisions
from bigip_lbaas.store.records import Phase
from tests.integration.graphs import graph, partition_of
from tests.integration.world import ENVIRONMENT, World


def create(world: World, number: int, project: str = "acme", members: int = 2) -> ServiceGraph:
    made = graph(number, project, members)
    world.door.create(made, (), f"req-{number}")
    return made


def record(world: World, graph_: ServiceGraph) -> records.LoadBalancer | None:
    return world.store.read(lambda tx: tx.get(records.LoadBalancer, graph_.id))


def phase(world: World, graph_: ServiceGraph) -> Phase | None:
    found = record(world, graph_)
    return found.phase if found else None


def told(world: World, graph_: ServiceGraph) -> set[Provisioning]:
    message = world.store.read(lambda tx: tx.get(records.StatusMessage, graph_.id))
    return {status.provisioning for status in message.statuses} if message else set()


def home(world: World, project: str = "acme", group: int = 1) -> records.Home | None:
    return world.store.read(lambda tx: tx.get(records.Home, ENVIRONMENT, project, group))


def two_agents(policy: str = "tenant_count: 10") -> World:
    world = World()
    for host in ("host-1", "host-2"):
        world.add_agent(host, 1, ("big-1", "big-2"), parse(policy))
    world.pass_time(1.0)
    world.report()
    return world


def test_a_load_balancer_is_placed_configured_on_every_device_and_told_active() -> None:
    world = two_agents()
    made = create(world, 1)
    world.settle(4)
    assert phase(world, made) is Phase.APPLIED
    assert told(world, made) == {Provisioning.ACTIVE}
    contents = [device.read(partition_of("acme")) for device in world.devices.values()]
    assert len(contents) == 2
    assert contents[0] == contents[1] != {}


def test_a_deleted_load_balancer_leaves_nothing_and_its_home_ends() -> None:
    world = two_agents()
    made = create(world, 1)
    world.settle(4)
    world.door.delete(made.id, (), "req-2")
    world.settle(4)
    assert record(world, made) is None
    assert told(world, made) == {Provisioning.DELETED}
    assert home(world) is None
    for device in world.devices.values():
        assert device.partitions() == {"Common"}
    create(world, 1)  # its VIP address is free again
    world.settle(4)
    assert phase(world, made) is Phase.APPLIED


def test_work_that_comes_while_a_home_ends_gets_a_new_fence() -> None:
    world = two_agents()
    first = create(world, 1)
    world.settle(4)
    world.door.delete(first.id, (), "req-2")
    world.deliver()  # the nudge: the deletion is assigned, and says that the home ends
    second = create(world, 2)
    before = home(world)
    world.settle(8)
    after = home(world)
    assert phase(world, second) is Phase.APPLIED
    assert before is not None
    assert after is not None
    assert after.fence_number > before.fence_number


def test_the_homes_of_a_silent_agent_go_to_another_with_their_unfinished_work() -> None:
    world = two_agents()
    settled = create(world, 1)
    world.settle(4)
    owner = home(world)
    assert owner is not None
    world.frozen.add(owner.agent_id)
    unfinished = create(world, 2)
    world.settle(12)
    successor = home(world)
    assert successor is not None
    assert successor.agent_id != owner.agent_id
    assert successor.fence_number > owner.fence_number
    assert phase(world, unfinished) is phase(world, settled) is Phase.APPLIED


def test_an_agent_that_comes_back_learns_that_its_homes_are_gone_and_writes_nothing() -> None:
    world = two_agents()
    made = create(world, 1)
    world.settle(4)
    owner = home(world)
    assert owner is not None
    world.frozen.add(owner.agent_id)
    world.door.edit(made.id, _renamed, "req-2")
    while world.messages:  # the frozen agent is assigned the work before anyone knows
        world.deliver()
    world.settle(12)
    stamps = [device.stamps(partition_of("acme")) for device in world.devices.values()]
    world.frozen.clear()
    world.settle(12)
    assert [device.stamps(partition_of("acme")) for device in world.devices.values()] == stamps
    assert phase(world, made) is Phase.APPLIED


def test_a_full_group_sends_the_next_project_elsewhere_and_full_groups_end_in_error() -> None:
    world = World()
    world.add_agent("host-1", 1, ("big-1",), parse("tenant_count: 1"))
    world.add_agent("host-2", 2, ("big-2",), parse("tenant_count: 1"))
    world.settle(4)
    made = []
    for number in range(3):
        made.append(create(world, number, f"project-{number}"))
        world.now_s += 0.1
    world.settle(6)
    assert [phase(world, one) for one in made] == [Phase.APPLIED, Phase.APPLIED, Phase.FAILED]
    refused = record(world, made[2])
    assert refused is not None
    assert "group 1 is full, tenant_count is at 1" in refused.reason
    assert "group 2 is full, tenant_count is at 1" in refused.reason
    assert told(world, made[2]) == {Provisioning.ERROR}


def test_a_restart_of_everything_turns_no_waiting_create_into_an_error() -> None:
    world = World()
    made = create(world, 1)
    world.settle(40)  # nobody is there; less than the patience
    assert phase(world, made) is Phase.WAITING
    world.now_s += 3600  # everything is down for an hour
    world.controllers = [world._controller("controller-3")]
    world.pass_time(20)
    assert phase(world, made) is Phase.WAITING
    world.add_agent("host-1", 1, ("big-1",), parse("tenant_count: 1"))
    world.settle(4)
    assert phase(world, made) is Phase.APPLIED


def test_patience_ends_in_an_error_that_says_what_was_missing() -> None:
    world = World()
    made = create(world, 1)
    world.settle(70)
    found = record(world, made)
    assert found is not None
    assert found.phase is Phase.FAILED
    assert "agent" in found.reason
    assert told(world, made) == {Provisioning.ERROR}


def test_a_device_that_is_off_is_brought_level_when_it_returns() -> None:
    world = two_agents()
    world.off.add("big-2")
    made = create(world, 1)
    world.settle(4)
    found = record(world, made)
    assert found is not None
    assert found.phase is Phase.APPLIED
    assert found.unclean == ("big-2",)
    world.off.clear()
    world.settle(40)
    found = record(world, made)
    assert found is not None
    assert found.unclean == ()
    contents = [device.read(partition_of("acme")) for device in world.devices.values()]
    assert contents[0] == contents[1] != {}


def test_a_deletion_is_told_when_what_answers_is_clean_and_the_rest_is_cleaned_later() -> None:
    world = two_agents()
    made = create(world, 1)
    world.settle(4)
    world.off.add("big-2")
    world.door.delete(made.id, (), "req-2")
    world.settle(4)
    assert told(world, made) == {Provisioning.DELETED}
    assert phase(world, made) is Phase.GONE
    world.off.clear()
    world.settle(40)
    assert record(world, made) is None
    assert all(device.partitions() == {"Common"} for device in world.devices.values())


def test_with_every_device_off_pending_ends_in_error_and_is_repaired_when_one_returns() -> None:
    world = two_agents()
    world.pending_deadline_s = 20
    world.controllers = [world._controller("controller-3")]
    world.off |= {"big-1", "big-2"}
    made = create(world, 1)
    world.settle(40)
    found = record(world, made)
    assert found is not None
    assert found.phase is Phase.FAILED
    assert "is off" in found.reason
    assert told(world, made) == {Provisioning.ERROR}
    world.off.clear()
    world.settle(60)
    assert phase(world, made) is Phase.APPLIED
    assert told(world, made) == {Provisioning.ACTIVE}


def test_the_same_message_twice_or_late_changes_nothing() -> None:
    world = two_agents()
    made = create(world, 1)
    seen = []
    for _ in range(30):
        while world.messages:
            seen.append(world.messages[0])
            world.deliver()
        world.work()
    assert phase(world, made) is Phase.APPLIED
    before = [device.stamps(partition_of("acme")) for device in world.devices.values()]
    world.messages += seen * 2
    world.settle(4)
    assert phase(world, made) is Phase.APPLIED
    assert [device.stamps(partition_of("acme")) for device in world.devices.values()] == before


def _renamed(graph_: ServiceGraph) -> Edited:
    return Edited(replace(graph_, admin_state_up=not graph_.admin_state_up), ())


def test_a_stored_decision_can_be_worked_out_again_from_what_is_stored() -> None:
    world = World()
    world.add_agent("host-1", 1, ("big-1",), parse("tenant_count: 1"))
    world.add_agent("host-2", 2, ("big-2",), parse("tenant_count: 1"))
    world.settle(4)
    made = [create(world, number, f"project-{number}") for number in range(3)]
    world.settle(6)
    for one in made:
        (decision,) = world.store.read(lambda tx, id_=one.id: decisions(tx, load_balancer_id=id_))
        again = schedule(decision.need, decision.fleet, decision.rules)
        assert again == decision.answer


def test_a_burst_of_estimates_has_the_group_measured_at_once_but_not_each_time() -> None:
    world = two_agents("active_connections: 1000")
    asked = []
    for number in range(80):  # each is expected to cost a thousandth of the limit
        create(world, number, f"project-{number}")
        while world.messages:
            asked += [number] if world.messages[0][1] == "measure" else []
            world.deliver()
    assert asked[:1] == [50]
    assert len(asked) == len(world.controllers)  # each has asked once, a moment ago
    world.now_s += 3.0
    create(world, 90, "project-90")
    world.deliver()
    assert [method for _, method, _ in world.messages] == ["assign", "measure"]


def test_what_is_known_exactly_needs_no_fresh_score() -> None:
    world = two_agents("tenant_count: 10")
    methods = []
    for number in range(5):
        create(world, number, f"project-{number}")
        while world.messages:
            methods.append(world.messages[0][1])
            world.deliver()
    assert methods.count("assign") == 5
    assert "measure" not in methods


def test_the_broom_forgets_what_has_been_kept_for_long_enough() -> None:
    world = two_agents("active_connections: 1000")
    made = create(world, 1)
    world.settle(4)
    world.door.delete(made.id, (), "req-delete")
    world.settle(4)
    kinds = (records.History, *DECIDED, records.SeenCosts)

    def kept() -> tuple[int, ...]:
        early = world.store.read(lambda tx: [tx.select(kind) for kind in kinds])
        return tuple(len([row for row in rows if _time_of(row) < 5000.0]) for rows in early)

    assert all(kept())
    world.now_s += 40 * 86400.0
    world.settle(70)
    assert kept()[1:] == (0, 0, 2)
    world.now_s += 60 * 86400.0
    world.settle(70)
    assert kept() == (0, 0, 0, 0)


DECIDED = (records.PlacementDecision, records.FleetSnapshot)


def _time_of(row: Any) -> float:
    match row:
        case records.History(begin=begin):
            return begin
        case records.PlacementDecision(decided_at=at) | records.SeenCosts(learned_at=at):
            return at
        case records.FleetSnapshot(made_at=at):
            return at
    raise LookupError(row)
