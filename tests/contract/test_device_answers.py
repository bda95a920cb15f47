"""What an answer that nobody expects leads to: an error that names the device, never a surprise."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bigip_lbaas.domain.errors import DeviceBusy, DeviceUnreachable, LeaseExpired, OutcomeUnknown
from bigip_lbaas.icontrol.metrics import ESTABLISHED
from bigip_lbaas.icontrol.rest import RestDevice
from bigip_lbaas.icontrol.session import LOGIN_PATH, Endpoint, Request, Session
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.state import Action, ObjectPath, Step

TOKEN = {"token": {"token": "secret-token", "expirationMicros": 9e12, "lastUpdateMicros": 0}}
PAGE = b"<html><h1>Captive portal</h1></html>"
Answer = Callable[[str, str], tuple[int, bytes, str]]  # method, path -> status, body, encoding


def ok(body: object) -> tuple[int, bytes, str]:
    return 200, body if isinstance(body, bytes) else json.dumps(body).encode(), "identity"


def logged_in(then: object) -> Answer:
    return lambda _method, path: ok(TOKEN) if path == LOGIN_PATH else ok(then)


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    class Odd(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body, encoding = answer(self.command, self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Encoding", encoding)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer

        def log_message(self, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def device(answer: Answer) -> Iterator[RestDevice]:
    with answering(answer) as url:
        rest = RestDevice(Endpoint("bigip-1", url, "admin", "pw"))
        try:
            yield rest
        finally:
            rest.close()


@pytest.mark.parametrize(
    "body", [PAGE, {}, {"token": "x"}, {"token": {}}, [], {"token": {"token": "secret-token"}}]
)
def test_a_login_that_gives_no_token_is_said_and_repeats_nothing_secret(body: object) -> None:
    with device(lambda _method, _path: ok(body)) as rest, pytest.raises(DeviceBusy) as caught:
        rest.partitions()
    assert str(caught.value).startswith("bigip-1: answers the login with no token")
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize("body", [PAGE, [], b'{"items": [', {"items": [{}]}, {"items": 7}])
@pytest.mark.parametrize(
    "ask",
    [
        lambda rest: rest.partitions(),
        lambda rest: rest.stamps("dev_p1"),
        lambda rest: rest.all_stamps(),
        lambda rest: rest.read("dev_p1"),
        lambda rest: rest.identity(),
    ],
)
def test_what_cannot_be_read_is_asked_for_again_later(
    body: object, ask: Callable[[RestDevice], object]
) -> None:
    with device(logged_in(body)) as rest, pytest.raises(DeviceBusy, match=r"^bigip-1: "):
        ask(rest)


def test_the_sentence_repeats_what_was_answered_but_not_all_of_it() -> None:
    with device(logged_in(PAGE * 50)) as rest, pytest.raises(DeviceBusy) as caught:
        rest.partitions()
    assert "Captive portal" in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_metric_whose_answer_is_odd_is_unreadable_and_says_so() -> None:
    odd = {"entries": {"clientSideTraffic.curConns": {"value": "many"}}}
    with device(logged_in(odd)) as rest:
        found = rest.sample({"active_connections": ESTABLISHED["active_connections"]})
    assert "bigip-1: gives an unexpected answer" in found.unreadable["active_connections"]


@pytest.mark.parametrize("shows_nothing", [True, False])
def test_a_partition_that_is_missing_has_no_stamp_however_a_release_says_it(
    shows_nothing: bool,
) -> None:
    refusal = {"code": 400, "message": "The requested folder (/dev_p1) was not found."}
    missing = {
        "code": 404,
        "message": "01020036:3: The requested Partition (dev_p1) was not found.",
    }

    def answer(_method: str, path: str) -> tuple[int, bytes, str]:
        if path == LOGIN_PATH:
            return ok(TOKEN)
        if "data-group" in path:
            return ok({}) if shows_nothing else (400, json.dumps(refusal).encode(), "identity")
        return 404, json.dumps(missing).encode(), "identity"

    with device(answer) as rest:
        assert rest.stamps("dev_p1") is None


def test_a_device_that_names_no_serial_number_is_not_identified() -> None:
    entry = {"items": [{"selfDevice": "true", "chassisId": ""}]}
    with device(logged_in(entry)) as rest, pytest.raises(DeviceBusy, match="serial number"):
        rest.identity()


def test_a_transaction_without_a_number_is_not_begun() -> None:
    with device(logged_in({})) as rest, pytest.raises(DeviceBusy, match="transaction"):
        rest.commit([Step(Action.CREATE, ObjectPath(kinds.POOL, "dev_p1", "dev_1"))])


@pytest.mark.parametrize("is_commit", [False, True])
def test_an_answer_that_cannot_be_decoded_leaves_only_a_commit_in_doubt(is_commit: bool) -> None:
    def answer(_method: str, path: str) -> tuple[int, bytes, str]:
        return ok(TOKEN) if path == LOGIN_PATH else (200, b"not zipped", "gzip")

    def commit_or_read(rest: Session) -> None:
        method = "PATCH" if is_commit else "GET"
        rest.send(Request(method, "/x", is_commit=is_commit))

    with answering(answer) as url:
        session = Session(Endpoint("bigip-1", url, "admin", "pw"))
        with pytest.raises(DeviceUnreachable) as caught:
            commit_or_read(session)
        session._client.close()
    assert isinstance(caught.value, OutcomeUnknown) is is_commit


def test_an_address_that_is_none_is_a_device_that_cannot_be_reached() -> None:
    session = Session(Endpoint("bigip-1", "http://127.0.0.1:1", "admin", "pw"))
    with pytest.raises(DeviceUnreachable, match="bigip-1"):
        session.send(Request("GET", "http://[broken"))
    session.close()


def test_a_lease_that_ends_while_others_have_the_room_lets_nothing_out() -> None:
    has_lease = True
    waiting, go_on = threading.Event(), threading.Event()
    sent: list[str] = []

    def may_write() -> None:
        if not has_lease:
            raise LeaseExpired("it has ended")

    def answer(method: str, path: str) -> tuple[int, bytes, str]:
        if path == "/slow":
            waiting.set()
            go_on.wait(10)
        sent.append(f"{method} {path}")
        return ok(TOKEN if path == LOGIN_PATH else {})

    caught: list[BaseException] = []

    def write() -> None:
        try:
            session.send(Request("POST", "/write"))
        except LeaseExpired as error:
            caught.append(error)

    with answering(answer) as url:
        endpoint = Endpoint("bigip-1", url, "admin", "pw", requests_at_once=1)
        session = Session(endpoint, may_write)
        slow = threading.Thread(target=session.send, args=(Request("GET", "/slow"),))
        slow.start()
        assert waiting.wait(10)
        writer = threading.Thread(target=write)
        writer.start()
        while not session.room._changed._waiters:  # type: ignore[attr-defined]
            pass  # until the writer stands before the room
        has_lease = False
        go_on.set()
        slow.join()
        writer.join()
        session.close()
    assert len(caught) == 1
    assert "POST /write" not in sent


def test_a_login_needs_no_lease() -> None:
    def never() -> None:
        raise LeaseExpired("none yet")

    with answering(logged_in({})) as url:
        session = Session(Endpoint("bigip-1", url, "admin", "pw"), never)
        assert session.send(Request("GET", "/x")).is_success
        session.close()
