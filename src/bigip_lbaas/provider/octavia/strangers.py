"""Asks the API whether it knows load balancers that devices have and the database does not."""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bigip_lbaas.domain.errors import AddressTaken, RequestRejected
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.domain.ids import LoadBalancerId, RequestId
from bigip_lbaas.provider.octavia import outbox
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.store.port import Transaction
from bigip_lbaas.store.records import Stranger

LOG = logging.getLogger(__name__)
ASK_EVERY_S = 1.0


@dataclass(slots=True)
class Strangers:
    """Looks at each twice, so long apart; what is the same both times is done.

    read: returns the API's load balancer (or that it has none), None when it did not answer.
    """

    door: Door
    read: Callable[[str], tuple[Any] | None]
    apart_s: float
    _first: dict[LoadBalancerId, tuple[float, ServiceGraph | None]] = field(default_factory=dict)
    _asked_s: float = float("-inf")

    def look(self, now_s: float) -> int:
        """Look at those whose turn it is; return how many."""
        if now_s - self._asked_s < ASK_EVERY_S:
            return 0
        self._asked_s = now_s
        rows = self.door.store.read(self._rows)
        known = {row.load_balancer_id for row in rows}
        self._first = {id_: first for id_, first in self._first.items() if id_ in known}
        due = [row for row in rows if self._is_due(row.load_balancer_id, now_s)]
        for row in due:
            self._look_at(row, now_s)
        return len(due)

    def _rows(self, tx: Transaction) -> tuple[Stranger, ...]:
        return tx.select(Stranger, environment=self.door.environment, unwanted=False)

    def _is_due(self, id_: LoadBalancerId, now_s: float) -> bool:
        first = self._first.get(id_)
        return first is None or now_s - first[0] >= self.apart_s

    def _look_at(self, row: Stranger, now_s: float) -> None:
        id_ = row.load_balancer_id
        found = self.read(id_)
        if found is None:
            return
        try:
            graph = outbox.api_graph(found[0])
        except RequestRejected as error:
            LOG.warning("Load balancer %s, on devices only, is not taken in: %s", id_, error.detail)
            self._first[id_] = (now_s, None)
            return
        first = self._first.get(id_)
        self._first[id_] = (now_s, graph)
        if first is not None and first[1] == graph:
            self._decide(row, graph)

    def _decide(self, row: Stranger, graph: ServiceGraph | None) -> None:
        if graph is None:
            self.door.turn_away(row)
            return
        request_id = RequestId(f"req-{uuid.uuid4()}")
        try:
            taken = self.door.take_in(row, graph, request_id)
        except AddressTaken as error:
            LOG.warning("Load balancer %s, on devices, waits: %s", graph.id, error.detail)
            return
        if taken:
            LOG.warning(
                "%s: load balancer %s, which devices and the API have, was not in the database;"
                " it is taken in as the API has it",
                request_id, graph.id,
            )  # fmt: skip
