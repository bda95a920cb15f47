"""The store in an SQL database that all controllers and drivers of an environment share."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Delete,
    Engine,
    Insert,
    RootTransaction,
    Select,
    bindparam,
    delete,
    exc,
    select,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite

from bigip_lbaas.domain.errors import (
    CommitUnknown,
    ConcurrentUpdate,
    ConnectionLost,
    ProviderError,
    WritesRefused,
)
from bigip_lbaas.store.engines import (
    Access,
    clock_of,
    place_of,
    reading_engine,
    url_from,
    writing_engine,
)
from bigip_lbaas.store.faults import fault_from, translated
from bigip_lbaas.store.many import as_one_value, insert_of_many, or_replace, upsert_of_many
from bigip_lbaas.store.patience import Alone, Patience, Turns
from bigip_lbaas.store.port import Condition, Transaction
from bigip_lbaas.store.selecting import (
    Which,
    alteration,
    count_question,
    highest_question,
    rows_question,
)
from bigip_lbaas.store.shape import (
    Shape,
    plain_key,
    plain_row,
    row_from,
    shape_of,
)
from bigip_lbaas.store.tables import table_of

R = TypeVar("R")
T = TypeVar("T")
MYSQL_DUPLICATE_KEY = 1062
RENEW_EVERY_S = 1.0  # at most: connections to a server that takes no writes


class SqlTransaction:
    """Statements on one connection. After a failure of the database it only fails again.

    That matters because a work may catch ConcurrentUpdate: where the database has rolled back (a
    deadlock), what the work does next would be committed without what it did before.
    """

    def __init__(self, connection: Connection, place: str, writes: bool) -> None:
        """Keep the connection, the database's name for messages, and whether it may write."""
        self._connection = connection
        self._place = place
        self._writes = writes
        self._arrays = connection.dialect.name == "postgresql"
        self._now: float | None = None
        self.failure: ProviderError | None = None
        self._ended = False

    def now(self) -> float:
        """See Transaction; read when first asked for."""
        if self._now is None:
            self._now = self._run(lambda: clock_of(self._connection))
        return self._now

    def get(self, record: type[R], *key: Any, lock: bool = False) -> R | None:
        """See Transaction."""
        statement = _select_by_key(shape_of(record))
        if lock:
            statement = statement.with_for_update()
        row = self._run(
            lambda: self._connection.execute(statement, _named_key(record, key)).first(),
            writes=lock,
        )
        return None if row is None else row_from(record, row)

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
        shape = shape_of(record)
        which = Which(conditions, equals, self._arrays)
        statement, values = rows_question(shape, which, order_by, limit, lock)
        rows = self._run(lambda: self._connection.execute(statement, values).all(), writes=lock)
        return tuple(row_from(record, row) for row in rows)

    def count(
        self, record: type[Any], by: str, *conditions: Condition, **equals: Any
    ) -> dict[Any, int]:
        """See Transaction."""
        shape = shape_of(record)
        which = Which(conditions, equals, self._arrays)
        statement, values = count_question(shape, by, which)
        rows: Any = self._run(lambda: self._connection.execute(statement, values).all())
        value_of = shape.field(by).from_plain
        return {value_of(value): number for value, number in rows}

    def highest(
        self, record: type[Any], field: str, by: str, *conditions: Condition, **equals: Any
    ) -> dict[Any, Any]:
        """See Transaction."""
        shape = shape_of(record)
        which = Which(conditions, equals, self._arrays)
        statement, values = highest_question(shape, field, by, which)
        rows: Any = self._run(lambda: self._connection.execute(statement, values).all())
        value_of, highest_of = shape.field(by).from_plain, shape.field(field).from_plain
        return {value_of(value): highest_of(most) for value, most in rows if most is not None}

    def insert(self, row: Any) -> None:
        """See Transaction."""
        shape, values = shape_of(type(row)), _named_row(row)
        if not self._run(lambda: self._insert(shape, values), writes=True):
            key = tuple(values[name] for name in shape.key)
            raise ConcurrentUpdate(f"there is a {shape.record.__name__} {key} already")

    def put(self, row: Any) -> None:
        """See Transaction."""
        statement = _upsert(shape_of(type(row)), self._connection.dialect.name)
        values = _named_row(row)
        self._run(lambda: self._connection.execute(statement, values), writes=True)

    def insert_all(self, rows: Sequence[Any]) -> None:
        """See Transaction."""
        if not rows:
            return
        shape = shape_of(type(rows[0]))
        values = [_named_row(row) for row in rows]
        if not self._run(lambda: self._insert_all(shape, values), writes=True):
            self.failure = ConcurrentUpdate(f"one of {len(rows)} {shape.record.__name__} is there")
            raise self.failure

    def put_all(self, rows: Sequence[Any]) -> None:
        """See Transaction."""
        if not rows:
            return
        shape = shape_of(type(rows[0]))
        values: Any = [_named_row(row) for row in rows]
        if self._arrays:
            statement, values = upsert_of_many(shape), as_one_value(values)
        else:
            statement = _upsert(shape, self._connection.dialect.name)
        self._run(lambda: self._connection.execute(statement, values), writes=True)

    def alter(
        self, record: type[Any], *conditions: Condition, change: Mapping[str, Any], **equals: Any
    ) -> int:
        """See Transaction."""
        which = Which(conditions, equals, self._arrays)
        statement, values = alteration(shape_of(record), which, change)
        done = self._run(lambda: self._connection.execute(statement, values), writes=True)
        return done.rowcount

    def delete(self, record: type[Any], *key: Any) -> bool:
        """See Transaction."""
        statement, values = _delete_by_key(shape_of(record)), _named_key(record, key)
        done = self._run(lambda: self._connection.execute(statement, values), writes=True)
        return done.rowcount > 0

    def end(self) -> None:
        """Take no more calls."""
        self._ended = True

    def _insert_all(self, shape: Shape, values: list[dict[str, Any]]) -> bool:
        """Return False when a key is taken."""
        if self._arrays:
            done = self._connection.execute(insert_of_many(shape), as_one_value(values))
            return done.rowcount == len(values)
        return self._insert(shape, values)

    def _insert(self, shape: Shape, values: dict[str, Any] | list[dict[str, Any]]) -> bool:
        """Return False when a key is taken; the transaction goes on all the same."""
        dialect = self._connection.dialect.name
        asked = len(values) if isinstance(values, list) else 1
        try:
            return self._connection.execute(_insert(shape, dialect), values).rowcount == asked
        except exc.IntegrityError as error:
            # MySQL has no way to pass over a taken key alone, but undoes only the statement.
            if error.orig is None or error.orig.args[0] != MYSQL_DUPLICATE_KEY:
                raise
            return False

    def _run(self, statement: Callable[[], T], *, writes: bool = False) -> T:
        if self._ended:
            raise RuntimeError("the transaction has ended")
        if writes and not self._writes:
            raise RuntimeError("read() only reads: use write()")
        if self.failure is not None:
            raise self.failure
        try:
            with translated(self._place):
                return statement()
        except ProviderError as error:
            self.failure = error
            raise


