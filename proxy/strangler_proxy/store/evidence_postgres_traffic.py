"""What customers got, in the tables of a PostgreSQL evidence store; each works within its caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from strangler.evidence import BOUNDS, LENGTHS, Opened, Traffic, TrafficKey, Window
from strangler.evidence.traffic import cut_key, joins, window_of
from strangler_proxy.store.evidence_postgres_schema import digest_of, plain_text
from strangler_proxy.store.postgres_connection import ADVISORY, Connection

__all__ = ["add", "forget_keys", "join", "opened_of", "requests_by_side", "windows_of"]

_COUNTED: Final = ("requests", "errors", "fallbacks", "seconds", *(f"b{number}" for number in range(len(BOUNDS) + 1)))
_TYPES: Final = ("bigint", "bigint", "bigint", "double precision", *["bigint"] * (len(BOUNDS) + 1))
_COLUMNS: Final = ", ".join(_COUNTED)
_ADDED: Final = ", ".join(f"{name} = old.{name} + excluded.{name}" for name in _COUNTED)
_SUMS: Final = ", ".join(f"sum({name})::{kind}" for name, kind in zip(_COUNTED, _TYPES, strict=True))
_PLACES: Final = ", ".join(["%s"] * (3 + len(_COUNTED)))

_ADD: Final = f"""
    INSERT INTO strangler.evidence_traffic AS old (key, length, start, {_COLUMNS}) VALUES ({_PLACES})
    ON CONFLICT (key, length, start) DO UPDATE SET {_ADDED}
""".encode()  # noqa: S608 - our own names

_ADD_OPENED: Final = b"""
    INSERT INTO strangler.evidence_opened AS old VALUES (%s, %s, %s, %s)
    ON CONFLICT (upstream, length, start) DO UPDATE SET count = old.count + excluded.count
"""

# Names are ordered as everywhere else here, and not as in some language.
_WINDOWS: Final = f"""
    SELECT start / greatest(length, %(step)s) * greatest(length, %(step)s), greatest(length, %(step)s),
        route COLLATE "C", side COLLATE "C", stage COLLATE "C", release COLLATE "C", {_SUMS}
    FROM strangler.evidence_traffic_key JOIN strangler.evidence_traffic AS counted ON counted.key = id
    WHERE (%(route)s::text IS NULL OR route = %(route)s) AND length = ANY(%(lengths)s) AND start >= %(since)s
        AND (%(until)s::double precision IS NULL OR start < %(until)s)
    GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 3, 4, 5, 6, 2 LIMIT %(most)s
""".encode()  # noqa: S608 - our own names

_BY_SIDE: Final = b"""
    SELECT start / %(step)s * %(step)s, side, sum(requests)::bigint
    FROM strangler.evidence_traffic_key JOIN strangler.evidence_traffic AS counted ON counted.key = id
    WHERE length = ANY(%(lengths)s) AND start >= %(since)s
        AND (%(until)s::double precision IS NULL OR start < %(until)s)
    GROUP BY 1, 2
"""

# One statement each: what another replica adds meanwhile is either joined by it, or there when it is over.
_JOIN: Final = f"""
    WITH gone AS (
        DELETE FROM strangler.evidence_traffic WHERE length = %(length)s AND start < %(before)s RETURNING *
    )
    INSERT INTO strangler.evidence_traffic AS old (key, length, start, {_COLUMNS})
    SELECT key, %(into)s, start / %(into)s * %(into)s, {_SUMS} FROM gone GROUP BY 1, 2, 3 ORDER BY 1, 3
    ON CONFLICT (key, length, start) DO UPDATE SET {_ADDED}
""".encode()  # noqa: S608 - our own names

_JOIN_OPENED: Final = b"""
    WITH gone AS (
        DELETE FROM strangler.evidence_opened WHERE length = %(length)s AND start < %(before)s RETURNING *
    )
    INSERT INTO strangler.evidence_opened AS old
    SELECT upstream, %(into)s, start / %(into)s * %(into)s, sum(count)::bigint FROM gone GROUP BY 1, 2, 3 ORDER BY 1, 3
    ON CONFLICT (upstream, length, start) DO UPDATE SET count = old.count + excluded.count
