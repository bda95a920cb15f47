"""Locks a row that may not be there yet."""

from contextlib import suppress
from typing import Any, TypeVar

from bigip_lbaas.domain.errors import ConcurrentUpdate
from bigip_lbaas.store.port import Transaction

R = TypeVar("R")


def locked(tx: Transaction, first: R, *key: Any) -> R:
    """Return the row of that key, which nobody else changes until the end; `first` makes it.

    Only a row that is there can be locked, so a missing one is inserted, and whoever was faster
    has made it: it is never replaced.
    """
    while (row := tx.get(type(first), *key, lock=True)) is None:
        with suppress(ConcurrentUpdate):
            tx.insert(first)
    return row
