"""Runs the migrations on the connection that `schema` hands over; touches no logging."""

from alembic import context

from bigip_lbaas.store.schema import VERSION_TABLE, is_ours
from bigip_lbaas.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    include_name=is_ours,
)
with context.begin_transaction():
    context.run_migrations()
