"""Traffic through HAProxy on loopback addresses."""

import http.client
import os
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from programs import Running, alive, ask, count, free_port, member, running, wait_until

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy"),
]
HTTP = ["/Common/tcp", "/Common/http"]
SEND = r"GET / HTTP/1.0\r\n\r\n"


@pytest.fixture(scope="module")
def members() -> Iterator[tuple[int, int]]:
    with member("A") as first, member("B") as second:
        yield first, second


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("device")) as device:
        yield device


@pytest.fixture
def service(device: Running, members: tuple[int, int]) -> Iterator[SimpleNamespace]:
    """A virtual server over two monitored members, carried; gone afterwards."""
    port = free_port()
    if device.rest.get("auth/partition/T1").status_code == 404:
        device.post("auth/partition", name="T1")
        more = {"interval": 1, "timeout": 2, "send": SEND, "recv": "HTTP/1.. 200"}
        device.post("ltm/monitor/http", name="m", partition="T1", **more)
    names = [f"127.0.0.1:{number}" for number in members]
    device.post("ltm/pool", name="p", partition="T1", monitor="/T1/m", members=names)
    device.post(
        "ltm/virtual", name="v", partition="T1", destination=f"/T1/127.3.0.1:{port}",
        ipProtocol="tcp", pool="/T1/p", profiles=HTTP,
    )  # fmt: skip
    wait_until(lambda: ask("127.3.0.1", port) in {"A", "B"}, "the virtual server answers")
    wait_until(lambda: states(device) == ["up", "up"], "both members are up")
    yield SimpleNamespace(device=device, address="127.3.0.1", port=port, names=names)
    device.rest.delete("ltm/virtual/~T1~v")
    device.rest.delete("ltm/pool/~T1~p")


def states(device: Running) -> list[str]:
    return [m["state"] for m in device.get("ltm/pool/~T1~p/members").get("items", [])]


def total(device: Running) -> int:
    (entry,) = device.statistics("ltm/virtual/~T1~v")
    return int(entry["clientside.totConns"]["value"])


def test_requests_are_balanced_and_counted_by_member(service):
    device = service.device
    before = total(device)
    by_member = [e["serverside.totConns"]["value"] for e in member_statistics(device)]
    assert count(service.address, service.port, 10) == {"A": 5, "B": 5}
    wait_until(lambda: total(device) == before + 10, "ten connections are counted")
    after = [e["serverside.totConns"]["value"] for e in member_statistics(device)]
    assert [b - a for a, b in zip(by_member, after, strict=True)] == [5, 5]
    (virtual,) = device.statistics("ltm/virtual/~T1~v")
    assert virtual["status.availabilityState"]["description"] == "available"
    assert virtual["clientside.bitsOut"]["value"] > 0


def member_statistics(device: Running) -> list[dict]:
    return device.statistics("ltm/pool/~T1~p/members")


def test_a_member_that_is_disabled_or_forced_offline_gets_no_new_requests(service):
    device, path = service.device, f"ltm/pool/~T1~p/members/~T1~{service.names[0]}"
    for body in (
        {"session": "user-disabled", "state": "user-up"},
        {"session": "user-disabled", "state": "user-down"},
    ):
        device.patch(path, **body)
        wait_until(lambda: set(count(service.address, service.port, 4)) == {"B"}, "only B is asked")
        device.patch(path, session="user-enabled", state="user-up")
        wait_until(
            lambda: set(count(service.address, service.port, 4)) == {"A", "B"}, "A is asked again"
        )


def test_a_member_that_stops_answering_is_down_after_the_timeout_and_up_at_once(service):
    device = service.device
    port = free_port()
    name = f"127.0.0.1:{port}"
    device.post("ltm/pool/~T1~p/members", name=name)

    def state() -> str:
        return str(device.get(f"ltm/pool/~T1~p/members/~T1~{name}")["state"])

    assert state() == "checking"  # nobody answers there yet
    wait_until(lambda: state() == "down", "the timeout has passed")
    assert "" not in count(service.address, service.port, 6)  # and it was never asked
    with socket.create_server(("127.0.0.1", port)) as late:
        device.patch("ltm/pool/~T1~p", monitor="/Common/tcp")
        wait_until(lambda: state() == "up", "a first good answer has come")
        late.close()
    device.patch("ltm/pool/~T1~p", monitor="/T1/m")


def test_reloads_lose_no_request_and_no_count(service):
    device = service.device
    before, reloads = total(device), device.health()["data_plane"]["reloads"]
    answers: list[str] = []
    enough = threading.Event()

    def load() -> None:
        while not enough.is_set():
            answers.append(ask(service.address, service.port))

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(3):
            device.post("ltm/pool", name=f"other{number}", partition="T1", members=service.names)
            wait_until(
                lambda wanted=reloads + number + 1: (
                    device.health()["data_plane"]["reloads"] >= wanted
                ),
                "another reload",
            )
    finally:
        enough.set()
        for thread in threads:
            thread.join()
    assert set(answers) == {"A", "B"}
    assert len(answers) > 100
    wait_until(lambda: total(device) == before + len(answers), "every request is counted")
    wait_until(
        lambda: device.health()["data_plane"]["retired_workers"] == 0, "old workers are gone"
    )
    for number in range(3):
        device.rest.delete(f"ltm/pool/~T1~other{number}")


