"""Tells the API what the outbox holds, and takes out of it what a read of the API has shown."""

import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from octavia_lib.api.drivers import exceptions

from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.graph import ObjectKind
from bigip_lbaas.domain.ids import LoadBalancerId, RequestId
from bigip_lbaas.domain.status import Provisioning
from bigip_lbaas.provider.octavia import outbox
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.provider.octavia.outbox import Look, Verdict
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import AtLeast, AtMost, OneOf, Transaction
from bigip_lbaas.store.records import Child, LoadBalancer, Phase, StatusMessage, Tenure

LOG = logging.getLogger(__name__)

ALONE_AFTER_TRIES = 3  # then a message is told by itself, so that it spoils no others


class Library(Protocol):
    """What is used of octavia-lib's DriverLibrary."""

    def update_loadbalancer_status(self, status: outbox.Document) -> None:
        """Tell statuses, or raise UpdateStatusError."""

    def get_loadbalancer(self, loadbalancer_id: str) -> Any:
        """Return the API's load balancer with all under it, or None."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often and how much. lease_s: so long nobody takes over from a sender that is silent.

    A read costs the API about as much as a request of a user, so reads wait until nothing has
    been told for quiet_s; but none waits longer than read_within_s after the telling.
    """

    lease_s: float = 10.0
    quiet_s: float = 2.0
    read_within_s: float = 45.0
    batch: int = 200
    second_look_s: float = 30.0
    audit_s: float = 900.0


