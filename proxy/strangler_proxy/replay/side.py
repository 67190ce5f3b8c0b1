"""One side of a replay: asked over HTTP, within limits, and giving an answer or a word for why there is none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import httpx

from strangler.compare import Answer

__all__ = ["Asking", "Given", "Side"]

_STREAM: Final = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Asking:
    """What a side is sent. `target` is the path with its query as on the wire; headers without Host are given the
    side's own."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Given:
    """What came of asking. `answer` is None where there was none, and then `why` says in a word: `refused`, `timeout`,
    `broken`, `too-long`, `streaming`, `unsendable`. `seconds` is until the last byte."""

    answer: Answer | None
    seconds: float
    why: str = ""


class Side:
    """Asks the server at `url`; its path, if it has one, is put before every target. `name` is `old` or `new`.

    An answer may take `seconds` in all and have `longest` bytes. Redirects are answers, and cookies are the
    caller's: nothing is followed, kept or unpacked. Raises ValueError for an address that is none.
    """

    def __init__(self, name: str, url: str, *, seconds: float = 30.0, longest: int = 16 * 1024 * 1024) -> None:
        try:
            self.url = httpx.URL(url)
        except (httpx.InvalidURL, TypeError) as error:
            raise ValueError(str(error)) from None
        if self.url.scheme not in ("http", "https") or not self.url.host:
            raise ValueError("it is not an http or https address with a host")
        if not 0 <= (self.url.port or 0) < 65536:
            raise ValueError("there is no such port")
        self.name = name
        self.host = self.url.netloc.decode("ascii")
        self._prefix = self.url.raw_path.partition(b"?")[0].rstrip(b"/")
        self._seconds = seconds
        self._longest = longest
        self._tls = httpx.create_ssl_context(trust_env=False)
        self._idle: list[httpx.AsyncHTTPTransport] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for transport in self._idle:
            await transport.aclose()

    async def ask(self, asking: Asking) -> Given:
        """Ask once. Never raises for what the server does."""
        began = time.perf_counter()
        why = ""
        answer: Answer | None = None
        try:
            async with asyncio.timeout(self._seconds):
                answer, why = await self._ask(asking)
        except (TimeoutError, httpx.TimeoutException):
            why = "timeout"
        except httpx.ConnectError:
            why = "refused"
        except (httpx.LocalProtocolError, httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError, ValueError):
            why = "unsendable"
        except (httpx.HTTPError, OSError):
            why = "broken"
        return Given(answer, time.perf_counter() - began, why)

    async def _ask(self, asking: Asking) -> tuple[Answer | None, str]:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in asking.headers]
        limits = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)
        request = httpx.Request(
            asking.method,
            self.url,
            headers=headers,
            content=asking.body or None,
            extensions={"target": self._prefix + asking.target.encode("latin-1"), "timeout": limits},
        )
        async with self._connection() as connection:
            return await self._answer(await connection.handle_async_request(request))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[httpx.AsyncHTTPTransport]:
        """A connection that nobody else uses, kept alive for the next one who asks.

        One in each pool: a pool of many looks through all of them for each request.
        """
        idle = self._idle
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        made = idle.pop() if idle else httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False, limits=limits)
        try:
            yield made
        finally:
            idle.append(made)

    async def _answer(self, response: httpx.Response) -> tuple[Answer | None, str]:
        try:
            lines = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
            if response.headers.get("content-type", "").partition(";")[0].strip().lower() == _STREAM:
                return None, "streaming"
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > self._longest:
                    return None, "too-long"
        finally:
            await response.aclose()
        return Answer(response.status_code, lines, bytes(body)), ""
