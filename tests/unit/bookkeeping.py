"""A store with an environment in it, for tests of what controllers write down."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bigip_lbaas.controller import beating, registry
from bigip_lbaas.controller.ledger import Ledger
from bigip_lbaas.controller.placing import Attended, Desk, attend_all
from bigip_lbaas.controller.recording import Recorded, record_outcome
from bigip_lbaas.controller.reporting import record_report
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.capacity import CapacityReport, Reading
from bigip_lbaas.domain.graph import ObjectRef
from bigip_lbaas.domain.home import Home
from bigip_lbaas.store import records
from bigip_lbaas.store.children import children_of
from bigip_lbaas.store.decisions import Decision, decisions
from bigip_lbaas.store.memory import MemoryStore
from bigip_lbaas.store.port import Transaction
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.messages import (
    Assignment,
    Heartbeat,
    HeartbeatAnswer,
    Outcome,
    Registered,
    Registration,
)
from tests.integration.graphs import graph

R = TypeVar("R")
ENVIRONMENT: Any = "dev"


@dataclass
class Books:
    """One environment's store, its clock, and a controller's ways to write in it."""

    settings: ControllerSettings = field(
        default_factory=lambda: ControllerSettings(ENVIRONMENT, "controller-1")
    )
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.store = MemoryStore(lambda: self.now)
        self.ledger = Ledger()
        self._numbers = iter(range(1, 10**6))

    def hex(self) -> str:
        return f"{next(self._numbers):04x}"

    def write(self, work: Callable[[Transaction], R]) -> R:
        return self.store.write(work)

    def put(self, *rows: Any) -> None:
        self.write(lambda tx: [tx.put(row) for row in rows])

    def get(self, record: type[R], *key: Any) -> R | None:
        return self.store.read(lambda tx: tx.get(record, *key))

    def all(self, record: type[R], **equals: Any) -> tuple[R, ...]:
        return self.store.read(lambda tx: tx.select(record, **equals))

    def decisions(self, **equals: Any) -> tuple[Decision, ...]:
        return self.store.read(lambda tx: decisions(tx, **equals))

    # -- agents

    def register(
        self, host: str = "h1", group: int = 1, devices: tuple[str, ...] = ("A",), **more: Any
    ) -> Registered:
        message = Registration(f"{host}:{group}", ENVIRONMENT, host, group, devices, **more)  # type: ignore[arg-type]
        return self.write(
            lambda tx: registry.register(tx, self.settings, message, self.hex, self.hex)
        )

    def beat(self, agent_id: Any, epoch: str, beat: int, **more: Any) -> HeartbeatAnswer:
        message = Heartbeat(agent_id, epoch, beat, **more)
        (answer,) = self.write(lambda tx: beating.beat(tx, self.settings, [message], self.hex))
        return answer

    def agent(self, agent_id: str) -> records.Agent:
        found = self.get(records.Agent, ENVIRONMENT, agent_id)
        assert found is not None
        return found

    def take_homes(self, silent: records.Agent) -> registry.Takeover | None:
        return self.write(
            lambda tx: registry.take_homes(tx, self.settings, silent, self.hex, self.hex)
        )

    def report(self, agent_id: str, epoch: str, **more: Any) -> bool:
        group = int(agent_id.rpartition(":")[2])
        fields_ = {"has_policy": True, "readings": (Reading("tenant_count", 0.0, 10.0),), **more}
        message = CapacityReport(ENVIRONMENT, group, agent_id, epoch, **fields_)  # type: ignore[arg-type]
        return self.write(lambda tx: record_report(tx, self.settings, message))

    # -- load balancers

    def accept(
        self,
        number: int,
        project: str = "acme",
        revision: int = 1,
        wanted: bool = True,
        leaving: tuple[ObjectRef, ...] = (),
        phase: Phase = Phase.WAITING,
    ) -> records.LoadBalancer:
        made = graph(number, project)
        row = records.LoadBalancer(
            made.id,
            ENVIRONMENT,
            made.project_id,
            revision,
            made,
            wanted,
            phase,
            f"req-{revision}",  # type: ignore[arg-type]
            self.now,
            leaving=leaving,
        )
        self.put(row, *children_of(made))
        return row

    def attend(self, row: records.LoadBalancer, waited_s: float = 0.0) -> Attended:
        """Attend to one, as a controller does that remembers nothing."""
        desk = Desk(self.settings, lambda _lb: waited_s, self.hex)
        done = self.write(lambda tx: attend_all(tx, desk, (row.id,)))
        return done.results.get(row.id, Attended())

    def attend_all(self, *rows: records.LoadBalancer, waited_s: float = 0.0) -> dict[str, Attended]:
        """Attend to several in one transaction, as a controller that remembers does."""
        ids = [row.id for row in rows]
        desk = Desk(self.settings, lambda _lb: waited_s, self.hex, self.ledger)
        done = self.write(lambda tx: attend_all(tx, desk, ids))
        if done.books is not None:
            self.ledger.keep(done.books)
        return dict(done.results)

    def assigned(self, row: records.LoadBalancer) -> Assignment:
        found = self.attend(row).assignment
        assert found is not None
        return found

    def end(self, assignment: Assignment, **more: Any) -> Recorded:
        """Record what its agent says of an assignment; applied, unless said otherwise."""
        fields_: dict[str, Any] = {
            "load_balancer_id": assignment.load_balancer_id,
            "revision": assignment.revision,
            "mark": "" if "revision" in more else assignment.mark,
            "agent_id": assignment.home.agent_id,
            "epoch": assignment.epoch,
            "fence": assignment.home.fence,
            "applied": True,
            "request_id": assignment.request_id,
        }
        message = Outcome(**{**fields_, **more})
        return self.write(lambda tx: record_outcome(tx, self.settings, message, self.hex))

    def lb(self, row: records.LoadBalancer) -> records.LoadBalancer | None:
        return self.get(records.LoadBalancer, row.id)

    def home(self, project: str = "acme", group: int = 1) -> records.Home | None:
        return self.get(records.Home, ENVIRONMENT, project, group)

    def told(self, row: records.LoadBalancer) -> dict[str, str]:
        """Return object id -> what the API is to be told of it."""
        message = self.get(records.StatusMessage, row.id)
        return {s.object.id: s.provisioning.value for s in message.statuses} if message else {}


def homes_of(answer: Registered) -> set[tuple[str, int]]:
    """Return the projects of the homes in an answer, with their fences."""
    return {(home.project_id, home.fence.number) for home in answer.homes}


def ready(books: Books, host: str = "h1", group: int = 1, **report: Any) -> Registered:
    """Register an agent that has reported."""
    answer = books.register(host, group, (f"device-of-{group}",))
    books.report(f"{host}:{group}", answer.epoch, **report)
    return answer


def as_home(row: records.Home) -> tuple[str, int]:
    return row.agent_id, row.fence_number


__all__ = ["ENVIRONMENT", "Books", "Home", "as_home", "homes_of", "ready"]
