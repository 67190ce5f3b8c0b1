from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Answer, Pair, Request
from strangler.compare.form import body_from_json, body_to_json, pair_from_json, pair_to_json

LATIN = st.text(st.characters(max_codepoint=255), max_size=8)
HEADERS = st.lists(st.tuples(LATIN, LATIN), max_size=3).map(tuple)
TEXT = st.text(max_size=8)
REQUESTS = st.builds(Request, TEXT, TEXT, TEXT, HEADERS, st.binary(max_size=20))
ANSWERS = st.builds(
    Answer, st.integers(100, 999), HEADERS, st.binary(max_size=20) | st.text(max_size=9).map(str.encode)
)


@given(st.builds(Pair, REQUESTS, ANSWERS, ANSWERS))
def test_every_byte_of_a_pair_comes_back(pair: Pair) -> None:
    assert pair_from_json(json.loads(json.dumps(pair_to_json(pair)))) == pair


def test_the_form_is_the_documented_one() -> None:
    pair = Pair(
        Request("GET", "/api/v1/products/1/", "catalog.product-detail", (("Accept", "application/json"),)),
        Answer(200, (("Content-Type", "application/json"),), b'{"id": 1}'),
        Answer(404, (), b"\xff\xd8"),
    )
    document = {
        "request": {
            "method": "GET",
            "target": "/api/v1/products/1/",
            "route": "catalog.product-detail",
            "headers": [["Accept", "application/json"]],
            "body": None,
        },
        "old": {
            "status": 200,
            "headers": [["Content-Type", "application/json"]],
            "body": {"text": '{"id": 1}'},
        },
        "new": {"status": 404, "headers": [], "body": {"base64": "/9g="}},
    }
    assert pair_to_json(pair) == document
    assert pair_from_json(document) == pair


def test_headers_bodies_and_the_route_may_be_left_out() -> None:
    pair = pair_from_json({"request": {"method": "GET", "target": "/"}, "old": {"status": 200}, "new": {"status": 200}})
    assert pair == Pair(Request("GET", "/"), Answer(200), Answer(200))


def test_an_empty_body_is_null() -> None:
    assert body_to_json(b"") is None
    assert body_from_json(None) == b""


GOOD: dict[str, Any] = {"request": {"method": "GET", "target": "/"}, "old": {"status": 200}, "new": {"status": 200}}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"request": None}, "request is not an object"),
        ({"request": {"target": "/"}}, "request.method is not a text"),
        ({"request": {"method": "GET"}}, "request.target"),
        ({"old": {}}, "old.status"),
        ({"old": {"status": 99}}, "old.status"),
        ({"new": {"status": True}}, "new.status"),
        ({"new": {"status": "200"}}, "new.status"),
        ({"new": {"status": 200, "headers": {}}}, "new.headers is not a list"),
        ({"new": {"status": 200, "headers": [["a"]]}}, r"new.headers\[0\]"),
        ({"new": {"status": 200, "headers": [["a", "b"], ["a", 1]]}}, r"new.headers\[1\]"),
        ({"new": {"status": 200, "headers": [["a", "€"]]}}, "no header can carry"),
        ({"new": {"status": 200, "body": "x"}}, "new.body is not an object"),
        ({"new": {"status": 200, "body": {}}}, "new.body is neither"),
        ({"new": {"status": 200, "body": {"text": "", "base64": ""}}}, "new.body is neither"),
        ({"new": {"status": 200, "body": {"text": "\ud800"}}}, "surrogate"),
        ({"new": {"status": 200, "body": {"base64": "é"}}}, "new.body.base64 is not base64"),
        ({"new": {"status": 200, "body": {"base64": "a"}}}, "new.body.base64 is not base64"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        pair_from_json({**GOOD, **change})


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(ValueError, match="a pair is not an object"):
        pair_from_json([])
