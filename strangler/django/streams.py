"""A copy's streams: read to their end while the request is marked, since they are made after the view has returned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from time import monotonic
from typing import Any, Final

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpResponse, HttpResponseBase

from strangler.errors import EffectStopped

__all__ = ["whole", "whole_async"]

_LARGEST: Final = 8 * 1024 * 1024
_LONGEST: Final = 10.0


def whole(response: HttpResponseBase) -> HttpResponseBase:
    """The answer with its stream read to the end: at most 8 MiB and, looked at between its parts, 10 seconds.

    Files are left to the server: nothing runs when they are read. Raises EffectStopped for a stream without an end.
    """
    if not _runs(response):
        return response
    if isinstance(response.streaming_content, AsyncIterable):  # type: ignore[attr-defined]
        return async_to_sync(whole_async)(response)
    ends = monotonic() + _LONGEST
    body = bytearray()
    try:
        for part in response.streaming_content:  # type: ignore[attr-defined]
            body += part
            if len(body) > _LARGEST or monotonic() > ends:
                _give_up()
    finally:
        response.close()
    return _joined(response, bytes(body))


async def whole_async(response: HttpResponseBase) -> HttpResponseBase:
    """As `whole`, under ASGI."""
    if not _runs(response):
        return response
    parts = response.streaming_content  # type: ignore[attr-defined]
    if not isinstance(parts, AsyncIterable):
        return await sync_to_async(whole)(response)
    body = bytearray()
    try:
        async with asyncio.timeout(_LONGEST):
            async for part in parts:
                body += part
                if len(body) > _LARGEST:
                    _give_up()
    except TimeoutError:
        _give_up()
    finally:
        response.close()
    return _joined(response, bytes(body))


def _runs(response: Any) -> bool:
    return bool(getattr(response, "streaming", False)) and getattr(response, "file_to_stream", None) is None


def _give_up() -> None:
    raise EffectStopped("stream", "", f" It has not ended within {_LONGEST:g} s and {_LARGEST} bytes.")


def _joined(response: HttpResponseBase, body: bytes) -> HttpResponse:
    answer = HttpResponse(body, status=response.status_code, reason=response.reason_phrase)
    answer.headers = response.headers
    answer.cookies = response.cookies
    return answer
