"""The outbox: one message per load balancer, and no DELETED is ever lost."""

from bookkeeping import Books, ready

from bigip_lbaas.controller.telling import tell_applied, tell_failed
from bigip_lbaas.domain.graph import ObjectKind, ObjectRef
from bigip_lbaas.store import records
from bigip_lbaas.store.events import record_event

GONE = ObjectRef(ObjectKind.MEMBER, "gone")


def test_what_an_untold_message_said_was_deleted_is_said_again() -> None:
    books = Books()
    row = books.accept(1, leaving=(GONE,))
    books.write(lambda tx: tell_applied(tx, row, ()))
    later = books.accept(1, revision=2)  # nothing leaves any more
    books.write(lambda tx: tell_applied(tx, later, ()))
    assert books.told(row)["gone"] == "DELETED"
    assert len(books.all(records.StatusMessage)) == 1


def test_what_was_said_otherwise_meanwhile_is_not_said_deleted() -> None:
    books = Books()
    row = books.accept(1, leaving=(GONE,))
    books.write(lambda tx: tell_applied(tx, row, ()))
    again = books.accept(1, revision=2, leaving=(GONE,))
    books.write(lambda tx: tell_failed(tx, again, "odd"))
    assert books.told(row)["gone"] == "ERROR"


def test_only_deleted_is_carried_on() -> None:
    books = Books()
    row = books.accept(1, leaving=(GONE,))
    books.write(lambda tx: tell_failed(tx, row, "odd"))
    later = books.accept(1, revision=2)
    books.write(lambda tx: tell_applied(tx, later, ()))
    assert "gone" not in books.told(row)


def test_a_new_message_is_told_at_once_and_from_its_first_try() -> None:
    books = Books()
    row = books.accept(1)
    books.write(lambda tx: tell_failed(tx, row, "odd"))
    (message,) = books.all(records.StatusMessage)
    assert (message.next_at, message.tries, message.told_at) == (books.now, 0, None)
    assert (message.revision, message.request_id) == (1, "req-1")


def test_what_leaves_is_still_leaving_after_a_failure() -> None:
    books = Books()
    row = books.accept(1, leaving=(GONE,))
    books.write(lambda tx: tell_failed(tx, row, "odd"))
    assert books.lb(row).leaving == (GONE,)  # type: ignore[union-attr]


def test_events_are_numbered_without_gaps() -> None:
    books = Books()
    ready(books)
    for number in range(3):
        books.write(lambda tx, n=number: record_event(tx, "dev", "kind", "subject", f"text {n}"))
    numbers = [event.number for event in books.all(records.Event)]
    assert numbers == list(range(1, len(numbers) + 1))
