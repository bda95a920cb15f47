"""Reads rows of which some may be unreadable: damaged, or written by a newer program.

One such row must not hide the others from whoever looks after all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bigip_lbaas.store.port import Condition, OneOf, Transaction
from bigip_lbaas.wire.codec import Unreadable

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Aside:
    """The key of a row that cannot be read, and why it cannot."""

    key: str
    why: str


def select_readable(
    tx: Transaction,
    record: type[R],
    *conditions: Condition,
    order_by: str | None = None,
    limit: int | None = None,
    lock: bool = False,
    **equals: Any,
) -> tuple[tuple[R, ...], tuple[Aside, ...]]:
    """Return what `Transaction.select` does without the rows that cannot be read, and those.

    Of records with a key of one field. Where a row cannot be read it is sought by halves.
    """
    (key,) = record.KEY  # type: ignore[attr-defined]

    def select(*more: Condition) -> tuple[R, ...]:
        return tx.select(record, *conditions, *more, order_by=order_by, lock=lock, **equals)

    try:
        found = tx.select(record, *conditions, order_by=order_by, limit=limit, lock=lock, **equals)
    except Unreadable:
        keys = sorted(tx.count(record, key, *conditions, **equals))
    else:
        return found, ()
    rows, aside = _sort_out(lambda some: select(OneOf(key, tuple(some))), keys)
    if order_by is not None:
        rows.sort(key=lambda row: (getattr(row, order_by), getattr(row, key)))
    return tuple(rows[:limit]), tuple(aside)


def get_readable(tx: Transaction, record: type[R], *key: Any, lock: bool = False) -> R | None:
    """Return the row of that key; None also when it cannot be read."""
    try:
        return tx.get(record, *key, lock=lock)
    except Unreadable:
        return None


def _sort_out(
    select: Callable[[Sequence[Any]], tuple[R, ...]], keys: Sequence[Any]
) -> tuple[list[R], list[Aside]]:
    if not keys:
        return [], []
    try:
        return list(select(keys)), []
    except Unreadable as error:
        if len(keys) == 1:
            return [], [Aside(str(keys[0]), str(error))]
    half = len(keys) // 2
    first, aside = _sort_out(select, keys[:half])
    rest, more = _sort_out(select, keys[half:])
    return first + rest, aside + more
