"""What bounds traffic: limits, rates, queues, what a member that goes down does to connections."""

import http.client
import http.server
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from programs import Running, ask, free_port, member, running, wait_until

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy"),
]
VIP = "127.3.4.1"
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("device")) as device:
        device.post("auth/partition", name="T1")
        yield device


@pytest.fixture
def service(device: Running) -> Iterator[SimpleNamespace]:
    """A virtual server over one member that nobody monitors."""
    with member("A") as number:
        port = free_port()
        name = f"127.0.0.1:{number}"
        device.post("ltm/pool", name="p", partition="T1", members=[name])
        device.post(
            "ltm/virtual", name="v", partition="T1", destination=f"/T1/{VIP}:{port}",
            ipProtocol="tcp", pool="/T1/p", profiles=["/Common/tcp"],
        )  # fmt: skip
        wait_until(lambda: ask(VIP, port) == "A", "the virtual server answers")
        device.settled()
        path = f"ltm/pool/~T1~p/members/~T1~{name}"
        yield SimpleNamespace(device=device, port=port, number=number, member=path)
        device.rest.delete("ltm/virtual/~T1~v")
        device.rest.delete("ltm/pool/~T1~p")
        device.rest.delete("ltm/node/~T1~127.0.0.1")


@contextmanager
def holding(port: int) -> Iterator[socket.socket]:
    """Have a connection that a member has answered on."""
    for _ in range(200):  # one that was closed just now may still count
        with socket.create_connection((VIP, port), 5) as held:
            held.sendall(REQUEST)
            seen = b""
            while not seen.endswith(b"A") and (more := held.recv(999)):
                seen += more
            if seen.endswith(b"A"):
                yield held
                return
    raise AssertionError("no member has answered on any of 200 connections")


def second_is_refused(port: int) -> bool:
    with holding(port):
        return ask(VIP, port) == ""


def test_a_nodes_limit_holds_for_its_member(service):
    service.device.patch("ltm/node/~T1~127.0.0.1", connectionLimit=1)
    service.device.patch(service.member, connectionLimit=50)
    wait_until(lambda: second_is_refused(service.port), "the second is refused")
    service.device.patch("ltm/node/~T1~127.0.0.1", connectionLimit=0)
    wait_until(lambda: not second_is_refused(service.port), "both are served")


def test_a_members_rate_limit_refuses_what_is_beyond_it(service):
    service.device.patch(service.member, rateLimit="2")

    def in_a_burst() -> int:
        return [ask(VIP, service.port) for _ in range(12)].count("A")

    wait_until(lambda: in_a_burst() <= 4, "most of a burst are refused")
    assert service.device.health()["data_plane"]["problems"] == []
    service.device.patch(service.member, rateLimit="disabled")
    wait_until(lambda: in_a_burst() == 12, "all are served")


def test_who_finds_no_room_waits_in_the_queue_and_no_more_than_fit_into_it(service):
    more = {"queueOnConnectionLimit": "enabled", "queueDepthLimit": 1, "queueTimeLimit": 0}
    service.device.patch("ltm/pool/~T1~p", **more)
    service.device.patch(service.member, connectionLimit=1)
    service.device.settled()
    with holding(service.port) as held, socket.create_connection((VIP, service.port), 5) as waits:
        waits.sendall(REQUEST)
        wait_until(lambda: ask(VIP, service.port) == "", "there is no room for a third")
        held.close()
        waits.settimeout(5)
        assert b"200" in waits.recv(999)


def test_connections_of_a_member_that_goes_down_are_cut_where_the_pool_says_so(service):
    device = service.device
    for action, ends in (("none", False), ("reset", True)):
        device.patch("ltm/pool/~T1~p", serviceDownAction=action)
        with socket.create_server(("127.0.0.1", 0)) as watched:
            alias = f"*:{watched.getsockname()[1]}"
            about = {"interval": 1, "timeout": 1, "destination": alias}
            device.post("ltm/monitor/tcp-half-open", name=action, partition="T1", **about)
            device.patch("ltm/pool/~T1~p", monitor=f"/T1/{action}")
            wait_until(lambda: device.get(service.member)["state"] == "up", "it is up")
            device.settled()
            with holding(service.port) as held:
                watched.close()
                wait_until(lambda: device.get(service.member)["state"] == "down", "it is down")
                device.settled()
                held.settimeout(2 if ends else 0.5)
                try:
                    left = held.recv(999) != b""
                except TimeoutError:
                    left = True
                except ConnectionResetError:
                    left = False
                assert left is not ends
        device.patch("ltm/pool/~T1~p", monitor="")


def test_a_virtual_server_that_is_enabled_on_no_vlan_is_reached_by_nobody(service):
    service.device.patch("ltm/virtual/~T1~v", vlansEnabled=True)
    wait_until(lambda: ask(VIP, service.port) == "", "nobody is let in")
    service.device.patch("ltm/virtual/~T1~v", vlansDisabled=True)
    wait_until(lambda: ask(VIP, service.port) == "A", "everybody is")


def test_a_virtual_address_counts_the_connections_of_all_its_virtual_servers(service):
    device, other = service.device, free_port()
    device.post(
        "ltm/virtual", name="w", partition="T1", destination=f"/T1/{VIP}:{other}",
        ipProtocol="tcp", pool="/T1/p", profiles=["/Common/tcp"],
    )  # fmt: skip
    device.patch(f"ltm/virtual-address/~T1~{VIP}", connectionLimit=1)

    def other_is_refused() -> bool:
        with holding(service.port):
            return ask(VIP, other) == ""

    wait_until(other_is_refused, "a connection to one counts for the other")
    wait_until(lambda: ask(VIP, other) == "A", "alone it is served")
    device.patch(f"ltm/virtual-address/~T1~{VIP}", connectionLimit=0)
    device.rest.delete("ltm/virtual/~T1~w")


def test_without_port_translation_members_are_asked_on_the_clients_port(service):
    device = service.device
    with socket.create_server(("127.0.0.1", service.port)) as listening:
        listening.settimeout(0.2)
        device.patch("ltm/virtual/~T1~v", translatePort="disabled")

        def arrives() -> bool:
            with socket.create_connection((VIP, service.port)):
                try:
                    listening.accept()[0].close()
                except TimeoutError:
                    return False
            return True

        wait_until(arrives, "the member is asked on the same port")


class _Setting(http.server.BaseHTTPRequestHandler):
    """Leaves room for the cookie, and tells which one came."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Set-Cookie", f"BIGipCookie={'0' * 120}; path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def test_a_rewritten_cookie_has_its_name_and_the_members_value(service):
    device = service.device
    with http.server.ThreadingHTTPServer(("127.0.0.2", 0), _Setting) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            number = server.server_address[1]
            device.patch("ltm/pool/~T1~p", members=[f"127.0.0.2:{number}"])
            device.post("ltm/persistence/cookie", name="r", partition="T1", method="rewrite")
            profiles = ["/Common/tcp", "/Common/http"]
            device.patch("ltm/virtual/~T1~v", profiles=profiles, persist="/T1/r")
            swapped = int.from_bytes(number.to_bytes(2, "big"), "little")
            wanted = f"BIGipServer~T1~p={0x0200007F}.{swapped}.0000"
            wait_until(lambda: cookie(service.port).startswith(wanted), "the cookie is rewritten")
        finally:
            server.shutdown()
            thread.join()
    device.patch("ltm/virtual/~T1~v", persist="")
    device.rest.delete("ltm/persistence/cookie/~T1~r")


def cookie(port: int) -> str:
    connection = http.client.HTTPConnection(VIP, port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().getheader("Set-Cookie") or ""
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
