"""Evidence in a PostgreSQL database, which several replicas write to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from strangler.compare.values import Verdict
from strangler.evidence import (
    OTHERS,
    Batch,
    Compared,
    Evidence,
    KeptPair,
    Opened,
    Scope,
    SeenScope,
    Traffic,
    TrafficKey,
    Window,
)
from strangler_proxy.store import (
    evidence_postgres_compared,
    evidence_postgres_kept,
    evidence_postgres_schema,
    evidence_postgres_traffic,
)
from strangler_proxy.store.evidence_postgres_schema import digest_of, plain_text
from strangler_proxy.store.postgres_connection import ADVISORY, Connection, PostgresConnection

__all__ = ["PostgresEvidenceStore"]

_DAY: Final = 86_400
_LAST_DAY: Final = 2**40
_MOST_SCOPES: Final = 1000
_PRUNE_SECONDS: Final = 60.0


class PostgresEvidenceStore:
    """An evidence store in the PostgreSQL database `url`, in tables of the schema `strangler`.

    The first use makes the tables, or upgrades them to this version's. Each call is one transaction on one connection,
    which is opened again when it broke; a statement may take `seconds` (default 5). Several replicas can write at once:
    those that add to the same scope take turns there. Of pairs to keep it keeps at most `samples` (default 5) for each
    thing that they show, and of windows of traffic at most `windows` (default 500,000) of each length, and as many of
    pairs. `key` says where the address stands. Safe to share between threads, which take turns.
    """

    def __init__(
        self,
        url: str,
        *,
        samples: int = 5,
        windows: int = 500_000,
        key: str = "[evidence] url",
        seconds: float = 5.0,
    ) -> None:
        self._database = PostgresConnection(url, evidence_postgres_schema, key=key, seconds=seconds)
        # Joining a store's worth of windows takes longer than anybody should wait for an answer.
        self._pruning = PostgresConnection(url, evidence_postgres_schema, key=key, seconds=max(seconds, _PRUNE_SECONDS))
        self._samples = samples
        self._windows = windows

    def add(self, batch: Batch, *, at: float) -> bool:
        """Add a batch; False when it was added before. Raises StoreUnavailable, as every method does."""
        with self._adding() as connection:
            if not _is_new(connection, batch.id, at):
                return False
            day = int(at // _DAY)
            counted = {scope: evidence for scope, evidence in batch.scopes.items() if evidence}
            known = _taken(connection, {*counted, *(kept.scope for kept in batch.kept.values())})
            for scope, evidence in counted.items():
                _count(connection, known[scope][0], day, evidence)
                evidence_postgres_compared.add(connection, known[scope][0], evidence, at)
            with connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO strangler.evidence_missed AS old VALUES (%s, %s, %s, %s, %s)"
                    " ON CONFLICT (day, key) DO UPDATE SET count = old.count + excluded.count",
                    [
                        (day, digest_of(route, cause), plain_text(route), plain_text(cause), count)
                        for (route, cause), count in sorted(batch.never_paired.items())
                    ],
                )
            evidence_postgres_kept.keep(connection, list(batch.kept.values()), known, self._samples)
            return True

    def scopes(self, route: str | None = None) -> list[SeenScope]:
        """The scopes that were seen, those with the newest pairs first."""
        with self._database.connection() as connection:
            rows = connection.execute(
                """
                SELECT route, release, rules, coalesce(sum(pairs), 0), coalesce(min(first), 0.0),
                       coalesce(max(last), 0.0)
                FROM strangler.evidence_scope LEFT JOIN strangler.evidence_counted ON scope = id
                WHERE %(route)s::text IS NULL OR route = %(route)s GROUP BY id
                """,
                {"route": None if route is None else plain_text(route)},
            )
            found = [SeenScope(Scope(*row[:3]), int(row[3]), row[4], row[5]) for row in rows]
            return sorted(found, key=lambda each: (-each.last, each.scope))

    def read(self, scope: Scope, *, since: float = 0.0, until: float | None = None) -> Evidence:
        """What was counted of a scope."""
        with self._database.connection() as connection:
            found = Evidence()
            for (document,) in connection.execute(
                """
                SELECT document FROM strangler.evidence_counted JOIN strangler.evidence_scope ON id = scope
                WHERE key = %s AND day >= %s AND day < %s ORDER BY day
                """,
                (digest_of(*scope), int(since // _DAY), _LAST_DAY if until is None else int(until // _DAY)),
            ):
                found.merge(Evidence.from_json(json.loads(document)))
            return found

    def compared(self, route: str, *, since: float, until: float | None = None) -> list[Compared]:
        """The pairs of a route by their verdicts, in the minutes that began at `since` or later, and before `until`."""
        with self._database.connection() as connection:
            return evidence_postgres_compared.compared_of(connection, route, since, until)

    def missed(self, route: str, *, since: float = 0.0) -> dict[str, int]:
        """How many sampled exchanges of a route were never pairs, by cause."""
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT cause, sum(count) FROM strangler.evidence_missed WHERE route = %s AND day >= %s GROUP BY cause",
                (plain_text(route), int(since // _DAY)),
            )
            return {cause: int(count) for cause, count in rows}

    def kept(
        self,
        *,
        route: str | None = None,
        scope: Scope | None = None,
        template: str | None = None,
        field: str | None = None,
        kind: str | None = None,
        verdict: Verdict | None = None,
        cause: str | None = None,
        subject: str | None = None,
        limit: int = 100,
    ) -> list[KeptPair]:
        """Kept pairs that are all that is asked for, newest first."""
        wanted: dict[str, Any] = {
            "route = %(route)s": None if route is None else plain_text(route),
            "key = %(scope)s": None if scope is None else digest_of(*scope),
            "template = %(template)s": None if template is None else plain_text(template),
            "verdict = %(verdict)s": None if verdict is None else verdict.value,
            "cause = %(cause)s": None if cause is None else plain_text(cause),
            "subject = %(subject)s": None if subject is None else plain_text(subject),
        }
        conditions = [condition for condition, value in wanted.items() if value is not None]
        values = {condition.partition("%(")[2].removesuffix(")s"): value for condition, value in wanted.items()}
        if field is not None or kind is not None:
            conditions.append(
                "EXISTS (SELECT 1 FROM strangler.evidence_shelf AS shelf WHERE shelf.kept = kept.id AND field <> ''"
                " AND field = coalesce(%(field)s, field) AND kind = coalesce(%(kind)s, kind))"
            )
            values["field"] = None if field is None else plain_text(field)
            values["kind"] = None if kind is None else plain_text(kind)
        query = (
            "SELECT document FROM strangler.evidence_kept AS kept JOIN strangler.evidence_scope AS of ON of.id = scope"  # noqa: S608
            f' WHERE {" AND ".join(conditions or ["true"])} ORDER BY at DESC, kept.id COLLATE "C" LIMIT %(limit)s'
        )
        with self._database.connection() as connection:
            rows = connection.execute(query.encode(), {**values, "limit": max(limit, 0)})
            return [KeptPair.from_json(json.loads(document)) for (document,) in rows]

    def kept_pair(self, pair_id: str) -> KeptPair | None:
        """The kept pair of that id."""
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT document FROM strangler.evidence_kept WHERE id = %s", (plain_text(pair_id),)
            ).fetchone()
            return None if row is None else KeptPair.from_json(json.loads(row[0]))

    def examples(self, scope: Scope) -> dict[tuple[str, str], list[str]]:
        """By field and kind of a difference, the ids of the pairs that are its examples, newest first."""
        with self._database.connection() as connection:
            return evidence_postgres_kept.examples(connection, scope)

    def replace(self, pairs: Iterable[KeptPair]) -> int:
        """Put pairs judged anew in the place of those with the same ids."""
        with self._alone(self._database) as connection:
            given = {plain_text(kept.id): kept for kept in pairs}
            there = [given[name] for name in evidence_postgres_kept.dropped(connection, list(given))]
            known = _taken(connection, {kept.scope for kept in there})
            evidence_postgres_kept.keep(connection, there, known, self._samples)
            row = connection.execute(
                "SELECT count(*) FROM strangler.evidence_kept WHERE id = ANY(%s)",
                ([plain_text(kept.id) for kept in there],),
            ).fetchone()
            return 0 if row is None else int(row[0])

    def add_traffic(
        self,
        rows: Mapping[TrafficKey, Traffic],
        *,
        at: float,
        opened: Mapping[str, int] | None = None,
        told: str = "",
    ) -> bool:
        """Add what customers got; False when it was added before under the name `told`."""
        with self._adding() as connection:
            if told and not _is_new(connection, told, at):
                return False
            evidence_postgres_traffic.add(connection, rows, at, opened or {})
            return True

    def traffic(
        self,
        route: str | None = None,
        *,
        since: float,
        until: float | None = None,
        step: int = 0,
        most: int | None = None,
    ) -> list[Window]:
        """What customers got in the windows that began at `since` or later, and before `until`."""
        with self._database.connection() as connection:
            return evidence_postgres_traffic.windows_of(connection, route, since, until, step, most)

    def requests_by_side(self, *, since: float, until: float | None = None, step: int) -> dict[tuple[int, str], int]:
        """How many requests of all routes together each side was to answer, by windows of `step` seconds."""
        with self._database.connection() as connection:
            return evidence_postgres_traffic.requests_by_side(connection, since, until, step)

    def opened(self, upstream: str, *, since: float, until: float | None = None) -> list[Opened]:
        """In which of these windows breakers of an upstream opened."""
        with self._database.connection() as connection:
            return evidence_postgres_traffic.opened_of(connection, upstream, since, until)

    def clear(self, route: str, *, release: str | None = None) -> None:
        """Forget everything of a route, or of one release of it."""
        wanted = {"route": plain_text(route), "release": None if release is None else plain_text(release)}
        with self._alone(self._database) as connection:
            connection.execute(
                "DELETE FROM strangler.evidence_scope"
                " WHERE route = %(route)s AND release = coalesce(%(release)s, release)",
                wanted,
            )
            if release is None:
                connection.execute("DELETE FROM strangler.evidence_missed WHERE route = %(route)s", wanted)

    def erase(self, subject: str) -> int:
        """Forget every kept pair of a subject."""
        with self._alone(self._database) as connection:
            return connection.execute(
                "DELETE FROM strangler.evidence_kept WHERE subject = %s AND subject <> ''", (plain_text(subject),)
            ).rowcount

    def prune(self, *, now: float, keep_seconds: float, most_bytes: int) -> int:
        """Forget what is older than `keep_seconds`, and kept pairs until they take at most `most_bytes`. What another
        replica prunes meanwhile is waited for."""
        oldest = now - keep_seconds
        try:
            with self._pruning.transaction() as connection:
                evidence_postgres_traffic.join(connection, now, self._windows)
            with self._alone(self._pruning) as connection:
                connection.execute(
                    f"DELETE FROM strangler.evidence_counted WHERE (day + 1) * {_DAY} <= %s",  # noqa: S608 - a number
                    (oldest,),
                )
                connection.execute(
                    f"DELETE FROM strangler.evidence_missed WHERE (day + 1) * {_DAY} <= %s",  # noqa: S608 - as above
                    (oldest,),
                )
                connection.execute("DELETE FROM strangler.evidence_batch WHERE at <= %s", (now - _DAY,))
                gone = connection.execute("DELETE FROM strangler.evidence_kept WHERE at < %s", (oldest,)).rowcount
                gone += evidence_postgres_kept.drop_surplus(connection, most_bytes)
                connection.execute(
                    "DELETE FROM strangler.evidence_scope AS known WHERE"
                    " NOT EXISTS (SELECT 1 FROM strangler.evidence_counted WHERE scope = known.id)"
                    " AND NOT EXISTS (SELECT 1 FROM strangler.evidence_kept WHERE scope = known.id)"
                )
                evidence_postgres_compared.forget(connection, now, self._windows)
                evidence_postgres_traffic.forget_keys(connection)
                return gone
        finally:
            self._pruning.close()

    def close(self) -> None:
        """Close the connections."""
        self._database.close()
        self._pruning.close()

    @contextmanager
    def _adding(self) -> Iterator[Connection]:
        """A transaction in which others may add too, and nothing is taken away."""
        with self._database.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock_shared(%s, hashtext('evidence'))", (ADVISORY,))
            yield connection

    @contextmanager
    def _alone(self, database: PostgresConnection) -> Iterator[Connection]:
        """A transaction in which nobody else writes: what it takes away, nobody is about to add to."""
        with database.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext('evidence'))", (ADVISORY,))
            yield connection


def _is_new(connection: Connection, name: str, at: float) -> bool:
    """Whether what is told under that name was never told before; from now on it was. Another replica that tells it
    just now is waited for."""
    added = connection.execute(
        "INSERT INTO strangler.evidence_batch VALUES (%s, %s) ON CONFLICT (id) DO NOTHING", (plain_text(name), at)
    )
    return added.rowcount > 0


def _count(connection: Connection, scope: int, day: int, evidence: Evidence) -> None:
    """Add to a scope's day. Whoever holds the scope is alone with it: names are bounded, so what is there is read."""
    counted = Evidence()
    row = connection.execute(
        "SELECT document FROM strangler.evidence_counted WHERE scope = %s AND day = %s", (scope, day)
    ).fetchone()
    if row is not None:
        counted = Evidence.from_json(json.loads(row[0]))
    counted.merge(evidence)
    tallies = [tally for tally in counted.pairs.values() if tally.count]
    connection.execute(
        """
        INSERT INTO strangler.evidence_counted VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (scope, day) DO UPDATE
        SET pairs = excluded.pairs, first = excluded.first, last = excluded.last, document = excluded.document
        """,
        (
            scope,
            day,
            sum(tally.count for tally in tallies),
            min((tally.first for tally in tallies), default=None),
            max((tally.last for tally in tallies), default=None),
            json.dumps(counted.to_json(), separators=(",", ":")),
        ),
    )


