"""What customers got, in the tables of an SQLite evidence store; each works within its caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from strangler.evidence import BOUNDS, LENGTHS, Opened, Traffic, TrafficKey, Window
from strangler.evidence.traffic import cut_key, joins, window_of

__all__ = ["COUNTED", "add", "join", "opened_of", "requests_by_side", "windows_of"]

COUNTED: Final = ("requests", "errors", "fallbacks", "seconds", *(f"b{number}" for number in range(len(BOUNDS) + 1)))
"""The columns of a window that add up."""

_ADDED: Final = ", ".join(f"{name} = {name} + excluded.{name}" for name in COUNTED)
_SUMS: Final = ", ".join(f"sum(traffic.{name})" for name in COUNTED)
_PLACES: Final = ", ".join("?" * (3 + len(COUNTED)))
# By key first, as the index is: a condition on length and start alone would read every row.
_OF: Final = "key IN (SELECT id FROM traffic_key) AND length = ?"


def add(
    connection: sqlite3.Connection, rows: Mapping[TrafficKey, Traffic], at: float, opened: Mapping[str, int]
) -> None:
    """Add to the shortest window that `at` is in."""
    length, start = LENGTHS[0], window_of(at)
    connection.executemany(
        f"INSERT INTO traffic VALUES ({_PLACES}) ON CONFLICT DO UPDATE SET {_ADDED}",  # noqa: S608 - our own names
        [
            (
                _number_of(connection, key),
                length,
                start,
                traffic.requests,
                traffic.errors,
                traffic.fallbacks,
                traffic.seconds,
                *traffic.buckets,
            )
            for key, traffic in rows.items()
        ],
    )
    connection.executemany(
        "INSERT INTO opened VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        [(upstream, length, start, count) for upstream, count in opened.items()],
    )


def windows_of(
    connection: sqlite3.Connection, route: str | None, since: float, until: float | None, step: int, most: int | None
) -> list[Window]:
    """The windows of a route, or of all; those shorter than `step` joined, and at most `most` of them."""
    # CROSS JOIN, for SQLite, says which table is gone through: a route's keys, and not every window that there is.
    rows = connection.execute(
        f"""
        SELECT start / max(length, ?4) * max(length, ?4) AS begin, max(length, ?4),
               route, side, stage, release, {_SUMS}
        FROM traffic_key CROSS JOIN traffic ON traffic.key = traffic_key.id
        WHERE (?1 IS NULL OR route = ?1) AND length IN {LENGTHS} AND start >= ?2 AND (?3 IS NULL OR start < ?3)
        GROUP BY begin, route, side, stage, release, max(length, ?4)
        ORDER BY begin, route, side, stage, release, max(length, ?4) LIMIT ?5
        """,  # noqa: S608 - our own names
        (route, since, until, step, -1 if most is None else most),
    )
    return [
        Window(row[0], row[1], TrafficKey(*row[2:6]), Traffic(row[6], row[7], row[8], row[9], row[10:])) for row in rows
    ]


def requests_by_side(
    connection: sqlite3.Connection, since: float, until: float | None, step: int
) -> dict[tuple[int, str], int]:
    """How many requests each side was to answer, by windows of `step` seconds."""
    rows = connection.execute(
        f"""
        SELECT start / ?3 * ?3 AS begin, side, sum(requests)
        FROM traffic_key CROSS JOIN traffic ON traffic.key = traffic_key.id
        WHERE length IN {LENGTHS} AND start >= ?1 AND (?2 IS NULL OR start < ?2)
        GROUP BY begin, side
        """,  # noqa: S608 - our own numbers
        (since, until, step),
    )
    return {(begin, side): requests for begin, side, requests in rows}


def opened_of(connection: sqlite3.Connection, upstream: str, since: float, until: float | None) -> list[Opened]:
    """The windows in which breakers of an upstream opened."""
    rows = connection.execute(
        """
        SELECT start, length, upstream, count FROM opened
        WHERE upstream = ?1 AND start >= ?2 AND (?3 IS NULL OR start < ?3) ORDER BY start, length
        """,
        (upstream, since, until),
    )
    return [Opened(*row) for row in rows]


def join(connection: sqlite3.Connection, now: float, most: int) -> None:
    """Join windows that are old, or past `most` of their length, and forget keys of which there are none."""
    for length, into, old in joins(now):
        before = max(old, _crowded(connection, length, most))
        if into:
            connection.execute(
                f"""
                INSERT INTO traffic SELECT key, {into}, start / {into} * {into}, {_SUMS}
                FROM traffic WHERE {_OF} AND start < ? GROUP BY key, start / {into}
                ON CONFLICT DO UPDATE SET {_ADDED}
                """,  # noqa: S608 - our own names and numbers
                (length, before),
            )
            connection.execute(
                f"""
                INSERT INTO opened SELECT upstream, {into}, start / {into} * {into}, sum(count)
                FROM opened WHERE length = ? AND start < ? GROUP BY upstream, start / {into}
                ON CONFLICT DO UPDATE SET count = count + excluded.count
                """,  # noqa: S608 - as above
                (length, before),
            )
        connection.execute(f"DELETE FROM traffic WHERE {_OF} AND start < ?", (length, before))  # noqa: S608 - ours
        connection.execute("DELETE FROM opened WHERE length = ? AND start < ?", (length, before))
    connection.execute("DELETE FROM traffic_key WHERE id NOT IN (SELECT key FROM traffic)")


def _crowded(connection: sqlite3.Connection, length: int, most: int) -> int:
    """Windows of that length which began before are too many."""
    (count,) = connection.execute(f"SELECT count(*) FROM traffic WHERE {_OF}", (length,)).fetchone()  # noqa: S608
    if count <= most:
        return 0
    (start,) = connection.execute(
        f"SELECT start FROM traffic WHERE {_OF} ORDER BY start DESC LIMIT 1 OFFSET ?",  # noqa: S608 - ours
        (length, most),
    ).fetchone()
    return int(start) + 1


def _number_of(connection: sqlite3.Connection, key: TrafficKey) -> Any:
    where = "FROM traffic_key WHERE route = ? AND side = ? AND stage = ? AND release = ?"
    row = connection.execute(f"SELECT id {where}", key).fetchone()
    if row is None:
        known = connection.execute("SELECT DISTINCT release FROM traffic_key WHERE route = ?", (key.route,))
        key = cut_key(key, {release for (release,) in known})
        connection.execute(
            "INSERT INTO traffic_key (route, side, stage, release) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", key
        )
        row = connection.execute(f"SELECT id {where}", key).fetchone()
    return row[0]
