"""The tables of the SQLite store of toggles and documents, one entry a version: an older one is upgraded in place."""

from __future__ import annotations

from typing import Final

__all__ = ["APPLICATION_ID", "DAMAGED", "GONE", "VERSIONS"]

# "STRG": tells our file from any other SQLite file.
APPLICATION_ID: Final = 0x53545247

GONE: Final = (
    "The file is gone: put it back, or let a new one take over what is being served:"
    " `strangler adopt snapshot --why ...`."
)
DAMAGED: Final = (
    "The file is damaged: restore it, or move it away and let a new one take over what is being served:"
    " `strangler adopt snapshot --why ...`."
)

VERSIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """
        CREATE TABLE revision (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            revision INTEGER NOT NULL,
            at TEXT NOT NULL
        ) STRICT
        """,
        "INSERT INTO revision VALUES (1, 0, '1970-01-01T00:00:00+00:00')",
        "CREATE TABLE toggle (name TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID",
        """
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            revision INTEGER NOT NULL,
            at TEXT NOT NULL,
            who TEXT NOT NULL,
            why TEXT NOT NULL,
            name TEXT NOT NULL,
            before TEXT,
            after TEXT NOT NULL,
            forced INTEGER NOT NULL
        ) STRICT
        """,
        "CREATE INDEX audit_name ON audit (name, id)",
        """
        CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END
        """,
        """
        CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END
        """,
        """
        CREATE TRIGGER revision_goes_up BEFORE UPDATE ON revision WHEN NEW.revision <= OLD.revision
        BEGIN SELECT RAISE(ABORT, 'the revision only goes up'); END
        """,
    ),
    (
        "ALTER TABLE audit ADD COLUMN evidence TEXT",
        # A document that was deleted keeps its row, so that no version of it is ever given twice.
        """
        CREATE TABLE document (
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            content TEXT,
            at TEXT NOT NULL,
            PRIMARY KEY (kind, name)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE event (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL,
            who TEXT NOT NULL,
            action TEXT NOT NULL,
            name TEXT NOT NULL,
            why TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX event_name ON event (name, id)",
        """
        CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event
        BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END
        """,
        """
        CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event
        BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END
        """,
        "CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE replica (name TEXT PRIMARY KEY, content TEXT NOT NULL, at REAL NOT NULL) STRICT, WITHOUT ROWID",
    ),
    (
        # Entries of events below this id go; whoever deletes any other does not mean to.
        "CREATE TABLE event_floor (id INTEGER PRIMARY KEY CHECK (id = 1), below INTEGER NOT NULL) STRICT",
        "INSERT INTO event_floor VALUES (1, 0)",
        """
        CREATE TRIGGER event_floor_goes_up BEFORE UPDATE ON event_floor WHEN NEW.below <= OLD.below
        BEGIN SELECT RAISE(ABORT, 'the floor of events only goes up'); END
        """,
        "DROP TRIGGER event_is_not_deleted",
        """
        CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event WHEN OLD.id >= (SELECT below FROM event_floor)
        BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END
        """,
    ),
    (
        """
        CREATE TABLE call (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            minute TEXT NOT NULL,
            at TEXT NOT NULL,
            last TEXT NOT NULL,
            who TEXT NOT NULL,
            token TEXT NOT NULL,
            address TEXT NOT NULL,
            verb TEXT NOT NULL,
            status INTEGER NOT NULL,
            count INTEGER NOT NULL,
            UNIQUE (minute, who, token, address, verb, status)
        ) STRICT
        """,
        "CREATE TABLE call_floor (id INTEGER PRIMARY KEY CHECK (id = 1), below INTEGER NOT NULL) STRICT",
        "INSERT INTO call_floor VALUES (1, 0)",
        """
        CREATE TRIGGER call_floor_goes_up BEFORE UPDATE ON call_floor WHEN NEW.below <= OLD.below
        BEGIN SELECT RAISE(ABORT, 'the floor of calls only goes up'); END
        """,
        """
        CREATE TRIGGER call_only_grows BEFORE UPDATE ON call
        WHEN (NEW.id, NEW.minute, NEW.who, NEW.token, NEW.address, NEW.verb, NEW.status)
            IS NOT (OLD.id, OLD.minute, OLD.who, OLD.token, OLD.address, OLD.verb, OLD.status)
            OR NEW.count <= OLD.count OR NEW.at > OLD.at OR NEW.last < OLD.last
        BEGIN SELECT RAISE(ABORT, 'calls are only ever counted'); END
        """,
        """
        CREATE TRIGGER call_is_not_deleted BEFORE DELETE ON call WHEN OLD.id >= (SELECT below FROM call_floor)
        BEGIN SELECT RAISE(ABORT, 'calls are only ever counted'); END
        """,
    ),
)
