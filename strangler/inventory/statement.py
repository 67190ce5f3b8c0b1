"""The tables that a statement reads and writes: names that models are known to have, where SQL has tables."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

__all__ = ["LONGEST", "tables_in"]

LONGEST: Final = 100_000
"""How much of a statement is looked at, in characters."""
_TOKEN: Final = re.compile(
    r"(?P<noise>'(?:[^']|'')*'|/\*.*?\*/|--[^\n]*)"
    r'|"(?P<double>[^"]+)"|`(?P<back>[^`]+)`|\[(?P<square>[^\]]+)\]|(?P<word>[A-Za-z_][\w$]*)|(?P<mark>[.,(])',
    re.DOTALL,
)
# Behind these stands a table.
_BEFORE: Final = frozenset({"FROM", "INTO", "JOIN", "TABLE", "TRUNCATE", "UPDATE", "USING"})
_BETWEEN: Final = frozenset({"IGNORE", "LATERAL", "LOW_PRIORITY", "ONLY", "TABLE"})
_WRITTEN: Final = frozenset({"INTO", "TABLE", "TRUNCATE", "UPDATE"})
# `FOR UPDATE` and `ON CONFLICT DO UPDATE` name no table.
_NO_TABLE: Final = frozenset({"DO", "FOR", "KEY"})
_AFTER: Final = frozenset(
    {"GROUP", "HAVING", "LIMIT", "ON", "ORDER", "RETURNING", "SELECT", "SET", "UNION", "VALUES", "WHERE", "WINDOW"}
)


def tables_in(sql: str, known: Container[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The tables of `known` that a statement reads, and those that it writes. Other names are passed over."""
    reads: set[str] = set()
    writes: set[str] = set()
    tokens = [found for found in _TOKEN.finditer(sql[:LONGEST]) if not found["noise"]]
    wanted, listed, written, before = False, False, False, ""
    for number, found in enumerate(tokens):
        word = (found["word"] or "").upper()
        name = found["double"] or found["back"] or found["square"] or found["word"]
        if word in _BEFORE and not (word == "UPDATE" and before in _NO_TABLE):
            wanted, listed = True, word == "FROM"
            written = word in _WRITTEN or (word == "FROM" and before == "DELETE")
        elif word in _AFTER or found["mark"] == "(":
            wanted = False
            listed = listed and not word
        elif found["mark"] == ",":
            wanted, written = listed, False
        elif wanted and name and word not in _BETWEEN:
            if number + 1 < len(tokens) and tokens[number + 1]["mark"] == ".":
                continue  # the schema that the table is in
            wanted = False
            table = next((each for each in (name, name.lower()) if each in known), None)
            if table is not None:
                (writes if written else reads).add(table)
        before = word
    return frozenset(reads), frozenset(writes)
