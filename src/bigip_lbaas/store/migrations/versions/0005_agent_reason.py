"""Agents keep why an operator switched them off."""

import sqlalchemy as sa
from alembic import op

from bigip_lbaas.store.migrations.columns import LONG

revision = "0005_agent_reason"
down_revision = "0004_shared_snapshots"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; who does not know of it leaves it alone."""
    op.add_column("bigip_lbaas_agent", sa.Column("set_because", LONG, nullable=True, quote=True))
