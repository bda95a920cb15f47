"""Decisions share a snapshot of the fleet, and groups' books have a version."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "0004_shared_snapshots"
down_revision = "0003_still_coming"
branch_labels = None
depends_on = None

SHORT = sa.String(255).with_variant(postgresql.VARCHAR(255, collation="C"), "postgresql")
LONG = (
    sa.Text()
    .with_variant(mysql.MEDIUMTEXT(), "mysql")
    .with_variant(postgresql.TEXT(collation="C"), "postgresql")
)
INTEGER = sa.BigInteger()
REAL: sa.Double[float] = sa.Double()


def upgrade() -> None:
    """Create the tables, and a version for each group that there is."""
    _table(
        "group_books",
        ("environment", "group"),
        _column("environment", SHORT),
        _column("group", INTEGER),
        _column("version", INTEGER),
    )
    _table(
        "fleet_snapshot",
        ("id",),
        _column("id", SHORT),
        _column("environment", SHORT),
        _column("made_at", REAL),
        _column("groups", LONG),
        _column("rules", LONG),
        _column("bookings", LONG),
        _column("is_suspect", sa.Boolean()),
    )
    _index("fleet_snapshot", "environment", "is_suspect")
    _table(
        "placement_decision",
        ("load_balancer_id", "number"),
        _column("load_balancer_id", SHORT),
        _column("number", INTEGER),
        _column("environment", SHORT),
        _column("decided_at", REAL),
        _column("revision", INTEGER),
        _column("controller", LONG),
        _column("snapshot", SHORT),
        _column("bookings", INTEGER),
        _column("changed", LONG),
        _column("need", LONG),
        _column("standings", LONG),
        _column("outcome", LONG),
        _column("orphaned_at", REAL, nullable=True),
    )
    _index("placement_decision", "environment", "orphaned_at")
    _index("placement_decision", "snapshot")
    books = sa.table("bigip_lbaas_group_books", *map(_named, ("environment", "group", "version")))
    groups = sa.table("bigip_lbaas_group", *map(_named, ("environment", "number")))
    all_groups = sa.select(groups.c.environment, groups.c.number, sa.literal(0))
    op.execute(books.insert().from_select(["environment", "group", "version"], all_groups))
    # Controllers of the revision before go on writing to the table of old; without agents there
    # are none.
    if op.get_bind().execute(sa.text("SELECT 1 FROM bigip_lbaas_agent LIMIT 1")).first() is None:
        op.drop_table("bigip_lbaas_decision")


def _named(name: str) -> sa.ColumnClause[Any]:
    return sa.column(sa.quoted_name(name, quote=True))


def _table(name: str, key: tuple[str, ...], *columns: sa.Column[Any]) -> None:
    op.create_table(
        f"bigip_lbaas_{name}",
        *columns,
        sa.PrimaryKeyConstraint(*key),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def _column(name: str, kind: Any, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, autoincrement=False, quote=True)


def _index(table: str, *columns: str) -> None:
    name = f"bigip_lbaas_{table}_{'_'.join(columns)}"
    op.create_index(name, f"bigip_lbaas_{table}", list(columns))
