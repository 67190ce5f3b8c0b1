"""Bugs in what the service says of products, reviews and categories."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from tests.parity.planted.plants import Item, Plant, in_bodies, in_details, in_entries, in_items, in_read

__all__ = ["ITEMS"]


def _rounds_down(item: Item) -> Item:
    price = Decimal(item["sale_price"] or item["price"]) * (1 + Decimal(item["tax_rate"]) / 100)
    return {**item, "price_with_tax": str(price.quantize(Decimal("0.01"), ROUND_DOWN))}


def _wrong_for_some(item: Item) -> Item:
    return {**item, "review_count": item["review_count"] + 1} if item["id"] % 37 == 0 else item


def _wrong_for_one(item: Item) -> Item:
    return {**item, "weight_grams": (item["weight_grams"] or 0) + 1} if item["id"] == 17 else item


def _for_members(asked: Any, document: Any) -> Any:
    if "x-strangler-identity" in asked.headers and isinstance(document, dict) and "price" in document:
        return {**document, "price": str(Decimal(document["price"]) - 1)}
    return document


def _twice(asked: Any, document: Any) -> Any:
    """The key `sku` stands twice, with a stale value first."""
    if not isinstance(document, dict) or "sku" not in document:
        return document
    return ('{"sku":"",' + json.dumps(document, ensure_ascii=False)[1:]).encode()


def _first_attribute_lost(item: Item) -> Item:
    return {**item, "attributes": dict(list(item["attributes"].items())[1:])}


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


ITEMS: Mapping[str, Plant] = {
    "rounding: tax is rounded down": in_items(_rounds_down),
    "rounding: ratings lose their digit": in_items(
        lambda item: {**item, "rating": item["rating"] and item["rating"][:-1] + "0"}
    ),
    "stale price: the sale price is left out": in_items(lambda item: {**item, "sale_price": None}),
    "wrong default: without a sale the price is the sale price": in_items(
        lambda item: {**item, "sale_price": item["sale_price"] or item["price"]}
    ),
    "stale stock: everything is in stock": in_items(lambda item: {**item, "availability": "in_stock"}),
    "lost unicode: names become ASCII": in_items(
        lambda item: {**item, "name": item["name"].encode("ascii", "replace").decode()}
    ),
    "case: the currency in small letters": in_items(lambda item: {**item, "currency": item["currency"].lower()}),
    "white space: names end with a space": in_items(lambda item: {**item, "name": f"{item['name']} "}),
    "escaping: texts are escaped for HTML": in_details(
        lambda item: {
            **item,
            "description": item["description"].replace("\n", "<br>").replace("'", "&#x27;") + "&nbsp;",
        }
    ),
    "truncation: descriptions of 20 characters": in_details(
        lambda item: {**item, "description": item["description"][:20]}
    ),
    "null for missing: an image is never null": in_items(lambda item: {**item, "image": item["image"] or ""}),
    "nought for null: an unknown weight is 0": in_details(
        lambda item: {**item, "weight_grams": item["weight_grams"] or 0}
    ),
    "null for nought: no reviews are null": in_items(
        lambda item: {**item, "review_count": item["review_count"] or None}
    ),
    "extra field: the service shows its own version": in_items(lambda item: {**item, "version": 1}),
    "missing field: the slug is gone": in_items(lambda item: {k: v for k, v in item.items() if k != "slug"}),
    "missing entry: the first attribute is lost": in_details(_first_attribute_lost),
    "shape: the category is its name alone": in_items(lambda item: {**item, "category": item["category"]["name"]}),
    "type change: ids are texts": in_items(lambda item: {**item, "id": str(item["id"])}),
    "type change: whole numbers get a fraction": in_items(lambda item: {**item, "id": float(item["id"])}),
    "type change: a flag is a text": in_details(
        lambda item: {**item, "discontinued": str(item["discontinued"]).lower()}
    ),
    "type change: creation as seconds": in_items(lambda item: {**item, "created_at": 1_700_000_000}),
    "number for text: prices are floats": in_items(lambda item: {**item, "price": float(item["price"])}),
    "notation: tax rates without their cents": in_items(
        lambda item: {**item, "tax_rate": item["tax_rate"].removesuffix(".00")}
    ),
    "timezone: an offset for Z": in_items(
        lambda item: {**item, "created_at": item["created_at"].replace("Z", "+00:00")}
    ),
    "timezone: local time": in_items(lambda item: {**item, "created_at": item["created_at"].removesuffix("Z")}),
    "precision: microseconds are cut": in_items(lambda item: {**item, "created_at": item["created_at"][:19] + "Z"}),
    "clock: changed at the time of asking": in_details(lambda item: {**item, "updated_at": _now()}),
    "few inputs: one product in 37 counts a review too many": in_items(_wrong_for_some),
    "one input: a single product weighs a gram too much": in_details(_wrong_for_one),
    "signed in: members see another price": in_bodies(_for_members),
    "duplicate key: the SKU stands twice": in_bodies(_twice),
    "address: links to the service's own host": in_items(
        lambda item: {**item, "url": "http://catalog.internal:8100" + "/" + item["url"].split("/", 3)[3]}
    ),
    "address: two slashes": in_items(lambda item: {**item, "url": item["url"].replace("/products/", "//products/")}),
    "reviews: stars are texts": in_entries("review_entry", lambda entry: {**entry, "stars": str(entry["stars"])}),
    "reviews: authors by their first letter": in_entries(
        "review_entry", lambda entry: {**entry, "author": entry["author"][:1] + "."}
    ),
    "reviews: no count beyond the page": in_read(
        "reviews", lambda body, _: {**body, "count": len(body["results"]) and body["count"] - 1}
    ),
    "categories: the parent by its path": in_entries(
        "category_entry", lambda entry: {**entry, "parent": entry["path"].rpartition("/")[0] or None}
    ),
    "categories: empty ones are left out": in_read(
        "categories", lambda body, _: [entry for entry in body if entry["product_count"]]
    ),
    "categories: counts are of yesterday": in_entries(
        "category_entry", lambda entry: {**entry, "product_count": entry["product_count"] + (entry["id"] % 5 == 0)}
    ),
    "categories: sorted by name": in_read("categories", lambda body, _: sorted(body, key=lambda entry: entry["name"])),
}
