"""What two audits have found to be nobody's may go though no commits were lost."""

from alembic import op

from bigip_lbaas.store.migrations.columns import BOOLEAN, column

revision = "0009_orphans"
down_revision = "0008_sources"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what older programs write has none."""
    op.add_column("bigip_lbaas_stranger", column("may_go", BOOLEAN, nullable=True))
