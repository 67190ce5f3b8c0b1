from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import anyio
import httpx
import pytest
import respx

from extracted.catalog.errors import CursorRefused, FeedError, FeedGarbled, FeedRefused, FeedUnavailable
from extracted.catalog.importer import Entry, Feed, FeedPage

URL = "http://monolith.test"
CHANGES = "http://monolith.test/internal/catalog/changes/"
EMPTY = {"changes": [], "next": "c", "more": False}


@pytest.fixture
def monolith() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


def page(since: str = "", limit: int = 500) -> FeedPage:
    async def ask() -> FeedPage:
        feed = Feed(URL, "s3cret")
        try:
            return await feed.page(since, limit)
        finally:
            await feed.close()

    return anyio.run(ask)


def refused(kind: type[FeedError], match: str) -> None:
    with pytest.raises(kind, match=match) as caught:
        page()
    assert "s3cret" not in str(caught.value)


def test_a_page_is_asked_for_with_token_cursor_and_limit(monolith: respx.MockRouter) -> None:
    change = {"cursor": "d", "kind": "product", "id": 5, "op": "delete", "at": "2026-01-01T00:00:00Z", "data": None}
    route = monolith.get(CHANGES).respond(json={"changes": [change], "next": "d", "more": True})
    assert page("c/ü", 7) == FeedPage((Entry("product", 5, "delete", None),), "d", more=True)
    request = route.calls.last.request
    assert request.headers["Authorization"] == "Bearer s3cret"
    assert dict(request.url.params) == {"since": "c/ü", "limit": "7"}


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        *(httpx.Response(s) for s in (429, 500, 502, 503)),
    ],
)
def test_what_may_pass_is_asked_again(monolith: respx.MockRouter, trouble: Any) -> None:
    route = monolith.get(CHANGES).mock(side_effect=[trouble, trouble, httpx.Response(200, json=EMPTY)])
    assert page().next == "c"
    assert route.call_count == 3


def test_after_three_attempts_the_monolith_counts_as_away(monolith: respx.MockRouter) -> None:
    route = monolith.get(CHANGES).mock(side_effect=httpx.ConnectError("refused"))
    refused(FeedUnavailable, "CATALOG_MONOLITH_URL")
    assert route.call_count == 3


def test_a_monolith_that_asks_for_a_longer_wait_is_not_asked_again_at_once(monolith: respx.MockRouter) -> None:
    route = monolith.get(CHANGES).respond(503, headers={"Retry-After": "60"})
    refused(FeedUnavailable, "answers 503")
    assert route.call_count == 1


def test_a_refused_token_is_not_tried_again(monolith: respx.MockRouter) -> None:
    route = monolith.get(CHANGES).respond(401)
    refused(FeedRefused, "CATALOG_FEED_TOKEN")
    assert route.call_count == 1


def test_a_cursor_that_the_monolith_does_not_know_is_told_apart_from_other_refusals(
    monolith: respx.MockRouter,
) -> None:
    monolith.get(CHANGES).mock(
        side_effect=[
            httpx.Response(400, json={"error": {"code": "bad_cursor"}}),
            httpx.Response(400, text="bad"),
            *[httpx.Response(400, json={"error": {"code": "bad_limit"}})] * 3,
        ]
    )
    refused(CursorRefused, "cursor")
    refused(CursorRefused, "cursor")
    refused(FeedUnavailable, "answers 400")


def test_a_redirect_is_not_followed(monolith: respx.MockRouter) -> None:
    monolith.get(CHANGES).respond(302, headers={"Location": "http://elsewhere.test/"})
    refused(FeedUnavailable, "answers 302")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"changes": {}, "next": "", "more": false}',
        b'{"changes": [], "next": 5, "more": false}',
        b'{"changes": [], "next": ""}',
        b'{"changes": [5], "next": "", "more": false}',
        b'{"changes": [{"kind": "product", "id": "5", "op": "delete"}], "next": "", "more": false}',
        b'{"changes": [{"kind": "product", "id": 0, "op": "delete"}], "next": "", "more": false}',
        b'{"changes": [{"kind": "product", "id": true, "op": "delete"}], "next": "", "more": false}',
        b'{"changes": [{"id": 5, "op": "delete"}], "next": "", "more": false}',
        b"\xff",
    ],
)
def test_what_is_not_the_feed_we_agreed_on_is_said_to_be_garbled(monolith: respx.MockRouter, body: bytes) -> None:
    route = monolith.get(CHANGES).respond(content=body)
    refused(FeedGarbled, "versions that match")
    assert route.call_count == 1


def test_a_monolith_that_hangs_is_given_up(monolith: respx.MockRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extracted.catalog.importer.feed._DEADLINE", 0.05)
    monolith.get(CHANGES).mock(side_effect=partial(_hang))
    refused(FeedUnavailable, "did not answer within")


async def _hang(request: httpx.Request) -> httpx.Response:
    await anyio.sleep_forever()
    raise AssertionError
