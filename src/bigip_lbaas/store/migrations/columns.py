"""Columns, tables and indexes as the migrations write them.

Written out, not taken from the program's tables: those go on, this stays. What a released
migration rests on is added to, and never changed.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

SHORT = sa.String(255).with_variant(postgresql.VARCHAR(255, collation="C"), "postgresql")
LONG = (
    sa.Text()
    .with_variant(mysql.MEDIUMTEXT(), "mysql")
    .with_variant(postgresql.TEXT(collation="C"), "postgresql")
)
INTEGER = sa.BigInteger()
REAL: sa.Double[float] = sa.Double()
BOOLEAN = sa.Boolean()


def create_table(name: str, key: tuple[str, ...], *columns: sa.Column[Any]) -> None:
    """Create one of our tables; name: without our prefix."""
    op.create_table(
        f"bigip_lbaas_{name}",
        *columns,
        sa.PrimaryKeyConstraint(*key),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def column(name: str, kind: Any, *, nullable: bool = False) -> sa.Column[Any]:
    """Return a column; always quoted, since some names are reserved words somewhere."""
    return sa.Column(name, kind, nullable=nullable, autoincrement=False, quote=True)


def create_index(table: str, *columns: str) -> None:
    """Create an index on one of our tables."""
    name = f"bigip_lbaas_{table}_{'_'.join(columns)}"
    op.create_index(name, f"bigip_lbaas_{table}", list(columns))
