"""Groups of which one device is written and the others follow by their own sync."""

from bigip_lbaas.store.migrations.columns import (
    INTEGER,
    LONG,
    REAL,
    SHORT,
    column,
    create_table,
)

revision = "0008_sources"
down_revision = "0007_drift"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    create_table(
        "cluster_source",
        ("environment", "group"),
        column("environment", SHORT),
        column("group", INTEGER),
        column("source", LONG),
        column("next", LONG),
        column("left", LONG),
        column("wanted", LONG),
        column("number", INTEGER),
        column("since_at", REAL),
    )
    create_table(
        "cluster_view",
        ("environment", "agent_id"),
        column("environment", SHORT),
        column("agent_id", SHORT),
        column("group", INTEGER),
        column("device_sync", LONG),
        column("device_set", LONG),
        column("number", INTEGER),
        column("sees", LONG),
    )
