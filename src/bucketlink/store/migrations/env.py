"""Where Alembic starts: it runs on the connection that `bucketlink.store.database` hands it."""

from alembic import context

from bucketlink.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
