"""Agents are told apart by environment and id; how long their silence may be, whose process."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from bigip_lbaas.store.migrations.columns import LONG, SHORT, column

revision = "0002_several_environments"
down_revision = "0001_first"
branch_labels = None
depends_on = None

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
    for name, kind in added.items():
        op.add_column("bigip_lbaas_agent", sa.Column(name, kind, nullable=True, quote=True))
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
        column("id", SHORT),
        column("environment", SHORT),
        column("host", LONG),
        column("group", sa.BigInteger()),
        column("epoch", LONG),
        column("beat", sa.BigInteger()),
        column("alive", sa.Boolean()),
        column("admin_state_up", sa.Boolean()),
        column("devices", LONG),
        column("registered_at", sa.Double()),
        column("beat_at", sa.Double()),
    ]


def _report_columns() -> list[sa.Column[Any]]:
    return [
        column("agent_id", SHORT),
        column("environment", SHORT),
        column("group", sa.BigInteger()),
        column("received_at", sa.Double()),
        column("report", LONG),
    ]
