"""Who leads among all that share a PostgreSQL database: whoever's connection holds an advisory lock."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Final

from strangler.errors import StoreUnavailable
from strangler_proxy.store.postgres_connection import ADVISORY, Connection, PostgresConnection

__all__ = ["PostgresLeader"]

_TAKE: Final = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
_GIVE: Final = "SELECT pg_advisory_unlock(%s, hashtext(%s))"


class PostgresLeader:
    """Leads by locks of one connection to `database`, which the server takes back when that ends. Safe to share between
    threads."""

    def __init__(self, database: PostgresConnection) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._kept: Connection | None = None
        self._led: set[str] = set()

    def lead(self, name: str) -> bool:
        """Whether we lead what `name` says, from now on if nobody did. Raises StoreUnavailable."""
        with self._lock:
            if self._kept is not None:
                try:
                    return self._asked(self._kept, name)
                except StoreUnavailable:
                    # The connection has ended, and all that it led; the store may be there all the same.
                    self._drop()
            self._kept = self._database.alone()
            try:
                return self._asked(self._kept, name)
            except StoreUnavailable:
                self._drop()
                raise

    def resign(self, name: str) -> None:
        """Lead no more."""
        with self._lock:
            if name not in self._led or self._kept is None:
                return
            self._led.discard(name)
            try:
                with self._database.faults(), self._database.bounded(self._kept):
                    self._kept.execute(_GIVE, (ADVISORY, _key(name)))
            except StoreUnavailable:
                self._drop()

    def close(self) -> None:
        """Lead nothing any more."""
        with self._lock:
            self._drop()

    def _asked(self, connection: Connection, name: str) -> bool:
        with self._database.faults(), self._database.bounded(connection):
            if name in self._led:
                # Only an answer shows that the connection, and with it the lock, is there still.
                connection.execute("SELECT 1")
                return True
            row = connection.execute(_TAKE, (ADVISORY, _key(name))).fetchone()
        if row is not None and row[0]:
            self._led.add(name)
        return name in self._led

    def _drop(self) -> None:
        self._led.clear()
        if self._kept is not None:
            with suppress(Exception):
                self._kept.close()
            self._kept = None


def _key(name: str) -> str:
    return f"lead {name}"
