"""Bugs planted in the service's code, each of a kind that real extractions have."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest

from extracted.catalog.public import answer, endpoint, paging, parameters, reads
from extracted.catalog.public.answer import moved
from extracted.catalog.public.asked import Asked
from extracted.catalog.public.refusal import Refusal, refusal

__all__ = ["BUGS", "Plant"]

Plant = Callable[[pytest.MonkeyPatch], None]
Item = dict[str, Any]


def _in_items(change: Callable[[Item], Item]) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        for name in ("product_item", "product_detail"):
            real = getattr(reads, name)
            patch.setattr(reads, name, lambda listing, links, real=real: change(real(listing, links)))

    return plant


def _rounds_down(item: Item) -> Item:
    price = Decimal(item["sale_price"] or item["price"]) * (1 + Decimal(item["tax_rate"]) / 100)
    return {**item, "price_with_tax": str(price.quantize(Decimal("0.01"), ROUND_DOWN))}


def _wrong_for_some(item: Item) -> Item:
    return {**item, "review_count": item["review_count"] + 1} if item["id"] % 37 == 0 else item


def _page_off_by_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(paging.Page, "offset", property(lambda page: max(0, (page.number - 1) * page.size - 1)))


def _larger_pages(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(paging, "_LARGEST_SIZE", 1000)


def _links_lose_the_query(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(paging.Page, "_link", lambda page, number: f"{page.asked.address.partition('?')[0]}?page={number}")


def _wrong_ties(patch: pytest.MonkeyPatch) -> None:
    real = reads.products

    def products(reading: Any, question: Any) -> Any:
        body = real(reading, question)
        if "ordering=rating" in question.asked.full_path():
            body["results"].sort(key=lambda item: (item["rating"] is not None, item["rating"] or "", -item["id"]))
        return body

    _route(patch, "products", products)


def _ignores_a_filter(patch: pytest.MonkeyPatch) -> None:
    real = parameters.ProductsAsked.__init__

    def init(self: Any, asked: Any, shelf: Any) -> None:
        real(self, asked, shelf)
        self.criteria = dataclasses.replace(self.criteria, in_stock=None)

    patch.setattr(parameters.ProductsAsked, "__init__", init)


def _oldest_reviews_first(patch: pytest.MonkeyPatch) -> None:
    real = reads.reviews

    def reviews(reading: Any, question: Any) -> Any:
        body = real(reading, question)
        body["results"].reverse()
        return body

    _route(patch, "reviews", reviews)


def _route(patch: pytest.MonkeyPatch, name: str, read: Any) -> None:
    real = getattr(reads, name)
    routes = tuple(dataclasses.replace(route, read=read) if route.read is real else route for route in endpoint._ROUTES)
    patch.setattr(endpoint, "_ROUTES", routes)


def _wrong_status_on_an_edge(patch: pytest.MonkeyPatch) -> None:
    def bad_request(status: int, name: str, language: str, **values: object) -> Refusal:
        return refusal(400, name, language, **values)

    patch.setattr(paging, "refusal", bad_request)


def _every_error_in_english(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(paging, "refusal", lambda status, name, language, **values: refusal(status, name, "en", **values))


def _without_header(name: str) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        real = answer._outer

        def outer(asked: Asked, status: int, headers: dict[str, str], body: bytes) -> answer.Answer:
            whole = real(asked, status, headers, body)
            return dataclasses.replace(whole, headers=tuple(each for each in whole.headers if each[0] != name))

        patch.setattr(answer, "_outer", outer)

    return plant


def _never_not_modified(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answer, "outcome", lambda headers, etag: "answer")


def _temporary_redirect(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(endpoint, "moved", lambda asked: dataclasses.replace(moved(asked), status=302))


def _hides_discontinued(patch: pytest.MonkeyPatch) -> None:
    real = reads._shown

    def shown(reading: Any, question: Any) -> Any:
        listing = real(reading, question)
        if listing.product.lifecycle.value == "discontinued":
            raise refusal(404, "no_product", question.asked.language)
        return listing

    patch.setattr(reads, "_shown", shown)


BUGS: Mapping[str, Plant] = {
    "rounding: tax is rounded down": _in_items(_rounds_down),
    "stale price: the sale price is left out": _in_items(lambda item: {**item, "sale_price": None}),
    "lost unicode: names become ASCII": _in_items(
        lambda item: {**item, "name": item["name"].encode("ascii", "replace").decode()}
    ),
    "null for missing: an image is never null": _in_items(lambda item: {**item, "image": item["image"] or ""}),
    "extra field: the service shows its own version": _in_items(lambda item: {**item, "version": 1}),
    "missing field: the slug is gone": _in_items(lambda item: {k: v for k, v in item.items() if k != "slug"}),
    "type change: ids are texts": _in_items(lambda item: {**item, "id": str(item["id"])}),
    "number for text: prices are floats": _in_items(lambda item: {**item, "price": float(item["price"])}),
    "timezone: an offset for Z": _in_items(
        lambda item: {**item, "created_at": item["created_at"].replace("Z", "+00:00")}
    ),
    "precision: microseconds are cut": _in_items(lambda item: {**item, "created_at": item["created_at"][:19] + "Z"}),
    "few inputs: one product in 37 counts a review too many": _in_items(_wrong_for_some),
    "paging: pages begin one too early": _page_off_by_one,
    "paging: no upper limit to a page": _larger_pages,
    "paging: links to the next page lose the filters": _links_lose_the_query,
    "sorting: ties the other way round": _wrong_ties,
    "filter: in_stock is ignored": _ignores_a_filter,
    "sorting: oldest reviews first": _oldest_reviews_first,
    "status: 400 for a page that is not there": _wrong_status_on_an_edge,
    "language: paging errors in English only": _every_error_in_english,
    "header: Vary is missing": _without_header("Vary"),
    "header: Content-Language is missing": _without_header("Content-Language"),
    "conditional: 304 is never given": _never_not_modified,
    "redirect: temporary for permanent": _temporary_redirect,
    "status: discontinued products are gone": _hides_discontinued,
}
