"""How many requests a second a simulated device answers, and how soon its traffic follows.

One device in a process of its own, with 1,000 virtual servers, each with a pool of two members.
Beside it, in the same run: the same server answering a path with nothing behind it, and a bare
HTTPS server that answers a constant. Then the same configuration with HAProxy: how long until a
change is in the traffic, and what statistics of everything cost.
"""

import argparse
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, percentile, publish

VIRTUALS = 1000
TREES_PER_LOADING = 50  # trees per transaction while the device is filled
SECONDS, QUICK_SECONDS = 8.0, 2.0  # each rate is measured so long
CHANGES, QUICK_CHANGES = 20, 5  # changes whose way into the traffic is timed
CLIENTS = 8
PATIENCE_S = 30.0
COORDINATION = "X-F5-REST-Coordination-Id"
Json = dict[str, Any]


@dataclass(frozen=True)
class Server:
    """Where an HTTPS server answers, and whom to trust."""

    host: str
    port: int
    ca_file: str

    def client(self) -> "Client":
        return Client(self)


class Client:
    """One connection that is kept."""

    def __init__(self, server: Server) -> None:
        trust = ssl.create_default_context(cafile=server.ca_file)
        self._connection = http.client.HTTPSConnection(
            server.host, server.port, timeout=PATIENCE_S, context=trust
        )
        account = b64encode(b"admin:secret").decode()
        self._headers = {"Authorization": f"Basic {account}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None, transaction: object = None) -> bytes:
        """Return the answer's body; anything but 200 ends the benchmark."""
        headers = self._headers
        if transaction is not None:
            headers = {**headers, COORDINATION: str(transaction)}
        payload = None if body is None else json.dumps(body)
        self._connection.request(method, f"/mgmt/{path}", payload, headers)
        answer = self._connection.getresponse()
        found = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{method} {path}: {answer.status} {found[:200]!r}")
        return found

    def commit(self, commands: list[tuple[str, str, object]]) -> None:
        """Carry commands out in one transaction."""
        begun = json.loads(self.ask("POST", "tm/transaction", {}))["transId"]
        for method, path, body in commands:
            self.ask(method, path, body, begun)
        self.ask("PATCH", f"tm/transaction/{begun}", {"state": "VALIDATING"})

    def close(self) -> None:
        self._connection.close()


@contextmanager
def device(directory: Path, *options: str) -> Iterator[Server]:
    """Run a simulated device in a process of its own."""
    password = directory / "password"
    password.write_text("secret\n", encoding="utf-8")
    arguments = [sys.executable, "-m", "bigip_sim", "run", "--exit-with-parent", str(os.getpid())]
    arguments += ["--password-file", str(password), "--tls-dir", str(directory / "tls")]
    arguments += options
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        host, _, port = str(told["url"]).removeprefix("https://").rpartition(":")
        try:
            yield Server(host, int(port), str(told["ca_file"]))
        finally:
            process.terminate()


@contextmanager
def bare_server(directory: Path) -> Iterator[Server]:
    """Run the least HTTPS server there is, with the same certificate, in a process of its own."""
    arguments = [sys.executable, "-m", "benchmarks.bare_https", str(directory / "tls")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield Server("127.0.0.1", port, str(directory / "tls" / "ca.pem"))
        finally:
            process.terminate()


def address(number: int) -> str:
    return f"127.{70 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"


def tree(name: str, number: int, port: int = 8080) -> list[tuple[str, str, object]]:
    """Return the commands that make one virtual server with its pool, members and monitor."""
    where = {"name": name, "partition": "Common"}
    members = [{"name": f"127.61.0.{n}:{9000 + number % 1000}"} for n in (1, 2)]
    return [
        ("POST", "tm/ltm/pool", {**where, "members": members}),
        (
            "POST",
            "tm/ltm/virtual",
            {
                **where,
                "destination": f"{address(number)}:{port}",
                "ipProtocol": "tcp",
                "pool": f"/Common/{name}",
                "profiles": ["/Common/tcp", "/Common/http"],
            },
        ),
    ]


def fill(server: Server) -> float:
    """Make the virtual servers; returns how many trees a second."""
    client = server.client()
    begun = time.perf_counter()
    for first in range(0, VIRTUALS, TREES_PER_LOADING):
        trees = (tree(f"v{n}", n) for n in range(first, min(first + TREES_PER_LOADING, VIRTUALS)))
        client.commit([command for one in trees for command in one])
    took_s = time.perf_counter() - begun
    client.close()
    return VIRTUALS / took_s


Work = Callable[[Client, int], object]


def rate(server: Server, work: Work, clients: int, seconds: float) -> float:
    """Return how often a second the work is done by so many clients at once."""
    counts = [0] * clients
    until = time.perf_counter() + seconds

    def go(number: int) -> None:
        client = server.client()
        while time.perf_counter() < until:
            work(client, number + clients * counts[number])
            counts[number] += 1
        client.close()

    threads = [threading.Thread(target=go, args=(number,)) for number in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - begun)


def one_tree(client: Client, number: int) -> None:
    """Make one more tree in a transaction, and take it away in another, as clients do."""
    name = f"more{number}"
    client.commit(tree(name, VIRTUALS + number))
    gone = [f"tm/ltm/{kind}/~Common~{name}" for kind in ("virtual", "pool")]
    client.commit([("DELETE", path, None) for path in gone])


def one_virtual(number: int) -> str:
    return f"tm/ltm/virtual/~Common~v{number * 7 % VIRTUALS}"


WORKS: dict[str, Work] = {
    "bound: same server, nothing behind the path": lambda c, _: c.ask("GET", "tm/sys/ready"),
    "GET of one virtual server": lambda c, n: c.ask("GET", one_virtual(n)),
    "GET of 1,000 virtual servers, names only": (
        lambda c, _: c.ask("GET", "tm/ltm/virtual?$select=name")
    ),
    "GET of 1,000 virtual servers, whole": lambda c, _: c.ask("GET", "tm/ltm/virtual"),
    "PATCH of one virtual server": (
        lambda c, n: c.ask("PATCH", one_virtual(n), {"description": f"change {n}"})
    ),
}


def requests(directory: Path, seconds: float) -> list[Figure]:
    """Measure the REST interface, without HAProxy."""
    found: list[Figure] = []
    with device(directory, "--no-data-plane") as server:
        found.append(Figure("filling: trees a second, 50 in a transaction", fill(server), "1/s"))
        with bare_server(directory) as bare:
            for clients in (1, CLIENTS):
                name = f"bound: bare HTTPS server, {_clients(clients)}"
                bare_rate = rate(bare, lambda c, _: c.ask("GET", "tm/sys/ready"), clients, seconds)
                found.append(Figure(name, bare_rate, "1/s"))
        for name, work in WORKS.items():
            for clients in (1, CLIENTS):
                per_second = rate(server, work, clients, seconds)
                found.append(Figure(f"{name}, {_clients(clients)}", per_second, "1/s"))
        # Commits that overlap fail as a device's do, so there is one client only.
        trees = rate(server, one_tree, 1, seconds) * 2
        found.append(Figure("transaction of one tree (4 to 5 requests), 1 client", trees, "1/s"))
    return found


def _clients(count: int) -> str:
    return "1 client" if count == 1 else f"{count} clients"


def answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def until(holds: Callable[[], bool]) -> float:
    """Return how many seconds it took until a condition held."""
    begun = time.perf_counter()
    while not holds():
        if time.perf_counter() - begun > PATIENCE_S:
            raise TimeoutError("HAProxy did not follow the configuration")
        time.sleep(0.005)
    return time.perf_counter() - begun


def traffic(directory: Path, changes: int) -> list[Figure]:
    """Measure how HAProxy follows, and what its statistics cost."""
    with device(directory) as server:
        fill(server)
        client = server.client()
        first = until(lambda: answers(address(VIRTUALS - 1), 8080))
        followed, stats, totals = [], [], []
        for number in range(changes):
            port = 8100 + number
            change = {"destination": f"/Common/{address(number)}:{port}"}
            client.ask("PATCH", f"tm/ltm/virtual/~Common~v{number}", change)
            followed.append(until(partial(answers, address(number), port)))
            stats.append(_timed(lambda: client.ask("GET", "tm/ltm/virtual/stats")))
            totals.append(_timed(lambda: client.ask("GET", "tm/sys/traffic/stats")))
        client.close()
    return [
        Figure("HAProxy carries the last of 1,000 after the last answer", first * 1000, "ms"),
        Figure("a changed port answers, p50", percentile(followed, 0.5) * 1000, "ms"),
        Figure("a changed port answers, p99", percentile(followed, 0.99) * 1000, "ms"),
        Figure("statistics of 1,000 virtual servers, p50", percentile(stats, 0.5) * 1000, "ms"),
        Figure("statistics of the whole device, p50", percentile(totals, 0.5) * 1000, "ms"),
    ]


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> int:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter, so less exact")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="bigip-sim-bench-") as name:
        directory = Path(name)
        found = requests(directory, QUICK_SECONDS if quick else SECONDS)
        found += traffic(directory, QUICK_CHANGES if quick else CHANGES)
    return publish("simulator", found)


if __name__ == "__main__":
    sys.exit(main())