def test_clients_that_connected_before_a_reload_are_answered_after_it(service):
    device = service.device
    device.settled()
    pid = device.health()["data_plane"]["pid"]
    fresh, used = (
        http.client.HTTPConnection(service.address, service.port, timeout=5) for _ in range(2)
    )
    fresh.connect()
    used.request("GET", "/")
    used.getresponse().read()
    device.patch("ltm/pool/~T1~p", loadBalancingMode="least-connections-member")
    wait_until(lambda: device.health()["data_plane"]["pid"] != pid, "a reload")
    for connection in (fresh, used):
        connection.request("GET", "/")
        assert connection.getresponse().read() in {b"A", b"B"}
        connection.close()
    wait_until(
        lambda: device.health()["data_plane"]["retired_workers"] == 0, "the old worker is gone"
    )


def test_a_change_without_effect_on_traffic_causes_no_reload(service):
    device = service.device
    device.settled()
    before = device.health()["data_plane"]["reloads"]
    device.post("ltm/data-group/internal", name="stamp", partition="T1")
    device.patch("ltm/virtual/~T1~v", description="d")
    device.settled()
    assert device.health()["data_plane"]["reloads"] == before
    device.rest.delete("ltm/data-group/internal/~T1~stamp")


def test_without_members_the_connection_is_dropped_not_answered(service):
    device = service.device
    device.patch("ltm/pool/~T1~p", members=[])
    wait_until(lambda: ask(service.address, service.port) == "", "requests are dropped")


def test_a_disabled_virtual_server_refuses_connections(service):
    def refused() -> bool:
        try:
            socket.create_connection((service.address, service.port), 1).close()
        except ConnectionRefusedError:
            return True
        return False

    service.device.patch("ltm/virtual/~T1~v", disabled=True)
    wait_until(refused, "nobody listens")
    service.device.patch("ltm/virtual/~T1~v", enabled=True)
    wait_until(lambda: not refused(), "somebody listens")


def test_a_connection_limit_resets_those_beyond_it(service):
    device = service.device
    device.patch("ltm/virtual/~T1~v", connectionLimit=2)
    place = (service.address, service.port)

    def third_is_reset() -> bool:
        with socket.create_connection(place), socket.create_connection(place):
            return ask(*place) == ""

    wait_until(third_is_reset, "the third connection is reset")
    device.patch("ltm/virtual/~T1~v", connectionLimit=0)


def test_a_virtual_server_without_http_profile_carries_bytes(service):
    device = service.device
    port = free_port()
    device.post(
        "ltm/virtual", name="t", partition="T1", destination=f"/T1/127.3.0.2:{port}",
        ipProtocol="tcp", pool="/T1/p",
    )  # fmt: skip
    wait_until(lambda: ask("127.3.0.2", port) in {"A", "B"}, "bytes are carried")
    device.rest.delete("ltm/virtual/~T1~t")


def test_cookies_keep_a_client_on_its_member(service):
    device = service.device
    device.patch("ltm/virtual/~T1~v", persist="cookie")
    found: list[str] = []

    def has_cookie() -> bool:
        connection = http.client.HTTPConnection(service.address, service.port, timeout=5)
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        cookie = answer.getheader("Set-Cookie") or ""
        connection.close()
        found[:] = [cookie.partition(";")[0]]
        return bool(cookie)

    wait_until(has_cookie, "a cookie is set")
    assert found[0].startswith("BIGipServer~T1~p=16777343.")  # 127.0.0.1, bytes reversed
    header = {"Cookie": found[0]}
    assert len({ask(service.address, service.port, header) for _ in range(6)}) == 1


def test_a_ping_monitor_finds_loopback_members_up(service):
    device = service.device
    device.post("ltm/monitor/gateway-icmp", name="g", partition="T1", interval=1, timeout=3)
    device.patch("ltm/pool/~T1~p", monitor="/T1/g")
    wait_until(lambda: states(device) == ["up", "up"], "both answer pings")
    device.settled()
    wait_until(lambda: set(count(service.address, service.port, 4)) == {"A", "B"}, "both serve")
    device.patch("ltm/pool/~T1~p", monitor="/T1/m")
    device.rest.delete("ltm/monitor/gateway-icmp/~T1~g")


def test_a_port_that_another_program_has_is_said_and_taken_when_it_is_free(service):
    device = service.device
    with socket.create_server(("127.3.0.3", 0)) as other:
        port = other.getsockname()[1]
        device.post(
            "ltm/virtual", name="t", partition="T1", destination=f"/T1/127.3.0.3:{port}",
            ipProtocol="tcp", pool="/T1/p", profiles=HTTP,
        )  # fmt: skip
        wait_until(lambda: device.health()["data_plane"]["problems"], "the problem is said")
        (problem,) = device.health()["data_plane"]["problems"]
        assert "/T1/t does not listen" in problem
        assert "another program listens there" in problem
        assert ask(service.address, service.port) in {"A", "B"}  # the others go on
    wait_until(lambda: ask("127.3.0.3", port) in {"A", "B"}, "it listens now")
    device.rest.delete("ltm/virtual/~T1~t")


