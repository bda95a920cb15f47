"""What the shared database says while the demonstration runs."""

import time
from collections.abc import Callable

from bigip_lbaas.domain.ids import AgentId, GroupNumber
from bigip_lbaas.domain.placement import Placement, Unplaced
from bigip_lbaas.store import records
from bigip_lbaas.store.decisions import decisions
from bigip_lbaas.store.port import Store, Transaction

PAUSE_S = 0.05


class Facts:
    """Reads the database of an embedded stack."""

    def __init__(self, store: Store) -> None:
        """Keep the store."""
        self._store = store

    def group(self, load_balancer_id: str) -> GroupNumber | None:
        """Return the device group in which a load balancer lives."""
        row = self._store.read(lambda tx: tx.get(records.PlacementRow, load_balancer_id))
        return row.group if row else None

    def home(self, load_balancer_id: str) -> AgentId | None:
        """Return the agent whose home a load balancer is in."""

        def work(tx: Transaction) -> AgentId | None:
            row = tx.get(records.PlacementRow, load_balancer_id)
            home = tx.get(records.Home, row.environment, row.project_id, row.group) if row else None
            return home.agent_id if home else None

        return self._store.read(work)

    def decision(self, load_balancer_id: str) -> Placement | Unplaced | None:
        """Return the last decision about a load balancer."""
        rows = self._store.read(
            lambda tx: decisions(tx, load_balancer_id=load_balancer_id, order_by="-number", limit=1)
        )
        return rows[0].answer if rows else None

    def why(self, load_balancer_id: str) -> str:
        """Return the sentence that explains where it lives, or why it lives nowhere."""
        decision = self.decision(load_balancer_id)
        return decision.because if decision else "nothing has been decided yet"

    def reading(self, group: GroupNumber, metric: str) -> tuple[float, float]:
        """Return the metric's highest reported value in the group, and its limit."""
        rows = self._store.read(lambda tx: tx.select(records.Report, group=group))
        found = [
            (reading.value, reading.limit)
            for row in rows
            for reading in row.report.readings
            if reading.metric == metric
        ]
        return max(found, default=(0.0, 0.0))

    def is_reported(self, group: GroupNumber) -> bool:
        """Return whether the reports show every member that has been accepted in the group."""

        def work(tx: Transaction) -> set[tuple[str, str]]:
            return {
                (row.project_id, address)
                for placement in tx.select(records.PlacementRow, group=group)
                if (row := tx.get(records.LoadBalancer, placement.load_balancer_id)) is not None
                for address in row.graph.member_addresses()
            }

        return self.reading(group, "node_count")[0] == len(self._store.read(work))

    def is_reserved(self, group: GroupNumber) -> bool:
        """Return whether something is reserved in the group that no report has seen yet."""
        return bool(self._store.read(lambda tx: tx.select(records.Reservation, group=group)))


def wait_until(claim: Callable[[], bool], within_s: float) -> float:
    """Return how long it took until the claim held; within_s and more when it never did."""
    begun_s = time.monotonic()
    while not claim() and time.monotonic() - begun_s < within_s:
        time.sleep(PAUSE_S)
    return time.monotonic() - begun_s
