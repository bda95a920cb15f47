"""Reads from the database, at each scrape, what waits there and who is alive; never for long."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from bigip_lbaas.domain.errors import ProviderError
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber
from bigip_lbaas.store import records
from bigip_lbaas.store.aside import select_readable
from bigip_lbaas.store.port import Store, Transaction
from bigip_lbaas.store.records import UNFINISHED, Phase

DEADLINE_S = 3.0  # a scrape is usually given up after 10 s


@dataclass(frozen=True, slots=True)
class Seen:
    """What the database has. alive, silent_s: device group -> living agents, and how long since
    the one was heard that was longest ago. drift, audited_s: device group -> what audits have
    found, and how long ago the oldest of the last ones ended."""

    load_balancers: dict[Phase, int]
    pending_s: dict[Phase, float]
    untold: int
    untold_s: float
    alive: dict[GroupNumber, int]
    silent_s: dict[GroupNumber, float]
    drift: dict[GroupNumber, int]
    audited_s: dict[GroupNumber, float]


def see(tx: Transaction, environment: EnvironmentName) -> Seen:
    """Read it: eight selects; those that count and those that take one row use indexes."""
    here: dict[str, Any] = {"environment": environment}
    counts = tx.count(records.LoadBalancer, "phase", **here)
    pending_s = {}
    for phase in UNFINISHED:
        oldest, _ = select_readable(
            tx, records.LoadBalancer, phase=phase, order_by="accepted_at", limit=1, **here
        )
        pending_s[phase] = max((tx.now() - lb.accepted_at for lb in oldest), default=0.0)
    untold = tx.count(records.StatusMessage, "environment", told_at=None, **here)
    first, _ = select_readable(
        tx, records.StatusMessage, told_at=None, order_by="created_at", limit=1, **here
    )
    alive: dict[GroupNumber, int] = dict.fromkeys(
        (group.number for group in tx.select(records.Group, **here)), 0
    )
    silent_s: dict[GroupNumber, float] = {}
    living = set()
    for agent in tx.select(records.Agent, alive=True, **here):
        alive[agent.group] = alive.get(agent.group, 0) + 1
        silence_s = tx.now() - agent.beat_at
        silent_s[agent.group] = max(silence_s, silent_s.get(agent.group, 0.0))
        living.add(agent.id)
    audited_s: dict[GroupNumber, float] = {}
    for audit in tx.select(records.Audit, **here):
        if audit.agent_id in living:
            ago_s = tx.now() - audit.audited_at
            audited_s[audit.group] = max(ago_s, audited_s.get(audit.group, 0.0))
    return Seen(
        {phase: counts.get(phase, 0) for phase in Phase},
        pending_s,
        untold.get(environment, 0),
        max((tx.now() - row.created_at for row in first), default=0.0),
        alive,
        silent_s,
        dict.fromkeys(alive, 0) | tx.count(records.Drift, "group", **here),
        audited_s,
    )


class Looks:
    """Looks into the database, one look at a time, each in a thread that nobody must wait for."""

    def __init__(self, store: Store, environment: EnvironmentName) -> None:
        """Connect to nothing yet."""
        self._look: Callable[[], Seen] = lambda: store.read(lambda tx: see(tx, environment))
        self._lock = threading.Lock()
        self._under_way: Future[Seen] | None = None

    def look(self, deadline_s: float = DEADLINE_S) -> Seen | None:
        """Return what is there now; None when the database does not say it in time.

        Whoever asks while a look is under way gets what that one finds: a database that is stuck
        has one connection of ours in it, however often it is asked.
        """
        with self._lock:
            if self._under_way is None or self._under_way.done():
                self._under_way = Future()
                threading.Thread(
                    target=self._run, args=(self._under_way,), name="telemetry-look", daemon=True
                ).start()
            answer = self._under_way
        try:
            return answer.result(deadline_s)
        except (ProviderError, TimeoutError):
            return None

    def _run(self, answer: "Future[Seen]") -> None:
        try:
            answer.set_result(self._look())
        except ProviderError as error:
            answer.set_exception(error)
        finally:
            if not answer.done():
                answer.set_exception(ProviderError("the look into the database met a defect"))
