"""A row that cannot be read delays no status of another load balancer."""

import pytest
from test_outbox_sender import World
from test_unread import spoil

from bigip_lbaas.store.records import LoadBalancer, StatusMessage


@pytest.mark.parametrize(
    ("record", "field"), [(LoadBalancer, "graph"), (StatusMessage, "statuses")]
)
def test_the_others_are_told_read_back_and_done(record: type, field: str) -> None:
    world = World()
    for lb in ("a", "bb", "ccc"):
        world.accept(lb)
        world.end(lb)
        world.api.add(lb)
    spoil(world.store, record, "bb", field)
    for _ in range(3):
        world.sender.tell_due()
        world.sender.confirm()
        world.sender.look_around()
    told = {one["id"] for said in world.api.told for one in said["loadbalancers"]}
    assert told == {"a", "bb", "ccc"}
    assert world.row("a") is world.row("ccc") is None


def test_the_audit_goes_round_what_cannot_be_read() -> None:
    world = World()
    for lb in ("a", "bb", "ccc"):
        world.accept(lb)
        world.end(lb)
        world.api.add(lb, name="other than ours")
    world.sender.tell_due()
    world.sender.confirm()
    spoil(world.store, LoadBalancer, "bb", "graph")
    world.now += 1000.0
    for _ in range(8):
        world.sender.look_around()
        world.now += 31.0
        world.sender.tell_due()
    assert world.record("a").graph.name == world.record("ccc").graph.name == "other than ours"
