"""Clients of the API: create, change and delete load balancers, whatever happens to the service."""

import itertools
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

CLIENTS = 6
PATIENCE_S = 300.0
PAUSE_S = 0.3
LATER = frozenset({409, 500, 502, 503, 504})  # answers after which a client asks again
SUBNET = "5f0ec4ff-0000-4000-8000-000000000001"

_numbers = itertools.count(1)  # of load balancers of this process; each has an address of its own


def projects(count: int) -> tuple[str, ...]:
    """Return ids of projects, other ones each time."""
    return tuple(uuid.uuid4().hex for _ in range(count))


def whole_tree(name: str, project: str, number: int) -> dict[str, Any]:
    """Return a load balancer with a listener, a pool and two members."""
    high, low = divmod(number, 250)
    members = [
        {"address": f"10.{high}.{low}.{last}", "protocol_port": 8080, "weight": 2}
        for last in (1, 2)
    ]
    pool = {"name": name, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "members": members}
    listener = {"name": name, "protocol": "HTTP", "protocol_port": 80, "default_pool": pool}
    return {
        "name": name,
        "project_id": project,
        "vip_subnet_id": SUBNET,
        "vip_address": f"127.90.{high}.{low + 1}",
        "listeners": [listener],
    }


@dataclass
class Workload:
    """Some load balancers of some projects; every third is changed, every third is deleted."""

    endpoint: str
    names: list[str] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=f"{self.endpoint}/v2/lbaas", timeout=60)
        self._pool = ThreadPoolExecutor(CLIENTS, "client")
        self._closing = threading.Event()

    def begin(self, count: int, of_projects: tuple[str, ...]) -> list["Future[None]"]:
        """Begin with so many; return what can be waited for."""
        stories = [self._story(next(_numbers), of_projects[n % len(of_projects)], n % 3)
                   for n in range(count)]  # fmt: skip
        return [self._pool.submit(self._run, story) for story in stories]

    def delete_all(self) -> list["Future[None]"]:
        """Begin to delete what is left."""
        left = [name for name in self.names if name not in self.deleted]
        return [self._pool.submit(self._run, self._delete(name)) for name in left]

    def delete_some(self, count: int) -> list["Future[None]"]:
        """Begin to delete so many of the latest that are left."""
        left = [name for name in self.names if name not in self.deleted]
        return [self._pool.submit(self._run, self._delete(name)) for name in left[-count:]]

    def close(self) -> None:
        """End, also clients that still wait for what may never come."""
        self._closing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    def _run(self, story: Iterator[None]) -> None:
        for _step in story:
            pass

    def _story(self, number: int, project: str, kind: int) -> Iterator[None]:
        name = f"lb-{number}"
        self.names.append(name)
        yield from self._create(name, project, number)
        if kind == 1:
            yield from self._change(name)
        if kind == 2:
            yield from self._delete(name)

    def _create(self, name: str, project: str, number: int) -> Iterator[None]:
        body = {"loadbalancer": whole_tree(name, project, number)}
        for _try in self._tries(f"create {name}"):
            if self._find(name) or self._asked("POST", "loadbalancers", body) in (200, 201):
                return
            yield

    def _change(self, name: str) -> Iterator[None]:
        for _try in self._tries(f"change {name}"):
            found = self._find(name)
            if found and found["provisioning_status"] == "ERROR":
                return  # whether it may be, the judge says
            if found and found["listeners"]:
                path = f"listeners/{found['listeners'][0]['id']}"
                if self._asked("PUT", path, {"listener": {"connection_limit": 77}}) == 200:
                    return
            yield

    def _delete(self, name: str) -> Iterator[None]:
        self.deleted.add(name)
        for _try in self._tries(f"delete {name}"):
            found = self._find(name)
            if found is None:  # the API has answered that there is none
                return
            if found:
                self._asked("DELETE", f"loadbalancers/{found['id']}?cascade=true")
            yield

    def _tries(self, what: str) -> Iterator[int]:
        until_s = time.monotonic() + PATIENCE_S
        for number in itertools.count():
            if time.monotonic() > until_s:
                self.complaints.append(f"gave up: {what}")
                return
            if number and self._closing.wait(PAUSE_S):  # a client's own pace
                return
            yield number

    def _find(self, name: str) -> dict[str, Any] | None:
        """Return the load balancer of that name, None when there is none, {} when unknown."""
        try:
            answer = self._client.get("/loadbalancers", params={"name": name})
        except httpx.HTTPError:
            return {}
        if answer.status_code != 200:
            return {}
        found: list[dict[str, Any]] = answer.json()["loadbalancers"]
        return found[0] if found else None

    def _asked(self, method: str, path: str, body: Any = None) -> int:
        """Return the answer's status, 0 when there was none."""
        try:
            answer = self._client.request(method, f"/{path}", json=body)
        except httpx.HTTPError:
            return 0
        if answer.status_code >= 400 and answer.status_code not in LATER | {404}:
            self.complaints.append(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.status_code
