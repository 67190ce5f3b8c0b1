"""The changes feed: how a service follows the catalogue. For our own services only, by a token of its own.

An entry's ``data`` is the object as it is now, not as it was at the change. So an object that was deleted between the
reading of the log and the reading of the object is sent as deleted, and its tombstone follows further on.

A cursor belongs to one log. One of another database, or one that a restored database has not come to, is refused:
whoever holds it has to begin anew, or would miss changes without a word.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from monolith.catalog import changes
from monolith.catalog.models import Category, Product, Review
from monolith.inventory import services as inventory

__all__ = ["BadCursor", "catalog_changes", "log_id", "read_cursor", "write_cursor"]

DEFAULT_LIMIT: Final = 500
LARGEST_LIMIT: Final = 1000
_LARGEST: Final = 2**63 - 1
_CURSOR: Final = re.compile(r"1\.([0-9]{1,19})\.([0-9]{1,19})\.([0-9]{1,19})")


class BadCursor(ValueError):
    """Not a cursor of this log."""


def log_id() -> int:
    """What tells this log from another database's: the microsecond in which its table was finished."""
    applied = MigrationRecorder(connection).migration_qs.filter(app="catalog", name="0002_change_log_commit_order")
    moment = applied.values_list("applied", flat=True).first()
    return 0 if moment is None else int(moment.timestamp() * 1_000_000)


def write_cursor(log: int, position: changes.Position) -> str:
    """Opaque to whoever gets it."""
    return urlsafe_b64encode(f"1.{log}.{position.xid}.{position.seq}".encode()).decode().rstrip("=")


def read_cursor(log: int, text: str) -> changes.Position:
    """The position in this log; empty text is the start. Raises BadCursor."""
    if not text:
        return changes.START
    try:
        plain = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii")
    except ValueError as error:
        raise BadCursor(text) from error
    match = _CURSOR.fullmatch(plain)
    if match is None:
        raise BadCursor(text)
    position = changes.Position(int(match[2]), int(match[3]))
    if write_cursor(log, position) != text or max(position.xid, position.seq) > _LARGEST:
        raise BadCursor(text)
    return position


@require_GET
@cache_control(no_store=True)
def catalog_changes(request: HttpRequest) -> HttpResponse:
    """``?since=<cursor>&limit=<1..1000>``: the next changes, and the cursor to go on from."""
    if not _is_known(request.headers.get("Authorization", "")):
        refusal = _refuse(401, "unauthorized", "Send the header Authorization: Bearer with the feed's token.")
        refusal["WWW-Authenticate"] = "Bearer"
        return refusal
    log = log_id()
    try:
        since = read_cursor(log, request.GET.get("since", ""))
        if not changes.holds(since):
            raise BadCursor(since)
    except BadCursor:
        return _refuse(400, "bad_cursor", "since is not a cursor of this feed; leave it out to start from the start.")
    limit = _limit(request.GET.get("limit", ""))
    if limit is None:
        return _refuse(400, "bad_limit", f"limit is a whole number from 1 to {LARGEST_LIMIT}.")
    page = changes.page(since, limit)
    data = _data(page.entries)
    return JsonResponse(
        {
            "changes": [_change(log, entry, data.get((entry.kind, entry.object_id))) for entry in page.entries],
            "next": write_cursor(log, page.next),
            "more": page.more,
        },
        json_dumps_params={"ensure_ascii": False, "separators": (",", ":")},
    )


def _is_known(authorization: str) -> bool:
    scheme, _, token = authorization.partition(" ")
    expected: str = settings.CATALOG_FEED_TOKEN
    return scheme.lower() == "bearer" and bool(expected) and compare_digest(token.encode(), expected.encode())


def _limit(text: str) -> int | None:
    if not text:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        return None
    return int(text) if 1 <= int(text) <= LARGEST_LIMIT else None


def _refuse(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)


def _change(log: int, entry: changes.Entry, data: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "cursor": write_cursor(log, entry.position),
        "kind": entry.kind,
        "id": entry.object_id,
        "op": changes.DELETE if data is None else changes.UPSERT,
        "at": _moment(entry.at),
        "data": data,
    }


def _data(entries: Iterable[changes.Entry]) -> dict[tuple[str, int], dict[str, Any]]:
    """The objects of these entries as they are now, by kind and id; those that are gone are left out."""
    wanted: dict[str, list[int]] = {kind: [] for kind in changes.KINDS}
    for entry in entries:
        if entry.op == changes.UPSERT:
            wanted[entry.kind].append(entry.object_id)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    if ids := wanted["category"]:
        found.update({("category", row.pk): _category(row) for row in Category.objects.filter(pk__in=ids)})
    if ids := wanted["product"]:
        # Products first: units that move meanwhile mark their product as changed once more.
        products = list(Product.objects.filter(pk__in=ids))
        units = inventory.on_hand(ids)
        found.update({("product", row.pk): _product(row, units.get(row.pk, 0)) for row in products})
    if ids := wanted["review"]:
        found.update({("review", row.pk): _review(row) for row in Review.objects.filter(pk__in=ids)})
    return found


def _category(row: Category) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "slug": row.slug,
        "parent_id": row.parent_id,
        "sort_order": row.sort_order,
    }


def _product(row: Product, units: int) -> dict[str, Any]:
    return {
        "id": row.pk,
        "sku": row.sku,
        "slug": row.slug,
        "name": row.name,
        "description": row.description,
        "category_id": row.category_id,
        "price": str(row.price),
        "sale_price": None if row.sale_price is None else str(row.sale_price),
        "currency": row.currency,
        "tax_rate": str(row.tax_rate),
        "availability": row.availability,
        "stock_on_hand": units,
        "is_published": row.is_published,
        "is_discontinued": row.is_discontinued,
        # Sorted as the public API sorts them: a database may keep no order of its own.
        "attributes": dict(sorted(row.attributes.items())),
        "weight_grams": row.weight_grams,
        "image": row.image.name or None,
        "rating_sum": row.rating_sum,
        "review_count": row.review_count,
        "created_at": _moment(row.created_at),
        "updated_at": _moment(row.updated_at),
    }


def _review(row: Review) -> dict[str, Any]:
    return {
        "id": row.pk,
        "product_id": row.product_id,
        "author_name": row.author_name,
        "stars": row.stars,
        "title": row.title,
        "body": row.body,
        "is_approved": row.is_approved,
        "created_at": _moment(row.created_at),
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
