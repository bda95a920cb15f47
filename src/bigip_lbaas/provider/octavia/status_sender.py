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
from bigip_lbaas.domain.ids import LoadBalancerId, RequestId
from bigip_lbaas.provider.octavia import outbox
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.provider.octavia.outbox import Look, Verdict
from bigip_lbaas.provider.octavia.outbox_rows import finish, note, tell_again, without_stale
from bigip_lbaas.provider.octavia.strangers import Strangers
from bigip_lbaas.store.aside import Aside, get_readable, select_readable
from bigip_lbaas.store.fences import LOSSES
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import AtLeast, AtMost, OneOf, Transaction
from bigip_lbaas.store.records import LoadBalancer, Phase, Sequence, StatusMessage, Tenure

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
    _after_losses: int | None = None  # the audit under way follows so many losses of commits
    _strangers: Strangers = field(init=False)

    def __post_init__(self) -> None:
        """Have strangers looked at as often as all else."""
        self._strangers = Strangers(self.door, self._read, self.rhythm.second_look_s)

    def tell_due(self) -> int:
        """Tell what is due; return how many load balancers were told."""
        if not self._holds_tenure():
            return 0
        due, unreadable = self.door.store.read(self._due)
        for one in unreadable:
            LOG.error("What was to be told of a load balancer is told anew: %s", one.why)
            self.door.tell_anew(LoadBalancerId(one.key))
        if not due:
            return 0
        current = self.door.store.write(lambda tx: without_stale(tx, due))
        told, failed = self._tell(current)
        self._told_at = self.clock()
        self.door.store.write(lambda tx: note(tx, told, failed))
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
        if strangers := self._strangers.look(now):
            return strangers
        second = [i for i, look in self._looks.items() if self._is_due(look, now)]
        load_balancer_id = second[0] if second else self._next_of_audit(now)
        if load_balancer_id is None:
            return 0
        record = self.door.store.read(lambda tx: get_readable(tx, LoadBalancer, load_balancer_id))
        found = self._read(load_balancer_id)
        if record is not None and found is not None:
            if self._compare(record, found[0]) and self._after_losses is not None:
                self.door.say_again(record)  # what was told may have been of a lost revision
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

    def _due(self, tx: Transaction) -> tuple[tuple[StatusMessage, ...], tuple[Aside, ...]]:
        return select_readable(
            tx,
            StatusMessage,
            AtMost("next_at", tx.now()),
            environment=self.door.environment,
            order_by="next_at",
            limit=self.rhythm.batch,
        )

    def _tried(self, tx: Transaction) -> tuple[StatusMessage, ...]:
        tried, _unreadable = select_readable(
            tx,
            StatusMessage,
            AtLeast("tries", 1),
            environment=self.door.environment,
            order_by="created_at",
        )
        return tried

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
        record = self.door.store.read(
            lambda tx: get_readable(tx, LoadBalancer, message.load_balancer_id)
        )
        found = self._read(message.load_balancer_id)
        if found is None:
            return False
        self._looked[message.load_balancer_id] = _telling(message)
        seen = outbox.seen_ids(found[0])
        shown = outbox.is_shown(message, seen)
        # Where a telling failed, only an object that is gone after DELETED proves anything.
        done = shown and (message.told_at is not None or seen is None)
        self.door.store.write(
            (lambda tx: finish(tx, message)) if done else (lambda tx: tell_again(tx, message))
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
        if not self._audit and self._audit_is_due(now):
            self._audited_at = now
            settled = OneOf("phase", (Phase.APPLIED, Phase.FAILED))
            environment = self.door.environment
            self._audit.extend(
                record.id
                for record in self.door.store.read(
                    lambda tx: select_readable(tx, LoadBalancer, settled, environment=environment)[
                        0
                    ]
                )
            )
        return self._audit.popleft() if self._audit else None

    def _audit_is_due(self, now: float) -> bool:
        """Return whether it is time again, or the database has lost commits since the last one."""
        before, self._after_losses = self._after_losses, None
        name = f"losses looked at:{self.door.environment}"
        if before is not None:  # that one is finished
            self.door.store.write(lambda tx: tx.put(Sequence(name, before)))
        lost, looked_at = self.door.store.read(lambda tx: (_value(tx, LOSSES), _value(tx, name)))
        if lost != looked_at:
            self._after_losses = lost
            return True
        return self._audited_at is None or now - self._audited_at >= self.rhythm.audit_s

    def _compare(self, record: LoadBalancer, load_balancer: Any) -> bool:
        """Compare the API's graph with ours; what differs twice is made as the API has it.

        Return whether they are the same.
        """
        before = self._looks.pop(record.id, None)
        if not record.wanted or record.phase not in (Phase.APPLIED, Phase.FAILED):
            return False
        try:
            graph = outbox.api_graph(load_balancer)
        except RequestRejected as error:
            LOG.warning("Load balancer %s cannot be compared: %s", record.id, error.detail)
            return False
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
        return verdict is Verdict.SAME


def _value(tx: Transaction, sequence: str) -> int:
    row = tx.get(Sequence, sequence)
    return row.value if row else 0


def _telling(message: StatusMessage) -> tuple[int, float, int]:
    """Return what tells one telling of one message from any other."""
    return message.revision, message.created_at, message.tries
