"""Agents are told apart by environment and id; how long their silence may be, whose process."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "0002_several_environments"
down_revision = "0001_first"
branch_labels = None
depends_on = None

SHORT = sa.String(255).with_variant(postgresql.VARCHAR(255, collation="C"), "postgresql")
LONG = (
    sa.Text()
    .with_variant(mysql.MEDIUMTEXT(), "mysql")
    .with_variant(postgresql.TEXT(collation="C"), "postgresql")
)
KEYS = {"agent": ("environment", "id"), "report": ("environment", "agent_id")}


def upgrade() -> None:
    """Give both tables their new keys, and agents their silence."""
    for name, key in KEYS.items():
        op.drop_index(f"bigip_lbaas_{name}_environment", f"bigip_lbaas_{name}")  # the key leads it
        match op.get_context().dialect.name:
            case "sqlite":
                _copy(name, key)
            case "postgresql":
                _change_key_of_postgresql(name, key)
            case _:
                columns = ", ".join(f"`{column}`" for column in key)
                op.execute(
                    f"ALTER TABLE bigip_lbaas_{name} DROP PRIMARY KEY, ADD PRIMARY KEY ({columns})"
                )
    added: dict[str, Any] = {"silence_s": sa.Double(), "instance": LONG, "runs_as": LONG}
    for column, kind in added.items():
        op.add_column("bigip_lbaas_agent", sa.Column(column, kind, nullable=True, quote=True))
    op.drop_index("bigip_lbaas_home_agent_id", "bigip_lbaas_home")
    op.create_index(
        "bigip_lbaas_home_agent_id_fence_number", "bigip_lbaas_home", ["agent_id", "fence_number"]
    )


def _change_key_of_postgresql(name: str, key: tuple[str, ...]) -> None:
    """Change the key; controllers of the revision before go on writing by the old one.

    They say ON CONFLICT (id), for which PostgreSQL wants an index with just that. A database
    without agents has no such controllers.
    """
    table, old = f"bigip_lbaas_{name}", key[1]
    has_rows = op.get_bind().execute(sa.text(f"SELECT 1 FROM {table} LIMIT 1")).first()  # noqa: S608 - our own name
    op.drop_constraint(f"{table}_pkey", table)
    op.create_primary_key(f"{table}_pkey", table, list(key))
    if has_rows:
        op.create_index(f"{table}_of_old", table, [old], unique=True)


def _copy(name: str, key: tuple[str, ...]) -> None:
    """Make the table anew, since SQLite changes no key."""
    table = f"bigip_lbaas_{name}"
    op.rename_table(table, f"{table}_old")
    columns = _agent_columns() if name == "agent" else _report_columns()
    op.create_table(table, *columns, sa.PrimaryKeyConstraint(*key))
    names = ", ".join(f'"{column.name}"' for column in columns)
    op.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {table}_old")  # noqa: S608 - our own names
    op.drop_table(f"{table}_old")


def _agent_columns() -> list[sa.Column[Any]]:
    return [
        _column("id", SHORT),
        _column("environment", SHORT),
        _column("host", LONG),
        _column("group", sa.BigInteger()),
        _column("epoch", LONG),
        _column("beat", sa.BigInteger()),
        _column("alive", sa.Boolean()),
        _column("admin_state_up", sa.Boolean()),
        _column("devices", LONG),
        _column("registered_at", sa.Double()),
        _column("beat_at", sa.Double()),
    ]


def _report_columns() -> list[sa.Column[Any]]:
    return [
        _column("agent_id", SHORT),
        _column("environment", SHORT),
        _column("group", sa.BigInteger()),
        _column("received_at", sa.Double()),
        _column("report", LONG),
    ]


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, autoincrement=False, quote=True)
