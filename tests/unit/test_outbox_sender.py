"""The status sender against an API that loses, refuses, forgets and does not answer."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from octavia_lib.api.drivers import data_models as models
from octavia_lib.api.drivers import exceptions

from bigip_lbaas.bus.memory import MemoryBroker, MemoryBus
from bigip_lbaas.domain.edit import Edited, drop_pool
from bigip_lbaas.domain.graph import (
    Algorithm,
    ObjectKind,
    ObjectRef,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import (
    EnvironmentName,
    LoadBalancerId,
    ObjectId,
    ProjectId,
    RequestId,
)
from bigip_lbaas.domain.status import (
    ObjectStatus,
    Provisioning,
    statuses_when_applied,
    statuses_when_deleted,
)
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.provider.octavia.status_sender import Rhythm, StatusSender
from bigip_lbaas.store.memory import MemoryStore
from bigip_lbaas.store.records import Child, LoadBalancer, Phase, StatusMessage, Tenure

ENVIRONMENT = EnvironmentName("Project")
REQUEST = RequestId("req")
POOL = Pool(ObjectId("p"), PoolProtocol.TCP, Algorithm.ROUND_ROBIN)
RHYTHM = Rhythm(lease_s=9.0, second_look_s=30.0, audit_s=900.0, quiet_s=0.0)


@dataclass
class Api:
    """The API as octavia-lib shows it: what it has, what it was told, how it fails."""

    has: dict[str, models.LoadBalancer] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    is_down: bool = False

    def update_loadbalancer_status(self, status: Any) -> None:
        if self.is_down:
            raise exceptions.UpdateStatusError(fault_string="EAGAIN")
        for section, records in status.items():
            for record in records:
                if record["id"] in self.refuses:
                    raise exceptions.UpdateStatusError(
                        fault_string="no such row",
                        status_object=section,
                        status_object_id=record["id"],
                    )
        self.told.append(status)

    def get_loadbalancer(self, loadbalancer_id: str) -> Any:
        if self.is_down:
            raise exceptions.DriverError
        return self.has.get(loadbalancer_id)

    def add(self, lb: str, *pools: str, name: str = "") -> None:
        below = [
            models.Pool(pool_id=pool, protocol="TCP", lb_algorithm="ROUND_ROBIN") for pool in pools
        ]
        self.has[lb] = models.LoadBalancer(
            loadbalancer_id=lb, project_id="project", vip_address=vip_of(lb), name=name, pools=below
        )


def vip_of(lb: str) -> str:
    return f"192.0.2.{len(lb)}"


class World:
    """A store, a door, an API and one sender; time is a number."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.store = MemoryStore(lambda: self.now)
        self.door = Door(self.store, MemoryBus(MemoryBroker()), ENVIRONMENT)
        self.api = Api()
        self.sender = self.another("one")

    def another(self, holder: str) -> StatusSender:
        return StatusSender(self.door, self.api, holder, rhythm=RHYTHM, clock=lambda: self.now)

    def accept(self, lb: str = "lb", pools: tuple[Pool, ...] = ()) -> LoadBalancer:
        graph = ServiceGraph(LoadBalancerId(lb), ProjectId("project"), vip_of(lb), pools=pools)
        return self.door.create(graph, (), REQUEST)

    def end(self, lb: str = "lb") -> None:
        """Do as a controller does when the last accepted revision has ended."""

        def work(tx: Any) -> None:
            record = tx.get(LoadBalancer, lb, lock=True)
            phase = Phase.APPLIED if record.wanted else Phase.GONE
            say = statuses_when_applied if record.wanted else statuses_when_deleted
            tx.put(replace(record, phase=phase, applied_revision=record.revision))
            tx.put(
                StatusMessage(
                    record.id,
                    ENVIRONMENT,
                    record.revision,
                    say(record.graph, record.leaving),
                    REQUEST,
                    tx.now(),
                    tx.now(),
                )
            )

        self.store.write(work)

    def row(self, lb: str = "lb") -> StatusMessage | None:
        return self.store.read(lambda tx: tx.get(StatusMessage, lb))

    def record(self, lb: str = "lb") -> LoadBalancer:
        found = self.store.read(lambda tx: tx.get(LoadBalancer, lb))
        assert found is not None
        return found


@pytest.fixture
def world() -> World:
    return World()


def test_what_is_told_and_shown_leaves_the_outbox(world: World) -> None:
    world.accept()
    world.end()
    world.api.add("lb")
    assert world.sender.tell_due() == 1
    assert world.sender.tell_due() == 0
    assert world.sender.confirm() == 1
    assert world.row() is None


def test_a_read_waits_until_it_is_quiet_but_not_for_ever(world: World) -> None:
    world.sender.rhythm = Rhythm(quiet_s=2.0, read_within_s=5.0)
    for lb in ("lb", "other"):
        world.api.add(lb)
        world.accept(lb)
    world.end("lb")
    world.sender.tell_due()
    assert world.sender.confirm() == 0
    world.now += 4.0
    world.end("other")
    world.sender.tell_due()
    assert world.sender.confirm() == 0
    world.now += 1.0
    assert world.sender.confirm() == 1  # the older one has waited for long enough
    world.now += 1.0
    assert world.sender.confirm() == 1  # it is quiet


def test_what_is_not_shown_is_told_again_later_and_later(world: World) -> None:
    world.sender.rhythm = replace(RHYTHM, second_look_s=1e9)
    world.accept()
    world.end()
    gaps = []
    for _round in range(6):
        told_at = world.now
        assert world.sender.tell_due() == 1
        assert world.sender.confirm() == 0
        row = world.row()
        assert row is not None
        gaps.append(row.next_at - told_at)
        world.now = row.next_at
    assert gaps == [1, 2, 4, 8, 16, 32]
    world.api.add("lb")
    assert world.sender.tell_due() == 1
    assert world.sender.confirm() == 1