class SqlStore:
    """Store on SQLite, MySQL, MariaDB or PostgreSQL; connects when first used.

    Make it after a fork, not before. Its tables come from `schema.upgrade`.
    """

    def __init__(
        self, url: str, patience: Patience | None = None, access: Access | None = None
    ) -> None:
        """Keep how to connect. Raises ConfigurationRefused for a URL that cannot be one."""
        self._url: URL = url_from(url)
        self._place = place_of(self._url)
        self._patience = patience or Patience()
        self._access = access or Access()
        self._writer = writing_engine(self._url, self._access)
        self._reader = reading_engine(self._url, self._access)
        self._alone = Alone()
        self._renewing = threading.Lock()
        self._renewed_at_s = float("-inf")
        # SQLite takes one writer at a time. Its own way of waiting polls and lets some starve.
        self._turns = Turns(self._place) if self._url.get_backend_name() == "sqlite" else None

    def write(self, work: Callable[[Transaction], T]) -> T:
        """See Store."""
        return self._run(lambda: self._once(self._writer, work, writes=True))

    def read(self, work: Callable[[Transaction], T]) -> T:
        """See Store."""
        return self._run(lambda: self._once(self._reader, work, writes=False))

    def close(self) -> None:
        """See Store."""
        self._writer.dispose()
        self._reader.dispose()

    def _run(self, attempt: Callable[[], T]) -> T:
        """Return what `attempt` returns; once more where nothing was stored and that may help."""
        try:
            return self._patience.run(attempt)
        except ConnectionLost:
            return self._patience.run(attempt)
        except WritesRefused:
            # The address may lead to another server by now, our connections never do.
            if not self._may_renew():
                raise
            self.close()
            return self._patience.run(attempt)

    def _may_renew(self) -> bool:
        """Return whether all connections may be made anew; not more often than it may help."""
        now_s = time.monotonic()
        with self._renewing:
            is_early = now_s - self._renewed_at_s < RENEW_EVERY_S
            self._renewed_at_s = self._renewed_at_s if is_early else now_s
            return not is_early

    def _commit(self, begun: RootTransaction, writes: bool) -> None:
        try:
            begun.commit()
        except exc.SQLAlchemyError as error:
            fault = fault_from(self._place, error)
            if writes and not isinstance(fault, ConcurrentUpdate | WritesRefused):
                raise CommitUnknown(f"{fault}; it may have been stored") from error
            raise fault from error

    def _once(self, engine: Engine, work: Callable[[Transaction], T], *, writes: bool) -> T:
        turn = self._turns.taken(self._access.pool_timeout_s) if writes and self._turns else None
        with (
            self._alone.entered(),
            turn or nullcontext(),
            translated(self._place),
            engine.connect() as connection,
        ):
            begun = connection.begin()
            transaction = SqlTransaction(connection, self._place, writes)
            try:
                answer = work(transaction)
                if transaction.failure is not None:
                    raise transaction.failure  # the work has caught it
                self._commit(begun, writes)
            finally:
                transaction.end()
                if begun.is_active:
                    # What went wrong matters, not that a broken connection cannot roll back, too.
                    with suppress(exc.SQLAlchemyError):
                        begun.rollback()
            return answer


