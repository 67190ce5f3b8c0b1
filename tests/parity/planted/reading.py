"""Bugs in which things the service finds, in which order and on which page."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from extracted.catalog.public import paging, parameters, reads
from extracted.catalog.public.asked import Asked
from extracted.catalog.public.refusal import Refusal, refusal
from tests.parity.planted.plants import Plant, in_criteria, in_read, in_reading

__all__ = ["READING"]


def _page_off_by_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(paging.Page, "offset", property(lambda page: max(0, (page.number - 1) * page.size - 1)))


def _larger_pages(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(paging, "_LARGEST_SIZE", 1000)


def _smaller_pages(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(paging, "_SIZE", 19)


def _links_lose_the_query(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(paging.Page, "_link", lambda page, number: f"{page.asked.address.partition('?')[0]}?page={number}")


def _no_last_page(patch: pytest.MonkeyPatch) -> None:
    real = paging.Page.of

    def of(asked: Any, count: int) -> paging.Page:
        if asked.parameter("page") == "last":
            raise refusal(404, "invalid_page", asked.language)
        return real(asked, count)

    patch.setattr(paging.Page, "of", staticmethod(of))


def _first_page_for_none(patch: pytest.MonkeyPatch) -> None:
    real = paging.Page.of

    def of(asked: Any, count: int) -> paging.Page:
        try:
            return real(asked, count)
        except Refusal:
            size = paging._size(asked.parameter("page_size"))
            return paging.Page(asked, count, 1, size, max(1, -(-count // size)))

    patch.setattr(paging.Page, "of", staticmethod(of))


def _wrong_ties(body: Any, question: reads.Question) -> Any:
    if "ordering=rating" in question.asked.full_path():
        body["results"].sort(key=lambda item: (item["rating"] is not None, item["rating"] or "", -item["id"]))
    return body


def _reversed(body: Any, _: reads.Question) -> Any:
    body["results"].reverse()
    return body


def _shuffled(body: Any, _: reads.Question) -> Any:
    random.shuffle(body["results"])
    return body


def _without_the_last(body: Any, _: reads.Question) -> Any:
    return {**body, "results": body["results"][: max(len(body["results"]) - 1, 1)]}


def _first_of_doubles(patch: pytest.MonkeyPatch) -> None:
    real = Asked.parameter

    def parameter(self: Asked, name: str) -> str | None:
        if self.query.count(f"{name}=") < 2:
            return real(self, name)
        return self.query.partition(f"{name}=")[2].partition("&")[0]

    patch.setattr(Asked, "parameter", parameter)


def _only_one_wrong_parameter(patch: pytest.MonkeyPatch) -> None:
    real = parameters.ProductsAsked._refuse

    def refuse(self: Any, parameter: str, name: str, **values: object) -> None:
        if not self._wrong:
            real(self, parameter, name, **values)

    patch.setattr(parameters.ProductsAsked, "_refuse", refuse)


def _orders_leniently(patch: pytest.MonkeyPatch) -> None:
    real = parameters.ProductsAsked._refuse

    def refuse(self: Any, parameter: str, name: str, **values: object) -> None:
        if name != "not_a_choice":
            real(self, parameter, name, **values)

    patch.setattr(parameters.ProductsAsked, "_refuse", refuse)


def _hides_discontinued(patch: pytest.MonkeyPatch) -> None:
    real = reads._shown

    def shown(reading: Any, question: Any) -> Any:
        listing = real(reading, question)
        if listing.product.lifecycle.value == "discontinued":
            raise refusal(404, "no_product", question.asked.language)
        return listing

    patch.setattr(reads, "_shown", shown)


def _category_alone(real: Any, reading: Any, criteria: Any, *rest: Any) -> Any:
    found = real(reading, criteria, *rest)
    if criteria.below is None or not isinstance(found, list):
        return found
    return [listing for listing in found if listing.shelf.path == criteria.below]


READING: Mapping[str, Plant] = {
    "paging: pages begin one too early": _page_off_by_one,
    "paging: no upper limit to a page": _larger_pages,
    "paging: pages of 19": _smaller_pages,
    "paging: links to the next page lose the filters": _links_lose_the_query,
    "paging: no page is the last": _no_last_page,
    "paging: the first page for one that is not there": _first_page_for_none,
    "paging: the last of a page is left out": in_read("products", _without_the_last),
    "sorting: ties the other way round": in_read("products", _wrong_ties),
    "sorting: oldest reviews first": in_read("reviews", _reversed),
    "sorting: none, and every time another": in_read("products", _shuffled),
    "filter: in_stock is ignored": in_criteria(lambda _: {"in_stock": None}),
    "filter: the lowest price does not count": in_criteria(
        lambda wish: {"min_price": None if wish.criteria.min_price is None else wish.criteria.min_price + 1}
    ),
    "filter: the highest price is ignored": in_criteria(lambda _: {"max_price": None}),
    "filter: only the first word is searched for": in_criteria(lambda wish: {"terms": wish.criteria.terms[:1]}),
    "filter: a category without those below it": in_reading("listings", _category_alone),
    "parameters: of two the first": _first_of_doubles,
    "parameters: one mistake at a time": _only_one_wrong_parameter,
    "parameters: an unknown order is passed over": _orders_leniently,
    "status: discontinued products are gone": _hides_discontinued,
}
