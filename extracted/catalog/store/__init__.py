"""The service's own database: the port, its SQLAlchemy implementation, and a fake that passes the same suite."""

from extracted.catalog.store.memory import MemoryStore
from extracted.catalog.store.port import Position, Reading, Rejection, Store, Tally, Writing
from extracted.catalog.store.sql import SqlStore

__all__ = ["MemoryStore", "Position", "Reading", "Rejection", "SqlStore", "Store", "Tally", "Writing"]
