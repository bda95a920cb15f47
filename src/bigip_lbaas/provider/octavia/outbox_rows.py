"""Reads and writes the outbox's rows: what is told, was told, and need not be told any more."""

from dataclasses import replace

from bigip_lbaas.domain.graph import ObjectKind
from bigip_lbaas.domain.status import Provisioning
from bigip_lbaas.provider.octavia import outbox
from bigip_lbaas.store.aside import get_readable
from bigip_lbaas.store.port import Transaction
from bigip_lbaas.store.records import Child, LoadBalancer, StatusMessage


def message_of(tx: Transaction, message: StatusMessage) -> StatusMessage | None:
    """Return the message's row if no newer one has taken its place."""
    row = tx.get(StatusMessage, message.load_balancer_id, lock=True)
    if row is None or (row.revision, row.created_at) != (message.revision, message.created_at):
        return None
    return row


def without_stale(
    tx: Transaction, messages: tuple[StatusMessage, ...]
) -> tuple[StatusMessage, ...]:
    """Return those that still say how the last accepted revision ended.

    The others wait for the message of that revision, which replaces them and carries on what
    they say of objects that are gone.
    """
    current = []
    for message in messages:
        row = message_of(tx, message)
        if row is None:
            continue
        record = get_readable(tx, LoadBalancer, row.load_balancer_id)
        if record is not None and row.revision < record.revision:
            tx.put(replace(row, next_at=tx.now() + outbox.FIRST_RETRY_S))
        else:
            current.append(row)
    return tuple(current)


def note(tx: Transaction, told: list[StatusMessage], failed: list[StatusMessage]) -> None:
    """Write down that these were told, or were not."""
    now = tx.now()
    for message in (*told, *failed):
        row = message_of(tx, message)
        if row is None:
            continue
        tries = row.tries + 1
        if message in told:
            again_at = now + outbox.unseen_after_s(tries)
            tx.put(replace(row, tries=tries, told_at=now, next_at=again_at))
        else:
            tx.put(replace(row, tries=tries, next_at=now + outbox.retry_after_s(tries)))


def tell_again(tx: Transaction, message: StatusMessage) -> None:
    """Have a message told again that no read has shown."""
    row = message_of(tx, message)
    if row is not None:
        again_at = min(row.next_at, tx.now() + outbox.retry_after_s(row.tries))
        tx.put(replace(row, next_at=again_at))


def finish(tx: Transaction, message: StatusMessage) -> None:
    """Take a message out, and forget the objects whose end it told."""
    if message_of(tx, message) is None:
        return
    tx.delete(StatusMessage, message.load_balancer_id)
    gone = {
        status.object for status in message.statuses if status.provisioning is Provisioning.DELETED
    }
    record = get_readable(tx, LoadBalancer, message.load_balancer_id, lock=True)
    if record is not None and any(ref in gone for ref in record.leaving):
        tx.put(replace(record, leaving=tuple(ref for ref in record.leaving if ref not in gone)))
    if any(ref.kind is ObjectKind.LOAD_BALANCER for ref in gone):
        for child in tx.select(Child, load_balancer_id=message.load_balancer_id):
            tx.delete(Child, child.object_id)
