"""The store's twin for tests: the same promises, in this process's memory, one at a time."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from bigip_lbaas.domain.errors import ConcurrentUpdate
from bigip_lbaas.store.patience import Alone, Patience
from bigip_lbaas.store.port import (
    AtLeast,
    AtMost,
    Condition,
    OneOf,
    OneOfPairs,
    Plus,
    Transaction,
)
from bigip_lbaas.store.selecting import plain_pairs
from bigip_lbaas.store.shape import (
    Shape,
    plain_key,
    plain_row,
    plain_value,
    row_from,
    shape_of,
)

R = TypeVar("R")
T = TypeVar("T")
Plain = tuple[Any, ...]
AT_ONCE = Patience(sleep=lambda _wait_s: None)


class MemoryTransaction:
    """Works on the tables directly and keeps what it replaced, to put it back."""

    def __init__(self, tables: dict[type, dict[Plain, Plain]], now: float, writes: bool) -> None:
        """Keep the tables, the one time of this transaction and whether it may write."""
        self._tables = tables
        self._now = now
        self._writes = writes
        self._replaced: list[tuple[type, Plain, Plain | None]] = []
        self._ended = False

    def now(self) -> float:
        """See Transaction."""
        self._check()
        return self._now

    def get(self, record: type[R], *key: Any, lock: bool = False) -> R | None:
        """See Transaction; there is nobody to lock out."""
        self._check(writes=lock)
        plain = self._table(record).get(plain_key(record, key))
        return None if plain is None else row_from(record, plain)

    def select(
        self,
        record: type[R],
        *conditions: Condition,
        order_by: str | None = None,
        limit: int | None = None,
        lock: bool = False,
        **equals: Any,
    ) -> tuple[R, ...]:
        """See Transaction."""
        self._check(writes=lock)
        shape = shape_of(record)
        rows = self._rows(shape, conditions, equals)
        if order_by is not None:
            place = shape.position(order_by.removeprefix("-"))
            rows.sort(
                key=lambda row: (row[place] is not None, row[place]),
                reverse=order_by.startswith("-"),
            )
        return tuple(row_from(record, row) for row in rows[:limit])

    def count(
        self, record: type[Any], by: str, *conditions: Condition, **equals: Any
    ) -> dict[Any, int]:
        """See Transaction."""
        self._check()
        shape = shape_of(record)
        place = shape.position(by)
        numbers = Counter(row[place] for row in self._rows(shape, conditions, equals))
        value_of = shape.field(by).from_plain
        return {value_of(value): number for value, number in numbers.items()}

    def highest(
        self, record: type[Any], field: str, by: str, *conditions: Condition, **equals: Any
    ) -> dict[Any, Any]:
        """See Transaction."""
        self._check()
        shape = shape_of(record)
        place, value_place = shape.position(by), shape.position(field)
        found: dict[Any, Any] = {}
        for row in self._rows(shape, conditions, equals):
            if row[value_place] is not None:
                key = shape.field(by).from_plain(row[place])
                value = shape.field(field).from_plain(row[value_place])
                found[key] = max(found.get(key, value), value)
        return found

    def insert(self, row: Any) -> None:
        """See Transaction."""
        self._check(writes=True)
        plain = plain_row(row)
        key = _key_of(shape_of(type(row)), plain)
        if key in self._table(type(row)):
            raise ConcurrentUpdate(f"there is a {type(row).__name__} {key} already")
        self._replace(type(row), key, plain)

    def put(self, row: Any) -> None:
        """See Transaction."""
        self._check(writes=True)
        plain = plain_row(row)
        self._replace(type(row), _key_of(shape_of(type(row)), plain), plain)

    def insert_all(self, rows: Sequence[Any]) -> None:
        """See Transaction."""
        for row in rows:
            self.insert(row)

    def put_all(self, rows: Sequence[Any]) -> None:
        """See Transaction."""
        for row in rows:
            self.put(row)

    def alter(
        self, record: type[Any], *conditions: Condition, change: Mapping[str, Any], **equals: Any
    ) -> int:
        """See Transaction."""
        self._check(writes=True)
        shape = shape_of(record)
        places = {name: shape.changeable(name) for name in change}
        found = self._rows(shape, conditions, equals)
        for before in found:
            after = list(before)
            for name, value in change.items():
                place = places[name]
                new = before[place] + value.value if isinstance(value, Plus) else value
                after[place] = plain_value(shape, shape.fields[place], new)
            self._replace(record, _key_of(shape, before), tuple(after))
        return len(found)

    def delete(self, record: type[Any], *key: Any) -> bool:
        """See Transaction."""
        self._check(writes=True)
        plain = plain_key(record, key)
        if plain not in self._table(record):
            return False
        self._replace(record, plain, None)
        return True

    def end(self, *, undo: bool) -> None:
        """Take no more calls; undo: put back everything that was replaced."""
        self._ended = True
        if undo:
            for record, key, plain in reversed(self._replaced):
                self._set(record, key, plain)

    def _rows(
        self, shape: Shape, conditions: tuple[Condition, ...], equals: dict[str, Any]
    ) -> list[Plain]:
        """Return the rows that meet all conditions, by key."""
        claims = [_claim(shape, condition) for condition in conditions]
        claims += [_claim(shape, OneOf(name, (value,))) for name, value in equals.items()]
        table = self._table(shape.record)
        return [table[key] for key in sorted(table) if all(claim(table[key]) for claim in claims)]

    def _replace(self, record: type, key: Plain, plain: Plain | None) -> None:
        self._replaced.append((record, key, self._table(record).get(key)))
        self._set(record, key, plain)

    def _set(self, record: type, key: Plain, plain: Plain | None) -> None:
        if plain is None:
            self._table(record).pop(key, None)
        else:
            self._table(record)[key] = plain

    def _table(self, record: type) -> dict[Plain, Plain]:
        return self._tables.setdefault(record, {})

    def _check(self, *, writes: bool = False) -> None:
        if self._ended:
            raise RuntimeError("the transaction has ended")
        if writes and not self._writes:
            raise RuntimeError("read() only reads: use write()")


class MemoryStore:
    """All records in memory; transactions run one after the other."""

    def __init__(self, clock: Callable[[], float], patience: Patience = AT_ONCE) -> None:
        """Begin empty; `clock` stands for the database server's."""
        self._clock = clock
        self._patience = patience
        self._tables: dict[type, dict[Plain, Plain]] = {}
        self._lock = threading.Lock()
        self._alone = Alone()

    def write(self, work: Callable[[Transaction], T]) -> T:
        """See Store."""
        return self._patience.run(lambda: self._once(work, writes=True))

    def read(self, work: Callable[[Transaction], T]) -> T:
        """See Store."""
        return self._patience.run(lambda: self._once(work, writes=False))

    def close(self) -> None:
        """See Store; there is nothing to give back."""

    def _once(self, work: Callable[[Transaction], T], *, writes: bool) -> T:
        with self._alone.entered(), self._lock:
            transaction = MemoryTransaction(self._tables, self._clock(), writes)
            failed = True
            try:
                answer = work(transaction)
                failed = False
                return answer
            finally:
                transaction.end(undo=failed)


def _key_of(shape: Shape, plain: Plain) -> Plain:
    return tuple(plain[shape.position(name)] for name in shape.key)


def _claim(shape: Shape, condition: Condition) -> Callable[[Plain], bool]:
    """Return the function that says whether a row meets the condition."""
    if isinstance(condition, OneOfPairs):
        first, second = (shape.position(name) for name in condition.fields)
        pairs = set(plain_pairs(shape, condition))
        return lambda row: (row[first], row[second]) in pairs
    place = shape.position(condition.field)
    match condition:
        case AtMost(value=value):
            return lambda row: row[place] is not None and row[place] <= value
        case AtLeast(value=value):
            return lambda row: row[place] is not None and row[place] >= value
        case OneOf(values=values):
            field = shape.fields[place]
            wanted = {None if v is None else plain_value(shape, field, v) for v in values}
            return lambda row: row[place] in wanted
