from __future__ import annotations

from alembic import context

from extracted.catalog.store.tables import metadata

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    # Two replicas that start at once: the second waits here, then finds nothing left to do.
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7240118)")
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
