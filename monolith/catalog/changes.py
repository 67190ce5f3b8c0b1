"""The catalogue's change log: one live entry an object, its newest change; deletes stay as tombstones.

Safe in commit order. SQLite has one writer at a time, so ``seq`` alone orders commits. On PostgreSQL an entry carries
its transaction's id, and a reader sees entries only of transactions older than every one still running.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

__all__ = [
    "DELETE",
    "KINDS",
    "START",
    "UPSERT",
    "Entry",
    "Page",
    "Position",
    "chunks",
    "holds",
    "page",
    "record",
    "renumber_restored",
]

UPSERT = "upsert"
DELETE = "delete"
KINDS = ("category", "product", "review")
_CHUNK = 500


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the log. ``xid`` is 0 wherever one writer at a time makes it needless."""

    xid: int
    seq: int


START = Position(0, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    position: Position
    kind: str
    object_id: int
    op: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """``next`` is where to go on, also after an empty page; ``more`` says that entries are waiting there."""

    entries: tuple[Entry, ...]
    next: Position
    more: bool


def chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    """``ids`` in parts small enough for one statement's parameters."""
    rest = iter(ids)
    while part := list(islice(rest, _CHUNK)):
        yield part


def record(kind: str, ids: Iterable[int], op: str = UPSERT) -> None:
    """Makes ``op`` the newest change of these objects, within the transaction of the change itself."""
    # In one order everywhere, or two bulk writes could wait for each other.
    wanted = sorted(set(ids))
    at = timezone.now()
    with transaction.atomic(savepoint=False):
        for part in chunks(wanted):
            if connection.vendor == "postgresql":
                _record_postgresql(kind, part, op, at)
            else:
                _record_one_writer(kind, part, op, at)


def _record_one_writer(kind: str, ids: list[int], op: str, at: datetime) -> None:
    model = apps.get_model("catalog", "CatalogChange")
    newest = model.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    model.objects.bulk_create(
        [model(kind=kind, object_id=pk, seq=newest + i, op=op, at=at) for i, pk in enumerate(ids, 1)],
        update_conflicts=True,
        unique_fields=["kind", "object_id"],
        update_fields=["seq", "op", "at"],
    )


def _record_postgresql(kind: str, ids: list[int], op: str, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_catalogchange (kind, object_id, seq, op, at, xid)"
            " SELECT %s, id, nextval('catalog_change_seq'), %s, %s, pg_current_xact_id()::text::bigint"
            " FROM unnest(%s::bigint[]) AS id ORDER BY id"
            " ON CONFLICT (kind, object_id) DO UPDATE"
            " SET seq = EXCLUDED.seq, op = EXCLUDED.op, at = EXCLUDED.at, xid = EXCLUDED.xid",
            [kind, op, at, ids],
        )


def renumber_restored() -> None:
    """Gives the entries of a log restored into another PostgreSQL cluster transaction ids of that cluster.

    With ids that are still to come there, they would be hidden until then, and new changes would sort before them.
    """
    if connection.vendor != "postgresql" or not _has_transaction_ids():
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalog_catalogchange SET xid = pg_current_xact_id()::text::bigint WHERE EXISTS (SELECT FROM"
            " catalog_catalogchange WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)"
        )


def _has_transaction_ids() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('catalog_catalogchange')"
            " AND attname = 'xid' AND NOT attisdropped)"
        )
        return bool(cursor.fetchone()[0])


def page(after: Position = START, limit: int = 500) -> Page:
    """At most ``limit`` entries behind ``after``, in order."""
    entries = _read_postgresql(after, limit + 1) if connection.vendor == "postgresql" else _read(after, limit + 1)
    kept = tuple(entries[:limit])
    return Page(kept, kept[-1].position if kept else after, len(entries) > limit)


def holds(position: Position) -> bool:
    """Whether this log has ever come as far as there: no entry is ever taken out, they only move on.

    A log restored from a backup may not have, and would leave whoever goes on from there without a change for long.
    """
    if position == START:
        return True
    if connection.vendor != "postgresql":
        return bool(apps.get_model("catalog", "CatalogChange").objects.filter(seq__gte=position.seq).exists())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM catalog_catalogchange WHERE (xid, seq) >= (%s, %s))",
            [position.xid, position.seq],
        )
        return bool(cursor.fetchone()[0])


def _read(after: Position, limit: int) -> list[Entry]:
    model = apps.get_model("catalog", "CatalogChange")
    rows = model.objects.filter(seq__gt=after.seq).order_by("seq")[:limit]
    return [Entry(Position(0, row.seq), row.kind, row.object_id, row.op, row.at) for row in rows]


def _read_postgresql(after: Position, limit: int) -> list[Entry]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xid, seq, kind, object_id, op, at FROM catalog_catalogchange"
            " WHERE (xid, seq) > (%s, %s) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
            " ORDER BY xid, seq LIMIT %s",
            [after.xid, after.seq, limit],
        )
        return [Entry(Position(xid, seq), *rest) for xid, seq, *rest in cursor.fetchall()]
