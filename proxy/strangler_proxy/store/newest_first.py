"""Reading an audit in PostgreSQL from its end, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from psycopg.rows import TupleRow

from strangler_proxy.store.ids import NEWEST
from strangler_proxy.store.postgres_connection import Connection

__all__ = ["newest_first"]

_BATCH: Final = 500


def newest_first(connection: Connection, select: str, name: str | None, before: int | None) -> Iterator[TupleRow]:
    """The rows of `select`, whose first column is the table's growing `id`, newest first; of one `name`, unless that
    is None or a glob; where `before` is given, those with a lower id."""
    exact = name is not None and not any(letter in name for letter in "*?[")
    query = f"{select} WHERE id < %s{' AND name = %s' if exact else ''} ORDER BY id DESC LIMIT {_BATCH}".encode()
    below = NEWEST if before is None else before
    while rows := connection.execute(query, (below, name) if exact else (below,)).fetchall():
        yield from rows
        below = rows[-1][0]
