"""Alembic's entry: migrations run on the connection, and in the transaction, that `schema.upgrade` hands in."""

from alembic import context

from oo.adapters.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
