"""The API is asked about load balancers that devices have and the database does not know."""

from dataclasses import replace

from test_outbox_sender import ENVIRONMENT, World, vip_of

from bigip_lbaas.domain.ids import GroupNumber, LoadBalancerId, ProjectId
from bigip_lbaas.store.fences import LOSSES
from bigip_lbaas.store.records import LoadBalancer, Phase, PlacementRow, Sequence, Stranger

APART_S = 31.0


def stranger(world: World, lb: str = "lost") -> None:
    project, group = ProjectId("project"), GroupNumber(2)
    id_ = LoadBalancerId(lb)
    row = Stranger(id_, ENVIRONMENT, project, group, vip_of(lb), world.now)
    world.store.write(lambda tx: tx.put(row))
    world.store.write(lambda tx: tx.put(PlacementRow(id_, ENVIRONMENT, project, group)))


def rows(world: World) -> tuple[Stranger, ...]:
    return world.store.read(lambda tx: tx.select(Stranger))


def look(world: World) -> None:
    """Let the sender look around until there is nothing to do."""
    world.sender.tell_due()
    for _ in range(20):
        world.now += 1.1
        world.sender.confirm()
        world.sender.look_around()


def test_one_that_the_api_has_is_taken_in_where_it_is() -> None:
    world = World()
    stranger(world)
    world.api.add("lost", "p")
    look(world)
    assert len(rows(world)) == 1  # a first look decides nothing
    world.now += APART_S
    look(world)
    assert rows(world) == ()
    record = world.record("lost")
    assert (record.phase, record.revision, record.wanted) == (Phase.ASSIGNED, 1, True)
    assert [pool.id for pool in record.graph.pools] == ["p"]


def test_one_that_the_api_does_not_have_is_unwanted_after_two_looks() -> None:
    world = World()
    stranger(world)
    look(world)
    assert [row.unwanted for row in rows(world)] == [False]
    world.now += APART_S
    look(world)
    assert [row.unwanted for row in rows(world)] == [True]
    assert world.store.read(lambda tx: tx.get(LoadBalancer, "lost")) is None


def test_an_api_that_does_not_answer_decides_nothing() -> None:
    world = World()
    stranger(world)
    look(world)
    world.api.is_down = True
    world.now += APART_S
    look(world)
    assert [row.unwanted for row in rows(world)] == [False]


def test_one_whose_address_another_still_has_waits_for_it() -> None:
    world = World()
    world.accept("holder")
    world.end("holder")
    world.api.add("holder")
    stranger(world)
    world.api.add("lost")
    world.api.has["lost"].vip_address = vip_of("holder")
    look(world)
    world.now += APART_S
    look(world)
    assert len(rows(world)) == 1
    world.door.delete("holder", (), "req")  # type: ignore[arg-type]
    world.end("holder")
    world.now += APART_S
    look(world)
    assert rows(world) == ()
    assert world.record("lost").phase is Phase.ASSIGNED


def test_after_lost_commits_all_are_compared_and_told_again_once() -> None:
    world = World()
    for lb in ("one", "other"):
        world.accept(lb)
        world.end(lb)
        world.api.add(lb)
    look(world)
    assert world.row("one") is None
    del world.api.has["other"]  # its deletion was lost
    world.api.told.clear()
    world.store.write(lambda tx: tx.put(Sequence(LOSSES, 1)))
    look(world)
    look(world)
    assert len(told_of(world, "one")) == 1
    world.now += APART_S
    look(world)
    assert not world.record("other").wanted
    assert len(told_of(world, "one")) == 1


def test_what_failed_is_told_as_failed_again() -> None:
    world = World()
    record = world.accept("one")
    world.store.write(lambda tx: tx.put(replace(record, phase=Phase.FAILED, reason="why")))
    world.api.add("one")
    world.store.write(lambda tx: tx.put(Sequence(LOSSES, 1)))
    look(world)
    look(world)
    assert told_of(world, "one") == ["ERROR"]


def told_of(world: World, lb: str) -> list[str]:
    return [
        record["provisioning_status"]
        for said in world.api.told
        for record in said.get("loadbalancers", ())
        if record["id"] == lb
    ]
