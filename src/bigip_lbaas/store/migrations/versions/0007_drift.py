"""What audits find, when they were made, and when operators want one."""

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

revision = "0007_drift"
down_revision = "0006_strangers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_drift()
    create_table(
        "audit",
        ("environment", "agent_id", "device"),
        column("environment", SHORT),
        column("agent_id", SHORT),
        column("device", SHORT),
        column("group", INTEGER),
        column("audited_at", REAL),
        column("took_s", REAL),
        column("load_balancers", INTEGER),
        column("objects", INTEGER),
        column("reads", INTEGER),
        column("findings", INTEGER),
        column("more", INTEGER),
        column("repairs", BOOLEAN),
    )
    create_table(
        "audit_request",
        ("environment", "agent_id"),
        column("environment", SHORT),
        column("agent_id", SHORT),
        column("number", INTEGER),
        column("asked_at", REAL),
        column("project_id", LONG, nullable=True),
        column("load_balancer_id", LONG, nullable=True),
        column("repair", BOOLEAN),
        column("past_limit", BOOLEAN),
        column("sent_at", REAL, nullable=True),
    )


def _create_drift() -> None:
    create_table(
        "drift",
        ("id",),
        column("id", SHORT),
        column("environment", SHORT),
        column("group", INTEGER),
        column("device", SHORT),
        column("device_name", LONG),
        column("project_id", LONG),
        column("load_balancer_id", SHORT),
        column("finding", LONG),
        column("first_seen_at", REAL),
        column("last_seen_at", REAL),
        column("audits", INTEGER),
    )
    create_index("drift", "environment", "device")
    create_index("drift", "environment", "load_balancer_id")
