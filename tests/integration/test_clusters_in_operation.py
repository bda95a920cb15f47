"""Clusters at work: devices go off and come back, agents die; in the end all is as it must be."""

import shutil

import pytest

from tests.integration.operation import Operation, Traffic, User, in_operation, until

WAYS = ("each", "sync")
pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy"),
]
FAILOVER_S = 5.0  # the longest that a virtual address may be without service when its device ends
STEADY_S = 1.0  # the same while nothing happens to the device that is active


def active(operation: Operation) -> int:
    """Return which device is active for the traffic."""

    def look() -> list[int]:
        return [n for n, device in enumerate(operation.devices) if device.device.standing().active]

    found = until(look, 10)
    assert found
    return int(found[0])


def begin(operation: Operation, port: int, count: int, members: int, seed: int = 1) -> User:
    """Create load balancers and wait until they are there."""
    user = User(operation.door, seed, port, projects=max(2, count // 4))
    for _ in range(count):
        user.create(members)
    operation.agree(user, 60)
    return user


@pytest.mark.parametrize("way", WAYS)
def test_a_device_that_was_off_is_level_when_it_is_back(way: str) -> None:
    with in_operation(("bigip-1", "bigip-2"), way) as (operation, port):
        user = begin(operation, port, 6, 3)
        watched = list(user.graphs.values())[:2]
        standby = operation.devices[1 - active(operation)]
        with Traffic(graph.vip_address for graph in watched) as traffic:
            standby.power(on=False)
            user.churn(12, (graph.id for graph in watched))
            until(lambda: not operation.unsettled(user), 5)
            standby.power(on=True)
            operation.agree(user, 40)
        assert traffic.asked > 10
        assert max(traffic.longest_s.values()) < STEADY_S