def test_what_haproxy_refuses_is_said_and_holds_up_no_other(service):
    device = service.device
    ports = free_port(), free_port()
    month = 2_592_000  # longer than HAProxy counts
    device.post("ltm/monitor/tcp", name="rare", partition="T1", interval=month, timeout=month)
    device.post("ltm/pool", name="q", partition="T1", members=service.names, monitor="/T1/rare")
    for name, pool, port in zip("st", "qp", ports, strict=True):
        device.post(
            "ltm/virtual", name=name, partition="T1", destination=f"/T1/127.3.0.5:{port}",
            ipProtocol="tcp", pool=f"/T1/{pool}", profiles=HTTP,
        )  # fmt: skip
    wait_until(lambda: ask("127.3.0.5", ports[1]) in {"A", "B"}, "the other one is carried")
    assert ask("127.3.0.5", ports[0]) == ""
    device.settled()
    pool, virtual = device.health()["data_plane"]["problems"]
    assert pool.startswith("pool /T1/q is not carried: HAProxy refuses it: ")
    assert virtual == "virtual server /T1/s is not carried: its pool /T1/q is not"
    device.patch("ltm/pool/~T1~q", monitor="none")
    wait_until(lambda: ask("127.3.0.5", ports[0]) in {"A", "B"}, "it is mended")
    assert device.health()["data_plane"]["problems"] == []
    for path in ("virtual/~T1~s", "virtual/~T1~t", "pool/~T1~q", "monitor/tcp/~T1~rare"):
        assert device.rest.delete(f"ltm/{path}").status_code == 200


def test_haproxy_that_dies_is_started_again(service):
    device = service.device
    device.settled()
    pid = device.health()["data_plane"]["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: device.health()["data_plane"]["pid"] not in {pid, None}, "a new HAProxy")
    wait_until(lambda: ask(service.address, service.port) in {"A", "B"}, "traffic goes on")


def test_a_device_that_is_killed_takes_haproxy_with_it(tmp_path: Path):
    with running(tmp_path) as device:
        wait_until(lambda: device.health()["data_plane"]["pid"], "HAProxy runs")
        pid = device.health()["data_plane"]["pid"]
        device.process.kill()
        device.process.wait()
        wait_until(lambda: not alive(pid), "HAProxy is gone")


def test_a_device_that_ends_leaves_nothing_behind(tmp_path: Path):
    with running(tmp_path) as device:
        wait_until(lambda: device.health()["data_plane"]["pid"], "HAProxy runs")
        pid = device.health()["data_plane"]["pid"]
    assert device.process.returncode == 0
    assert not alive(pid)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["password", "tls"]


def test_of_a_pair_one_carries_and_the_other_takes_over(tmp_path: Path, members):
    controls = free_port(), free_port()
    port = free_port()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    def options(me: int) -> list[str]:
        name, peer = "ab"[me], "ba"[me]
        mine, theirs = controls[me], controls[1 - me]
        return ["--name", name, "--control", f"127.0.0.1:{mine}",
                "--peer", f"{peer}=http://127.0.0.1:{theirs}"]  # fmt: skip

    with (
        running(tmp_path / "a", *options(0)) as first,
        running(tmp_path / "b", *options(1)) as second,
    ):
        units = (first, second)
        for unit in units:
            unit.post("auth/partition", name="T1")
            names = [f"127.0.0.1:{members[0]}"]
            unit.post("ltm/pool", name="p", partition="T1", members=names)
            unit.post(
                "ltm/virtual", name="v", partition="T1", destination=f"/T1/127.3.0.4:{port}",
                ipProtocol="tcp", pool="/T1/p", profiles=HTTP,
            )  # fmt: skip

        def active() -> list[bool]:
            return [unit.health()["active"] for unit in units]

        def serves() -> bool:
            return ask("127.3.0.4", port) == "A"

        wait_until(lambda: active() == [True, False], "the first by name is active")
        wait_until(serves, "it carries traffic")
        assert second.health()["data_plane"]["listening"] == 0
        devices = {d["name"]: d for d in second.get("cm/device")["items"]}
        assert devices["b"]["failoverState"] == "standby"
        assert devices["a"]["failoverState"] == "active"
        assert devices["b"]["selfDevice"] == "true"
        first.tell("/power", on=False)
        assert first.health()["data_plane"]["pid"] is None  # at once, not a moment later
        assert wait_until(serves, "the other took over") < 5
        assert active() == [False, True]
        assert "ACTIVE" in second.rest.get("cm/failover-status").text
        first.tell("/power", on=True)
        wait_until(lambda: first.health()["others"] == {"b": "active"}, "it sees the other")
        assert active() == [False, True]  # and does not take back what works
        second.process.kill()
        second.process.wait()
        wait_until(serves, "the first took over from one that was killed")
        assert first.health()["active"] is True
