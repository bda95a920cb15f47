"""Members that answer, and requests that ask through a VIP who answered."""

import http.client
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER_WITHIN_S = 2.0
UP_WITHIN_S = 15.0
PAUSE_S = 0.1


class Members:
    """Small web servers, each on a loopback address of its own, that say their own address."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        """Bind all of them to one free port."""
        first = _Server((addresses[0], 0), _Answer)
        self.port = int(first.server_address[1])
        others = (_Server((address, self.port), _Answer) for address in addresses[1:])
        self._servers = (first, *others)

    def start(self) -> None:
        """Begin to answer."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()

    def stop(self) -> None:
        """Stop answering and let the ports go."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: probes hang up as soon as they have seen the status line."""


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = str(self.connection.getsockname()[0]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def ask(address: str, port: int) -> str:
    """Return which member answered one request; empty when none did."""
    connection = http.client.HTTPConnection(address, port, timeout=ANSWER_WITHIN_S)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        text = response.read().decode()
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
    return text if response.status == http.client.OK else ""


def ask_often(address: str, port: int, times: int) -> Counter[str]:
    """Return member -> how many requests it answered; "" counts those without an answer."""
    return Counter(ask(address, port) for _ in range(times))


def wait_for(address: str, port: int, members: int) -> None:
    """Wait until that many members have answered, or the time is over: the caller then sees."""
    seen: set[str] = set()
    until_s = time.monotonic() + UP_WITHIN_S
    while len(seen) < members and time.monotonic() < until_s:
        answer = ask(address, port)
        if answer:
            seen.add(answer)
        else:
            time.sleep(PAUSE_S)


class Stream:
    """Requests through one VIP without a pause, until it is stopped."""

    def __init__(self, address: str, port: int) -> None:
        """Choose the VIP."""
        self.answers: Counter[str] = Counter()
        self._where = address, port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def members(self) -> set[str]:
        """Return which members have answered so far."""
        return set(dict(self.answers)) - {""}

    def stop(self) -> Counter[str]:
        """Stop; return member -> answers, "" counting what was lost."""
        self._stop.set()
        self._thread.join()
        return self.answers

    def _ask(self) -> None:
        while not self._stop.wait(0.02):
            self.answers[ask(*self._where)] += 1
