"""What to say of a PostgreSQL that does not do what it is asked to: what is wrong, and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import psycopg

from strangler_proxy.plain import plain

__all__ = ["remedy_of", "wrong_of"]

_OTHERWISE: Final = "Look into PostgreSQL's own log."
_UNREACHABLE: Final = (
    "Check that PostgreSQL runs there and can be reached from here; traffic goes on, and moves wait until it is back."
)
_WHO: Final = "Correct user and password in {key} (or PGPASSWORD, PGPASSFILE), or let pg_hba.conf admit them."
_ROOM: Final = "Make room on its disk, then try again."
_BUSY: Final = "It was too busy, or somebody holds a lock (pg_stat_activity names them); then try again."

# By SQLSTATE, else by its first two letters, which are its class.
_REMEDIES: Final[Mapping[str, str]] = {
    "08": _UNREACHABLE,
    "22": "It holds what its encoding cannot hold; make the database with ENCODING 'UTF8'.",
    "25006": "It is a standby, or read-only: name the primary in {key}, or add target_session_attrs=read-write to it.",
    "28": _WHO,
    "3D000": "Make the database (`createdb NAME`), or name another one in {key}.",
    "42501": (
        "Let an administrator make the schema for this user: `CREATE SCHEMA strangler AUTHORIZATION USER`, or, where it"
        " belongs to another user, name that user in {key}."
    ),
    "53100": _ROOM,
    "53200": _ROOM,
    "53300": "Raise its max_connections, or let others hold fewer: a replica needs eight.",
    "55P03": _BUSY,
    "57014": _BUSY,
    "57P": _UNREACHABLE,
}


def wrong_of(error: psycopg.Error) -> str:
    """What is wrong, in one line without values of rows or a password."""
    # The details under the first line may hold what was to be written.
    text = error.diag.message_primary or str(error) or type(error).__name__
    return plain(" ".join(text.split())).rstrip(".")


def remedy_of(error: psycopg.Error, key: str) -> str:
    """What to do about it; `key` is where the address stands."""
    state = error.sqlstate or ("08" if isinstance(error, psycopg.OperationalError) else "")
    found = _OTHERWISE
    for prefix in (state, state[:3], state[:2]):
        if prefix in _REMEDIES:
            found = _REMEDIES[prefix]
            break
    if error.sqlstate is None and "password" in str(error):
        # Refused while connecting, libpq tells no code.
        found = _WHO
    elif error.sqlstate is None and "does not exist" in str(error):
        found = _REMEDIES["3D000"] if "database" in str(error) else _WHO
    elif error.sqlstate is None and "too many" in str(error):
        found = _REMEDIES["53300"]
    return found.format(key=key)
