"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None

# Written out, not taken from the program's tables: those go on, this stays.
SHORT = sa.String(255).with_variant(postgresql.VARCHAR(255, collation="C"), "postgresql")
LONG = (
    sa.Text()
    .with_variant(mysql.MEDIUMTEXT(), "mysql")
    .with_variant(postgresql.TEXT(collation="C"), "postgresql")
)
INTEGER = sa.BigInteger()
REAL: sa.Double[float] = sa.Double()
BOOLEAN = sa.Boolean()


def upgrade() -> None:
    """Create all tables."""
    _create_load_balancers()
    _create_fleet()
    _create_placements()
    _create_decisions()
    _create_books()
    _create_history()


def _create_load_balancers() -> None:
    """Create the tables of what was accepted, and whose it is."""
    _table(
        "load_balancer",
        ("id",),
        _column("id", SHORT),
        _column("environment", SHORT),
        _column("project_id", SHORT),
        _column("revision", INTEGER),
        _column("graph", LONG),
        _column("wanted", BOOLEAN),
        _column("phase", SHORT),
        _column("request_id", LONG),
        _column("accepted_at", REAL),
        _column("applied_revision", INTEGER),
        _column("reason", LONG),
        _column("leaving", LONG),
        _column("unclean", LONG),
        _column("behind", BOOLEAN),
        _column("demands", LONG),
        _column("refused", BOOLEAN),
    )
    _index("load_balancer", "environment", "behind")
    _index("load_balancer", "environment", "phase")
    _index("load_balancer", "environment", "project_id")
    _table(
        "child",
        ("object_id",),
        _column("object_id", SHORT),
        _column("kind", LONG),
        _column("load_balancer_id", SHORT),
        _column("project_id", SHORT),
        _column("address", SHORT),
    )
    _index("child", "load_balancer_id")
    _index("child", "project_id", "address")
    _table(
        "vip",
        ("environment", "address"),
        _column("environment", SHORT),
        _column("address", SHORT),
        _column("load_balancer_id", LONG),
    )


def _create_fleet() -> None:
    """Create the tables of environments, groups, agents, homes and reports."""
    _table(
        "environment",
        ("name",),
        _column("name", SHORT),
    )
    _table(
        "group",
        ("environment", "number"),
        _column("environment", SHORT),
        _column("number", INTEGER),
        _column("draining", BOOLEAN),
        _column("weight", REAL),
        _column("devices", LONG),
        _column("tags", LONG),
        _column("policies_differ", LONG),
        _column("max_load_balancers", INTEGER, nullable=True),
        _column("set_tags", LONG, nullable=True),
        _column("was_full", BOOLEAN),
    )
    _table(
        "agent",
        ("id",),
        _column("id", SHORT),
        _column("environment", SHORT),
        _column("host", LONG),
        _column("group", INTEGER),
        _column("epoch", LONG),
        _column("beat", INTEGER),
        _column("alive", BOOLEAN),
        _column("admin_state_up", BOOLEAN),
        _column("devices", LONG),
        _column("registered_at", REAL),
        _column("beat_at", REAL),
    )
    _index("agent", "environment")
    _table(
        "home",
        ("environment", "project_id", "group"),
        _column("environment", SHORT),
        _column("project_id", SHORT),
        _column("group", INTEGER),
        _column("agent_id", SHORT),
        _column("fence_number", INTEGER),
        _column("fence_nonce", LONG),
    )
    _index("home", "agent_id")
    _index("home", "environment", "group")
    _table(
        "report",
        ("agent_id",),
        _column("agent_id", SHORT),
        _column("environment", SHORT),
        _column("group", INTEGER),
        _column("received_at", REAL),
        _column("report", LONG),
    )
    _index("report", "environment")


def _create_placements() -> None:
    """Create the tables of who lives where, and what is reserved."""
    _table(
        "placement_row",
        ("load_balancer_id",),
        _column("load_balancer_id", SHORT),
        _column("environment", SHORT),
        _column("project_id", SHORT),
        _column("group", INTEGER),
        _column("tombstone", BOOLEAN),
    )
    _index("placement_row", "environment", "group")
    _index("placement_row", "environment", "project_id", "group")
    _table(
        "residence",
        ("environment", "project_id", "group"),
        _column("environment", SHORT),
        _column("project_id", SHORT),
        _column("group", INTEGER),
        _column("load_balancers", INTEGER),
        _column("living", INTEGER),
    )
    _table(
        "reservation",
        ("load_balancer_id",),
        _column("load_balancer_id", SHORT),
        _column("environment", SHORT),
        _column("project_id", LONG),
        _column("group", INTEGER),
        _column("costs", LONG),
        _column("made_at", REAL),
        _column("applied_at", REAL, nullable=True),
        _column("expires_at", REAL, nullable=True),
    )
    _index("reservation", "environment", "group")
    _index("reservation", "environment", "expires_at")


def _create_decisions() -> None:
    """Create the table of what was decided, and on what grounds."""
    _table(
        "decision",
        ("load_balancer_id", "number"),
        _column("load_balancer_id", SHORT),
        _column("number", INTEGER),
        _column("environment", SHORT),
        _column("decided_at", REAL),
        _column("revision", INTEGER),
        _column("controller", LONG),
        _column("need", LONG),
        _column("fleet", LONG),
        _column("rules", LONG),
        _column("answer", LONG),
        _column("orphaned_at", REAL, nullable=True),
    )
    _index("decision", "environment", "orphaned_at")


def _create_books() -> None:
    """Create the tables of what is still to be told, who does what, what happened."""
    _table(
        "status_message",
        ("load_balancer_id",),
        _column("load_balancer_id", SHORT),
        _column("environment", SHORT),
        _column("revision", INTEGER),
        _column("statuses", LONG),
        _column("request_id", LONG),
        _column("created_at", REAL),
        _column("next_at", REAL),
        _column("tries", INTEGER),
        _column("told_at", REAL, nullable=True),
    )
    _index("status_message", "environment", "next_at")
    _table(
        "tenure",
        ("name",),
        _column("name", SHORT),
        _column("holder", LONG),
        _column("until_at", REAL),
    )
    _table(
        "sequence",
        ("name",),
        _column("name", SHORT),
        _column("value", INTEGER),
    )
    _table(
        "event",
        ("environment", "number"),
        _column("environment", SHORT),
        _column("number", INTEGER),
        _column("at", REAL),
        _column("kind", LONG),
        _column("subject", LONG),
        _column("text", LONG),
        _column("request_id", LONG),
    )


def _create_history() -> None:
    """Create the tables of what has been learned of groups over time."""
    _table(
        "history",
        ("environment", "group", "span_s", "begin"),
        _column("environment", SHORT),
        _column("group", INTEGER),
        _column("span_s", INTEGER),
        _column("begin", INTEGER),
        _column("span", LONG),
    )
    _index("history", "environment", "span_s", "begin")
    _table(
        "group_watch",
        ("environment", "group"),
        _column("environment", SHORT),
        _column("group", INTEGER),
        _column("watch", LONG, nullable=True),
    )
    _table(
        "seen_costs",
        ("environment", "project_id"),
        _column("environment", SHORT),
        _column("project_id", SHORT),
        _column("book", LONG),
        _column("learned_at", REAL),
    )
    _index("seen_costs", "environment", "learned_at")


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
