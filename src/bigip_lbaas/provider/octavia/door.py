"""Accepts what the API asks for: one transaction, then a nudge that may get lost."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from bigip_lbaas.bus.port import Bus
from bigip_lbaas.bus.topics import global_queue
from bigip_lbaas.domain.edit import Edited, replace_all
from bigip_lbaas.domain.errors import AddressTaken, BusUnavailable, RequestRejected
from bigip_lbaas.domain.graph import ObjectKind, ObjectRef, ServiceGraph
from bigip_lbaas.domain.ids import EnvironmentName, LoadBalancerId, RequestId
from bigip_lbaas.domain.status import (
    ObjectStatus,
    Provisioning,
    statuses_when_applied,
    statuses_when_failed,
)
from bigip_lbaas.provider.octavia.refuse import Leniency
from bigip_lbaas.provider.octavia.room import ask_for_room
from bigip_lbaas.store.aside import get_readable
from bigip_lbaas.store.children import children_of
from bigip_lbaas.store.port import Store, Transaction
from bigip_lbaas.store.records import (
    Child,
    LoadBalancer,
    Phase,
    PlacementRow,
    StatusMessage,
    Stranger,
    Vip,
)
from bigip_lbaas.wire.codec import encode
from bigip_lbaas.wire.messages import Admission, Nudge

LOG = logging.getLogger(__name__)

Edit = Callable[[ServiceGraph], Edited]


@dataclass(frozen=True, slots=True)
class Door:
    """The way in for one environment: its database, its bus and what it lets pass."""

    store: Store
    bus: Bus
    environment: EnvironmentName
    leniency: Leniency = field(default_factory=Leniency)
    owner_of_pool: Callable[[str], ServiceGraph | None] = lambda _pool_id: None  # as the API has it
    asks_for_room: bool = False  # before it accepts a create

    def create(
        self, graph: ServiceGraph, demands: tuple[str, ...], request_id: RequestId
    ) -> LoadBalancer:
        """Accept a new load balancer with all under it.

        The same one again is a new revision of it. Raises AddressTaken, and RequestRejected when
        room is to be asked for and there is none.
        """
        if self.asks_for_room:
            ask_for_room(self.bus, self.environment, Admission(graph, request_id, demands))

        def work(tx: Transaction) -> LoadBalancer:
            before = tx.get(LoadBalancer, graph.id, lock=True)
            self._claim_address(tx, graph)
            record = LoadBalancer(
                id=graph.id,
                environment=self.environment,
                project_id=graph.project_id,
                revision=before.revision if before else self._told(tx, graph.id),
                graph=graph,
                wanted=True,
                phase=Phase.WAITING,
                request_id=request_id,
                accepted_at=tx.now(),
                unclean=before.unclean if before else (),
                demands=demands,
            )
            return self._accept(tx, record, graph, (), request_id)

        return self._nudged(self.store.write(work))

    def edit(self, load_balancer_id: str, edit: Edit, request_id: RequestId) -> LoadBalancer:
        """Accept a change of a load balancer or of something under it."""

        def work(tx: Transaction) -> LoadBalancer:
            record = self._wanted(tx, load_balancer_id)
            edited = edit(record.graph)
            return self._accept(tx, record, edited.graph, edited.removed, request_id)

        return self._nudged(self.store.write(work))

    def failover(self, load_balancer_id: str, request_id: RequestId) -> LoadBalancer:
        """Accept that a load balancer is configured again, or placed if it found no place."""

        def work(tx: Transaction) -> LoadBalancer:
            record = replace(self._wanted(tx, load_balancer_id), refused=False)
            return self._accept(tx, record, record.graph, (), request_id)

        return self._nudged(self.store.write(work))

    def edit_below_pool(self, pool_id: str, edit: Edit, request_id: RequestId) -> LoadBalancer:
        """Accept a change under a pool, which does not come with its load balancer.

        Whose it is the store knows; when it does not (it lost commits), the API is asked, and all
        that the API has of that load balancer is accepted together with the change.
        """

        def work(tx: Transaction) -> LoadBalancer | None:
            child = tx.get(Child, pool_id)
            if child is None:
                return None
            record = self._wanted(tx, child.load_balancer_id)
            edited = edit(record.graph)
            return self._accept(tx, record, edited.graph, edited.removed, request_id)

        accepted = self.store.write(work)
        return self._nudged(accepted or self._edit_what_the_api_has(pool_id, edit, request_id))

    def _edit_what_the_api_has(
        self, pool_id: str, edit: Edit, request_id: RequestId
    ) -> LoadBalancer:
        shown = self.owner_of_pool(pool_id)  # before the transaction: the API may take its time
        if shown is None:
            raise RequestRejected(
                f"The pool {pool_id} is not known to this provider; try again in a minute.",
                f"neither the database of environment {self.environment} nor the API has a pool"
                f" {pool_id}",
            )

        def work(tx: Transaction) -> LoadBalancer:
            record = self._wanted(tx, shown.id)
            adopted = replace_all(record.graph, shown)
            edited = edit(adopted.graph)
            removed = (*adopted.removed, *edited.removed)
            return self._accept(tx, record, edited.graph, removed, request_id)

        accepted = self.store.write(work)
        LOG.warning(
            "%s: the database had no pool %s, which the API has under load balancer %s;"
            " revision %d is what the API has, with the change",
            *(request_id, pool_id, accepted.id, accepted.revision),
        )
        return accepted

    def delete(
        self, load_balancer_id: str, known_below: Iterable[ObjectRef], request_id: RequestId
    ) -> LoadBalancer | None:
        """Accept that a load balancer and all under it go.

        known_below: what the API believes to be under it; one that was never accepted here is
        said to be gone at once, and None is returned.
        """

        def work(tx: Transaction) -> LoadBalancer | None:
            record = tx.get(LoadBalancer, load_balancer_id, lock=True)
            if record is None or record.phase is Phase.GONE:
                self._say_gone(tx, record, load_balancer_id, (*known_below,), request_id)
                return None
            here = set(record.graph.objects())
            removed = tuple(ref for ref in known_below if ref not in here)
            unwanted = replace(record, wanted=False)
            return self._accept(tx, unwanted, record.graph, removed, request_id)

        accepted = self.store.write(work)
        return self._nudged(accepted) if accepted else None

    def adopt(
        self,
        seen: LoadBalancer,
        wanted: ServiceGraph | None,
        request_id: RequestId,
    ) -> bool:
        """Accept the API's own graph of a load balancer, None when the API has none of it.

        Return whether it was accepted: not when `seen` is no longer the last accepted revision.
        """

        def work(tx: Transaction) -> LoadBalancer | None:
            record = tx.get(LoadBalancer, seen.id, lock=True)
            if record is None or record.revision != seen.revision or not record.wanted:
                return None
            if wanted is None:
                gone = replace(record, wanted=False)
                return self._accept(tx, gone, record.graph, (), request_id)
            edited = replace_all(record.graph, wanted)
            return self._accept(tx, record, edited.graph, edited.removed, request_id)

        accepted = self.store.write(work)
        if accepted:
            self._nudged(accepted)
        return accepted is not None

    def take_in(
        self, stranger: Stranger, graph: ServiceGraph, request_id: RequestId
    ) -> LoadBalancer | None:
        """Accept what devices have and the API knows; None when it is a stranger no more.

        Raises AddressTaken.
        """

        def work(tx: Transaction) -> LoadBalancer | None:
            if tx.get(Stranger, stranger.load_balancer_id, lock=True) is None:
                return None
            tx.delete(Stranger, stranger.load_balancer_id)
            if tx.get(LoadBalancer, graph.id) is not None:
                return None
            self._claim_address(tx, graph)
            record = LoadBalancer(
                graph.id, self.environment, graph.project_id, self._told(tx, graph.id), graph,
                True, Phase.WAITING, request_id, tx.now(),
            )  # fmt: skip
            return self._accept(tx, record, graph, (), request_id)

        accepted = self.store.write(work)
        return self._nudged(accepted) if accepted else None

    def turn_away(self, stranger: Stranger) -> None:
        """Note that the API does not know a stranger."""

        def work(tx: Transaction) -> None:
            row = tx.get(Stranger, stranger.load_balancer_id, lock=True)
            if row is not None:
                tx.put(replace(row, unwanted=True))

        self.store.write(work)

    def say_again(self, record: LoadBalancer) -> None:
        """Have the API told how a load balancer's last revision ended, if nothing else is told."""

        def work(tx: Transaction) -> None:
            row = tx.get(LoadBalancer, record.id, lock=True)
            is_same = row is not None and row.revision == record.revision
            if is_same and tx.get(StatusMessage, record.id) is None:
                self._tell_end(tx, row)

        self.store.write(work)

    def tell_anew(self, load_balancer_id: LoadBalancerId) -> None:
        """Replace a message that cannot be read by what the load balancer's row says."""

        def work(tx: Transaction) -> None:
            tx.delete(StatusMessage, load_balancer_id)
            self._tell_end(tx, get_readable(tx, LoadBalancer, load_balancer_id, lock=True))

        self.store.write(work)

    def _tell_end(self, tx: Transaction, row: LoadBalancer | None) -> None:
        if row is not None and row.phase in (Phase.APPLIED, Phase.FAILED):
            say = statuses_when_applied if row.phase is Phase.APPLIED else statuses_when_failed
            self._tell(tx, row.id, row.revision, say(row.graph, row.leaving), row.request_id)

    def _wanted(self, tx: Transaction, load_balancer_id: str) -> LoadBalancer:
        record = tx.get(LoadBalancer, load_balancer_id, lock=True)
        if record is None or record.phase is Phase.GONE:
            raise RequestRejected(
                f"Load balancer {load_balancer_id} is not known to this provider;"
                " delete it and create it again.",
                f"environment {self.environment} has no load balancer {load_balancer_id} in its"
                " database; is database_connection the one with which it was created?",
            )
        if not record.wanted:
            raise RequestRejected(
                f"Load balancer {load_balancer_id} is being deleted.",
                f"its deletion was accepted as revision {record.revision}"
                f" by request {record.request_id}",
            )
        return record

    def _accept(
        self,
        tx: Transaction,
        record: LoadBalancer,
        graph: ServiceGraph,
        removed: tuple[ObjectRef, ...],
        request_id: RequestId,
    ) -> LoadBalancer:
        """Store the next revision with the rows that name its children."""
        here = set(graph.objects())
        leaving = dict.fromkeys((*record.leaving, *removed))
        placed = tx.get(PlacementRow, record.id) is not None
        accepted = replace(
            record,
            graph=graph,
            revision=record.revision + 1,
            phase=Phase.ASSIGNED if placed else Phase.WAITING,
            leaving=tuple(ref for ref in leaving if ref not in here),
            request_id=request_id,
            accepted_at=tx.now(),
            reason=record.reason if record.refused else "",
        )
        tx.put(accepted)
        known = {row.object_id for row in tx.select(Child, load_balancer_id=record.id)}
        for child in children_of(graph):
            if child.object_id not in known:
                tx.put(child)
        for ref in removed:
            if ref.id in known and ref not in here:
                tx.delete(Child, ref.id)
        return accepted

    def _told(self, tx: Transaction, load_balancer_id: str) -> int:
        """Return the revision of the deletion that is still to be told, else 0.

        What is made anew under that id is newer than it, for agents too.
        """
        message = tx.get(StatusMessage, load_balancer_id)
        return message.revision if message else 0

    def _claim_address(self, tx: Transaction, graph: ServiceGraph) -> None:
        """Take the VIP address, also from a load balancer that is gone."""
        vip = Vip(self.environment, graph.vip_address, graph.id)
        taken = tx.get(Vip, self.environment, graph.vip_address, lock=True)
        if taken is None:
            tx.insert(vip)  # fails where someone was faster; then the whole is done again
            return
        if taken.load_balancer_id != graph.id:
            holder = tx.get(LoadBalancer, taken.load_balancer_id)
            if holder and holder.phase is not Phase.GONE:
                leaving = "" if holder.wanted else ", which is being deleted"
                raise AddressTaken(
                    f"VIP address {graph.vip_address} is already in use; choose another address.",
                    f"load balancer {graph.id} of project {graph.project_id} asks for"
                    f" {graph.vip_address}, which load balancer {holder.id} of project"
                    f" {holder.project_id} has{leaving}",
                )
        tx.put(vip)

    def _say_gone(
        self,
        tx: Transaction,
        record: LoadBalancer | None,
        load_balancer_id: str,
        below: tuple[ObjectRef, ...],
        request_id: RequestId,
    ) -> None:
        gone = (*below, ObjectRef(ObjectKind.LOAD_BALANCER, load_balancer_id))
        statuses = tuple(ObjectStatus(ref, Provisioning.DELETED) for ref in gone)
        revision = record.revision if record else 0
        self._tell(tx, LoadBalancerId(load_balancer_id), revision, statuses, request_id)

    def _tell(
        self,
        tx: Transaction,
        id_: LoadBalancerId,
        revision: int,
        statuses: tuple[ObjectStatus, ...],
        request_id: RequestId,
    ) -> None:
        now = tx.now()
        tx.put(
            StatusMessage(
                id_, self.environment, revision, statuses, request_id, created_at=now, next_at=now
            )
        )

    def _nudged(self, record: LoadBalancer) -> LoadBalancer:
        """Tell any controller; when that fails the sweep finds the load balancer."""
        nudge = Nudge(record.id, record.revision, record.request_id)
        try:
            self.bus.cast(global_queue(self.environment), "nudge", encode(nudge))
        except BusUnavailable as error:
            LOG.warning(
                "%s: load balancer %s revision %s is accepted, but no controller was nudged: %s."
                " The sweep finds it.",
                record.request_id,
                record.id,
                record.revision,
                error,
            )
        return record
