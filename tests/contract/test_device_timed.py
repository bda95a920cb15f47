"""Each request to a device is told with how it ended and how long it took."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from bigip_lbaas.domain.errors import DeviceUnreachable
from bigip_lbaas.icontrol.rest import RestDevice
from bigip_lbaas.icontrol.session import Endpoint, always_allowed
from bigip_sim.embedded import RunningDevice, running_device

Told = list[tuple[str, str, str, float]]


@pytest.fixture(scope="module")
def device() -> Iterator[RunningDevice]:
    with running_device() as running:
        yield running


def endpoint(device: RunningDevice, url: str, password: str) -> Endpoint:
    return Endpoint("big-1", url, device.username, password, device.ca_file)


def timed(told: Told, where: Endpoint) -> RestDevice:
    return RestDevice(where, always_allowed, lambda *said: told.append(said))


def test_what_is_answered_is_told_in_its_order(device: RunningDevice) -> None:
    told: Told = []
    with closing(timed(told, endpoint(device, device.url, device.password))) as rest:
        rest.identity()
    assert [said[:3] for said in told] == [
        ("big-1", "POST", "ok"),  # logs in
        ("big-1", "GET", "ok"),
        ("big-1", "DELETE", "ok"),  # logs out
    ]
    assert all(0.0 < took_s < 60.0 for *_, took_s in told)


def test_a_refused_login_is_refused(device: RunningDevice) -> None:
    told: Told = []
    with (
        closing(timed(told, endpoint(device, device.url, "wrong"))) as rest,
        pytest.raises(DeviceUnreachable),
    ):
        rest.identity()
    assert [said[:3] for said in told] == [("big-1", "POST", "refused")]


def test_a_device_that_is_not_there_gives_no_answer(device: RunningDevice) -> None:
    told: Told = []
    with (
        closing(timed(told, endpoint(device, "https://127.0.0.1:1", "any"))) as rest,
        pytest.raises(DeviceUnreachable),
    ):
        rest.identity()
    assert [said[:3] for said in told] == [("big-1", "POST", "no_answer")]
