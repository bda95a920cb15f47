"""Clusters at work: devices go off and come back, agents die; in the end all is as it must be."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.integration.operation import Operation, Traffic, User, in_operation, until

WAYS = ("each", "sync")
pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy"),
    # the threads of the agent that is killed end wherever they stand
    pytest.mark.filterwarnings("ignore:Exception in thread host-1"),
]
# The longest that a virtual address may be without service: when its device ends, and while nothing
# happens to the device that is active. A busy machine takes a second for either.
FAILOVER_S = 8.0
STEADY_S = 3.0


def active(operation: Operation) -> int:
    """Return which device is active for the traffic."""

    def look() -> list[int]:
        return [n for n, device in enumerate(operation.devices) if device.device.standing().active]

    found = until(look, 10)
    assert found
    return int(found[0])


def begin(operation: Operation, port: int, count: int, members: int, seed: int = 1) -> User:
    """Create load balancers and wait until they are there."""
    user = operation.asked = User(operation.door, seed, port, projects=max(2, count // 4))
    for _ in range(count):
        user.create(members)
    operation.agree(user, 60)
    return user


@dataclass(frozen=True)
class Size:
    """How much is done: at first so many load balancers of so many members; then so many steps."""

    balancers: int
    members: int
    steps: int
    settles_within_s: float


SAMPLE = Size(6, 3, 10, 60)
WHOLE = Size(40, 5, 120, 240)


def be_away(operation: Operation, user: User, size: Size, away: int) -> float:
    """Be without a device while much changes; return the longest gap in watched traffic."""
    watched = list(user.graphs.values())[:3]
    spared = [graph.id for graph in watched]
    device = operation.devices[away]
    with Traffic(graph.vip_address for graph in watched) as traffic:
        device.power(on=False)
        user.churn(size.steps, spared)
        until(lambda: not operation.unsettled(user), 3)
        operation.switch_on(device)
        user.churn(size.steps // 5, spared)
        operation.agree(user, size.settles_within_s)
        # all of it may have taken less time than a reload of the simulated data plane
        until(lambda: traffic.asked >= 3 * len(watched), STEADY_S)
    assert traffic.asked >= 3 * len(watched)
    return max(traffic.longest_s.values())


@pytest.mark.parametrize("way", WAYS)
def test_a_device_that_was_off_is_level_when_it_is_back(way: str) -> None:
    with in_operation(("bigip-1", "bigip-2"), way) as (operation, port):
        user = begin(operation, port, SAMPLE.balancers, SAMPLE.members)
        assert be_away(operation, user, SAMPLE, 1 - active(operation)) < STEADY_S


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("is_active", [False, True], ids=["standby", "active"])
@pytest.mark.parametrize("way", WAYS)
def test_forty_load_balancers_and_a_device_that_was_off(way: str, is_active: bool) -> None:
    with in_operation(("bigip-1", "bigip-2"), way) as (operation, port):
        user = begin(operation, port, WHOLE.balancers, WHOLE.members)
        carries = active(operation)
        gap_s = be_away(operation, user, WHOLE, carries if is_active else 1 - carries)
        assert gap_s < (FAILOVER_S if is_active else STEADY_S)


def kill_in_the_middle(way: str, size: Size) -> None:
    """Be without a device, and lose an agent in the middle of the changes."""
    with in_operation(("bigip-1", "bigip-2"), way) as (operation, port):
        user = begin(operation, port, size.balancers, size.members)
        watched = list(user.graphs.values())[:2]
        standby = operation.devices[1 - active(operation)]
        with Traffic(graph.vip_address for graph in watched) as traffic:
            standby.power(on=False)
            user.churn(size.steps, (graph.id for graph in watched))
            operation.kill("host-1")
            user.churn(size.steps, (graph.id for graph in watched))
            operation.switch_on(standby)
            operation.agree(user, size.settles_within_s)
        assert max(traffic.longest_s.values()) < STEADY_S
        assert any("silent for" in text for text in operation.events("agent gone"))


def lose_what_was_not_saved(way: str, size: Size) -> None:
    """Restart a device with what it had saved before many changes."""
    with in_operation(("bigip-1", "bigip-2"), way) as (operation, port):
        user = begin(operation, port, size.balancers, size.members)
        for number in range(len(operation.devices)):
            operation.ask(number, "sys/config", {"command": "save"})
        watched = list(user.graphs.values())[:2]
        with Traffic(graph.vip_address for graph in watched) as traffic:
            user.churn(size.steps, (graph.id for graph in watched))
            operation.agree(user, size.settles_within_s)
            standby = operation.devices[1 - active(operation)]
            standby.power(on=False, loses_unsaved=True)
            user.churn(size.steps, (graph.id for graph in watched))
            until(lambda: not operation.unsettled(user), 3)
            operation.switch_on(standby)
            operation.agree(user, size.settles_within_s)
        assert max(traffic.longest_s.values()) < STEADY_S


def fail_over(way: str, size: Size) -> None:
    """Move the traffic to the other device, twice, while load balancers change."""
    with in_operation(("bigip-1", "bigip-2"), way) as (operation, port):
        user = begin(operation, port, size.balancers, size.members)
        watched = list(user.graphs.values())[:2]
        with Traffic(graph.vip_address for graph in watched) as traffic:
            for _ in range(2):
                before = active(operation)
                user.churn(size.steps // 2, (graph.id for graph in watched))
                told = {"command": "run", "standby": True}
                operation.ask(before, "sys/failover", told)
                user.churn(size.steps // 2, (graph.id for graph in watched))
                assert until(lambda was=before: active(operation) != was, 10)
                operation.agree(user, size.settles_within_s)
        assert max(traffic.longest_s.values()) < FAILOVER_S
        reading = operation.reading("active_connections")
        assert (reading.limit, reading.over) == (1000.0, 1)  # of one device, whichever it is


DEEDS = [kill_in_the_middle, lose_what_was_not_saved, fail_over]


@pytest.mark.parametrize(("deed", "way"), [(kill_in_the_middle, "sync"), (fail_over, "each")])
def test_whatever_happens_all_is_as_it_must_be_in_the_end(
    deed: Callable[[str, Size], None], way: str
) -> None:
    deed(way, SAMPLE)


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("deed", DEEDS)
def test_the_same_with_forty_load_balancers(deed: Callable[[str, Size], None], way: str) -> None:
    deed(way, WHOLE)


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("loses", [False, True], ids=["saved", "lost"])
def test_a_source_that_is_away_for_long_is_replaced_and_comes_back_level(loses: bool) -> None:
    with in_operation(("bigip-1", "bigip-2", "bigip-3"), "sync") as (operation, port):
        user = begin(operation, port, SAMPLE.balancers, SAMPLE.members)
        source = operation.source()
        user.churn(SAMPLE.steps, ())
        source.power(on=False, loses_unsaved=loses)
        user.churn(SAMPLE.steps, ())
        until(lambda: not operation.unsettled(user), 30)
        assert operation.unsettled(user) == []
        assert operation.source() is not source
        operation.switch_on(source)
        user.churn(SAMPLE.steps, ())
        operation.agree(user, 90)


SPREAD = {"traffic-group-1": "bigip-1", "traffic-group-2": "bigip-2", "traffic-group-3": "bigip-3"}


def carried(operation: Operation) -> list[int]:
    """Return how many virtual addresses each device carries now."""
    return [
        sum(
            item["trafficGroup"] in device.device.standing().active
            for item in operation.found(number, "ltm/virtual-address")
        )
        for number, device in enumerate(operation.devices)
    ]


@pytest.mark.parametrize("way", WAYS)
def test_projects_are_spread_over_devices_that_are_active_at_once(way: str) -> None:
    with in_operation(tuple(SPREAD.values()), way, carried_by=SPREAD) as (operation, port):
        user = begin(operation, port, 12, 2)
        assert until(lambda: all(carried(operation)), 20), carried(operation)
        assert sum(carried(operation)) == len(user.graphs)
        assert until(lambda: operation.reading("active_connections").over == 3, 10)
        watched = list(user.graphs.values())[:6]
        with Traffic(graph.vip_address for graph in watched) as traffic:
            told = {"command": "run", "standby": True, "trafficGroup": "/Common/traffic-group-2"}
            operation.ask(1, "sys/failover", told)
            user.churn(SAMPLE.steps, (graph.id for graph in watched))
            assert until(lambda: not carried(operation)[1], 20)
            assert until(lambda: operation.reading("active_connections").over == 2, 10)
            operation.agree(user, 60)
            until(lambda: traffic.asked >= 3 * len(watched), STEADY_S)
        assert max(traffic.longest_s.values()) < FAILOVER_S
