"""Evidence in one SQLite file of its own, so that nothing of it can hold up a toggle."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
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
from strangler.evidence.samples import Sample, Shelf, keepers, redundant, shelves
from strangler_proxy.store import evidence_schema, evidence_sqlite_compared, evidence_sqlite_traffic
from strangler_proxy.store.sqlite_file import SQLiteFile

__all__ = ["SQLiteEvidenceStore"]

_DAY: Final = 86_400
_LAST_DAY: Final = 2**40
_MOST_SCOPES: Final = 1000


class SQLiteEvidenceStore:
    """An evidence store in the SQLite file `path` (write-ahead log; a commit outlives the end of any process).

    The first use creates the file, or upgrades it to this version's tables; a file that vanishes later is reported and
    not made anew. Each call is one transaction. Of pairs to keep it keeps at most `samples` (default 5) for each thing
    that they show, and of windows of traffic at most `windows` (default 500,000) of each length, and as many
    of pairs. `busy_seconds` is how long another process's transaction is waited for (default 5). What is deleted is
    overwritten, and its room in the file used again; the file does not shrink. Safe to share between threads.
    """

    def __init__(self, path: Path, *, samples: int = 5, windows: int = 500_000, busy_seconds: float = 5.0) -> None:
        self._file = SQLiteFile(path, evidence_schema, busy_seconds=busy_seconds, synchronous="NORMAL")
        self._samples = samples
        self._windows = windows

    def add(self, batch: Batch, *, at: float) -> bool:
        """Add a batch; False when it was added before. Raises StoreUnavailable, as every method does."""
        with self._file.transaction() as connection:
            if not _is_new(connection, batch.id, at):
                return False
            day = int(at // _DAY)
            for scope, evidence in batch.scopes.items():
                if evidence:
                    number = _scope(connection, scope)[0]
                    _count(connection, number, day, evidence)
                    evidence_sqlite_compared.add(connection, number, evidence, at)
            connection.executemany(
                "INSERT INTO missed VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
                [(route, day, cause, count) for (route, cause), count in batch.never_paired.items()],
            )
            for kept in batch.kept.values():
                self._keep(connection, kept)
            return True

    def scopes(self, route: str | None = None) -> list[SeenScope]:
        """The scopes that were seen, those with the newest pairs first."""
        with self._file.connection() as connection:
            rows = connection.execute(
                """
                SELECT route, release, rules, coalesce(sum(pairs), 0), coalesce(min(first), 0.0),
                       coalesce(max(last), 0.0) AS newest
                FROM scope LEFT JOIN counted ON counted.scope = scope.id
                WHERE ?1 IS NULL OR route = ?1
                GROUP BY scope.id ORDER BY newest DESC, route, release, rules
                """,
                (route,),
            )
            return [SeenScope(Scope(*row[:3]), *row[3:]) for row in rows]

    def read(self, scope: Scope, *, since: float = 0.0, until: float | None = None) -> Evidence:
        """What was counted of a scope."""
        with self._file.connection() as connection:
            found = Evidence()
            for (document,) in connection.execute(
                """
                SELECT document FROM counted JOIN scope ON scope.id = counted.scope
                WHERE route = ? AND release = ? AND rules = ? AND day >= ? AND day < ? ORDER BY day
                """,
                (*scope, int(since // _DAY), _LAST_DAY if until is None else int(until // _DAY)),
            ):
                found.merge(Evidence.from_json(json.loads(document)))
            return found

    def compared(self, route: str, *, since: float, until: float | None = None) -> list[Compared]:
        """The pairs of a route by their verdicts, in the minutes that began at `since` or later, and before `until`."""
        with self._file.connection() as connection:
            return evidence_sqlite_compared.compared_of(connection, route, since, until)

    def missed(self, route: str, *, since: float = 0.0) -> dict[str, int]:
        """How many sampled exchanges of a route were never pairs, by cause."""
        with self._file.connection() as connection:
            return dict(
                connection.execute(
                    "SELECT cause, sum(count) FROM missed WHERE route = ? AND day >= ? GROUP BY cause",
                    (route, int(since // _DAY)),
                ).fetchall()
            )

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
        wanted: list[tuple[str, Any]] = [
            ("scope.route = ?", route),
            ("kept.template = ?", template),
            ("kept.verdict = ?", None if verdict is None else verdict.value),
            ("kept.cause = ?", cause),
            ("kept.subject = ?", subject),
        ]
        if scope is not None:
            wanted += zip(("scope.route = ?", "scope.release = ?", "scope.rules = ?"), scope, strict=True)
        conditions = [condition for condition, value in wanted if value is not None]
        values = [value for _, value in wanted if value is not None]
        if field is not None or kind is not None:
            conditions.append(
                "EXISTS (SELECT 1 FROM shelf WHERE shelf.kept = kept.id AND field <> ''"
                " AND field = coalesce(?, field) AND kind = coalesce(?, kind))"
            )
            values += [field, kind]
        with self._file.connection() as connection:
            rows = connection.execute(
                "SELECT document FROM kept JOIN scope ON scope.id = kept.scope WHERE "  # noqa: S608 - our own texts
                + " AND ".join(conditions or ["true"])
                + " ORDER BY kept.at DESC, kept.id LIMIT ?",
                (*values, max(limit, 0)),
            )
            return [KeptPair.from_json(json.loads(document)) for (document,) in rows]

    def kept_pair(self, pair_id: str) -> KeptPair | None:
        """The kept pair of that id."""
        with self._file.connection() as connection:
            row = connection.execute("SELECT document FROM kept WHERE id = ?", (pair_id,)).fetchone()
            return None if row is None else KeptPair.from_json(json.loads(row[0]))

    def examples(self, scope: Scope) -> dict[tuple[str, str], list[str]]:
        """By field and kind of a difference, the ids of the pairs that are its examples, newest first."""
        found: dict[tuple[str, str], list[str]] = {}
        with self._file.connection() as connection:
            for field, kind, name in connection.execute(
                """
                SELECT field, kind, kept.id
                FROM scope JOIN shelf ON shelf.scope = scope.id JOIN kept ON kept.id = shelf.kept
                WHERE route = ? AND release = ? AND rules = ? AND field <> '' ORDER BY kept.at DESC, kept.id
                """,
                scope,
            ):
                found.setdefault((field, kind), []).append(name)
        return found

    def replace(self, pairs: Iterable[KeptPair]) -> int:
        """Put pairs judged anew in the place of those with the same ids."""
        with self._file.transaction() as connection:
            there = [kept for kept in pairs if connection.execute("DELETE FROM kept WHERE id = ?", (kept.id,)).rowcount]
            for kept in there:
                self._keep(connection, kept)
            left = sum(
                connection.execute("SELECT count(*) FROM kept WHERE id = ?", (kept.id,)).fetchone()[0] for kept in there
            )
            return int(left)

    def add_traffic(
        self,
        rows: Mapping[TrafficKey, Traffic],
        *,
        at: float,
        opened: Mapping[str, int] | None = None,
        told: str = "",
    ) -> bool:
        """Add what customers got; False when it was added before under the name `told`."""
        with self._file.transaction() as connection:
            if told and not _is_new(connection, told, at):
                return False
            evidence_sqlite_traffic.add(connection, rows, at, opened or {})
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
        with self._file.connection() as connection:
            return evidence_sqlite_traffic.windows_of(connection, route, since, until, step, most)

    def requests_by_side(self, *, since: float, until: float | None = None, step: int) -> dict[tuple[int, str], int]:
        """How many requests of all routes together each side was to answer, by windows of `step` seconds."""
        with self._file.connection() as connection:
            return evidence_sqlite_traffic.requests_by_side(connection, since, until, step)

    def opened(self, upstream: str, *, since: float, until: float | None = None) -> list[Opened]:
        """In which of these windows breakers of an upstream opened."""
        with self._file.connection() as connection:
            return evidence_sqlite_traffic.opened_of(connection, upstream, since, until)

    def clear(self, route: str, *, release: str | None = None) -> None:
        """Forget everything of a route, or of one release of it."""
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM scope WHERE route = ? AND release = coalesce(?, release)", (route, release))
            if release is None:
                connection.execute("DELETE FROM missed WHERE route = ?", (route,))

    def erase(self, subject: str) -> int:
        """Forget every kept pair of a subject."""
        with self._file.transaction() as connection:
            return connection.execute("DELETE FROM kept WHERE subject = ? AND subject <> ''", (subject,)).rowcount

    def prune(self, *, now: float, keep_seconds: float, most_bytes: int) -> int:
        """Forget what is older than `keep_seconds`, and kept pairs until they take at most `most_bytes`."""
        oldest = now - keep_seconds
        with self._file.transaction() as connection:
            for table in ("counted", "missed"):
                connection.execute(f"DELETE FROM {table} WHERE (day + 1) * {_DAY} <= ?", (oldest,))  # noqa: S608 - ours
            connection.execute("DELETE FROM batch WHERE at <= ?", (now - _DAY,))
            gone = connection.execute("DELETE FROM kept WHERE at < ?", (oldest,)).rowcount
            (size,) = connection.execute("SELECT coalesce(sum(size), 0) FROM kept").fetchone()
            if size > most_bytes:
                surplus = redundant(_on_shelves(connection), most_bytes)
                connection.executemany("DELETE FROM kept WHERE id = ?", [(each,) for each in surplus])
                gone += len(surplus)
            connection.execute(
                "DELETE FROM scope WHERE id NOT IN (SELECT scope FROM counted) AND id NOT IN (SELECT scope FROM kept)"
            )
            evidence_sqlite_compared.forget(connection, now, self._windows)
            evidence_sqlite_traffic.join(connection, now, self._windows)
            return gone

    def close(self) -> None:
        """Nothing stays open between two calls, so there is nothing to let go of."""

    def _keep(self, connection: sqlite3.Connection, kept: KeptPair) -> None:
        number, scope = _scope(connection, kept.scope)
        kept = replace(kept, scope=scope)
        sample = Sample.of(kept)
        document = json.dumps(kept.to_json(), ensure_ascii=False, separators=(",", ":"))
        connection.execute("DELETE FROM kept WHERE id = ?", (kept.id,))
        connection.execute(
            "INSERT INTO kept VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                kept.id,
                number,
                kept.at,
                kept.template,
                kept.verdict.value,
                kept.cause,
                kept.subject,
                sample.size,
                *sample.statuses,
                document,
            ),
        )
        places = shelves(kept)
        connection.executemany(
            "INSERT INTO shelf VALUES (?, ?, ?, ?, ?)", [(number, *shelf, kept.id) for shelf in places]
        )
        for shelf in places:
            self._tidy(connection, number, shelf)

    def _tidy(self, connection: sqlite3.Connection, scope: int, shelf: Shelf) -> None:
        rows = connection.execute(
            """
            SELECT kept.id, kept.at, kept.size, kept.old_class, kept.new_class
            FROM shelf JOIN kept ON kept.id = shelf.kept
            WHERE shelf.scope = ? AND shelf.template = ? AND shelf.field = ? AND shelf.kind = ?
            """,
            (scope, *shelf),
        ).fetchall()
        there = [Sample(name, at, size, (old, new)) for name, at, size, old, new in rows]
        wanted = keepers(there, self._samples)
        for sample in there:
            if sample.id not in wanted:
                connection.execute(
                    "DELETE FROM shelf WHERE scope = ? AND template = ? AND field = ? AND kind = ? AND kept = ?",
                    (scope, *shelf, sample.id),
                )
                connection.execute(
                    "DELETE FROM kept WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM shelf WHERE kept = ?1)", (sample.id,)
                )


def _is_new(connection: sqlite3.Connection, name: str, at: float) -> bool:
    """Whether what is told under that name was never told before; from now on it was."""
    return connection.execute("INSERT INTO batch VALUES (?, ?) ON CONFLICT DO NOTHING", (name, at)).rowcount > 0


def _count(connection: sqlite3.Connection, scope: int, day: int, evidence: Evidence) -> None:
    counted = Evidence()
    row = connection.execute("SELECT document FROM counted WHERE scope = ? AND day = ?", (scope, day)).fetchone()
    if row is not None:
        counted = Evidence.from_json(json.loads(row[0]))
    counted.merge(evidence)
    tallies = [tally for tally in counted.pairs.values() if tally.count]
    connection.execute(
        "INSERT OR REPLACE INTO counted VALUES (?, ?, ?, ?, ?, ?)",
        (
            scope,
            day,
            sum(tally.count for tally in tallies),
            min((tally.first for tally in tallies), default=None),
            max((tally.last for tally in tallies), default=None),
            json.dumps(counted.to_json(), separators=(",", ":")),
        ),
    )


def _scope(connection: sqlite3.Connection, scope: Scope) -> tuple[int, Scope]:
    """A scope's number; and the scope itself, or the one for all that are too many."""
    row = connection.execute("SELECT id FROM scope WHERE route = ? AND release = ? AND rules = ?", scope).fetchone()
    if row is None:
        (there,) = connection.execute("SELECT count(*) FROM scope WHERE route = ?", (scope.route,)).fetchone()
        if there >= _MOST_SCOPES and scope.release != OTHERS:
            return _scope(connection, Scope(scope.route, OTHERS, OTHERS))
        row = connection.execute(
            "INSERT INTO scope (route, release, rules) VALUES (?, ?, ?) RETURNING id", scope
        ).fetchone()
    return row[0], scope


def _on_shelves(connection: sqlite3.Connection) -> list[tuple[Sample, list[object]]]:
    """Every kept pair with the shelves on which it is."""
    found: dict[str, tuple[Sample, list[object]]] = {
        name: (Sample(name, at, size, (old, new)), [])
        for name, at, size, old, new in connection.execute("SELECT id, at, size, old_class, new_class FROM kept")
    }
    for *shelf, name in connection.execute("SELECT scope, template, field, kind, kept FROM shelf"):
        found[name][1].append(tuple(shelf))
    return list(found.values())
