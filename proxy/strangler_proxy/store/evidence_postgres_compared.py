"""Pairs by their verdicts, minute by minute, in the table of a PostgreSQL evidence store; each works within its
caller's transaction."""

from __future__ import annotations

from strangler.evidence import COMPARED_FOR, MINUTE, Compared, Evidence, Scope
from strangler.evidence.agreement import told_by
from strangler.evidence.traffic import window_of
from strangler_proxy.store.evidence_postgres_schema import plain_text
from strangler_proxy.store.postgres_connection import Connection

__all__ = ["add", "compared_of", "forget"]


def add(connection: Connection, scope: int, evidence: Evidence, at: float) -> None:
    """Add to the minute that `at` is in. Whoever holds the scope is alone with it."""
    told = told_by(evidence)
    if any(told):
        connection.execute(
            """
            INSERT INTO strangler.evidence_compared AS old VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (scope, start) DO UPDATE
            SET agree = old.agree + excluded.agree, differ = old.differ + excluded.differ,
                inconclusive = old.inconclusive + excluded.inconclusive, open = old.open + excluded.open
            """,
            (scope, window_of(at, MINUTE), *told),
        )


def compared_of(connection: Connection, route: str, since: float, until: float | None) -> list[Compared]:
    """The minutes of a route."""
    rows = connection.execute(
        """
        SELECT route, release, rules, start, agree, differ, inconclusive, open
        FROM strangler.evidence_scope JOIN strangler.evidence_compared ON scope = id
        WHERE route = %(route)s AND start >= %(since)s AND (%(until)s::float8 IS NULL OR start < %(until)s)
        """,
        {"route": plain_text(route), "since": since, "until": until},
    )
    found = [Compared(Scope(*row[:3]), row[3], MINUTE, *row[4:]) for row in rows]
    return sorted(found, key=lambda each: (each.start, each.scope))


def forget(connection: Connection, now: float, most: int) -> None:
    """Forget minutes that are old, or past `most`."""
    before = now - COMPARED_FOR
    counted = connection.execute("SELECT count(*) FROM strangler.evidence_compared").fetchone()
    if counted is not None and counted[0] > most:
        find = "SELECT start FROM strangler.evidence_compared ORDER BY start DESC LIMIT 1 OFFSET %s"
        crowded = connection.execute(find, (most,)).fetchone()
        before = max(before, 0 if crowded is None else crowded[0] + 1)
    connection.execute("DELETE FROM strangler.evidence_compared WHERE start < %s", (before,))
