"""Other ways to say the same: what no customer, browser or program can tell from it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

from strangler.compare import Answer
from tests.parity.cases import Case
from tests.proof.flaws.changes import in_text
from tests.proof.flaws.flaw import Change, Flaw

__all__ = ["HARMLESS"]


def _other_headers(_: Case, answer: Answer, __: random.Random) -> Answer:
    return Answer(answer.status, tuple((name.upper(), value) for name, value in reversed(answer.headers)), answer.body)


def _other_order(document: Any, _: random.Random) -> Any:
    if isinstance(document, dict):
        return {key: _other_order(document[key], _) for key in reversed(document)}
    return [_other_order(each, _) for each in document] if isinstance(document, list) else document


def _in_capitals(_: Case, answer: Answer, __: random.Random) -> Answer:
    body = answer.body
    for name in (b"div", b"ul", b"li", b"h1", b"span", b"section"):
        for before in (b"<", b"</"):
            for after in (b" ", b">"):
                body = body.replace(before + name + after, before + name.upper() + after)
    return Answer(answer.status, answer.headers, body)


_WAYS: Final[Mapping[str, Change]] = {
    "headers: in another order, in capitals": _other_headers,
    "HTML: other quotes": in_text(r"(<[^>]*?=)\"([^\"'<>]*)\"", r"\1'\2'", count=0),
    "HTML: elements in capitals": _in_capitals,
    "HTML: one space between elements": in_text(r">\n *<(?!/textarea)", "> <", count=0),
    "HTML: a comment": in_text("<body>", "<body><!-- made by another -->"),
    "HTML: other references": in_text("&amp;", "&#38;", count=0),
    "HTML: void elements end with a slash": in_text("<(meta|link|img|input)([^>]*)>", r"<\1\2 />", count=0),
    "HTML: a boolean attribute with a value": in_text(" required>", ' required="required">', count=0),
}

HARMLESS: Final = (
    Flaw(name="JSON: keys in another order, and white space", at=(), spoil=_other_order, harmless=True),
    *(Flaw(name=name, at=(), change=change, harmless=True) for name, change in _WAYS.items()),
)
"""No bugs: no pair may differ for them."""
