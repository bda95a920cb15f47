"""A device in threads of the test's own process, over HTTPS."""

import json
import socket
import ssl
import threading
import time
from pathlib import Path

import httpx
import pytest
from programs import wait_until

from bigip_sim.embedded import RunningDevice, running_cluster, running_device
from bigip_sim.resources import Resources


@pytest.fixture
def client(running: RunningDevice):
    trust = ssl.create_default_context(cafile=running.ca_file)
    account = (running.username, running.password)
    with httpx.Client(base_url=f"{running.url}/mgmt/tm/", verify=trust, auth=account) as client:
        yield client
    running.clear_faults()


def test_its_certificate_is_verified_by_its_authority(client, running):
    assert client.get("sys").status_code == 200
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(running.url)


def test_a_body_may_come_in_chunks(client):
    pool = {"name": "streamed"}
    parts = iter([json.dumps(pool)[:5].encode(), json.dumps(pool)[5:].encode()])
    headers = {"Content-Type": "application/json"}
    answer = client.post("ltm/pool", content=parts, headers=headers)
    assert (answer.status_code, answer.json()["name"]) == (200, "streamed")


def test_a_defect_of_the_simulator_is_told_as_everything_is(client, monkeypatch, caplog):
    def fail(*_arguments):
        raise LookupError("nothing of the kind was thought of")

    monkeypatch.setattr(Resources, "answer", fail)
    answer = client.get("ltm/pool")
    assert answer.status_code == 500
    assert answer.json()["code"] == 500
    assert "LookupError" in answer.json()["message"]
    assert "nothing of the kind was thought of" in caplog.text


def test_requests_are_counted_and_can_be_counted_anew(client, running):
    running.reset_counters()
    client.get("ltm/pool")
    client.post("auth/partition", json={"name": "Counted"})
    assert running.counters() == {
        "total": 2,
        "authentication": 0,
        "writes": 1,
        "commits": 0,
        "errors": 0,
        "by_method": {"GET": 1, "POST": 1},
    }
    assert [entry["path"] for entry in running.log(2)] == [
        "/mgmt/tm/ltm/pool",
        "/mgmt/tm/auth/partition",
    ]


def test_without_power_connections_are_reset_and_refused_and_logins_forgotten(client, running):
    token = client.post(f"{running.url}/mgmt/shared/authn/login", json={
        "username": running.username, "password": running.password,
    }).json()["token"]["token"]  # fmt: skip
    number = client.post("transaction", json={}).json()["transId"]
    running.power(False)
    with pytest.raises(httpx.TransportError):
        client.get("ltm/pool")
    running.power(True)
    assert client.get("ltm/pool").status_code == 200
    assert client.get(f"transaction/{number}").status_code == 404
    with httpx.Client(verify=ssl.create_default_context(cafile=running.ca_file)) as bare:
        answer = bare.get(f"{running.url}/mgmt/tm/sys", headers={"X-F5-Auth-Token": token})
    assert answer.json()["message"] == "X-F5-Auth-Token does not exist."


def test_nobody_else_gets_the_port_of_a_device_that_is_off():
    with running_device() as running:
        address = ("127.0.0.1", running.port)
        running.power(False)
        with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
            other.bind(address)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=5)
        running.power(True)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(address)
        other.listen()


def test_a_request_that_waits_when_the_power_goes_does_nothing(client, running):
    running.faults(latency_ms=60_000)
    outcome: list[object] = []

    def ask() -> None:
        try:
            outcome.append(client.post("auth/partition", json={"name": "Never"}, timeout=30))
        except httpx.TransportError as error:
            outcome.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 10
    while not running.unit.server.busy and time.monotonic() < deadline:
        time.sleep(0.01)
    began = time.monotonic()
    running.power(False)
    asking.join()
    assert time.monotonic() - began < 10
    running.clear_faults()
    running.power(True)
    assert isinstance(outcome[0], httpx.TransportError) or outcome[0].status_code == 500
    assert client.get("auth/partition/Never").status_code == 404


def test_it_is_unavailable_with_the_page_of_a_device_that_restarts(client, running):
    running.faults(unavailable_s=60)
    answer = client.get("ltm/pool")
    assert answer.status_code == 503
    assert "Configuration Utility restarting..." in answer.text
    running.clear_faults()
    assert client.get("ltm/pool").status_code == 200


def test_counters_follow_rates_set_by_hand(client, running):
    running.rates(throughput_in=8_000_000, active_connections=7)

    def traffic() -> dict:
        (entry,) = client.get("sys/traffic").json()["entries"].values()
        return {name: next(iter(v.values())) for name, v in entry["nestedStats"]["entries"].items()}

    first = traffic()
    deadline = time.monotonic() + 10
    while traffic()["clientSideTraffic.bitsIn"] == first["clientSideTraffic.bitsIn"]:
        assert time.monotonic() < deadline
    assert first["clientSideTraffic.curConns"] == 7
    assert first["fiveSecAvgClientSideTraffic.bitsIn"] == 8_000_000
    running.rates(throughput_in=None, active_connections=None)
    assert traffic()["clientSideTraffic.curConns"] == 0


def test_what_monitors_find_is_set_by_hand_without_a_data_plane(client, running):
    client.post("auth/partition", json={"name": "M"})
    body = {"name": "p", "partition": "M", "monitor": "/Common/tcp", "members": ["10.0.0.1:80"]}
    client.post("ltm/pool", json=body)

    def state() -> str:
        return str(client.get("ltm/pool/~M~p/members").json()["items"][0]["state"])

    assert state() == "up"
    running.monitored("checking", {"/M/p /M/10.0.0.1:80": "down"})
    assert state() == "down"
    running.monitored()
    assert state() == "up"


def test_a_cluster_in_this_process_is_in_sync_and_passes_on_what_it_is_told():
    with running_cluster("a", "b") as devices:
        trust = ssl.create_default_context(cafile=devices[0].ca_file)
        account = (devices[0].username, devices[0].password)
        with httpx.Client(verify=trust, auth=account) as client:
            told = [client.get(f"{d.url}/mgmt/tm/cm/sync-status/stats").text for d in devices]
            assert all('"In Sync"' in one for one in told)
            url = f"{devices[0].url}/mgmt/tm/auth/partition"
            assert client.post(url, json={"name": "T1"}).status_code == 200
            other = f"{devices[1].url}/mgmt/tm/auth/partition/T1"
            wait_until(lambda: client.get(other).status_code == 200, "the other has it")


def test_the_password_is_new_each_time_and_in_a_file_for_its_owner(running):
    path = Path(running.password_file)
    assert path.read_text() == running.password
    assert path.stat().st_mode & 0o077 == 0


def test_one_read_over_a_kept_connection_is_quick(client):
    """A bound far above the usual 1 to 2 ms, so that only a stall, not a busy machine, fails it."""
    client.get("ltm/pool")
    times = []
    for _ in range(50):
        began = time.perf_counter()
        client.get("ltm/pool")
        times.append(time.perf_counter() - began)
    assert sorted(times)[25] < 0.03
