"""Monitors of single protocols, against servers that speak them well or badly."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from programs import Running, ask, free_port, member, running, wait_until

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy"),
]
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
Says = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("device")) as device:
        device.post("auth/partition", name="T1")
        yield device


@contextmanager
def speaking(how: int, says: Says) -> Iterator[int]:
    """Answer what comes; over TCP the first answer needs no question."""
    with socket.socket(socket.AF_INET, how) as listening:
        listening.bind(("127.0.0.1", 0))
        if how == TCP:
            listening.listen()
        ended = threading.Event()
        listening.settimeout(0.1)
        thread = threading.Thread(target=serve, args=(listening, how, says, ended))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def serve(listening: socket.socket, how: int, says: Says, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            if how == UDP:
                asked, sender = listening.recvfrom(2048)
                listening.sendto(says(asked), sender)
                continue
            talk = listening.accept()[0]
        except TimeoutError:
            continue
        with talk:
            talk.settimeout(0.3)
            try:
                talk.sendall(says(b""))
                talk.sendall(says(talk.recv(2048)))
            except OSError:
                continue


def echo(asked: bytes) -> bytes:
    return asked


def greets(*words: bytes) -> Says:
    return lambda asked: b"" if asked else b"".join(words)


def sip(asked: bytes) -> bytes:
    return b"SIP/2.0 200 OK\r\n\r\n" if asked.startswith(b"OPTIONS sip:") else b"SIP/2.0 400 No"


def dns(asked: bytes) -> bytes:
    """Answer for one name only, with 10.9.8.7."""
    if b"\x03www\x07example\x03com\x00\x00\x01" not in asked:
        return asked[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + asked[12:]  # no such name
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes((10, 9, 8, 7))
    return asked[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + asked[12:] + answer


NAME = {"qname": "www.example.com"}


@pytest.mark.parametrize(
    ("leaf", "how", "says", "more", "state"),
    [
        ("smtp", TCP, greets(b"220 mail ESMTP\r\n"), {}, "up"),
        ("smtp", TCP, greets(b"554 no\r\n"), {}, "down"),
        ("ftp", TCP, greets(b"220 ready\r\n"), {}, "up"),
        ("pop3", TCP, greets(b"+OK\r\n"), {}, "up"),
        ("imap", TCP, greets(b"* BYE\r\n"), {}, "down"),
        ("tcp-echo", TCP, echo, {}, "up"),
        ("tcp-echo", TCP, greets(b"hello\r\n"), {}, "down"),
        ("sip", UDP, sip, {}, "up"),
        ("sip", UDP, greets(b"SIP/2.0 503 No\r\n"), {}, "down"),
        ("dns", UDP, dns, NAME, "up"),
        ("dns", UDP, dns, {**NAME, "recv": "10.9.8.7"}, "up"),
        ("dns", UDP, dns, {**NAME, "recv": "10.9.8.6"}, "down"),
        ("dns", UDP, dns, {"qname": "other.example.com"}, "down"),
        ("mysql", TCP, greets(b"\n8.0\0"), {}, "up"),
    ],
)
def test_a_server_is_up_if_it_speaks_the_protocol(device, leaf, how, says, more, state):
    with speaking(how, says) as port:
        about = {"interval": 1, "timeout": 2, **more}
        device.post(f"ltm/monitor/{leaf}", name="m", partition="T1", **about)
        name = f"127.0.0.1:{port}"
        device.post("ltm/pool", name="p", partition="T1", members=[name], monitor="/T1/m")
        path = f"ltm/pool/~T1~p/members/~T1~{name}"
        try:
            wait_until(lambda: device.get(path)["state"] != "checking", "there is a result")
            assert device.get(path)["state"] == state
        finally:
            device.rest.delete("ltm/pool/~T1~p")
            device.rest.delete("ltm/node/~T1~127.0.0.1")
            device.rest.delete(f"ltm/monitor/{leaf}/~T1~m")


def test_a_database_that_is_gone_is_down_and_that_no_login_is_tried_is_said(device):
    port = free_port()
    device.post("ltm/monitor/postgresql", name="m", partition="T1", interval=1, timeout=1)
    name = f"127.0.0.1:{port}"
    device.post("ltm/pool", name="p", partition="T1", members=[name], monitor="/T1/m")
    path = f"ltm/pool/~T1~p/members/~T1~{name}"
    wait_until(lambda: device.get(path)["state"] == "down", "nobody listens")
    assert any("as a connection" in p for p in device.health()["data_plane"]["problems"])
    device.rest.delete("ltm/pool/~T1~p")


@pytest.mark.parametrize(("mask", "kept"), [("255.255.255.0", True), ("255.255.255.255", False)])
def test_clients_of_one_network_keep_one_member_for_datagrams(device, mask, kept):
    tags = [b"A", b"B"]
    with speaking(UDP, lambda _: tags[0]) as a, speaking(UDP, lambda _: tags[1]) as b:
        members = [f"127.0.0.1:{a}", f"127.0.0.1:{b}"]
        device.post("ltm/pool", name="u", partition="T1", members=members)
        more = {"mask": mask, "timeout": "60"}
        device.post("ltm/persistence/source-addr", name="s", partition="T1", **more)
        port = free_port()
        device.post(
            "ltm/virtual", name="u", partition="T1", destination=f"/T1/127.3.5.1:{port}",
            ipProtocol="udp", pool="/T1/u", profiles=["/Common/udp"], persist="/T1/s",
        )  # fmt: skip
        wait_until(lambda: said("127.9.0.1", port), "datagrams are answered")
        served = {said(f"127.8.7.{host}", port) for host in range(1, 7)}
        assert (len(served) == 1) is kept
        device.rest.delete("ltm/virtual/~T1~u")
        device.rest.delete("ltm/pool/~T1~u")
        device.rest.delete("ltm/persistence/source-addr/~T1~s")
        device.settled()


def said(client: str, port: int) -> bytes:
    with socket.socket(socket.AF_INET, UDP) as asking:
        asking.bind((client, 0))
        asking.settimeout(0.5)
        try:
            asking.connect(("127.3.5.1", port))
            asking.send(b"x")
            return asking.recv(99)
        except OSError:
            return b""


def test_a_mask_of_source_address_persistence_holds_for_ipv6(device):
    port = free_port()
    with member("A") as number:
        device.post("ltm/pool", name="six", partition="T1", members=[f"127.0.0.1:{number}"])
        mask = "ffff:ffff:ffff:ffff::"
        device.post("ltm/persistence/source-addr", name="six", partition="T1", mask=mask)
        device.post(
            "ltm/virtual", name="six", partition="T1", destination=f"/T1/::1.{port}",
            ipProtocol="tcp", pool="/T1/six", profiles=["/Common/tcp"], persist="/T1/six",
        )  # fmt: skip
        wait_until(lambda: ask("::1", port) == "A", "it is carried")
        assert not [p for p in device.health()["data_plane"]["problems"] if "six" in p]
        device.rest.delete("ltm/virtual/~T1~six")
        device.rest.delete("ltm/pool/~T1~six")
