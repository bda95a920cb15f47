"""What a virtual server does to connections and requests on their way: who may, whence, to whom."""

import http.client
import http.server
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from programs import Running, ask, free_port, running, wait_until

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy"),
]
VIP = "127.3.8.1"
HTTP = ["/Common/tcp", "/Common/http"]


class _Telling(http.server.BaseHTTPRequestHandler):
    """Tells who it is, and what was said of the client; sets a cookie of its own."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        said = (self.headers.get(name) for name in ("X-Forwarded-For", "X-Client", "X-Gone"))
        told = " ".join([str(self.server.server_address[0]), *map(str, said)]).encode()
        self.send_response(200)
        self.send_header("Set-Cookie", "own=1")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def telling(host: str) -> Iterator[int]:
    with http.server.ThreadingHTTPServer((host, 0), _Telling) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    with (
        telling("127.0.0.1") as a,
        telling("127.0.0.2") as b,
        running(tmp_path_factory.mktemp("device")) as device,
    ):
        device.post("auth/partition", name="T1")
        members = [f"127.0.0.1:{a}", f"127.0.0.2:{b}"]
        device.post("ltm/pool", name="p", partition="T1", members=members)
        port = free_port()
        device.post(
            "ltm/virtual", name="v", partition="T1", destination=f"/T1/{VIP}:{port}",
            ipProtocol="tcp", pool="/T1/p", profiles=HTTP,
        )  # fmt: skip
        wait_until(lambda: ask(VIP, port) != "", "the virtual server answers")
        yield SimpleNamespace(device=device, port=port)


@contextmanager
def changed(device: Running, back: dict[str, object], **change: object) -> Iterator[None]:
    device.patch("ltm/virtual/~T1~v", **change)
    device.settled()
    yield
    device.patch("ltm/virtual/~T1~v", **back)
    device.settled()


def over_one_connection(port: int, times: int, client: str = "127.0.0.1") -> list[str]:
    """Ask several times over one connection; return who answered, and what else it told."""
    connection = http.client.HTTPConnection(VIP, port, timeout=5, source_address=(client, 0))
    answers = []
    try:
        for _ in range(times):
            connection.request("GET", "/")
            answers.append(connection.getresponse().read().decode())
    except (OSError, http.client.HTTPException):
        return answers
    finally:
        connection.close()
    return answers


def test_without_oneconnect_a_connection_keeps_its_member_with_it_each_request_is_balanced(service):
    alone = over_one_connection(service.port, 6)
    assert len(set(alone)) == 1
    with changed(service.device, {"profiles": HTTP}, profiles=[*HTTP, "/Common/oneconnect"]):
        assert len(set(over_one_connection(service.port, 6))) == 2


def test_members_are_told_the_clients_address_where_the_profile_says_so(service):
    device = service.device
    device.post("ltm/profile/http", name="x", partition="T1", insertXforwardedFor="enabled")
    with changed(device, {"profiles": HTTP}, profiles=["/Common/tcp", "/T1/x"]):
        (told,) = over_one_connection(service.port, 1, "127.0.0.77")
        assert told.split()[1] == "127.0.0.77"
    assert over_one_connection(service.port, 1, "127.0.0.77")[0].split()[1] == "None"


def test_a_profile_erases_one_header_and_inserts_another(service):
    device = service.device
    more = {"headerErase": "X-Gone", "headerInsert": "X-Client: [IP::client_addr]"}
    device.post("ltm/profile/http", name="y", partition="T1", **more)
    sent = {"X-Gone": "here", "X-Client": "client"}
    assert ask(VIP, service.port, sent).split()[2:] == ["client", "here"]
    with changed(device, {"profiles": HTTP}, profiles=["/Common/tcp", "/T1/y"]):
        assert ask(VIP, service.port, {"X-Gone": "here"}).split()[2:] == ["127.0.0.1", "None"]
        assert device.health()["data_plane"]["problems"] == []
        device.patch("ltm/profile/http/~T1~y", headerInsert="X-Client: [HTTP::nothing]")
        device.settled()
        (problem,) = device.health()["data_plane"]["problems"]
        assert "HTTP::nothing" in problem


def test_only_clients_of_the_source_are_let_in(service):
    with changed(service.device, {"source": "0.0.0.0/0"}, source="127.0.0.64/26"):
        assert over_one_connection(service.port, 1, "127.0.0.77")
        assert over_one_connection(service.port, 1, "127.0.0.7") == []


def test_no_more_connections_a_second_than_the_limit_says(service):
    with changed(service.device, {"rateLimit": "disabled"}, rateLimit="3"):
        served = [bool(over_one_connection(service.port, 1)) for _ in range(12)]
        assert 1 <= served.count(True) <= 6
    assert all(over_one_connection(service.port, 1) for _ in range(12))


def test_a_destination_address_keeps_its_member(service):
    with changed(service.device, {"persist": ""}, persist="/Common/dest_addr"):
        found = {over_one_connection(service.port, 1, f"127.0.0.{n}")[0] for n in range(30, 36)}
        assert len(found) == 1


def test_who_lost_its_cookie_is_kept_by_the_fallback(service):
    back = {"persist": "", "fallbackPersistence": ""}
    more = {"persist": "/Common/cookie", "fallbackPersistence": "/Common/source_addr"}
    with changed(service.device, back, **more):
        assert len({over_one_connection(service.port, 1)[0] for _ in range(6)}) == 1


def test_a_cookie_that_is_hashed_keeps_its_member(service):
    device = service.device
    device.post("ltm/persistence/cookie", name="h", partition="T1", method="hash", cookieName="own")
    with changed(device, {"persist": ""}, persist="/T1/h"):

        def who(cookie: str) -> str:
            return ask(VIP, service.port, {"Cookie": f"own={cookie}"}).split()[0]

        for name in ("one", "two", "three", "four"):
            assert len({who(name) for _ in range(4)}) == 1
        assert len({who(f"n{number}") for number in range(12)}) == 2


def test_a_passive_cookie_is_the_members_to_set(service):
    device = service.device
    more = {"method": "passive", "cookieName": "mine"}
    device.post("ltm/persistence/cookie", name="q", partition="T1", **more)
    with changed(device, {"persist": ""}, persist="/T1/q"):
        name = next(
            m["name"] for m in device.get("ltm/pool/~T1~p/members")["items"]
            if m["address"] == "127.0.0.2"
        )  # fmt: skip
        port = int(name.partition(":")[2])
        value = f"{0x0200007F}.{int.from_bytes(port.to_bytes(2, 'big'), 'little')}.0000"
        served = {ask(VIP, service.port, {"Cookie": f"mine={value}"}) for _ in range(4)}
        assert {answer.split()[0] for answer in served} == {"127.0.0.2"}