def _named_row(row: Any) -> dict[str, Any]:
    names = (field.name for field in shape_of(type(row)).fields)
    return dict(zip(names, plain_row(row), strict=True))


def _named_key(record: type, key: tuple[Any, ...]) -> dict[str, Any]:
    names = (f"key_{name}" for name in shape_of(record).key)
    return dict(zip(names, plain_key(record, key), strict=True))


def _by_key(shape: Shape) -> list[ColumnElement[bool]]:
    columns = table_of(shape.record).c
    return [columns[name] == bindparam(f"key_{name}") for name in shape.key]


@cache
def _select_by_key(shape: Shape) -> Select[Any]:
    return select(table_of(shape.record)).where(*_by_key(shape))


@cache
def _delete_by_key(shape: Shape) -> Delete:
    return delete(table_of(shape.record)).where(*_by_key(shape))


@cache
def _insert(shape: Shape, dialect: str) -> Insert:
    """Return the statement that adds a row, or changes no row when the key is taken."""
    table = table_of(shape.record)
    match dialect:
        case "sqlite":
            insert: Insert = sqlite.insert(table).on_conflict_do_nothing()
        case "postgresql":
            insert = postgresql.insert(table).on_conflict_do_nothing()
        case _:
            insert = mysql.insert(table)
    return insert.execution_options(preserve_rowcount=True)


@cache
def _upsert(shape: Shape, dialect: str) -> Insert:
    """Return the statement that adds a row or replaces the one with its key."""
    table = table_of(shape.record)
    if dialect == "mysql":
        rest = [field.name for field in shape.fields if field.name not in shape.key]
        added = mysql.insert(table)
        return added.on_duplicate_key_update(
            {name: added.inserted[name] for name in rest or shape.key}
        )
    if dialect == "sqlite":
        return or_replace(shape, sqlite.insert(table))
    return or_replace(shape, postgresql.insert(table))
