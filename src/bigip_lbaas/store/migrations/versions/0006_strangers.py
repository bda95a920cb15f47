"""Load balancers that devices have and the database does not know."""

from bigip_lbaas.store.migrations.columns import (
    BOOLEAN,
    INTEGER,
    LONG,
    REAL,
    SHORT,
    column,
    create_index,
    create_table,
)

revision = "0006_strangers"
down_revision = "0005_agent_reason"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    create_table(
        "stranger",
        ("load_balancer_id",),
        column("load_balancer_id", SHORT),
        column("environment", SHORT),
        column("project_id", LONG),
        column("group", INTEGER),
        column("vip_address", LONG),
        column("found_at", REAL),
        column("unwanted", BOOLEAN),
    )
    create_index("stranger", "environment")
