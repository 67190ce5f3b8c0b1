"""Whole pairs in the tables of a PostgreSQL evidence store; each works within its caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from strangler.evidence import KeptPair, Scope
from strangler.evidence.samples import Sample, keepers, redundant, shelves
from strangler_proxy.store.evidence_postgres_schema import digest_of, plain_text
from strangler_proxy.store.postgres_connection import Connection

__all__ = ["drop_surplus", "dropped", "examples", "keep"]


def examples(connection: Connection, scope: Scope) -> dict[tuple[str, str], list[str]]:
    """By field and kind of a difference, the ids of the pairs of a scope that are its examples, newest first."""
    found: dict[tuple[str, str], list[str]] = {}
    for field, kind, name in connection.execute(
        """
        SELECT field, kind, kept.id
        FROM strangler.evidence_scope AS of
            JOIN strangler.evidence_shelf AS shelf ON shelf.scope = of.id
            JOIN strangler.evidence_kept AS kept ON kept.id = shelf.kept
        WHERE of.key = %s AND field <> '' ORDER BY at DESC, kept.id COLLATE "C"
        """,
        (digest_of(*scope),),
    ):
        found.setdefault((field, kind), []).append(name)
    return found


def keep(
    connection: Connection, pairs: Sequence[KeptPair], known: Mapping[Scope, tuple[int, Scope]], samples: int
) -> None:
    """Keep pairs of scopes that are taken, at most `samples` on a shelf; in few statements, however many pairs they
    are: the database may be far."""
    kept: list[tuple[Any, ...]] = []
    shelved: list[tuple[int, bytes, str, str, str]] = []
    for pair in pairs:
        number, scope = known[pair.scope]
        pair = replace(pair, scope=scope)
        sample, name = Sample.of(pair), plain_text(pair.id)
        words = (plain_text(each) for each in (pair.template, pair.verdict.value, pair.cause, pair.subject))
        document = json.dumps(pair.to_json(), separators=(",", ":"))
        kept.append((name, number, pair.at, *words, sample.size, *sample.statuses, document))
        shelved += [
            (number, digest_of(*shelf), plain_text(shelf.field), plain_text(shelf.kind), name)
            for shelf in shelves(pair)
        ]
    if not kept:
        return
    dropped(connection, [row[0] for row in kept])
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO strangler.evidence_kept VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", kept
        )
        cursor.executemany("INSERT INTO strangler.evidence_shelf VALUES (%s, %s, %s, %s, %s)", shelved)
    _tidy(connection, {row[:2] for row in shelved}, samples)


def _tidy(connection: Connection, places: set[tuple[int, bytes]], samples: int) -> None:
    """Take from these shelves what they need not keep, and drop what is on none any more."""
    there: dict[tuple[int, bytes], list[Sample]] = {}
    for scope, key, name, at, size, old, new in connection.execute(
        """
        SELECT shelf.scope, shelf.key, kept.id, at, size, old_class, new_class
        FROM unnest(%s::bigint[], %s::bytea[]) AS place (scope, key)
            JOIN strangler.evidence_shelf AS shelf ON shelf.scope = place.scope AND shelf.key = place.key
            JOIN strangler.evidence_kept AS kept ON kept.id = shelf.kept
        """,
        ([scope for scope, _ in places], [key for _, key in places]),
    ):
        there.setdefault((scope, key), []).append(Sample(name, at, size, (old, new)))
    gone = [
        (scope, key, sample.id)
        for (scope, key), found in there.items()
        for wanted in [keepers(found, samples)]
        for sample in found
        if sample.id not in wanted
    ]
    if not gone:
        return
    connection.execute(
        """
        DELETE FROM strangler.evidence_shelf AS shelf
        USING unnest(%s::bigint[], %s::bytea[], %s::text[]) AS place (scope, key, kept)
        WHERE shelf.scope = place.scope AND shelf.key = place.key AND shelf.kept = place.kept
        """,
        tuple(map(list, zip(*gone, strict=True))),
    )
    connection.execute(
        "DELETE FROM strangler.evidence_kept AS kept WHERE id = ANY(%s)"
        " AND NOT EXISTS (SELECT 1 FROM strangler.evidence_shelf AS shelf WHERE shelf.kept = kept.id)",
        ([name for _, _, name in gone],),
    )


def dropped(connection: Connection, names: list[str]) -> list[str]:
    """Drop kept pairs of these ids; the ids of those that there were."""
    rows = connection.execute("DELETE FROM strangler.evidence_kept WHERE id = ANY(%s) RETURNING id", (names,))
    return [name for (name,) in rows]


def drop_surplus(connection: Connection, most_bytes: int) -> int:
    """Drop kept pairs until they take at most `most_bytes`; how many went."""
    row = connection.execute("SELECT coalesce(sum(size), 0) FROM strangler.evidence_kept").fetchone()
    if row is None or row[0] <= most_bytes:
        return 0
    found: dict[str, tuple[Sample, list[object]]] = {
        name: (Sample(name, at, size, (old, new)), [])
        for name, at, size, old, new in connection.execute(
            "SELECT id, at, size, old_class, new_class FROM strangler.evidence_kept"
        )
    }
    for scope, key, name in connection.execute("SELECT scope, key, kept FROM strangler.evidence_shelf"):
        found[name][1].append((scope, bytes(key)))
    surplus = redundant(list(found.values()), most_bytes)
    return len(dropped(connection, surplus))
