from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import stamina

from extracted.catalog.errors import CursorRefused, FeedGarbled, FeedRefused, FeedUnavailable

__all__ = ["Entry", "Feed", "FeedPage"]

_PATH = "/internal/catalog/changes/"
_ATTEMPTS = 3
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 2.0
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

    Each page has a deadline of 15 seconds for all attempts together.
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

    async def page(self, since: str, limit: int) -> FeedPage:
        """The changes after the cursor; "" for the start. Raises a FeedError."""
        try:
            with anyio.fail_after(_DEADLINE):
                async for attempt in stamina.retry_context(on=_patience(), attempts=_ATTEMPTS, timeout=None):
                    with attempt:
                        return _read(await self._ask(since, limit))
        except TimeoutError:
            raise FeedUnavailable(f"The monolith's feed did not answer within {_DEADLINE:g} seconds.") from None
        raise FeedUnavailable("The monolith's feed was not asked.")

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
        unavailable.retry_after = _seconds(response.headers.get("Retry-After", ""))
        raise unavailable

    async def close(self) -> None:
        await self._client.aclose()


def _patience() -> Callable[[Exception], bool | float]:
    """How long to wait after each failure: any time up to a bound that doubles, so that no herd forms."""
    bound = _FIRST_WAIT

    def wait(error: Exception) -> bool | float:
        nonlocal bound
        if not isinstance(error, FeedUnavailable):
            return False
        jittered = random.uniform(0, bound)  # noqa: S311
        bound = min(bound * 2, _LONGEST_WAIT)
        return min(max(jittered, error.retry_after), _LONGEST_WAIT)

    return wait


def _error_code(response: httpx.Response) -> object:
    try:
        return response.json()["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return None


def _seconds(header: str) -> float:
    return float(header) if header.isdecimal() else 0.0


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
