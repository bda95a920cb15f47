"""One home's partition on a simulated device: how many requests, and what stays when one fails."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bigip_lbaas.agent.partition import StampedPartition
from bigip_lbaas.agent.together import take_over_together
from bigip_lbaas.domain.errors import DeviceRefused, FencedOff, RequestRejected
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
from bigip_lbaas.domain.home import Fence, Home
from bigip_lbaas.domain.ids import (
    AgentId,
    EnvironmentName,
    GroupNumber,
    LoadBalancerId,
    ObjectId,
    ProjectId,
)
from bigip_lbaas.icontrol.rest import RestDevice
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.reconcile.scope import Target
from bigip_sim.embedded import RunningDevice, running_device

NAMING = Naming("dev")


@pytest.fixture
def running() -> Iterator[RunningDevice]:
    with running_device() as device:
        yield device


@pytest.fixture
def device(running: RunningDevice) -> Iterator[RestDevice]:
    rest = RestDevice(
        Endpoint("bigip-1", running.url, running.username, running.password, running.ca_file)
    )
    rest.partitions()  # logs in
    yield rest
    rest.close()


def owner(device: RestDevice, number: int, project: str = "p1") -> StampedPartition:
    fence = Fence(number, f"{number:x}")
    home = Home(EnvironmentName("dev"), ProjectId(project), GroupNumber(1), AgentId("a"), fence)
    return StampedPartition(device, home, NAMING, RenderSettings())


def tree(number: int, project: str = "p1") -> ServiceGraph:
    """A load balancer with listener, pool, two members and a monitor."""
    monitor = HealthMonitor(ObjectId(f"hm{number}"), MonitorType.HTTP, 5, 3, 3)
    members = tuple(Member(ObjectId(f"m{n}"), f"127.2.{number}.{n}", 8080) for n in (1, 2))
    pool = Pool(
        ObjectId(f"pool{number}"),
        PoolProtocol.HTTP,
        Algorithm.ROUND_ROBIN,
        members=members,
        monitor=monitor,
    )
    listener = Listener(ObjectId(f"l{number}"), ListenerProtocol.HTTP, 8080, pool.id)
    return ServiceGraph(
        LoadBalancerId(f"lb{number}"),
        ProjectId(project),
        f"127.1.0.{number}",
        listeners=(listener,),
        pools=(pool,),
    )


def test_a_whole_tree_takes_few_requests_and_again_none(
    running: RunningDevice, device: RestDevice
) -> None:
    home = owner(device, 1)
    spent: list[int] = []
    for target in (Target(tree(1)), Target(tree(2)), Target(tree(2))):
        before = device.requests
        assert home.apply([target]) == {}
        spent.append(device.requests - before)
    first_ever, known, again = spent
    assert first_ever <= 20
    assert known <= 8
    assert again == 0
    running.reset_counters()
    assert home.apply([Target(tree(1)), Target(tree(2))]) == {}
    assert running.counters()["total"] == 0


def test_a_new_fence_reads_and_swaps_before_it_calls_anything_settled(
    running: RunningDevice, device: RestDevice
) -> None:
    owner(device, 1).apply([Target(tree(1))])
    successor = owner(device, 2)
    running.reset_counters()
    assert successor.apply([Target(tree(1))]) == {}
    assert running.counters()["commits"] == 1
    found = device.stamps("dev_p1")
    assert found is not None
    assert found.names == ("stamp_2.2.1",)


def test_a_lower_fence_is_fenced_off_and_writes_nothing(
    running: RunningDevice, device: RestDevice
) -> None:
    old, new = owner(device, 1), owner(device, 2)
    seen: list[Fence] = []
    old.saw = lambda fence, _home: seen.append(fence)
    old.apply([Target(tree(1))])
    new.take_over()
    running.reset_counters()
    for _ in range(2):
        with pytest.raises(FencedOff, match=r"partition dev_p1 is stamped stamp_2\.2\.1"):
            old.apply([Target(tree(2))])
    assert running.counters()["commits"] == 0
    assert max(seen) == Fence(2, "2")


def test_a_refused_load_balancer_leaves_the_others_untouched(device: RestDevice) -> None:
    home = owner(device, 1)
    taken = replace(tree(3), vip_address=tree(1).vip_address)
    assert home.apply([Target(tree(1))]) == {}
    refused = home.apply([Target(tree(2)), Target(taken)])
    assert set(refused) == {"lb3"}
    assert isinstance(refused[LoadBalancerId("lb3")], DeviceRefused)
    assert "127.1.0.1" in str(refused[LoadBalancerId("lb3")])
    names = {path.name for path in device.read("dev_p1")}
    assert {"dev_lb1", "dev_lb2"} <= names
    assert not any("3" in name for name in names if name.startswith("dev_"))


def test_what_cannot_be_rendered_stops_only_itself(device: RestDevice) -> None:
    bad = tree(2)
    pool = bad.pools[0]
    assert pool.monitor is not None
    codes = replace(pool.monitor, expected_codes="20x")
    refused = owner(device, 1).apply(
        [Target(tree(1)), Target(replace(bad, pools=(replace(pool, monitor=codes),)))]
    )
    assert list(refused) == ["lb2"]
    assert "'20x' is no HTTP status" in refused[LoadBalancerId("lb2")].detail  # type: ignore[attr-defined]


def test_the_last_load_balancer_takes_guard_stamp_and_partition_with_it(
    device: RestDevice,
) -> None:
    home = owner(device, 1)
    home.apply([Target(tree(1))])
    assert home.end([Target(tree(1))]) == ()
    assert device.partitions() == {"Common"}
    assert home.end([Target(tree(1))]) == ()  # twice is the same as once
    assert home.apply([Target(tree(1), wanted=False)]) == {}
    assert device.partitions() == {"Common"}  # removing nothing makes no partition
    assert home.apply([Target(tree(1))]) == {}  # and it can begin again


def test_a_partition_with_something_else_in_it_stays_and_says_why(device: RestDevice) -> None:
    home = owner(device, 1)
    home.apply([Target(tree(1)), Target(tree(2))])
    left = home.end([Target(tree(1))])
    assert "ltm/virtual /dev_p1/dev_l2" in left
    assert not any("dev_l1" in line for line in left)
    assert device.partitions() == {"Common", "dev_p1"}


def test_many_homes_are_taken_over_in_one_transaction(
    running: RunningDevice, device: RestDevice
) -> None:
    projects = [f"p{n}" for n in range(1, 6)]
    for n, project in enumerate(projects, 1):
        owner(device, n, project).apply([Target(tree(n, project))])
    newer = owner(device, 99, "p2")
    newer.take_over()
    successors = [owner(device, 20 + n, project) for n, project in enumerate(projects)]
    absent = owner(device, 30, "p9")
    running.reset_counters()
    refused = take_over_together([*successors, absent])
    assert running.counters()["commits"] == 1
    assert list(refused) == ["p2"]
    assert isinstance(refused[ProjectId("p2")], FencedOff)
    stamps = device.all_stamps()
    assert [stamps[f"dev_{project}"].names for project in projects] == [
        ("stamp_20.14.1",), ("stamp_99.63.1",), ("stamp_22.16.1",), ("stamp_23.17.1",),
        ("stamp_24.18.1",),
    ]  # fmt: skip


def test_a_project_whose_id_no_partition_can_bear_is_rejected(device: RestDevice) -> None:
    with pytest.raises(RequestRejected):
        owner(device, 1, "a_b/c")