"""


def add(connection: Connection, rows: Mapping[TrafficKey, Traffic], at: float, opened: Mapping[str, int]) -> None:
    """Add to the shortest window that `at` is in. Rows are taken in the order of their keys, so that of several who add
    at once each waits for the others, and none for the other way round."""
    length, start = LENGTHS[0], window_of(at)
    # Keys that become one past a bound are one row here.
    counted: dict[int, Traffic] = {}
    digests = {digest_of(*key): key for key in sorted(rows)}
    known: dict[bytes, int] = dict(
        connection.execute(
            "SELECT key, id FROM strangler.evidence_traffic_key WHERE key = ANY(%s)", (list(digests),)
        ).fetchall()
    )
    for digest, key in digests.items():
        number = known.get(digest) or _number_of(connection, key)
        counted[number] = counted.get(number, Traffic()) + rows[key]
    with connection.cursor() as cursor:
        cursor.executemany(
            _ADD,
            [
                (number, length, start, each.requests, each.errors, each.fallbacks, each.seconds, *each.buckets)
                for number, each in sorted(counted.items())
            ],
        )
        cursor.executemany(
            _ADD_OPENED, [(plain_text(upstream), length, start, count) for upstream, count in sorted(opened.items())]
        )


def windows_of(
    connection: Connection, route: str | None, since: float, until: float | None, step: int, most: int | None
) -> list[Window]:
    """The windows of a route, or of all; those shorter than `step` joined, and at most `most` of them."""
    wanted = {
        "route": None if route is None else plain_text(route),
        "lengths": list(LENGTHS),
        "since": since,
        "until": until,
        "step": step,
        "most": most,
    }
    return [
        Window(row[0], row[1], TrafficKey(*row[2:6]), Traffic(row[6], row[7], row[8], row[9], row[10:]))
        for row in connection.execute(_WINDOWS, wanted)
    ]


def requests_by_side(
    connection: Connection, since: float, until: float | None, step: int
) -> dict[tuple[int, str], int]:
    """How many requests each side was to answer, by windows of `step` seconds."""
    wanted = {"lengths": list(LENGTHS), "since": since, "until": until, "step": step}
    return {(begin, side): requests for begin, side, requests in connection.execute(_BY_SIDE, wanted)}


def opened_of(connection: Connection, upstream: str, since: float, until: float | None) -> list[Opened]:
    """The windows in which breakers of an upstream opened."""
    rows = connection.execute(
        """
        SELECT start, length, upstream, count FROM strangler.evidence_opened
        WHERE upstream = %(upstream)s AND start >= %(since)s
            AND (%(until)s::double precision IS NULL OR start < %(until)s)
        ORDER BY start, length
        """,
        {"upstream": plain_text(upstream), "since": since, "until": until},
    )
    return [Opened(*row) for row in rows]


def join(connection: Connection, now: float, most: int) -> None:
    """Join windows that are old, or past `most` of their length; one replica at a time."""
    connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext('traffic'))", (ADVISORY,))
    for length, into, old in joins(now):
        wanted = {"length": length, "into": into, "before": max(old, _crowded(connection, length, most))}
        if into:
            connection.execute(_JOIN, wanted)
            connection.execute(_JOIN_OPENED, wanted)
        else:
            connection.execute(
                "DELETE FROM strangler.evidence_traffic WHERE length = %(length)s AND start < %(before)s", wanted
            )
            connection.execute(
                "DELETE FROM strangler.evidence_opened WHERE length = %(length)s AND start < %(before)s", wanted
            )


def forget_keys(connection: Connection) -> None:
    """Forget keys of which there are no windows; while nobody adds any."""
    connection.execute(
        "DELETE FROM strangler.evidence_traffic_key AS known"
        " WHERE NOT EXISTS (SELECT 1 FROM strangler.evidence_traffic AS counted WHERE counted.key = known.id)"
    )


def _crowded(connection: Connection, length: int, most: int) -> int:
    """Windows of that length which began before are too many."""
    row = connection.execute(
        "SELECT start FROM strangler.evidence_traffic WHERE length = %s ORDER BY start DESC OFFSET %s LIMIT 1",
        (length, most),
    ).fetchone()
    return 0 if row is None else int(row[0]) + 1


def _number_of(connection: Connection, key: TrafficKey) -> int:
    find = "SELECT id FROM strangler.evidence_traffic_key WHERE key = %s"
    row = connection.execute(find, (digest_of(*key),)).fetchone()
    if row is None:
        known = connection.execute(
            "SELECT DISTINCT release FROM strangler.evidence_traffic_key WHERE route = %s", (plain_text(key.route),)
        )
        key = cut_key(key, {release for (release,) in known})
        # Where another replica has just made the same one, it is waited for, and its row is found.
        connection.execute(
            "INSERT INTO strangler.evidence_traffic_key (key, route, side, stage, release)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING",
            (digest_of(*key), *map(plain_text, key)),
        )
        row = connection.execute(find, (digest_of(*key),)).fetchone()
    return 0 if row is None else int(row[0])
