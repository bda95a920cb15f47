"""Writes many rows to PostgreSQL as one value, a list in JSON, whose text is always the same.

A statement with the values of every row would be built, sent and planned anew for each number of
them; one statement for each row is sent as often as there are rows.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Double,
    Insert,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from bigip_lbaas.store.shape import Kind, Shape
from bigip_lbaas.store.tables import table_of

ROWS = "rows"  # the parameter
_TYPES: dict[Kind, type[TypeEngine[Any]]] = {
    Kind.TEXT: Text,
    Kind.INTEGER: BigInteger,
    Kind.REAL: Double,
    Kind.BOOLEAN: Boolean,
    Kind.JSON: Text,
    Kind.PACKED: Text,
}
OnConflict = TypeVar("OnConflict", postgresql.Insert, sqlite.Insert)
_ENCODER = msgspec.json.Encoder()


def as_one_value(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the parameter for rows of plain values: field name -> value."""
    return {ROWS: _ENCODER.encode(rows).decode()}


@cache
def insert_of_many(shape: Shape) -> Insert:
    """Return the statement that adds rows, but none whose key is taken; rowcount tells how many."""
    return _from_json(shape).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


@cache
def upsert_of_many(shape: Shape) -> Insert:
    """Return the statement that adds rows or replaces those with their keys, all different."""
    return or_replace(shape, _from_json(shape))


def or_replace(shape: Shape, added: OnConflict) -> OnConflict:
    """Return the statement that replaces rows whose keys are taken, where it would have failed."""
    rest = [field.name for field in shape.fields if field.name not in shape.key]
    if not rest:
        return added.on_conflict_do_nothing()
    return added.on_conflict_do_update(
        index_elements=shape.key, set_={name: added.excluded[name] for name in rest}
    )


def _from_json(shape: Shape) -> postgresql.Insert:
    columns = [column(field.name, _TYPES[field.kind]()) for field in shape.fields]
    rows = func.json_to_recordset(cast(bindparam(ROWS, type_=Text), postgresql.JSON))
    given = rows.table_valued(*columns).render_derived(name="given", with_types=True)
    names = [field.name for field in shape.fields]
    table = table_of(shape.record)
    return postgresql.insert(table).from_select(names, select(*(given.c[name] for name in names)))
