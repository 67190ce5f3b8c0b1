from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from extracted.catalog.store.sql import SqlStore

__all__ = ["is_current", "migrate"]


def migrate(store: SqlStore) -> None:
    """Brings the tables to this version's shape, in one transaction. Raises StoreGone."""
    with store.connection() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(store: SqlStore) -> bool:
    """Whether the tables have this version's shape."""
    with store.connection() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present == ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