def test_a_status_of_an_older_revision_is_never_told(world: World) -> None:
    world.accept()
    world.end()
    world.door.edit("lb", Edited, REQUEST)
    assert world.sender.tell_due() == 0
    assert world.api.told == []
    waiting = world.row()
    assert waiting is not None  # what it says of deleted objects is carried on by the next one
    assert waiting.next_at > world.store.read(lambda tx: tx.now())


def test_only_the_holder_of_the_tenure_tells_and_another_takes_over_when_it_lapses(
    world: World,
) -> None:
    other = world.another("other")
    assert world.sender.tell_due() == 0  # takes the tenure
    world.accept()
    world.end()
    assert other.tell_due() == 0
    world.now += RHYTHM.lease_s + 1
    assert other.tell_due() == 1
    assert world.sender.tell_due() == 0
    other.let_go()
    assert world.store.read(lambda tx: tx.select(Tenure)) == ()


def test_one_that_the_api_refuses_holds_up_no_other(world: World) -> None:
    for lb in ("lb", "other"):
        world.accept(lb)
        world.end(lb)
        world.api.add(lb)
    world.api.refuses = {"lb"}
    assert world.sender.tell_due() == 1
    assert [status["loadbalancers"][0]["id"] for status in world.api.told] == ["other"]
    assert world.sender.confirm() == 1  # the refused one is there, but was not told
    row = world.row()
    assert row is not None
    assert (row.tries, row.told_at) == (1, None)


def test_an_api_that_does_not_answer_is_tried_again(world: World) -> None:
    world.accept()
    world.end()
    world.api.add("lb")
    world.api.is_down = True
    assert world.sender.tell_due() == 0
    assert world.sender.confirm() == 0
    world.now += 1.0
    world.api.is_down = False
    assert world.sender.tell_due() == 1
    assert world.sender.confirm() == 1


def test_a_deletion_that_the_api_has_forgotten_already_is_done(world: World) -> None:
    world.accept(pools=(POOL,))
    world.door.delete("lb", (), REQUEST)
    world.end()
    world.api.refuses = {"lb"}  # as Octavia does for a row that it has purged
    assert world.sender.tell_due() == 0
    assert world.sender.confirm() == 1
    assert world.row() is None
    assert world.store.read(lambda tx: tx.select(Child)) == ()


def test_what_left_is_forgotten_once_its_end_is_shown(world: World) -> None:
    world.accept(pools=(POOL,))
    world.api.add("lb")
    world.door.edit("lb", lambda graph: drop_pool(graph, "p"), REQUEST)
    world.end()
    assert world.record().leaving == (ObjectRef(ObjectKind.POOL, "p"),)
    assert world.sender.tell_due() == 1
    assert world.sender.confirm() == 1
    assert world.record().leaving == ()


def test_a_create_that_the_api_rolled_back_is_deleted_after_a_second_look(world: World) -> None:
    world.accept()
    world.end()
    world.sender.tell_due()
    world.sender.confirm()
    assert world.record().wanted
    world.now += RHYTHM.second_look_s
    world.sender.look_around()
    assert not world.record().wanted
    assert world.record().revision == 2


def test_a_change_that_the_api_rolled_back_is_taken_back_after_a_second_look(world: World) -> None:
    world.accept(pools=(POOL,))
    world.api.add("lb", "other")
    world.end()
    world.sender.tell_due()
    world.sender.confirm()
    world.now += RHYTHM.second_look_s
    world.sender.look_around()
    record = world.record()
    assert [pool.id for pool in record.graph.pools] == ["other"]
    assert record.leaving == (ObjectRef(ObjectKind.POOL, "p"),)


def test_what_was_accepted_between_two_looks_begins_them_anew(world: World) -> None:
    world.accept()
    world.end()
    world.sender.tell_due()
    world.sender.confirm()
    world.door.edit("lb", Edited, REQUEST)
    world.end()
    world.now += RHYTHM.second_look_s
    world.sender.look_around()
    assert world.record().wanted


def test_the_audit_finds_a_difference_long_after(world: World) -> None:
    world.accept()
    world.end()
    world.api.add("lb")
    world.sender.tell_due()
    world.sender.confirm()
    assert world.sender.look_around() == 0
    world.api.has.clear()
    world.now += RHYTHM.audit_s
    world.sender.tell_due()
    assert world.sender.look_around() == 1
    world.now += RHYTHM.second_look_s
    world.sender.tell_due()
    assert world.sender.look_around() == 1
    assert not world.record().wanted


def test_an_error_is_told_too(world: World) -> None:
    world.accept()
    failed = ObjectStatus(ObjectRef(ObjectKind.LOAD_BALANCER, "lb"), Provisioning.ERROR)
    world.end()
    row = world.row()
    assert row is not None
    world.store.write(lambda tx: tx.put(replace(row, statuses=(failed,))))
    world.api.add("lb")
    assert world.sender.tell_due() == 1
    assert world.api.told == [{"loadbalancers": [{"id": "lb", "provisioning_status": "ERROR"}]}]


def test_the_apis_graph_is_not_taken_over_a_revision_accepted_meanwhile(world: World) -> None:
    seen = world.accept()
    world.door.edit("lb", Edited, REQUEST)
    assert not world.door.adopt(seen, None, REQUEST)
    assert world.record().wanted
