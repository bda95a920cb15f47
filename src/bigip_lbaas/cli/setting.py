"""What an operator sets of a device group, written to the store with an event that says so."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.store import records
from bigip_lbaas.store.cluster_records import ClusterSource, ClusterView
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.port import Store, Transaction
from bigip_lbaas.store.versions import books_changed


def set_group(
    store: Store, environment: str | None, number: int, changes: Mapping[str, Any]
) -> str:
    """Change fields of a group's row; return in words what changed.

    environment: which one, where the database has several. Raises RequestRejected.
    """

    def work(tx: Transaction) -> str:
        name = _environment_of(tx, environment, number)
        row = tx.get(records.Group, name, number, lock=True)
        assert row is not None  # groups are never deleted
        changed = {field: value for field, value in changes.items() if getattr(row, field) != value}
        if not changed:
            return "nothing has changed: it was set so already"
        said = "; ".join(
            f"{field} was {_word(getattr(row, field))} and is {_word(value)}"
            for field, value in changed.items()
        )
        tx.put(replace(row, **changed))
        books_changed(tx, name, (row.number,))
        record_event(tx, name, "group set", f"group {number}", said)
        return said

    return store.write(work)


def set_source(store: Store, environment: str | None, number: int, serial: str) -> str:
    """Ask for another device of a group to be written; return in words what comes of it.

    Controllers carry it out within seconds, if that device answers. Raises RequestRejected.
    """

    def work(tx: Transaction) -> str:
        name = _environment_of(tx, environment, number)
        row = tx.get(ClusterSource, name, number, lock=True)
        if row is None:
            raise RequestRejected(
                f"device group {number} has no source: its agents write each device"
                " (device_sync = each), or none has told yet which ones it reaches"
            )
        views = tx.select(ClusterView, environment=name, group=number)
        known = sorted({sight.device for view in views for sight in view.sees})
        if serial not in known:
            raise RequestRejected(
                f"device group {number} has no device {serial}; its agents name {', '.join(known)}"
            )
        if serial == row.source:
            return f"device {serial} is written already"
        tx.put(replace(row, wanted=serial))
        said = f"device {serial} is asked for, instead of {row.source or 'none'}"
        record_event(tx, name, "group set", f"group {number}", said)
        return said

    return store.write(work)


def _environment_of(tx: Transaction, environment: str | None, number: int) -> EnvironmentName:
    rows = tx.select(records.Group)
    found = [row.environment for row in rows if row.number == number]
    if environment is not None:
        found = [name for name in found if name == environment]
    if len(found) > 1:
        raise RequestRejected(
            f"device group {number} is in environments {', '.join(found)}: name one with"
            " --environment"
        )
    if not found:
        known = ", ".join(f"{row.number} in {row.environment}" for row in rows) or "none"
        where = f" in environment {environment}" if environment is not None else ""
        raise RequestRejected(
            f"there is no device group {number}{where}; known are {known}: a group is known from"
            " when its first agent has registered"
        )
    return found[0]


def _word(value: Any) -> str:
    match value:
        case None:
            return "not set"
        case bool():
            return "on" if value else "off"
        case tuple():
            return ", ".join(value) or "nothing"
    return f"{value:g}"
