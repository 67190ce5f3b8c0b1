"""Ways to plant a bug in the service's code: in its items, its reads, its answers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from extracted.catalog.public import answer, endpoint, reads
from extracted.catalog.public.answer import Answer
from extracted.catalog.public.asked import Asked
from extracted.catalog.public.endpoint import PublicContract
from extracted.catalog.public.parameters import ProductsAsked
from extracted.catalog.store.reading import SqlReading

__all__ = [
    "Item",
    "Plant",
    "in_answers",
    "in_bodies",
    "in_criteria",
    "in_details",
    "in_entries",
    "in_headers",
    "in_items",
    "in_read",
    "in_reading",
    "without_header",
]

Plant = Callable[[pytest.MonkeyPatch], None]
Item = dict[str, Any]


def in_items(change: Callable[[Item], Item]) -> Plant:
    """In a product, of the list and on its own."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        for name in ("product_item", "product_detail"):
            _wrap(patch, name, change)

    return plant


def in_details(change: Callable[[Item], Item]) -> Plant:
    """In a product on its own."""
    return lambda patch: _wrap(patch, "product_detail", change)


def in_entries(name: str, change: Callable[[Item], Item]) -> Plant:
    """In what `review_entry` or `category_entry` makes."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        real = getattr(reads, name)
        patch.setattr(reads, name, lambda each: change(real(each)))

    return plant


def _wrap(patch: pytest.MonkeyPatch, name: str, change: Callable[[Item], Item]) -> None:
    real = getattr(reads, name)
    patch.setattr(reads, name, lambda listing, links: change(real(listing, links)))


def in_read(name: str, change: Callable[[Any, reads.Question], Any]) -> Plant:
    """In the data of the read `name`: `products`, `product`, `categories` or `reviews`."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        real = getattr(reads, name)

        def read(reading: Any, question: reads.Question) -> Any:
            return change(real(reading, question), question)

        routes = tuple(
            dataclasses.replace(route, read=read) if route.read is real else route for route in endpoint._ROUTES
        )
        patch.setattr(endpoint, "_ROUTES", routes)

    return plant


def in_reading(name: str, change: Callable[..., Any]) -> Plant:
    """In the method `name` of the store's reading; `change` is given the method, then what it is called with."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        real = getattr(SqlReading, name)
        patch.setattr(SqlReading, name, lambda self, *given: change(real, self, *given))

    return plant


def in_criteria(change: Callable[[ProductsAsked], Any]) -> Plant:
    """In what the list's parameters are taken for; `change` gives the fields of the criteria to replace."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        real = ProductsAsked.__init__

        def init(self: Any, asked: Any, shelf: Any) -> None:
            real(self, asked, shelf)
            self.criteria = dataclasses.replace(self.criteria, **change(self))

        patch.setattr(ProductsAsked, "__init__", init)

    return plant


def in_answers(change: Callable[[Asked, Answer], Answer]) -> Plant:
    """In whole answers."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        real = PublicContract.answer

        async def answered(self: PublicContract, asked: Asked) -> Answer:
            return change(asked, await real(self, asked))

        patch.setattr(PublicContract, "answer", answered)

    return plant


def in_bodies(change: Callable[[Asked, Any], Any]) -> Plant:
    """In the documents of good answers; `change` gives a document, or the bytes of a body."""

    def changed(asked: Asked, whole: Answer) -> Answer:
        if whole.status != 200 or not whole.body:
            return whole
        made = change(asked, json.loads(whole.body))
        return with_body(whole, made if isinstance(made, bytes) else json.dumps(made, ensure_ascii=False).encode())

    return in_answers(changed)


def with_body(whole: Answer, body: bytes) -> Answer:
    """The answer with another body."""
    headers = tuple((name, str(len(body)) if name == "Content-Length" else value) for name, value in whole.headers)
    return Answer(whole.status, headers, body)


def in_headers(change: Callable[[Asked, dict[str, str]], dict[str, str]]) -> Plant:
    """In the headers of all answers."""
    return in_answers(
        lambda asked, whole: dataclasses.replace(whole, headers=tuple(change(asked, dict(whole.headers)).items()))
    )


def without_header(name: str) -> Plant:
    """In all answers, which lack the header."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        real = answer._outer

        def outer(asked: Asked, status: int, headers: dict[str, str], body: bytes) -> Answer:
            whole = real(asked, status, headers, body)
            return dataclasses.replace(whole, headers=tuple(each for each in whole.headers if each[0] != name))

        patch.setattr(answer, "_outer", outer)

    return plant
