"""Reading an audit in PostgreSQL from its end, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from psycopg.rows import TupleRow

from strangler_proxy.store.postgres_connection import Connection

__all__ = ["newest_first"]

_BATCH: Final = 500


def newest_first(connection: Connection, select: str, name: str | None) -> Iterator[TupleRow]:
    """The rows of `select`, whose first column is the table's growing `id`, newest first; of one `name`, unless that
    is None or a glob."""
    exact = name is not None and not any(letter in name for letter in "*?[")
    query = f"{select} WHERE id < %s{' AND name = %s' if exact else ''} ORDER BY id DESC LIMIT {_BATCH}".encode()
    below = 2**63 - 1
    while rows := connection.execute(query, (below, name) if exact else (below,)).fetchall():
        yield from rows
        below = rows[-1][0]
