"""Who serves: weights, priority groups, monitors of all kinds, persistence, limits, datagrams."""

import http.client
import shutil
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from programs import Running, ask, count, free_port, member, running, wait_until

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy"),
]
HTTP = ["/Common/tcp", "/Common/http"]
VIP = "127.3.1.1"


@pytest.fixture(scope="module")
def members() -> Iterator[list[int]]:
    with member("A") as a, member("B", "127.0.0.2") as b, member("C", "127.0.0.3") as c:
        yield [a, b, c]


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("device")) as device:
        device.post("auth/partition", name="T1")
        yield device


@pytest.fixture
def service(device: Running, members: list[int]) -> Iterator[SimpleNamespace]:
    """A virtual server over three members that nobody monitors."""
    port = free_port()
    names = [f"127.0.0.{place}:{number}" for place, number in enumerate(members, start=1)]
    device.post("ltm/pool", name="p", partition="T1", members=names)
    device.post(
        "ltm/virtual", name="v", partition="T1", destination=f"/T1/{VIP}:{port}",
        ipProtocol="tcp", pool="/T1/p", profiles=HTTP,
    )  # fmt: skip
    wait_until(lambda: ask(VIP, port) in {"A", "B", "C"}, "the virtual server answers")
    device.settled()
    yield SimpleNamespace(device=device, port=port, names=names)
    device.rest.delete("ltm/virtual/~T1~v")
    device.rest.delete("ltm/pool/~T1~p")


def serving(service: SimpleNamespace, times: int = 6) -> str:
    return "".join(sorted(count(VIP, service.port, times)))


def of_member(service: SimpleNamespace, place: int) -> str:
    return f"ltm/pool/~T1~p/members/~T1~{service.names[place]}"


def test_weights_and_administrators_words_need_no_reload_and_outlive_one(service):
    device = service.device
    before = device.health()["data_plane"]["reloads"]
    device.patch("ltm/pool/~T1~p", loadBalancingMode="ratio-member")
    device.patch(of_member(service, 0), ratio=4)
    device.patch(of_member(service, 2), session="user-disabled", state="user-down")
    wait_until(lambda: count(VIP, service.port, 10) == {"A": 8, "B": 2}, "by ratio")
    assert device.health()["data_plane"]["reloads"] == before
    device.patch("ltm/virtual/~T1~v", connectionLimit=500)
    wait_until(lambda: device.health()["data_plane"]["reloads"] > before, "a reload")
    assert count(VIP, service.port, 10) == {"A": 8, "B": 2}


def test_priority_groups_follow_the_number_of_available_members(service):
    device = service.device
    for place, group in enumerate((20, 20, 10)):
        device.patch(of_member(service, place), priorityGroup=group)
    device.patch("ltm/pool/~T1~p", minActiveMembers=2)
    wait_until(lambda: serving(service) == "AB", "only the highest group serves")
    device.patch(of_member(service, 0), session="user-disabled", state="user-down")
    wait_until(lambda: serving(service) == "BC", "the lower group serves with what is left")
    (pool,) = device.statistics("ltm/pool/~T1~p")
    assert (pool["curPriogrp"]["value"], pool["highestPriogrp"]["value"]) == (10, 20)
    device.patch(of_member(service, 0), session="user-enabled", state="user-up")
    wait_until(lambda: serving(service) == "AB", "it rests again")


def test_monitors_that_are_ours_to_carry_out_decide_too(service):
    """Several of them, one that disables, and one of a node."""
    device = service.device
    device.post(
        "ltm/monitor/http", name="h", partition="T1", interval=1, timeout=2,
        send=r"GET / HTTP/1.0\r\n\r\n", recv="[AB]$", recvDisable="C$",
    )  # fmt: skip
    device.patch("ltm/pool/~T1~p", monitor="/Common/gateway_icmp and /T1/h")
    names = [of_member(service, place) for place in range(3)]

    def reads(field: str) -> list[str]:
        return [device.get(name)[field] for name in names]

    wait_until(lambda: reads("state") == ["up"] * 3, "all are up")
    assert reads("session") == ["monitor-enabled", "monitor-enabled", "user-disabled"]
    wait_until(lambda: serving(service) == "AB", "the third takes nothing new")
    with socket.socket() as refusing:  # bound, but nobody listens
        refusing.bind(("127.0.0.2", 0))
        port = refusing.getsockname()[1]
        device.post(
            "ltm/monitor/tcp", name="n", partition="T1", interval=1, timeout=1,
            destination=f"*:{port}",
        )  # fmt: skip
        device.patch("ltm/node/~T1~127.0.0.2", monitor="/T1/n")
        wait_until(lambda: device.get("ltm/node/~T1~127.0.0.2")["state"] == "down", "it is down")
    assert reads("state") == ["up", "addr-down", "up"]
    wait_until(lambda: serving(service) == "A", "nor does the one on a node that is down")
    device.patch("ltm/node/~T1~127.0.0.2", monitor="default")
    device.patch("ltm/pool/~T1~p", monitor="")
    wait_until(lambda: serving(service) == "ABC", "nobody looks any more")


