"""Pairs by their verdicts, minute by minute, in the table of an SQLite evidence store; each works within its caller's
transaction."""

from __future__ import annotations

import sqlite3

from strangler.evidence import COMPARED_FOR, MINUTE, Compared, Evidence, Scope
from strangler.evidence.agreement import told_by
from strangler.evidence.traffic import window_of

__all__ = ["add", "compared_of", "forget"]


def add(connection: sqlite3.Connection, scope: int, evidence: Evidence, at: float) -> None:
    """Add to the minute that `at` is in."""
    told = told_by(evidence)
    if any(told):
        connection.execute(
            """
            INSERT INTO compared VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
            SET agree = agree + excluded.agree, differ = differ + excluded.differ,
                inconclusive = inconclusive + excluded.inconclusive, open = open + excluded.open
            """,
            (scope, window_of(at, MINUTE), *told),
        )


def compared_of(connection: sqlite3.Connection, route: str, since: float, until: float | None) -> list[Compared]:
    """The minutes of a route."""
    rows = connection.execute(
        """
        SELECT route, release, rules, start, agree, differ, inconclusive, open
        FROM scope CROSS JOIN compared ON compared.scope = scope.id
        WHERE route = ?1 AND start >= ?2 AND (?3 IS NULL OR start < ?3) ORDER BY start, route, release, rules
        """,
        (route, since, until),
    )
    return [Compared(Scope(*row[:3]), row[3], MINUTE, *row[4:]) for row in rows]


def forget(connection: sqlite3.Connection, now: float, most: int) -> None:
    """Forget minutes that are old, or past `most`."""
    before = now - COMPARED_FOR
    (count,) = connection.execute("SELECT count(*) FROM compared").fetchone()
    if count > most:
        find = "SELECT start FROM compared ORDER BY start DESC LIMIT 1 OFFSET ?"
        before = max(before, connection.execute(find, (most,)).fetchone()[0] + 1)
    connection.execute("DELETE FROM compared WHERE start < ?", (before,))
