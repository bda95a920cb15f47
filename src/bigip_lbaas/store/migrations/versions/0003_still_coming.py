"""What load balancers that reports have seen are still to bring."""

from bigip_lbaas.store.migrations.columns import INTEGER, LONG, SHORT, column, create_table

revision = "0003_still_coming"
down_revision = "0002_several_environments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    create_table(
        "still_coming",
        ("environment", "group"),
        column("environment", SHORT),
        column("group", INTEGER),
        column("costs", LONG),
    )