@dataclass(slots=True)
class StatusSender:
    """The one that tells, for as long as it holds the environment's tenure."""

    door: Door
    library: Library
    holder: str
    with_operating: bool = True
    rhythm: Rhythm = field(default_factory=Rhythm)
    clock: Callable[[], float] = time.monotonic
    _holding: bool = False
    _tenure_at: float = float("-inf")
    _told_at: float = float("-inf")
    _looked: dict[LoadBalancerId, tuple[int, float, int]] = field(default_factory=dict)
    _looks: dict[LoadBalancerId, Look] = field(default_factory=dict)
    _audit: deque[LoadBalancerId] = field(default_factory=deque)
    _audited_at: float | None = None

    def tell_due(self) -> int:
        """Tell what is due; return how many load balancers were told."""
        if not self._holds_tenure():
            return 0
        due = self.door.store.read(self._due)
        if not due:
            return 0
        current = self.door.store.write(lambda tx: _without_stale(tx, due))
        told, failed = self._tell(current)
        self._told_at = self.clock()
        self.door.store.write(lambda tx: _note(tx, told, failed))
        return len(told)

    def confirm(self) -> int:
        """Read back what was told and not read since, oldest first; return how much is done."""
        if not self._holding:
            return 0
        now, tried = self.door.store.read(lambda tx: (tx.now(), self._tried(tx)))
        looked = self._looked
        unread = [row for row in tried if looked.get(row.load_balancer_id) != _telling(row)]
        self._looked = {row.load_balancer_id: _telling(row) for row in tried if row not in unread}
        done = 0
        for message in unread:
            if not self._may_read(message, now):
                break
            done += self._confirm(message)
        return done

    def _may_read(self, message: StatusMessage, now: float) -> bool:
        """Return whether it is quiet, or this one has waited for long enough."""
        if self.clock() - self._told_at >= self.rhythm.quiet_s:
            return True
        return message.told_at is None or now - message.told_at >= self.rhythm.read_within_s

    def look_around(self) -> int:
        """Compare one graph with the API's: a second look that is due, else the slow audit's next.

        Return how many load balancers were looked at.
        """
        if not self._holding:
            return 0
        now = self.clock()
        second = [i for i, look in self._looks.items() if self._is_due(look, now)]
        load_balancer_id = second[0] if second else self._next_of_audit(now)
        if load_balancer_id is None:
            return 0
        record = self.door.store.read(lambda tx: tx.get(LoadBalancer, load_balancer_id))
        found = self._read(load_balancer_id)
        if record is not None and found is not None:
            self._compare(record, found[0])
        else:
            self._looks.pop(load_balancer_id, None)
        return 1

    def let_go(self) -> None:
        """Give up the tenure, so that another need not wait for it to lapse."""

        def work(tx: Transaction) -> None:
            tenure = tx.get(Tenure, self._tenure_name, lock=True)
            if tenure and tenure.holder == self.holder:
                tx.delete(Tenure, self._tenure_name)

        self._holding = False
        self._tenure_at = float("-inf")
        self.door.store.write(work)

    @property
    def _tenure_name(self) -> str:
        return f"status-sender:{self.door.environment}"

    def _holds_tenure(self) -> bool:
        """Return whether this is the one sender; the tenure is renewed well before it lapses."""
        now = self.clock()
        if now - self._tenure_at < self.rhythm.lease_s / 3:
            return self._holding

        def work(tx: Transaction) -> bool:
            tenure = locked(tx, Tenure(self._tenure_name, self.holder, 0.0), self._tenure_name)
            store_time = tx.now()
            if tenure.holder != self.holder and tenure.until_at > store_time:
                return False
            until_at = store_time + self.rhythm.lease_s
            tx.put(Tenure(self._tenure_name, self.holder, until_at))
            return True

        self._holding = self.door.store.write(work)
        self._tenure_at = now
        return self._holding

    def _due(self, tx: Transaction) -> tuple[StatusMessage, ...]:
        return tx.select(
            StatusMessage,
            AtMost("next_at", tx.now()),
            environment=self.door.environment,
            order_by="next_at",
            limit=self.rhythm.batch,
        )

    def _tried(self, tx: Transaction) -> tuple[StatusMessage, ...]:
        return tx.select(
            StatusMessage,
            AtLeast("tries", 1),
            environment=self.door.environment,
            order_by="created_at",
        )

    def _tell(
        self, messages: Iterable[StatusMessage]
    ) -> tuple[list[StatusMessage], list[StatusMessage]]:
        """Tell all in one call; when one of them is at fault, each in its own."""
        together: list[StatusMessage] = []
        alone: list[StatusMessage] = []
        for message in messages:
            spoils = message.told_at is None and message.tries >= ALONE_AFTER_TRIES
            (alone if spoils else together).append(message)
        told: list[StatusMessage] = []
        failed: list[StatusMessage] = []
        if together:
            error = self._call(together)
            if error is None:
                told += together
            elif error.status_object is None or len(together) == 1:
                failed += together  # the API cannot be reached at all, or it is this one
            else:
                alone = together + alone
        for message in alone:
            (failed if self._call([message]) else told).append(message)
        return told, failed

    def _call(self, messages: list[StatusMessage]) -> exceptions.UpdateStatusError | None:
        """Tell these; return what went wrong."""
        told = outbox.document(messages, self.with_operating)
        if not told:
            return None
        try:
            self.library.update_loadbalancer_status(told)
        except exceptions.UpdateStatusError as error:
            LOG.warning(
                "The API did not take the statuses of %d load balancers (%s ...), they are told"
                " again: %s %s: %s",
                len(messages),
                messages[0].load_balancer_id,
                error.status_object or "",
                error.status_object_id or "",
                error.fault_string,
            )
            return error
        return None

    def _confirm(self, message: StatusMessage) -> bool:
        """Read one load balancer back; return whether its message is done."""
        record = self.door.store.read(lambda tx: tx.get(LoadBalancer, message.load_balancer_id))
        found = self._read(message.load_balancer_id)
        if found is None:
            return False
        self._looked[message.load_balancer_id] = _telling(message)
        seen = outbox.seen_ids(found[0])
        shown = outbox.is_shown(message, seen)
        # Where a telling failed, only an object that is gone after DELETED proves anything.
        done = shown and (message.told_at is not None or seen is None)
        self.door.store.write(
            (lambda tx: _finish(tx, message)) if done else (lambda tx: _tell_again(tx, message))
        )
        if record is not None:
            self._compare(record, found[0])
        return done

    def _read(self, load_balancer_id: str) -> tuple[Any] | None:
        """Return the API's load balancer (or that it has none), None when it did not answer."""
        try:
            return (self.library.get_loadbalancer(load_balancer_id),)
        except (exceptions.DriverError, exceptions.DriverAgentTimeout) as error:
            reason = error.__cause__ or error
            LOG.warning("The API did not show load balancer %s: %s", load_balancer_id, reason)
            return None

    def _is_due(self, look: Look, now: float) -> bool:
        return now - look.at_s >= self.rhythm.second_look_s

    def _next_of_audit(self, now: float) -> LoadBalancerId | None:
        if self._audited_at is None:
            self._audited_at = now
        if not self._audit and now - self._audited_at >= self.rhythm.audit_s:
            self._audited_at = now
            settled = OneOf("phase", (Phase.APPLIED, Phase.FAILED))
            environment = self.door.environment
            self._audit.extend(
                record.id
                for record in self.door.store.read(
                    lambda tx: tx.select(LoadBalancer, settled, environment=environment)
                )
            )
        return self._audit.popleft() if self._audit else None

    def _compare(self, record: LoadBalancer, load_balancer: Any) -> None:
        """Compare the API's graph with ours; what differs twice is made as the API has it."""
        before = self._looks.pop(record.id, None)
        if not record.wanted or record.phase not in (Phase.APPLIED, Phase.FAILED):
            return
        try:
            graph = outbox.api_graph(load_balancer)
        except RequestRejected as error:
            LOG.warning("Load balancer %s cannot be compared: %s", record.id, error.detail)
            return
        if graph is not None:  # what an edit cannot change is not compared
            ours = record.graph
            graph = replace(graph, vip_address=ours.vip_address, project_id=ours.project_id)
        look = Look(record.revision, graph, self.clock())
        verdict = outbox.judge(record.graph, look, before, self.rhythm.second_look_s)
        if verdict is Verdict.LOOK_AGAIN:
            same = before and (before.revision, before.graph) == (look.revision, look.graph)
            self._looks[record.id] = before if before and same else look
        elif verdict is Verdict.API_WINS:
            request_id = RequestId(f"req-{uuid.uuid4()}")
            if self.door.adopt(record, graph, request_id):
                LOG.warning(
                    "%s: load balancer %s revision %d is not what the API has (a request was"
                    " rolled back after it was accepted); %s",
                    request_id,
                    record.id,
                    record.revision,
                    "made as the API has it" if graph else "deleted, for the API has none",
                )


