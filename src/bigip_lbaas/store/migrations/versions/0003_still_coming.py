"""What load balancers that reports have seen are still to bring."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "0003_still_coming"
down_revision = "0002_several_environments"
branch_labels = None
depends_on = None

SHORT = sa.String(255).with_variant(postgresql.VARCHAR(255, collation="C"), "postgresql")
LONG = (
    sa.Text()
    .with_variant(mysql.MEDIUMTEXT(), "mysql")
    .with_variant(postgresql.TEXT(collation="C"), "postgresql")
)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "bigip_lbaas_still_coming",
        _column("environment", SHORT),
        _column("group", sa.BigInteger()),
        _column("costs", LONG),
        sa.PrimaryKeyConstraint("environment", "group"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, autoincrement=False, quote=True)
