"""Bugs that show only in what the monolith itself does not repeat: `served_at` and `suggestions`, of
`tests.proof.noise`."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final

from tests.proof.flaws.flaw import Flaw
from tests.proof.noise import Spoil

__all__ = ["AMID_NOISE", "BEYOND_NOISE"]

_Document = dict[str, Any]
_SUGGESTIONS: Final = ("$.suggestions",)
_SERVED: Final = ("$.served_at",)


def _served(make: Callable[[str], Any]) -> Spoil:
    return lambda document, _: {**document, "served_at": make(document["served_at"])}


def _in_one(change: Callable[[_Document], Any]) -> Spoil:
    """In one of the suggestions, whichever."""

    def spoil(document: _Document, chance: random.Random) -> _Document:
        suggestions = list(document["suggestions"])
        at = chance.randrange(len(suggestions))
        suggestions[at] = change(suggestions[at])
        return {**document, "suggestions": suggestions}

    return spoil


def _all(change: Callable[[list[_Document]], Any]) -> Spoil:
    return lambda document, _: {**document, "suggestions": change(document["suggestions"])}


def _without(key: str) -> Spoil:
    return _in_one(lambda one: {name: value for name, value in one.items() if name != key})


def _with(**values: Any) -> Spoil:
    return _in_one(lambda one: {**one, **values})


def _lacking(key: str) -> Spoil:
    return lambda document, _: {name: value for name, value in document.items() if name != key}


def _beside(field: str, make: Callable[[Any], Any]) -> Spoil:
    """In a field that the monolith does repeat, for documents that have it."""
    return lambda document, _: {**document, field: make(document[field])} if field in document else document


def _now_and_then(document: _Document, chance: random.Random) -> _Document:
    if "count" not in document or chance.random() >= 0.02:
        return document
    return {**document, "count": document["count"] + 1}


_SPOILS: Final[Mapping[str, tuple[tuple[str, ...], Spoil]]] = {
    "amid noise: a date for a time": (_SERVED, _served(lambda at: at[:10])),
    "amid noise: seconds for a time": (_SERVED, _served(lambda _: 1_767_225_600)),
    "amid noise: seconds as a text for a time": (_SERVED, _served(lambda _: "1767225600")),
    "amid noise: the time is without its zone": (_SERVED, _served(lambda at: at.removesuffix("+00:00"))),
    "amid noise: the time is as str() writes it": (_SERVED, _served(lambda at: at.replace("T", " "))),
    "amid noise: the time is as HTTP writes it": (
        _SERVED,
        _served(lambda at: format_datetime(datetime.fromisoformat(at), usegmt=True)),
    ),
    "amid noise: the time is null": (_SERVED, _served(lambda _: None)),
    "amid noise: the time is empty": (_SERVED, _served(lambda _: "")),
    "amid noise: the time is an object": (_SERVED, _served(lambda at: {"at": at})),
    "amid noise: the time is missing": (_SERVED, _lacking("served_at")),
    "amid noise: a suggestion without its price": (_SUGGESTIONS, _without("price")),
    "amid noise: a suggestion without its name": (_SUGGESTIONS, _without("name")),
    "amid noise: a suggestion with null for a name": (_SUGGESTIONS, _with(name=None)),
    "amid noise: a suggestion with an empty name": (_SUGGESTIONS, _with(name="")),
    "amid noise: a suggestion whose price is a number": (_SUGGESTIONS, _with(price=9.99)),
    "amid noise: a suggestion whose price is a word": (_SUGGESTIONS, _with(price="cheap")),
    "amid noise: a suggestion whose id is a text": (_SUGGESTIONS, _in_one(lambda one: {**one, "id": str(one["id"])})),
    "amid noise: a suggestion with a flag as a text": (_SUGGESTIONS, _with(in_stock="true")),
    "amid noise: a suggestion that links to the service's own host": (
        _SUGGESTIONS,
        _in_one(lambda one: {**one, "url": f"http://catalog.internal:8100{one['url']}"}),
    ),
    "amid noise: a suggestion with a field too many": (_SUGGESTIONS, _with(version=1)),
    "amid noise: a suggestion that is null": (_SUGGESTIONS, _in_one(lambda _: None)),
    "amid noise: a suggestion that is an id": (_SUGGESTIONS, _in_one(lambda one: one["id"])),
    "amid noise: one suggestion too many": (_SUGGESTIONS, _all(lambda some: [*some, some[0]])),
    "amid noise: one suggestion too few": (_SUGGESTIONS, _all(lambda some: some[1:])),
    "amid noise: no suggestions": (_SUGGESTIONS, _all(lambda _: [])),
    "amid noise: suggestions are null": (_SUGGESTIONS, _all(lambda _: None)),
    "amid noise: suggestions are missing": (_SUGGESTIONS, _lacking("suggestions")),
    "amid noise: suggestions by id": (_SUGGESTIONS, _all(lambda some: {str(one["id"]): one for one in some})),
    "beside noise: a price is a cent too high": (
        ("$.price",),
        _beside("price", lambda price: f"{float(price) + 0.01:.2f}"),
    ),
    "beside noise: a count is one too high": (("$.count",), _beside("count", lambda count: count + 1)),
}

AMID_NOISE: Final = tuple(Flaw(name=name, at=at, spoil=spoil, unsteady=True) for name, (at, spoil) in _SPOILS.items())
BEYOND_NOISE: Final = {
    Flaw(name="amid noise: a suggestion of a product that is not there", at=(), spoil=_with(id=99_999_999)): (
        "an id is like any other where the monolith draws others each time"
    ),
    Flaw(name="amid noise: the clock is years slow", at=(), spoil=_served(lambda at: f"2019{at[4:]}")): (
        "a time is like any other where the monolith shows another one each time"
    ),
    Flaw(name="now and then: one count in fifty is wrong", at=(), spoil=_now_and_then, unsteady=True): (
        "what is right when it is asked again is told as transient, as a lag is; the report sets how often that was "
        "against how often the monolith changes"
    ),
}
"""Bugs that look like what is excused, and why nobody could tell them from it by one pair."""