def _telling(message: StatusMessage) -> tuple[int, float, int]:
    """Return what tells one telling of one message from any other."""
    return message.revision, message.created_at, message.tries


def _current(tx: Transaction, message: StatusMessage) -> StatusMessage | None:
    """Return the message's row if no newer one has taken its place."""
    row = tx.get(StatusMessage, message.load_balancer_id, lock=True)
    if row is None or (row.revision, row.created_at) != (message.revision, message.created_at):
        return None
    return row


def _without_stale(
    tx: Transaction, messages: tuple[StatusMessage, ...]
) -> tuple[StatusMessage, ...]:
    """Return those that still say how the last accepted revision ended.

    The others wait for the message of that revision, which replaces them and carries on what
    they say of objects that are gone.
    """
    current = []
    for message in messages:
        row = _current(tx, message)
        if row is None:
            continue
        record = tx.get(LoadBalancer, row.load_balancer_id)
        if record is not None and row.revision < record.revision:
            tx.put(replace(row, next_at=tx.now() + outbox.FIRST_RETRY_S))
        else:
            current.append(row)
    return tuple(current)


def _note(tx: Transaction, told: list[StatusMessage], failed: list[StatusMessage]) -> None:
    """Write down that these were told, or were not."""
    now = tx.now()
    for message in (*told, *failed):
        row = _current(tx, message)
        if row is None:
            continue
        tries = row.tries + 1
        if message in told:
            again_at = now + outbox.unseen_after_s(tries)
            tx.put(replace(row, tries=tries, told_at=now, next_at=again_at))
        else:
            tx.put(replace(row, tries=tries, next_at=now + outbox.retry_after_s(tries)))


def _tell_again(tx: Transaction, message: StatusMessage) -> None:
    row = _current(tx, message)
    if row is not None:
        again_at = min(row.next_at, tx.now() + outbox.retry_after_s(row.tries))
        tx.put(replace(row, next_at=again_at))


def _finish(tx: Transaction, message: StatusMessage) -> None:
    """Take a message out, and forget the objects whose end it told."""
    if _current(tx, message) is None:
        return
    tx.delete(StatusMessage, message.load_balancer_id)
    gone = {
        status.object for status in message.statuses if status.provisioning is Provisioning.DELETED
    }
    record = tx.get(LoadBalancer, message.load_balancer_id, lock=True)
    if record is not None and any(ref in gone for ref in record.leaving):
        tx.put(replace(record, leaving=tuple(ref for ref in record.leaving if ref not in gone)))
    if any(ref.kind is ObjectKind.LOAD_BALANCER for ref in gone):
        for child in tx.select(Child, load_balancer_id=message.load_balancer_id):
            tx.delete(Child, child.object_id)
