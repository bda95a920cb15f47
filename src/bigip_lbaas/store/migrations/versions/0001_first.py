"""The first tables."""

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

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None


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
    create_table(
        "load_balancer",
        ("id",),
        column("id", SHORT),
        column("environment", SHORT),
        column("project_id", SHORT),
        column("revision", INTEGER),
        column("graph", LONG),
        column("wanted", BOOLEAN),
        column("phase", SHORT),
        column("request_id", LONG),
        column("accepted_at", REAL),
        column("applied_revision", INTEGER),
        column("reason", LONG),
        column("leaving", LONG),
        column("unclean", LONG),
        column("behind", BOOLEAN),
        column("demands", LONG),
        column("refused", BOOLEAN),
    )
    create_index("load_balancer", "environment", "behind")
    create_index("load_balancer", "environment", "phase")
    create_index("load_balancer", "environment", "project_id")
    create_table(
        "child",
        ("object_id",),
        column("object_id", SHORT),
        column("kind", LONG),
        column("load_balancer_id", SHORT),
        column("project_id", SHORT),
        column("address", SHORT),
    )
    create_index("child", "load_balancer_id")
    create_index("child", "project_id", "address")
    create_table(
        "vip",
        ("environment", "address"),
        column("environment", SHORT),
        column("address", SHORT),
        column("load_balancer_id", LONG),
    )


def _create_fleet() -> None:
    """Create the tables of environments, groups, agents, homes and reports."""
    create_table(
        "environment",
        ("name",),
        column("name", SHORT),
    )
    create_table(
        "group",
        ("environment", "number"),
        column("environment", SHORT),
        column("number", INTEGER),
        column("draining", BOOLEAN),
        column("weight", REAL),
        column("devices", LONG),
        column("tags", LONG),
        column("policies_differ", LONG),
        column("max_load_balancers", INTEGER, nullable=True),
        column("set_tags", LONG, nullable=True),
        column("was_full", BOOLEAN),
    )
    create_table(
        "agent",
        ("id",),
        column("id", SHORT),
        column("environment", SHORT),
        column("host", LONG),
        column("group", INTEGER),
        column("epoch", LONG),
        column("beat", INTEGER),
        column("alive", BOOLEAN),
        column("admin_state_up", BOOLEAN),
        column("devices", LONG),
        column("registered_at", REAL),
        column("beat_at", REAL),
    )
    create_index("agent", "environment")
    create_table(
        "home",
        ("environment", "project_id", "group"),
        column("environment", SHORT),
        column("project_id", SHORT),
        column("group", INTEGER),
        column("agent_id", SHORT),
        column("fence_number", INTEGER),
        column("fence_nonce", LONG),
    )
    create_index("home", "agent_id")
    create_index("home", "environment", "group")
    create_table(
        "report",
        ("agent_id",),
        column("agent_id", SHORT),
        column("environment", SHORT),
        column("group", INTEGER),
        column("received_at", REAL),
        column("report", LONG),
    )
    create_index("report", "environment")


def _create_placements() -> None:
    """Create the tables of who lives where, and what is reserved."""
    create_table(
        "placement_row",
        ("load_balancer_id",),
        column("load_balancer_id", SHORT),
        column("environment", SHORT),
        column("project_id", SHORT),
        column("group", INTEGER),
        column("tombstone", BOOLEAN),
    )
    create_index("placement_row", "environment", "group")
    create_index("placement_row", "environment", "project_id", "group")
    create_table(
        "residence",
        ("environment", "project_id", "group"),
        column("environment", SHORT),
        column("project_id", SHORT),
        column("group", INTEGER),
        column("load_balancers", INTEGER),
        column("living", INTEGER),
    )
    create_table(
        "reservation",
        ("load_balancer_id",),
        column("load_balancer_id", SHORT),
        column("environment", SHORT),
        column("project_id", LONG),
        column("group", INTEGER),
        column("costs", LONG),
        column("made_at", REAL),
        column("applied_at", REAL, nullable=True),
        column("expires_at", REAL, nullable=True),
    )
    create_index("reservation", "environment", "group")
    create_index("reservation", "environment", "expires_at")


def _create_decisions() -> None:
    """Create the table of what was decided, and on what grounds."""
    create_table(
        "decision",
        ("load_balancer_id", "number"),
        column("load_balancer_id", SHORT),
        column("number", INTEGER),
        column("environment", SHORT),
        column("decided_at", REAL),
        column("revision", INTEGER),
        column("controller", LONG),
        column("need", LONG),
        column("fleet", LONG),
        column("rules", LONG),
        column("answer", LONG),
        column("orphaned_at", REAL, nullable=True),
    )
    create_index("decision", "environment", "orphaned_at")


def _create_books() -> None:
    """Create the tables of what is still to be told, who does what, what happened."""
    create_table(
        "status_message",
        ("load_balancer_id",),
        column("load_balancer_id", SHORT),
        column("environment", SHORT),
        column("revision", INTEGER),
        column("statuses", LONG),
        column("request_id", LONG),
        column("created_at", REAL),
        column("next_at", REAL),
        column("tries", INTEGER),
        column("told_at", REAL, nullable=True),
    )
    create_index("status_message", "environment", "next_at")
    create_table(
        "tenure",
        ("name",),
        column("name", SHORT),
        column("holder", LONG),
        column("until_at", REAL),
    )
    create_table(
        "sequence",
        ("name",),
        column("name", SHORT),
        column("value", INTEGER),
    )
    create_table(
        "event",
        ("environment", "number"),
        column("environment", SHORT),
        column("number", INTEGER),
        column("at", REAL),
        column("kind", LONG),
        column("subject", LONG),
        column("text", LONG),
        column("request_id", LONG),
    )


def _create_history() -> None:
    """Create the tables of what has been learned of groups over time."""
    create_table(
        "history",
        ("environment", "group", "span_s", "begin"),
        column("environment", SHORT),
        column("group", INTEGER),
        column("span_s", INTEGER),
        column("begin", INTEGER),
        column("span", LONG),
    )
    create_index("history", "environment", "span_s", "begin")
    create_table(
        "group_watch",
        ("environment", "group"),
        column("environment", SHORT),
        column("group", INTEGER),
        column("watch", LONG, nullable=True),
    )
    create_table(
        "seen_costs",
        ("environment", "project_id"),
        column("environment", SHORT),
        column("project_id", SHORT),
        column("book", LONG),
        column("learned_at", REAL),
    )
    create_index("seen_costs", "environment", "learned_at")
