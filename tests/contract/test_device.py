"""What every device promises, in memory and over HTTPS: one body of tests for both."""

from collections.abc import Iterator

import pytest

from bigip_lbaas.domain.errors import DeviceRefused, LeaseExpired, StampRefused
from bigip_lbaas.domain.graph import (
    Algorithm,
    HealthMonitor,
    Listener,
    ListenerProtocol,
    Member,
    MonitorType,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import LoadBalancerId, ObjectId, ProjectId
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.metrics import ESTABLISHED, Metric, Reads, value
from bigip_lbaas.icontrol.port import Device, PartitionStamps
from bigip_lbaas.icontrol.rest import RestDevice
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.names import GUARD, Naming
from bigip_lbaas.ltm.state import Action, ObjectPath, Step
from bigip_lbaas.reconcile.plan import plan
from bigip_lbaas.reconcile.render import RenderSettings, render
from bigip_sim.embedded import running_device

NAMING = Naming("dev")
PARTITION = "dev_p1"
STAMP = "stamp_7.abc.1"


class Lease:
    """A lease that a test can let run out."""

    expired = False

    def check(self) -> None:
        if self.expired:
            raise LeaseExpired("no heartbeat has been answered")


@pytest.fixture
def lease() -> Lease:
    return Lease()


@pytest.fixture(params=["memory", "simulator"])
def device(request: pytest.FixtureRequest, lease: Lease) -> Iterator[Device]:
    if request.param == "memory":
        yield MemoryDevice(may_write=lease.check)
        return
    with running_device() as running:
        rest = RestDevice(
            Endpoint("bigip-1", running.url, running.username, running.password, running.ca_file),
            lease.check,
        )
        yield rest
        lease.expired = False
        rest.close()


def data_group(name: str) -> ObjectPath:
    return ObjectPath(kinds.DATA_GROUP, PARTITION, name)


def create(path: ObjectPath, **attributes: object) -> Step:
    given = {"type": "string"} if path.collection == kinds.DATA_GROUP else attributes
    return Step(Action.CREATE, path, given)


def delete(path: ObjectPath) -> Step:
    return Step(Action.DELETE, path)


def pool(name: str) -> ObjectPath:
    return ObjectPath(kinds.POOL, PARTITION, name)


def graph(
    algorithm: Algorithm = Algorithm.ROUND_ROBIN,
    vip: str = "127.1.0.5",
    members: tuple[str, ...] = ("127.2.0.1", "127.2.0.2"),
    up: bool = True,
) -> ServiceGraph:
    def monitor(type_: MonitorType) -> HealthMonitor:
        return HealthMonitor(ObjectId(f"m-{type_.value}"), type_, 5, 3, 3, admin_state_up=up)

    def one_pool(type_: MonitorType) -> Pool:
        return Pool(
            ObjectId(f"pool-{type_.value}"),
            PoolProtocol.HTTP,
            algorithm,
            up,
            tuple(
                Member(ObjectId(f"member-{n}"), address, 8000 + n, n, up)
                for n, address in enumerate(members)
            ),
            monitor(type_),
        )

    pools = tuple(map(one_pool, MonitorType))
    listeners = tuple(
        Listener(ObjectId(f"l-{protocol.value}"), protocol, 2000 + n, pools[n].id, 10 * n, up)
        for n, protocol in enumerate(ListenerProtocol)
    )
    return ServiceGraph(LoadBalancerId("lb-1"), ProjectId("p1"), vip, "", up, listeners, pools)


GRAPHS = {
    "all kinds": graph(),
    "IPv6": graph(vip="2001:db8::5", members=("2001:db8::1", "2001:db8::2")),
    "least connections": graph(Algorithm.LEAST_CONNECTIONS),
    "persistent": graph(Algorithm.SOURCE_IP),
    "all down": graph(up=False),
    "no members": graph(members=()),
    "bare": ServiceGraph(LoadBalancerId("lb-1"), ProjectId("p1"), "127.1.0.5"),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_committed_is_read_back_in_the_same_spelling(device: Device, name: str) -> None:
    desired = render(GRAPHS[name], NAMING, RenderSettings())
    device.create_partition(PARTITION)
    (steps,) = plan(desired, device.read(PARTITION)).transactions
    device.commit(steps)
    observed = device.read(PARTITION)
    for path, attributes in desired.items():
        assert {k: observed[path].get(k) for k in attributes} == attributes
    nodes = {path.name for path in observed if path.collection == kinds.NODE}
    assert nodes == GRAPHS[name].member_addresses()
    assert plan({**observed, **desired}, observed).transactions == ()


@pytest.mark.parametrize("after", GRAPHS)
def test_a_plan_arrives_from_the_fullest_graph(device: Device, after: str) -> None:
    device.create_partition(PARTITION)
    for name in ("all kinds", after):
        desired = render(GRAPHS[name], NAMING, RenderSettings())
        for steps in plan(desired, device.read(PARTITION)).transactions:
            device.commit(steps)
    observed = device.read(PARTITION)
    assert plan(desired, observed).transactions == ()
    assert {path for path in observed if path.collection != kinds.NODE} == desired.keys()


def test_two_virtual_servers_swap_addresses_in_one_transaction(device: Device) -> None:
    device.create_partition(PARTITION)
    before = render(GRAPHS["all kinds"], NAMING, RenderSettings())
    device.commit(plan(before, {}).steps)
    one, two = (ObjectPath(kinds.VIRTUAL, PARTITION, f"dev_l-{word}") for word in ("HTTP", "TCP"))
    swapped = {
        **before,
        one: {**before[one], "destination": before[two]["destination"]},
        two: {**before[two], "destination": before[one]["destination"]},
    }
    (steps,) = plan(swapped, device.read(PARTITION)).transactions
    device.commit(steps)
    assert plan(swapped, device.read(PARTITION)).transactions == ()


def test_a_partition_can_be_made_only_once(device: Device) -> None:
    assert device.stamps(PARTITION) is None
    assert device.create_partition(PARTITION)
    assert not device.create_partition(PARTITION)
    assert device.partitions() == {"Common", PARTITION}
    assert device.stamps(PARTITION) == PartitionStamps()


def test_a_partition_goes_only_when_it_is_empty(device: Device) -> None:
    device.create_partition(PARTITION)
    device.commit([create(pool("dev_1"))])
    with pytest.raises(DeviceRefused, match="must remove all objects"):
        device.delete_partition(PARTITION)
    device.commit([delete(pool("dev_1"))])
    device.delete_partition(PARTITION)
    device.delete_partition(PARTITION)
    assert device.partitions() == {"Common"}


def test_a_partition_that_is_not_there_reads_as_none_and_as_empty(device: Device) -> None:
    assert device.stamps(PARTITION) is None
    assert device.read(PARTITION) == {}


def test_stamps_and_guard_are_told_apart_from_other_data_groups(device: Device) -> None:
    device.create_partition(PARTITION)
    names = (STAMP, GUARD, "something")
    device.commit([create(data_group(name)) for name in names])
    assert device.stamps(PARTITION) == PartitionStamps((STAMP,), True)
    assert device.all_stamps() == {PARTITION: PartitionStamps((STAMP,), True)}
    assert device.read(PARTITION) == {}


def test_the_virtual_addresses_of_all_partitions_are_read_together(device: Device) -> None:
    found = {}
    for number, partition in enumerate((PARTITION, "other_p2"), 1):
        device.create_partition(partition)
        path = ObjectPath(kinds.VIRTUAL_ADDRESS, partition, f"dev_lb-{number}")
        found[path] = {"address": f"127.1.0.{number}", "description": f"number {number}"}
        mask = {"mask": "255.255.255.255"}
        device.commit([Step(Action.CREATE, path, {**found[path], **mask})])
    assert device.virtual_addresses() == found


def test_a_transaction_that_names_a_missing_stamp_writes_nothing(device: Device) -> None:
    device.create_partition(PARTITION)
    old, new = data_group(STAMP), data_group("stamp_7.abc.2")
    with pytest.raises(StampRefused):
        device.commit([delete(old), create(new), create(pool("dev_1"))], [old.full, new.full])
    assert device.stamps(PARTITION) == PartitionStamps()
    assert device.read(PARTITION) == {}


def test_a_guard_can_be_brought_only_once(device: Device) -> None:
    device.create_partition(PARTITION)
    guard = data_group(GUARD)
    first, second = data_group("stamp_7.abc.1"), data_group("stamp_8.def.1")
    device.commit([create(first), create(guard)], [first.full, guard.full])
    with pytest.raises(StampRefused):
        device.commit([create(second), create(guard)], [second.full, guard.full])
    assert device.stamps(PARTITION) == PartitionStamps(("stamp_7.abc.1",), True)


def test_a_refused_object_names_itself_and_leaves_the_stamp(device: Device) -> None:
    device.create_partition(PARTITION)
    stamp, next_stamp = data_group(STAMP), data_group("stamp_7.abc.2")
    device.commit([create(stamp)], [stamp.full])
    virtual = ObjectPath(kinds.VIRTUAL, PARTITION, "dev_2")
    broken = create(
        virtual,
        destination=f"/{PARTITION}/127.1.0.9:80",
        profiles=({"name": "/Common/tcp"},),
        pool=f"/{PARTITION}/dev_missing",
    )
    with pytest.raises(DeviceRefused, match="dev_missing"):
        device.commit([delete(stamp), create(next_stamp), broken], [stamp.full, next_stamp.full])
    assert device.stamps(PARTITION) == PartitionStamps((STAMP,), False)


def test_nothing_is_written_without_a_lease(device: Device, lease: Lease) -> None:
    device.create_partition(PARTITION)
    lease.expired = True
    with pytest.raises(LeaseExpired):
        device.commit([create(pool("dev_1"))])
    with pytest.raises(LeaseExpired):
        device.create_partition("dev_p2")
    with pytest.raises(LeaseExpired):
        device.delete_partition(PARTITION)
    assert device.read(PARTITION) == {}
    assert device.partitions() == {"Common", PARTITION}


def test_counts_are_of_everything_on_the_device(device: Device) -> None:
    for project in ("p1", "p2"):
        device.create_partition(f"dev_{project}")
    device.commit(plan(render(GRAPHS["all kinds"], NAMING, RenderSettings()), {}).steps)
    names = ("tenant_count", "node_count", "active_connections", "throughput")
    before = device.requests
    found = device.sample({name: ESTABLISHED[name] for name in names})
    assert device.requests - before == 3  # the traffic is read once
    assert found.unreadable == {}
    counted = {name: found.values[name] for name in names[:3]}
    assert counted == {"tenant_count": 2.0, "node_count": 2.0, "active_connections": 0.0}


def test_what_others_have_on_the_device_is_left_out_when_told_so(device: Device) -> None:
    for name in ("dev_p1", "dev_2_p1"):
        device.create_partition(name)
    device.commit(plan(render(GRAPHS["all kinds"], NAMING, RenderSettings()), {}).steps)
    names = ("tenant_count", "node_count")
    found = device.sample({name: ESTABLISHED[name] for name in names}, Naming("dev_2").owns)
    assert found.values == {"tenant_count": 1.0, "node_count": 0.0}
    found = device.sample({name: ESTABLISHED[name] for name in names}, NAMING.owns)
    assert found.values == {"tenant_count": 1.0, "node_count": 2.0}


def test_a_metric_that_cannot_be_read_says_why(device: Device) -> None:
    def read(reads: Reads) -> float:
        return value(reads.statistics("sys/traffic"), "moonlight", "sys/traffic")

    found = device.sample({"moonlight": Metric(read, "lux"), "twice": Metric(read, "lux")})
    assert found.unreadable["moonlight"] == "sys/traffic shows no moonlight"


def test_a_single_device_is_active(device: Device) -> None:
    assert device.is_active()


def test_a_device_says_which_it_is(device: Device) -> None:
    identity = device.identity()
    assert identity.serial
    assert identity.hostname
    assert identity.version.startswith("15.1")


def test_what_was_changed_is_unsaved_until_it_is_saved(device: Device, lease: Lease) -> None:
    assert not device.is_unsaved
    device.create_partition(PARTITION)
    assert device.is_unsaved
    device.save()
    assert not device.is_unsaved
    device.commit([create(pool("dev_1"))])
    assert device.is_unsaved
    lease.expired = True
    with pytest.raises(LeaseExpired):
        device.save()
    assert device.is_unsaved


def test_what_all_partitions_have_is_read_at_once_and_as_each_alone(device: Device) -> None:
    for partition in (PARTITION, "dev_p2", "dev_2_p1"):
        device.create_partition(partition)
    desired = render(graph(), NAMING, RenderSettings())
    for steps in plan(desired, {}).transactions:
        device.commit(steps)
    device.commit([create(data_group(STAMP)), create(data_group(GUARD))])
    other = ObjectPath(kinds.POOL, "dev_2_p1", "dev_2_pool")
    device.commit([create(other)])
    assert dict(device.contents(NAMING.owns)) == device.read(PARTITION)
    assert dict(device.contents(lambda name: name == "dev_2_p1")) == device.read("dev_2_p1")
    assert dict(device.contents(lambda _name: False)) == {}


def test_one_object_is_read_as_with_all_others_or_is_not_there(device: Device) -> None:
    device.create_partition(PARTITION)
    desired = render(graph(), NAMING, RenderSettings())
    for steps in plan(desired, {}).transactions:
        device.commit(steps)
    for path, attributes in device.read(PARTITION).items():
        assert device.object(path) == attributes
    assert device.object(pool("dev_none")) is None
    assert device.object(ObjectPath(kinds.POOL, "dev_nowhere", "dev_none")) is None
