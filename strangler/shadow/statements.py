"""What SQL does, as far as its words tell: whether it writes, or ends the transaction that it is in. Pure."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ends", "writes"]

_COMMENTS: Final = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_TEXTS: Final = re.compile(r"'[^']*'")
_HARMLESS: Final = frozenset({"BEGIN", "COMMIT", "END", "RELEASE", "RESET", "ROLLBACK", "SAVEPOINT", "SET", "SHOW"})
_READING: Final = frozenset({"EXPLAIN", "SELECT", "TABLE", "VALUES", "WITH"})
_LOCKING: Final = re.compile(r"\bFOR (NO KEY )?UPDATE\b")
_WRITING: Final = re.compile(r"\b(DELETE|INSERT|INTO|MERGE|TRUNCATE|UPDATE)\b")
# What was written before stays for good, and what comes after is in no transaction.
_ENDING: Final = re.compile(r"(ABORT|COMMIT|END|PREPARE TRANSACTION|ROLLBACK(?!( TRANSACTION| WORK)? TO\b))\b")
# MySQL commits before any of these.
_COMMITTING: Final = re.compile(r"(ALTER|BEGIN|CREATE|DROP|LOCK|RENAME|START TRANSACTION|TRUNCATE|UNLOCK)\b")
_MYSQL: Final = frozenset({"mariadb", "mysql"})


def writes(sql: object) -> bool:
    """Whether any of some statements writes, or could. A function that a SELECT calls may do so unseen."""
    statements = _statements(sql)
    return not statements or any(map(_one_writes, statements))


def ends(sql: object, database: str) -> bool:
    """Whether any of some statements ends the transaction, in a database of that kind: `sqlite`, `mysql`, …"""
    return any(
        _ENDING.match(statement) or (database in _MYSQL and _COMMITTING.match(statement))
        for statement in _statements(sql)
    )


def _one_writes(statement: str) -> bool:
    first = re.match(r"[A-Z]*", statement)
    word = first[0] if first else ""
    if word == "PRAGMA":
        return "=" in statement
    return word not in _HARMLESS and (word not in _READING or bool(_WRITING.search(_LOCKING.sub("", statement))))


def _statements(sql: object) -> list[str]:
    """The statements of a text, in capitals, without comments and texts; none where it is no text."""
    if not isinstance(sql, str):
        return []
    parts = _TEXTS.sub("''", _COMMENTS.sub(" ", sql)).split(";")
    statements = [" ".join(part.lstrip("( \t\r\n").upper().split()) for part in parts]
    return [statement for statement in statements if statement]
