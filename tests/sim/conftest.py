"""A device to ask: without sockets for rules, with HTTPS for what needs it."""

from collections.abc import Callable, Iterator

import pytest
from carried import Carried

from asking import Rest, new_device
from bigip_sim.embedded import RunningDevice, running_device

Maker = Callable[..., Rest]


@pytest.fixture
def new_rest() -> Maker:
    return new_device


@pytest.fixture
def rest(new_rest: Maker) -> Rest:
    """A device with partition T1."""
    made = new_rest()
    made.post("auth/partition", name="T1")
    return made


@pytest.fixture
def web(rest: Rest) -> Rest:
    """The same with a virtual server, its pool with two members, and a monitor."""
    rest.post("ltm/monitor/http", name="m", partition="T1")
    members = [{"name": "10.0.0.1:80"}, {"name": "10.0.0.2:80"}]
    rest.post("ltm/pool", name="p", partition="T1", monitor="/T1/m", members=members)
    rest.post(
        "ltm/virtual",
        name="v",
        partition="T1",
        destination="/T1/10.1.0.1:80",
        ipProtocol="tcp",
        pool="/T1/p",
        profiles=["/Common/tcp", "/Common/http"],
    )
    return rest


@pytest.fixture
def plane(web: Rest) -> Carried:
    """The same, whose data plane has carried what the test says, at the time that it says."""
    carried = Carried()
    device = web.device
    device.plane = carried
    device.hand.__init__(lambda: carried.now)
    device.meter.__init__(lambda: carried, device.hand, lambda: carried.now)
    return carried


@pytest.fixture(scope="module")
def running() -> Iterator[RunningDevice]:
    with running_device() as device:
        yield device
