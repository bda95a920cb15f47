"""Records what an operator may want to know later."""

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
