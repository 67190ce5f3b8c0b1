from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from extracted.catalog.errors import CursorRefused, FeedGarbled, FeedRefused, FeedUnavailable
from strangler.errors import DeadlineExceeded
from strangler.resilience import Policy, Retry, RetrySettings, read_retry_after

__all__ = ["Entry", "Feed", "FeedPage"]

_PATH = "/internal/catalog/changes/"
_RETRY = RetrySettings(attempts=3, pause=0.1, longest_pause=2.0, longest_wait=2.0)
_DEADLINE = 15.0
_TIMEOUT = httpx.Timeout(10.0, connect=2.0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, in the monolith's own shape. `data` is None for a delete."""

    kind: str
    id: int
    op: str
    data: object


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some changes in order, where to go on, and whether more are waiting there."""

    entries: tuple[Entry, ...]
    next: str
    more: bool


class Feed:
    """The monolith's changes feed. All its calls are safe, so that asking again after a failure is too.

    Each page has a deadline of 15 seconds for all attempts together. A monolith that says when to come again is not
    asked sooner; where that is more than 2 seconds away, the page is given up.
    """

    def __init__(self, url: str, token: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=_TIMEOUT,
            transport=transport,
            # The monolith is a neighbour: neither a proxy of the environment nor a redirect lies between.
            trust_env=False,
        )
        policy = Policy(deadline=_DEADLINE, retry=Retry(_RETRY, worth=(FeedUnavailable,)))
        self._page = policy.repeatable(self._page_once)

    async def page(self, since: str, limit: int) -> FeedPage:
        """The changes after the cursor; "" for the start. Raises a FeedError."""
        try:
            return await self._page(since, limit)
        except DeadlineExceeded:
            raise FeedUnavailable(f"The monolith's feed did not answer within {_DEADLINE:g} seconds.") from None

    async def _page_once(self, since: str, limit: int) -> FeedPage:
        return _read(await self._ask(since, limit))

    async def _ask(self, since: str, limit: int) -> httpx.Response:
        try:
            response = await self._client.get(_PATH, params={"since": since, "limit": limit})
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise FeedUnavailable(
                f"The monolith's feed at {self._client.base_url} does not answer: {reason}. "
                "Look at CATALOG_MONOLITH_URL and at the monolith."
            ) from error
        if response.status_code == 200:
            return response
        if response.status_code in {401, 403}:
            raise FeedRefused(
                f"The monolith's feed answers {response.status_code}: it does not accept our token. "
                "Set CATALOG_FEED_TOKEN to the same text on both sides."
            )
        if response.status_code == 400 and _error_code(response) in {None, "bad_cursor"}:
            raise CursorRefused(f"The monolith does not know the cursor {since!r}.")
        unavailable = FeedUnavailable(
            f"The monolith's feed at {self._client.base_url} answers {response.status_code}. "
            "Look at CATALOG_MONOLITH_URL and at the monolith's log."
        )
        unavailable.retry_after = read_retry_after(response.headers.get("Retry-After")) or 0.0
        raise unavailable

    async def close(self) -> None:
        await self._client.aclose()


def _error_code(response: httpx.Response) -> object:
    try:
        return response.json()["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return None


def _read(response: httpx.Response) -> FeedPage:
    try:
        body = response.json()
    except ValueError:
        raise _garbled("it is not JSON") from None
    if not isinstance(body, Mapping) or not isinstance(body.get("changes"), list):
        raise _garbled('it has no list "changes"')
    if not isinstance(body.get("next"), str) or not isinstance(body.get("more"), bool):
        raise _garbled('it has no text "next" or no boolean "more"')
    return FeedPage(tuple(_entry(change) for change in body["changes"]), body["next"], body["more"])


def _entry(change: Any) -> Entry:
    if not isinstance(change, Mapping):
        raise _garbled("a change is no object")
    kind, id_, op = change.get("kind"), change.get("id"), change.get("op")
    if not isinstance(kind, str) or not isinstance(op, str) or type(id_) is not int or not 0 < id_ < 2**63:
        raise _garbled(f"a change lacks its kind, id or op: {kind!a}, {id_!a}, {op!a}")
    return Entry(kind, id_, op, change.get("data"))


def _garbled(what: str) -> FeedGarbled:
    return FeedGarbled(
        f"The monolith's feed is not what was agreed on: {what}. Monolith and service must be of versions that match."
    )
