"""What a person reads, and what the caller may conclude, when a device does not do as asked."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from bigip_lbaas.domain.errors import (
    ConfigurationRefused,
    DeviceBusy,
    DeviceRefused,
    DeviceUnreachable,
    OutcomeUnknown,
    StampRefused,
)
from bigip_lbaas.icontrol.rest import RestDevice
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.names import GUARD
from bigip_lbaas.ltm.state import Action, ObjectPath, Step
from bigip_sim.embedded import RunningDevice, running_device

PARTITION = "dev_p1"


@pytest.fixture
def running() -> Iterator[RunningDevice]:
    with running_device() as device:
        yield device


def endpoint_of(running: RunningDevice) -> Endpoint:
    return Endpoint("bigip-1", running.url, running.username, running.password, running.ca_file)


@contextmanager
def connected(endpoint: Endpoint) -> Iterator[RestDevice]:
    device = RestDevice(endpoint)
    try:
        yield device
    finally:
        device.close()


@pytest.fixture
def device(running: RunningDevice) -> Iterator[RestDevice]:
    with connected(endpoint_of(running)) as rest:
        rest.create_partition(PARTITION)
        yield rest


def create(name: str) -> Step:
    return Step(Action.CREATE, ObjectPath(kinds.POOL, PARTITION, name))


def pools(device: RestDevice) -> set[str]:
    return {path.name for path in device.read(PARTITION)}


def test_a_device_that_is_off_is_unreachable_and_names_its_address(
    running: RunningDevice, device: RestDevice
) -> None:
    running.power(on=False)
    with pytest.raises(DeviceUnreachable, match=f"bigip-1: .*{running.url}") as caught:
        device.read(PARTITION)
    assert not isinstance(caught.value, OutcomeUnknown)
    with pytest.raises(DeviceUnreachable) as caught:
        device.commit([create("dev_1")])
    assert not isinstance(caught.value, OutcomeUnknown)  # the commit itself was never sent


def test_a_device_that_returns_is_logged_in_to_again(
    running: RunningDevice, device: RestDevice
) -> None:
    running.power(on=False)
    running.power(on=True)
    assert "Common" in device.partitions()


def test_a_device_that_answers_503_is_busy(running: RunningDevice, device: RestDevice) -> None:
    running.faults(unavailable_s=60)
    with pytest.raises(DeviceBusy, match=r"bigip-1: asks to come back later while .*HTTP 503"):
        device.partitions()
    running.clear_faults()
    assert PARTITION in device.partitions()


def test_a_login_at_a_device_that_answers_503_is_busy(running: RunningDevice) -> None:
    running.faults(unavailable_s=60)
    with connected(endpoint_of(running)) as device, pytest.raises(DeviceBusy, match="the login"):
        device.partitions()


def test_a_wrong_password_names_the_user_and_the_option_but_not_the_password(
    running: RunningDevice,
) -> None:
    wrong = replace(endpoint_of(running), password="not-the-password")
    with connected(wrong) as device, pytest.raises(DeviceUnreachable) as caught:
        device.partitions()
    assert str(caught.value) == (
        "bigip-1: rejects the password of user 'admin'; set icontrol_username and "
        "icontrol_password to an account that may use its REST interface"
    )
    chain = repr(caught.value) + repr(caught.value.__cause__) + repr(wrong)
    assert "not-the-password" not in chain


def test_a_certificate_that_does_not_verify_names_the_option(running: RunningDevice) -> None:
    stranger = replace(endpoint_of(running), ca_file=None)
    with (
        connected(stranger) as device,
        pytest.raises(DeviceUnreachable, match=r"certificate does not verify.*icontrol_ca_file"),
    ):
        device.partitions()
    assert running.counters()["total"] == 0  # not even a login: the password was not sent


def test_any_certificate_is_believed_only_by_explicit_choice(running: RunningDevice) -> None:
    insecure = replace(endpoint_of(running), ca_file=None, insecure=True)
    with connected(insecure) as device:
        assert device.partitions() == {"Common"}


def test_a_certificate_file_that_is_none_is_refused_before_anything_is_sent() -> None:
    nowhere = Endpoint("bigip-1", "https://127.0.0.1:1", "admin", "x", ca_file="/nowhere/ca.pem")
    with pytest.raises(ConfigurationRefused, match=r"icontrol_ca_file '/nowhere/ca.pem'"):
        RestDevice(nowhere)


def test_a_refused_object_is_told_in_the_devices_words(device: RestDevice) -> None:
    device.commit([create("dev_1")])
    with pytest.raises(
        DeviceRefused, match=r"bigip-1: refuses the change .*01020066.*/dev_p1/dev_1.*exists"
    ):
        device.commit([create("dev_1")])


def test_a_missing_partition_is_told_in_the_devices_words(device: RestDevice) -> None:
    device.delete_partition(PARTITION)
    with pytest.raises(DeviceRefused, match=r"folder \(?/dev_p1\)? was not found"):
        device.commit([create("dev_1")])


def test_a_commit_that_meets_another_is_busy_and_writes_nothing(
    running: RunningDevice, device: RestDevice
) -> None:
    running.faults(commit_delay_ms=1500)
    with connected(replace(endpoint_of(running), read_timeout_s=0.5)) as hasty:
        with pytest.raises(OutcomeUnknown):
            hasty.commit([create("dev_1")])
        with pytest.raises(DeviceBusy, match="another change is being committed"):
            device.commit([create("dev_2")])
        running.clear_faults()
    assert "dev_2" not in pools(device)


def test_one_client_never_overlaps_its_own_commits(
    running: RunningDevice, device: RestDevice
) -> None:
    running.faults(commit_delay_ms=50)
    errors: list[Exception] = []

    def write(number: int) -> None:
        try:
            device.commit([create(f"dev_{number}")])
        except DeviceBusy as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(pools(device)) == 8


def test_a_commit_without_an_answer_has_an_unknown_outcome(running: RunningDevice) -> None:
    with connected(replace(endpoint_of(running), read_timeout_s=0.5)) as hasty:
        hasty.create_partition(PARTITION)
        running.faults(commit_delay_ms=1500)
        with pytest.raises(OutcomeUnknown, match="bigip-1: no answer to a commit"):
            hasty.commit([create("dev_1")])
    running.clear_faults()
    with connected(endpoint_of(running)) as patient:
        deadline = threading.Event()
        for _ in range(50):
            if pools(patient):
                break
            deadline.wait(0.1)
        assert pools(patient) == {"dev_1"}  # carried out after its sender had given up


def test_a_stamp_of_another_count_is_not_taken_for_the_one_that_was_named(
    running: RunningDevice, device: RestDevice
) -> None:
    message = "01020036:3: The requested value list (/dev_p1/stamp_1.a.12) was not found."
    running.faults(fail_commit=message, times=2)
    with pytest.raises(StampRefused):
        device.commit([create("dev_1")], ["/dev_p1/stamp_1.a.12"])
    with pytest.raises(DeviceRefused):
        device.commit([create("dev_1")], ["/dev_p1/stamp_1.a.1", f"/dev_p1/{GUARD}"])


def test_a_token_that_has_ended_is_renewed_without_a_word(
    running: RunningDevice, device: RestDevice
) -> None:
    running.device.lose_power()  # forgets every token, as a reboot does
    before = device.requests
    device.partitions()
    assert device.requests == before + 3  # refused, login, again


def test_at_most_five_requests_are_sent_at_once(running: RunningDevice, device: RestDevice) -> None:
    device.partitions()
    running.faults(latency_ms=300)
    before = device.requests
    threads = [threading.Thread(target=device.partitions) for _ in range(9)]
    for thread in threads:
        thread.start()
    threading.Event().wait(0.15)
    assert device.requests - before <= 5
    for thread in threads:
        thread.join()
    assert device.requests - before == 9


def test_a_session_logs_out_when_it_is_closed(running: RunningDevice) -> None:
    with connected(endpoint_of(running)) as device:
        device.partitions()
    methods = [(entry["method"], entry["status"]) for entry in running.log()]
    assert methods[-1] == ("DELETE", 200)


def test_a_server_that_hangs_up_is_unreachable(running: RunningDevice) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}"

        def hang_up() -> None:
            for _ in range(2):
                server.accept()[0].close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        with (
            connected(replace(endpoint_of(running), base_url=url)) as device,
            pytest.raises(DeviceUnreachable, match=f"bigip-1: .*{url}"),
        ):
            device.partitions()
