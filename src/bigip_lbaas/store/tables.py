"""The SQL tables, made from the record classes; the migrations must lead to the same."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.types import TypeEngine

from bigip_lbaas.store.records import RECORDS
from bigip_lbaas.store.shape import SHORT, Field, Kind, Shape, shape_of

PREFIX = "bigip_lbaas_"  # the database may be shared with another project
# A text compares by code points everywhere: MySQL by its table's collation, PostgreSQL by "C".
SHORT_TEXT = String(SHORT).with_variant(postgresql.VARCHAR(SHORT, collation="C"), "postgresql")
LONG_TEXT = (
    Text()
    .with_variant(mysql.MEDIUMTEXT(), "mysql")  # TEXT ends at 64 kB
    .with_variant(postgresql.TEXT(collation="C"), "postgresql")
)
TABLE_OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
}

metadata = MetaData()


def table_of(record: type) -> Table[Any]:
    """Return the table of a record class. Raises LookupError for any other class."""
    return metadata.tables[table_name(shape_of(record).record)]


def table_name(record: type) -> str:
    """Return the name of a record's table: PlacementRow -> bigip_lbaas_placement_row."""
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in record.__name__)
    return PREFIX + words.removeprefix("_")


def _table(shape: Shape) -> Table[Any]:
    name = table_name(shape.record)
    return Table(
        name,
        metadata,
        *(_column(field) for field in shape.fields),
        PrimaryKeyConstraint(*shape.key),  # in its own order, which is also that of the index
        *(Index(f"{name}_{'_'.join(fields)}", *fields) for fields in shape.indexes),
        **TABLE_OPTIONS,
    )


def _column(field: Field) -> Column[Any]:
    # Always quoted: "group" and "key" are reserved words, and not the same ones everywhere.
    return Column(
        field.name,
        _type(field),
        autoincrement=False,
        nullable=field.optional,
        quote=True,
    )


def _type(field: Field) -> TypeEngine[Any]:
    if field.kind is Kind.TEXT:
        return SHORT_TEXT if field.short else LONG_TEXT
    plain: dict[Kind, TypeEngine[Any]] = {
        Kind.INTEGER: BigInteger(),
        Kind.REAL: Double(),
        Kind.BOOLEAN: Boolean(),
        Kind.JSON: LONG_TEXT,
        Kind.PACKED: LONG_TEXT,
    }
    return plain[field.kind]


for _record in RECORDS:
    _table(shape_of(_record))
