"""Rows as the monolith's changes feed sends them, and a monolith that sends them."""

from __future__ import annotations

from typing import Any

import httpx

TOKEN = "feed-token"
MONOLITH = "http://monolith.test"


def category(id_: int, slug: str = "", parent: int | None = None, **more: Any) -> dict[str, Any]:
    slug = slug or f"category-{id_}"
    return {"id": id_, "name": slug.title(), "slug": slug, "parent_id": parent, "sort_order": 0} | more


def product(id_: int, category_id: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "sku": f"SKU-{id_:05d}",
        "slug": f"product-{id_}",
        "name": f"Product {id_}",
        "description": f"All about product {id_}.",
        "category_id": category_id,
        "price": "89.90",
        "sale_price": None,
        "currency": "EUR",
        "tax_rate": "19.00",
        "availability": "in_stock",
        "stock_on_hand": 17,
        "is_published": True,
        "is_discontinued": False,
        "attributes": {"colour": "red", "blade": "20 cm"},
        "weight_grams": 250,
        "image": None,
        "rating_sum": 0,
        "review_count": 0,
        "created_at": "2026-01-02T03:04:05.678901Z",
        "updated_at": "2026-01-03T00:00:00Z",
    } | more


def review(id_: int, product_id: int, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "product_id": product_id,
        "author_name": "Ada L.",
        "stars": 4,
        "title": "Good",
        "body": "Cuts well.",
        "is_approved": True,
        "created_at": "2026-02-01T10:00:00.5Z",
    } | more


class FakeMonolith:
    """The changes feed of a monolith, in memory: one live entry a thing, its newest change."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, int], tuple[int, str, dict[str, Any] | None]] = {}
        self.seq = 0
        self.epoch = "a"
        self.requests: list[httpx.Request] = []
        self.answer_with: httpx.Response | Exception | None = None

    def put(self, kind: str, *rows: dict[str, Any]) -> None:
        for row in rows:
            self.seq += 1
            self.entries[kind, row["id"]] = (self.seq, "upsert", row)

    def delete(self, kind: str, id_: int) -> None:
        self.seq += 1
        self.entries[kind, id_] = (self.seq, "delete", None)

    def replaced_by_another(self) -> None:
        """The database is made anew: nothing is left, no cursor is known."""
        self.entries.clear()
        self.epoch += "a"

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._handle)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer_with, Exception):
            raise self.answer_with
        if self.answer_with is not None:
            return self.answer_with
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return httpx.Response(401, json={"detail": "no"})
        epoch, _, since = request.url.params["since"].rpartition(":")
        if since and epoch != self.epoch:
            return httpx.Response(400, json={"detail": "bad cursor"})
        start, limit = int(since or 0), int(request.url.params["limit"])
        waiting = sorted((seq, key, op, data) for key, (seq, op, data) in self.entries.items() if seq > start)
        sent = waiting[:limit]
        changes = [
            {
                "cursor": f"{self.epoch}:{seq}",
                "kind": kind,
                "id": id_,
                "op": op,
                "at": "2026-03-01T00:00:00Z",
                "data": data,
            }
            for seq, (kind, id_), op, data in sent
        ]
        following = f"{self.epoch}:{sent[-1][0] if sent else start}"
        return httpx.Response(200, json={"changes": changes, "next": following, "more": len(waiting) > limit})
