"""The tables of the evidence store in SQLite, one entry a version: a store of an older version is upgraded in place.

What was counted of a scope on a day (whole days since 1970, UTC) is one row, as `Evidence.to_json` has it: adding to it
needs to know what is there already, for names are bounded. What customers got is one row a window and key, in columns
that add up (`b0` to `b15` are the buckets of `strangler.evidence.BOUNDS`), and so are the verdicts of a scope's pairs,
a row a minute.
"""

from __future__ import annotations

from typing import Final

__all__ = ["APPLICATION_ID", "DAMAGED", "GONE", "VERSIONS"]

# "STRE": tells evidence from the toggles' file, and from any other.
APPLICATION_ID: Final = 0x53545245

GONE: Final = "The file is gone: put it back, or restart `strangler serve`, which begins a new one."
DAMAGED: Final = (
    "The file is damaged: restore it, or move it away and restart `strangler serve`, which begins a new one;"
    " traffic and toggles do not need it."
)

VERSIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """
        CREATE TABLE scope (
            id INTEGER PRIMARY KEY,
            route TEXT NOT NULL,
            release TEXT NOT NULL,
            rules TEXT NOT NULL,
            UNIQUE (route, release, rules)
        ) STRICT
        """,
        "CREATE TABLE batch (id TEXT PRIMARY KEY, at REAL NOT NULL) STRICT, WITHOUT ROWID",
        """
        CREATE TABLE counted (
            scope INTEGER NOT NULL REFERENCES scope ON DELETE CASCADE,
            day INTEGER NOT NULL,
            pairs INTEGER NOT NULL,
            first REAL,
            last REAL,
            document TEXT NOT NULL,
            PRIMARY KEY (scope, day)
        ) STRICT
        """,
        """
        CREATE TABLE missed (
            route TEXT NOT NULL,
            day INTEGER NOT NULL,
            cause TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (route, day, cause)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE kept (
            id TEXT PRIMARY KEY,
            scope INTEGER NOT NULL REFERENCES scope ON DELETE CASCADE,
            at REAL NOT NULL,
            template TEXT NOT NULL,
            verdict TEXT NOT NULL,
            cause TEXT NOT NULL,
            subject TEXT NOT NULL,
            size INTEGER NOT NULL,
            old_class INTEGER NOT NULL,
            new_class INTEGER NOT NULL,
            document TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX kept_scope ON kept (scope, at)",
        "CREATE INDEX kept_at ON kept (at)",
        "CREATE INDEX kept_subject ON kept (subject) WHERE subject <> ''",
        """
        CREATE TABLE shelf (
            scope INTEGER NOT NULL,
            template TEXT NOT NULL,
            field TEXT NOT NULL,
            kind TEXT NOT NULL,
            kept TEXT NOT NULL REFERENCES kept ON DELETE CASCADE,
            PRIMARY KEY (scope, template, field, kind, kept)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX shelf_kept ON shelf (kept, field, kind)",
    ),
    (
        """
        CREATE TABLE traffic_key (
            id INTEGER PRIMARY KEY,
            route TEXT NOT NULL,
            side TEXT NOT NULL,
            stage TEXT NOT NULL,
            release TEXT NOT NULL,
            UNIQUE (route, side, stage, release)
        ) STRICT
        """,
        """
        CREATE TABLE traffic (
            key INTEGER NOT NULL REFERENCES traffic_key ON DELETE CASCADE,
            length INTEGER NOT NULL,
            start INTEGER NOT NULL,
            requests INTEGER NOT NULL,
            errors INTEGER NOT NULL,
            fallbacks INTEGER NOT NULL,
            seconds REAL NOT NULL,
            b0 INTEGER NOT NULL,
            b1 INTEGER NOT NULL,
            b2 INTEGER NOT NULL,
            b3 INTEGER NOT NULL,
            b4 INTEGER NOT NULL,
            b5 INTEGER NOT NULL,
            b6 INTEGER NOT NULL,
            b7 INTEGER NOT NULL,
            b8 INTEGER NOT NULL,
            b9 INTEGER NOT NULL,
            b10 INTEGER NOT NULL,
            b11 INTEGER NOT NULL,
            b12 INTEGER NOT NULL,
            b13 INTEGER NOT NULL,
            b14 INTEGER NOT NULL,
            b15 INTEGER NOT NULL,
            PRIMARY KEY (key, length, start)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE opened (
            upstream TEXT NOT NULL,
            length INTEGER NOT NULL,
            start INTEGER NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (upstream, length, start)
        ) STRICT, WITHOUT ROWID
        """,
    ),
    (
        """
        CREATE TABLE compared (
            scope INTEGER NOT NULL REFERENCES scope ON DELETE CASCADE,
            start INTEGER NOT NULL,
            agree INTEGER NOT NULL,
            differ INTEGER NOT NULL,
            inconclusive INTEGER NOT NULL,
            open INTEGER NOT NULL,
            PRIMARY KEY (scope, start)
        ) STRICT, WITHOUT ROWID
        """,
    ),
)
