"""What the tests of the real API talk to: a client, the store, and a played controller."""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx

from bigip_lbaas.bus.memory import MemoryBus
from bigip_lbaas.bus.topics import global_queue
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.domain.status import (
    ObjectStatus,
    statuses_when_applied,
    statuses_when_deleted,
    statuses_when_failed,
)
from bigip_lbaas.store.memory import MemoryStore
from bigip_lbaas.store.records import LoadBalancer, Phase, StatusMessage, Vip

ENVIRONMENT = EnvironmentName("Project")
DEADLINE_S = 20.0


class PlayedController:
    """Plays the controllers' part: each accepted revision ends at once, as `ending` says."""

    def __init__(self, store: MemoryStore, bus: MemoryBus, wake: threading.Event) -> None:
        self.store = store
        self.ending = "applied"
        self.nudges: list[dict[str, Any]] = []
        self._wake = wake
        self.full_because = ""  # what it answers to who asks for room
        endpoints = {"nudge": self.end, "admit": self.admit}
        self._server = bus.serve(global_queue(ENVIRONMENT), "played", endpoints, 1)

    def admit(self, _payload: dict[str, Any]) -> dict[str, Any]:
        return {"admitted": not self.full_because, "because": self.full_because}

    def end(self, payload: dict[str, Any]) -> None:
        self.nudges.append(payload)
        if self.ending != "never":
            self.store.write(lambda tx: self._end(tx, payload["load_balancer_id"]))
            self._wake.set()

    def stop(self) -> None:
        self._server.stop()

    def _end(self, tx: Any, load_balancer_id: str) -> None:
        record = tx.get(LoadBalancer, load_balancer_id, lock=True)
        graph, leaving = record.graph, record.leaving
        statuses: tuple[ObjectStatus, ...]
        if not record.wanted:
            statuses, phase = statuses_when_deleted(graph, leaving), Phase.GONE
            tx.delete(Vip, ENVIRONMENT, graph.vip_address)
        elif self.ending == "failed":
            statuses, phase = statuses_when_failed(graph, leaving), Phase.FAILED
        else:
            statuses, phase = statuses_when_applied(graph, leaving), Phase.APPLIED
        tx.put(replace(record, phase=phase, applied_revision=record.revision))
        now = tx.now()
        tx.put(
            StatusMessage(
                load_balancer_id=record.id,
                environment=ENVIRONMENT,
                revision=record.revision,
                statuses=statuses,
                request_id=record.request_id,
                created_at=now,
                next_at=now,
            )
        )


@dataclass
class Stack:
    """What a test talks to and looks into."""

    client: httpx.Client
    store: MemoryStore
    controller: PlayedController
    library: Any
    endpoint: str

    def request(self, method: str, path: str, body: Any = None, expect: int = 0) -> Any:
        answer = self.client.request(method, f"/v2/lbaas/{path}", json=body)
        if expect:
            assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else {}

    def settled(self, load_balancer_id: str, wanted: str = "ACTIVE") -> dict[str, Any]:
        """Wait until the API has been told, and return the load balancer as it shows it."""

        def look() -> dict[str, Any] | None:
            answer = self.request("GET", f"loadbalancers/{load_balancer_id}")
            shown: dict[str, Any] = answer.get("loadbalancer", {})
            return shown if shown.get("provisioning_status") == wanted else None

        return until(look)  # type: ignore[no-any-return]

    def gone(self, load_balancer_id: str) -> bool:
        """Wait until the API shows it no more."""
        path = f"/v2/lbaas/loadbalancers/{load_balancer_id}"
        return bool(until(lambda: self.client.get(path).status_code == 404))

    def create(self, **fields: Any) -> dict[str, Any]:
        """Create a load balancer and wait until it is ACTIVE."""
        body = {"vip_subnet_id": str(uuid.uuid4()), **fields}
        created = self.request("POST", "loadbalancers", {"loadbalancer": body}, expect=201)
        return self.settled(created["loadbalancer"]["id"])

    def add(self, path: str, kind: str, load_balancer_id: str, **fields: Any) -> dict[str, Any]:
        """Create something under a load balancer and wait until it is ACTIVE."""
        created: dict[str, Any] = self.request("POST", path, {kind: fields}, expect=201)[kind]
        self.settled(load_balancer_id)
        return created

    def record(self, load_balancer_id: str) -> LoadBalancer:
        found = self.store.read(lambda tx: tx.get(LoadBalancer, load_balancer_id))
        assert found is not None
        return found

    def outbox(self) -> tuple[StatusMessage, ...]:
        return self.store.read(lambda tx: tx.select(StatusMessage))


def until(look: Callable[[], Any]) -> Any:
    """Return what `look` finds, once it finds something."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("nothing found in time")
