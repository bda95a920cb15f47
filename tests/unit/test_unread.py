"""A load balancer whose row cannot be read is told by itself, and hides no other."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bigip_lbaas.domain.errors import ConcurrentUpdate
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.domain.home import SHARED
from bigip_lbaas.store import records
from bigip_lbaas.store.aside import select_readable
from bigip_lbaas.store.memory import MemoryStore
from bigip_lbaas.store.port import OneOf
from bigip_lbaas.store.records import LoadBalancer, Phase
from bigip_lbaas.store.shape import shape_of
from tests.integration.graphs import graph
from tests.integration.world import World


def spoil(store: MemoryStore, record: type, key: str, field: str) -> None:
    """Write what no program of ours can read into a row."""
    place = shape_of(record).fields.index(shape_of(record).field(field))
    row = list(store._tables[record][(key,)])
    row[place] = '{"id": 7, "of a newer kind": ['
    store._tables[record][(key,)] = tuple(row)


def world_with(agents: int = 1) -> World:
    world = World(pending_deadline_s=60.0)
    for number in range(agents):
        world.add_agent(f"host-{number + 1}", 1, ("big-1",))
    world.settle(4)
    return world


def accept(world: World, *numbers: int, project: str = "acme") -> list[ServiceGraph]:
    made = [graph(number, project) for number in numbers]
    for one in made:
        world.door.create(one, (), f"req-{one.id}")  # type: ignore[arg-type]
    world.messages.clear()  # nobody is nudged: the sweep finds them
    return made


def phase(world: World, made: ServiceGraph) -> str:
    found = world.store.read(lambda tx: tx.count(LoadBalancer, "phase", id=made.id))
    return str(next(iter(found)))


def events(world: World, kind: str) -> list[records.Event]:
    found: Any = world.store.read(lambda tx: tx.select(records.Event, kind=kind))
    return list(found)


def told(world: World, made: ServiceGraph) -> dict[str, str]:
    row: Any = world.store.read(lambda tx: tx.get(records.StatusMessage, made.id))
    return {one.object.id: one.provisioning.value for one in row.statuses} if row else {}


def test_the_others_of_a_sweep_go_on_and_the_operator_is_told_once() -> None:
    world = world_with()
    made = accept(world, *range(5))
    spoil(world.store, LoadBalancer, made[2].id, "graph")
    world.settle(20)
    assert [phase(world, one) for one in made] == ["applied"] * 2 + ["waiting"] + ["applied"] * 2
    (event,) = events(world, "unreadable")
    assert event.subject == made[2].id
    assert "graph" in event.text
    assert told(world, made[2]) == {}  # a newer controller may be able to read it


def test_it_ends_in_error_with_all_that_is_under_it_when_its_time_is_over() -> None:
    world = world_with()
    made = accept(world, 1, 2)
    spoil(world.store, LoadBalancer, made[0].id, "graph")
    world.settle(70)
    assert phase(world, made[0]) == "failed"
    assert told(world, made[0]) == {ref.id: "ERROR" for ref in made[0].objects()}
    (failed,) = events(world, "failed")
    assert "not carried out within 60 s: the row of this load balancer is damaged" in failed.text
    world.settle(70)
    assert len(events(world, "failed")) == 1


def test_one_that_can_be_read_again_goes_on_as_if_nothing_had_been() -> None:
    world = world_with()
    (made,) = accept(world, 1)
    before = world.store._tables[LoadBalancer][(made.id,)]
    spoil(world.store, LoadBalancer, made.id, "leaving")
    world.settle(20)
    world.store._tables[LoadBalancer][(made.id,)] = before
    world.settle(20)
    assert phase(world, made) == "applied"
    assert events(world, "failed") == []


def test_the_homes_of_a_silent_agent_are_taken_over_all_the_same() -> None:
    world = world_with(agents=2)
    made = accept(world, *range(4))
    world.settle(10)
    homes = world.store.read(lambda tx: tx.select(records.Home))
    (home,) = (home for home in homes if home.project_id != SHARED)
    world.frozen.add(home.agent_id)
    spoil(world.store, LoadBalancer, made[1].id, "graph")
    change = {"phase": Phase.ASSIGNED}
    every = OneOf("id", tuple(one.id for one in made))
    world.store.write(lambda tx: tx.alter(LoadBalancer, every, change=change))
    world.settle(20)
    assert [phase(world, one) for one in made] == ["applied", "assigned", "applied", "applied"]


@pytest.mark.parametrize("order_by", [None, "accepted_at"])
@pytest.mark.parametrize("bad", [(), (0,), (3, 4), tuple(range(9))])
def test_what_can_be_read_is_what_a_select_without_the_others_gives(
    bad: tuple[int, ...], order_by: str | None
) -> None:
    world = world_with()
    made = accept(world, *range(9))
    expected: Any = [
        row
        for row in world.store.read(lambda tx: tx.select(LoadBalancer, order_by=order_by))
        if row.id not in {made[number].id for number in bad}
    ]
    for number in bad:
        spoil(world.store, LoadBalancer, made[number].id, "graph")
    found, aside = world.store.read(
        lambda tx: select_readable(tx, LoadBalancer, order_by=order_by, limit=5)
    )
    assert list(found) == expected[:5]
    read_on = world.store.read(lambda tx: select_readable(tx, LoadBalancer))[1]
    assert {one.key for one in read_on} == {made[number].id for number in bad}
    assert {one.key for one in aside} <= {one.key for one in read_on}


def test_an_error_of_the_database_is_no_unreadable_row() -> None:
    store = MemoryStore(lambda: 0.0)

    def work(tx: Any) -> Any:
        tx.select = raising
        return select_readable(tx, LoadBalancer)

    with pytest.raises(ConcurrentUpdate):
        store.read(work)


def raising(*_args: Any, **_named: Any) -> Callable[[], None]:
    raise ConcurrentUpdate("somebody else was faster")


def test_what_stands_in_an_outbox_and_cannot_be_read_is_told_anew() -> None:
    world = world_with()
    made = accept(world, 1, 2)
    world.settle(10)
    spoil(world.store, records.StatusMessage, made[0].id, "statuses")
    world.door.tell_anew(made[0].id)
    assert told(world, made[0]) == told_when_applied(made[0])


def told_when_applied(made: ServiceGraph) -> dict[str, str]:
    return {ref.id: "ACTIVE" for ref in replace(made).objects()}
