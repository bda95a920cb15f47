"""The one way to the shared database: work inside a transaction, on records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AtMost:
    """Keeps rows whose field is not None and <= value."""

    field: str
    value: float


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Keeps rows whose field is not None and >= value."""

    field: str
    value: float | str


@dataclass(frozen=True, slots=True)
class OneOf:
    """Keeps rows whose field is one of the values; no values keep no row."""

    field: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class OneOfPairs:
    """Keeps rows whose two fields, neither None, are one of the pairs; no pairs keep no row."""

    fields: tuple[str, str]
    pairs: tuple[tuple[Any, Any], ...]


Condition = AtMost | AtLeast | OneOf | OneOfPairs


@dataclass(frozen=True, slots=True)
class Plus:
    """Stands for what is there, and so much more; in the database itself, so nobody's is lost."""

    value: int


class Transaction(Protocol):
    """Reads and writes that happen as a whole or not at all."""

    def now(self) -> float:
        """Return the database's clock, seconds since 1970; the same for all who share it.

        It is read once, when first asked for: take locks before, or it is from before the wait.
        """

    def get(self, record: type[R], *key: Any, lock: bool = False) -> R | None:
        """Return the row of that key, or None. lock: nobody else changes it until the end.

        A row that is not there cannot be locked: two may find nothing and both insert; one of
        them gets ConcurrentUpdate.
        """

    def select(
        self,
        record: type[R],
        *conditions: Condition,
        order_by: str | None = None,
        limit: int | None = None,
        lock: bool = False,
        **equals: Any,
    ) -> tuple[R, ...]:
        """Return the rows that meet every condition, in the order of `order_by`, else by key.

        A leading "-" in order_by turns the order round; None is the lowest; equal ones are
        ordered by key. Fields that are stored as JSON cannot be compared (LookupError). lock: as
        in `get`, of each row that is found.
        """

    def count(
        self, record: type[Any], by: str, *conditions: Condition, **equals: Any
    ) -> dict[Any, int]:
        """Return value of field `by` -> number of rows that meet every condition."""

    def highest(
        self, record: type[Any], field: str, by: str, *conditions: Condition, **equals: Any
    ) -> dict[Any, Any]:
        """Return value of field `by` -> the highest value of `field` in rows that meet them."""

    def insert(self, row: Any) -> None:
        """Add a row. Raises ConcurrentUpdate when its key is taken.

        `work` may catch that and go on: nothing but this row is undone. Raises ValueError, like
        put, for what not every database can hold: NUL characters, key texts of more than 255
        characters or ending in a space, numbers that are not finite.
        """

    def put(self, row: Any) -> None:
        """Add the row, or replace the one with its key."""

    def insert_all(self, rows: Sequence[Any]) -> None:
        """Add rows of one kind. Raises ConcurrentUpdate when a key is taken: all is lost then."""

    def put_all(self, rows: Sequence[Any]) -> None:
        """Put rows of one kind, each with a key of its own."""

    def alter(
        self, record: type[Any], *conditions: Condition, change: Mapping[str, Any], **equals: Any
    ) -> int:
        """Change fields of all rows that meet every condition; return how many there are.

        change: field -> the new value, or Plus(n) to add to what is there. Fields of the key and
        those stored as JSON cannot be changed so (LookupError).
        """

    def delete(self, record: type[Any], *key: Any) -> bool:
        """Remove the row of that key; return whether there was one."""


class Store(Protocol):
    """A database that several processes share."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction and commit; run it again when others were faster.

        `work` may run several times, so it must do nothing but read and write through its
        transaction. Raises ConcurrentUpdate when it lost too often (a ConcurrentUpdate that
        leaves `work` counts as losing), StoreUnavailable when the database cannot be reached or
        takes no writes: nothing was stored, and a connection that was lost was tried once more.
        CommitUnknown, one of those, when it broke while committing: the work was done as a
        whole, or not at all. Any other error of `work` rolls back and is raised. A transaction
        inside another is a RuntimeError.
        """

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent snapshot; it must not write."""

    def close(self) -> None:
        """Give connections back."""