def test_a_source_address_keeps_its_member_over_reloads_and_while_it_is_disabled(service):
    device = service.device
    device.patch(of_member(service, 0), session="user-disabled")  # whom a new worker begins with
    device.patch("ltm/virtual/~T1~v", persist="source_addr")
    wait_until(lambda: serving(service) in {"B", "C"}, "one member for this client")
    device.settled()
    kept = serving(service)
    device.patch(of_member(service, 0), session="user-enabled")
    device.settled()
    assert serving(service) == kept
    before = device.health()["data_plane"]["reloads"]
    device.patch("ltm/virtual/~T1~v", connectionLimit=400)
    wait_until(lambda: device.health()["data_plane"]["reloads"] > before, "a reload")
    assert serving(service) == kept
    place = "ABC".index(kept)
    device.patch(of_member(service, place), session="user-disabled", state="user-up")
    device.settled()
    assert serving(service) == kept
    device.patch(of_member(service, place), session="user-disabled", state="user-down")
    wait_until(lambda: len(serving(service)) == 1 and serving(service) != kept, "another one")


def test_a_disabled_member_still_serves_who_holds_its_cookie(service):
    device = service.device
    more = {"cookieName": "mine", "expiration": "1:00:00", "httponly": "enabled"}
    device.post("ltm/persistence/cookie", name="c", partition="T1", **more)
    device.patch("ltm/virtual/~T1~v", persist="/T1/c")
    found: list[str] = []

    def has_cookie() -> bool:
        connection = http.client.HTTPConnection(VIP, service.port, timeout=5)
        connection.request("GET", "/")
        answer = connection.getresponse()
        found[:] = [answer.read().decode(), answer.getheader("Set-Cookie") or ""]
        connection.close()
        return bool(found[1])

    wait_until(has_cookie, "a cookie is set")
    assert found[1].startswith("mine=")
    assert "Max-Age=3600" in found[1]
    header = {"Cookie": found[1].partition(";")[0]}
    for place in range(3):
        device.patch(of_member(service, place), session="user-disabled", state="user-up")
    wait_until(lambda: ask(VIP, service.port) == "", "nobody new is served")
    assert ask(VIP, service.port, header) == found[0]


def test_members_at_their_connection_limit_take_no_more(service):
    device = service.device
    device.patch("ltm/pool/~T1~p", members=[{"name": service.names[0], "connectionLimit": 1}])
    device.patch("ltm/virtual/~T1~v", profiles=["/Common/tcp"])

    def second_is_refused() -> bool:
        with socket.create_connection((VIP, service.port)) as first:
            first.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            return first.recv(999) != b"" and ask(VIP, service.port) == ""

    wait_until(second_is_refused, "the second is refused")


def test_members_see_the_addresses_of_a_snat_pool(service):
    device = service.device
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        device.post("ltm/snatpool", name="s", partition="T1", members=["/T1/127.50.0.9"])
        device.patch("ltm/pool/~T1~p", members=[f"127.0.0.1:{port}"])
        translation = {"type": "snat", "pool": "/T1/s"}
        device.patch("ltm/virtual/~T1~v", sourceAddressTranslation=translation)

        listening.settimeout(0.1)

        def source() -> str:
            with socket.create_connection((VIP, service.port)) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                try:
                    connection, (address, _) = listening.accept()
                except TimeoutError:
                    return ""  # not there yet
                connection.close()
            return str(address)

        wait_until(lambda: source() == "127.50.0.9", "the member sees the translated address")


@contextmanager
def echo(tag: str) -> Iterator[int]:
    """Answer datagrams with a letter and what came."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                data, sender = listening.recvfrom(2048)
                if data == b"end":
                    return
                listening.sendto(tag.encode() + data, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.sendto(b"end", listening.getsockname())
            thread.join()


def say(port: int, times: int = 1) -> str:
    """Send datagrams from one socket; returns who answered each."""
    answers = ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.connect((VIP, port))
        for _ in range(times):
            try:
                client.send(b"x")
                answers += client.recv(2048).decode()[:1]
            except OSError:
                answers += "-"
    return answers


def test_datagrams_are_balanced_counted_and_keep_their_member(device):
    with echo("A") as first, echo("B") as second:
        names = [f"127.0.0.1:{first}", f"127.0.0.1:{second}"]
        device.post("ltm/pool", name="u", partition="T1", members=names)
        port = free_port()
        device.post(
            "ltm/virtual", name="u", partition="T1", destination=f"/T1/{VIP}:{port}",
            ipProtocol="udp", pool="/T1/u", profiles=["/Common/udp"],
        )  # fmt: skip
        wait_until(lambda: say(port) != "-", "datagrams are answered")
        assert Counter(say(port, 3) for _ in range(4)) == {"AAA": 2, "BBB": 2}

        def sessions() -> int:
            (virtual,) = device.statistics("ltm/virtual/~T1~u")
            return int(virtual["clientside.totConns"]["value"])

        wait_until(lambda: sessions() == 5, "five sessions are counted")
        found = device.statistics("ltm/pool/~T1~u/members")
        assert sorted(entry["serverside.totConns"]["value"] for entry in found) == [2, 3]
        device.patch(f"ltm/pool/~T1~u/members/~T1~{names[0]}", session="user-disabled")
        wait_until(lambda: {say(port) for _ in range(4)} == {"B"}, "only one is asked")
        device.post(
            "ltm/monitor/udp", name="u", partition="T1", interval=1, timeout=1, recv="^A"
        )  # fmt: skip
        device.patch("ltm/pool/~T1~u", monitor="/T1/u")
        path = f"ltm/pool/~T1~u/members/~T1~{names[1]}"
        wait_until(lambda: device.get(path)["state"] == "down", "B says something else")
        wait_until(lambda: say(port) == "-", "nobody is left")
        device.rest.delete("ltm/virtual/~T1~u")
        device.rest.delete("ltm/pool/~T1~u")
        device.settled()
