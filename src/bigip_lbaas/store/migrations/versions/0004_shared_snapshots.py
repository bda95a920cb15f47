"""Decisions share a snapshot of the fleet, and groups' books have a version."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from bigip_lbaas.store.migrations.columns import (
    INTEGER,
    LONG,
    REAL,
    SHORT,
    column,
    create_index,
    create_table,
)

revision = "0004_shared_snapshots"
down_revision = "0003_still_coming"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and a version for each group that there is."""
    create_table(
        "group_books",
        ("environment", "group"),
        column("environment", SHORT),
        column("group", INTEGER),
        column("version", INTEGER),
    )
    create_table(
        "fleet_snapshot",
        ("id",),
        column("id", SHORT),
        column("environment", SHORT),
        column("made_at", REAL),
        column("groups", LONG),
        column("rules", LONG),
        column("bookings", LONG),
        column("is_suspect", sa.Boolean()),
    )
    create_index("fleet_snapshot", "environment", "is_suspect")
    create_table(
        "placement_decision",
        ("load_balancer_id", "number"),
        column("load_balancer_id", SHORT),
        column("number", INTEGER),
        column("environment", SHORT),
        column("decided_at", REAL),
        column("revision", INTEGER),
        column("controller", LONG),
        column("snapshot", SHORT),
        column("bookings", INTEGER),
        column("changed", LONG),
        column("need", LONG),
        column("standings", LONG),
        column("outcome", LONG),
        column("orphaned_at", REAL, nullable=True),
    )
    create_index("placement_decision", "environment", "orphaned_at")
    create_index("placement_decision", "snapshot")
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