def _taken(connection: Connection, scopes: Iterable[Scope]) -> dict[Scope, tuple[int, Scope]]:
    """Scopes, each with its number and itself, or the one for all that are too many; held until the transaction ends.

    They are made, and then taken, in one order: of several who add at once, none waits for another that waits for it.
    """
    digests = {digest_of(*scope): scope for scope in sorted(scopes)}
    find = "SELECT key, id FROM strangler.evidence_scope WHERE key = ANY(%s)"
    there: dict[bytes, int] = dict(connection.execute(find, (list(digests),)).fetchall())
    known = {
        scope: (there[digest], scope) if digest in there else _number_of(connection, scope)
        for digest, scope in digests.items()
    }
    numbers = sorted({number for number, _ in known.values()})
    connection.execute("SELECT 1 FROM strangler.evidence_scope WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (numbers,))
    return known


def _number_of(connection: Connection, scope: Scope) -> tuple[int, Scope]:
    find = "SELECT id FROM strangler.evidence_scope WHERE key = %s"
    row = connection.execute(find, (digest_of(*scope),)).fetchone()
    if row is None:
        there = connection.execute(
            "SELECT count(*) FROM strangler.evidence_scope WHERE route = %s", (plain_text(scope.route),)
        ).fetchone()
        if there is not None and there[0] >= _MOST_SCOPES and scope.release != OTHERS:
            return _number_of(connection, Scope(scope.route, OTHERS, OTHERS))
        connection.execute(
            "INSERT INTO strangler.evidence_scope (key, route, release, rules) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (key) DO NOTHING",
            (digest_of(*scope), *map(plain_text, scope)),
        )
        row = connection.execute(find, (digest_of(*scope),)).fetchone()
    return (0 if row is None else int(row[0])), scope
