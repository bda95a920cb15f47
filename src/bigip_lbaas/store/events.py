"""Records what an operator may want to know later, and forgets it in time."""

from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.store import records
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import Transaction


def record_event(
    tx: Transaction,
    environment: EnvironmentName,
    kind: str,
    subject: str,
    text: str,
    request_id: str = "",
) -> None:
    """Record an event; its number is the environment's next."""
    name = f"event:{environment}"
    number = locked(tx, records.Sequence(name, 0), name).value + 1
    tx.put(records.Sequence(name, number))
    tx.put(records.Event(environment, number, tx.now(), kind, subject, text, request_id))


def forget_events(
    tx: Transaction, environment: EnvironmentName, kept_s: float, at_most: int
) -> int:
    """Delete events that were recorded longer ago than that; return how many."""
    oldest = tx.select(records.Event, environment=environment, order_by="number", limit=at_most)
    late = [event for event in oldest if event.at <= tx.now() - kept_s]
    for event in late:
        tx.delete(records.Event, event.environment, event.number)
    return len(late)
