"""A Vouching at work in a test's own event loop, a monolith that answers by a script, and a service that verifies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from strangler_proxy.config import Address
from strangler_proxy.config.identity import IdentitySettings
from strangler_proxy.config.upstreams import Upstream
from strangler_proxy.identity_keys import SigningKeys
from strangler_proxy.identity_token import TokenWriter
from strangler_proxy.pool import Pool
from strangler_proxy.request_head import RequestHead, parse_request
from strangler_proxy.routes.route import Route
from strangler_proxy.vouch_question import Pending
from strangler_proxy.vouched import Refusal, Vouched
from strangler_proxy.vouching import Vouching

from strangler.identity import HEADER, Identity, IdentityKeys, Verifier
from strangler.identity.binding import decoded
from strangler.vouch import SEAL, TARGET, WANTS, answer_seal, opened

__all__ = [
    "ANN",
    "ANNS",
    "BOBS",
    "FORWARDED",
    "SECRET",
    "Asked",
    "Desk",
    "Monolith",
    "both",
    "desk",
    "facts",
    "head",
    "route",
    "run",
]

SECRET = "a secret of the tests, long enough"
PRIVATE = frozenset({b"sessionid", b"csrftoken"})
FORWARDED = b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop.example\r\n"
ANN = {"id": "7", "username": "", "staff": False, "superuser": False, "groups": [], "permissions": ["orders.view"]}
ANNS = "Cookie: sessionid=ann"
BOBS = "Cookie: sessionid=bob"


def facts(user: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"user": user, "session": "", "auth_time": None, "data": {}, "here": False, **more}


def route(identity: str = "optional", **more: Any) -> Route:
    return Route("orders.list", frozenset({"GET", "POST"}), "/orders/", "orders", identity=identity, **more)


def head(method: str, target: str, *lines: str) -> RequestHead:
    text = "\r\n".join([f"{method} {target} HTTP/1.1", "Host: shop.example", *lines])
    return parse_request(text.encode("latin-1"), 100)


class Asked:
    """One question as the monolith got it."""

    def __init__(self, line: str, headers: dict[str, str], body: bytes) -> None:
        self.method = line.split(" ")[0]
        self.path = line.split(" ")[1]
        self.headers = headers
        self.body = body

    @property
    def cookie(self) -> str:
        return self.headers.get("cookie", "")


Script = Callable[[Asked], dict[str, Any] | bytes | None]


class Monolith:
    """Answers each question by `script`: with facts or a refusal, which it seals; with bytes as they are; with None it
    hangs. While `held` is not set, every answer waits for it."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.set_cookies: list[str] = []
        self.held = asyncio.Event()
        self.held.set()
        self.port = 0
        self._came = asyncio.Condition()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def until_asked(self, number: int) -> None:
        async with self._came:
            await asyncio.wait_for(self._came.wait_for(lambda: len(self.asked) >= number), 30)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *lines = text.strip().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                asked = Asked(line, headers, body)
                async with self._came:
                    self.asked.append(asked)
                    self._came.notify_all()
                await self.held.wait()
                answer = self.script(asked)
                if answer is None:
                    continue
                writer.write(answer if isinstance(answer, bytes) else self.sealed(asked, answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def sealed(self, asked: Asked, answer: dict[str, Any]) -> bytes:
        moment = asked.headers[SEAL.lower()].split(" ")[1]
        given = [asked.headers[name.lower()] for name in (SEAL, TARGET, WANTS)]
        nonce = opened(SECRET, given[0], asked.method, given[1], given[2], int(moment))
        assert nonce is not None
        text = json.dumps(answer)
        body = f"{answer_seal(SECRET, nonce, text)}\n{text}".encode()
        cookies = "".join(f"Set-Cookie: {each}\r\n" for each in self.set_cookies)
        return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (cookies.encode(), len(body), body)


class Desk:
    """A Vouching, and the service that it vouches to."""

    def __init__(self, vouching: Vouching, keys_file: Path) -> None:
        self.vouching = vouching
        self.verifier = Verifier(IdentityKeys(keys_file), audience="orders")

    def begin(
        self,
        request: RequestHead,
        on: Route | None = None,
        *,
        body: bytes = b"",
        request_id: bytes = b"r-1",
        forwarded: bytes = FORWARDED,
    ) -> tuple[Pending | None, asyncio.Future[Vouched | Refusal]]:
        wish = self.vouching.wish(on or route())
        assert wish is not None
        future: asyncio.Future[Vouched | Refusal] = asyncio.get_running_loop().create_future()
        pending = self.vouching.vouch(
            wish,
            request,
            target=request.target,
            forwarded=forwarded,
            body=body,
            request_id=request_id,
            done=future.set_result,
        )
        return pending, future

    async def vouch(self, request: RequestHead, on: Route | None = None, **more: Any) -> Vouched | Refusal:
        _, future = self.begin(request, on, **more)
        return await asyncio.wait_for(future, 30)

    async def identity(self, request: RequestHead, on: Route | None = None, **more: Any) -> Identity:
        """Who the service finds, in what it is passed on."""
        found = await self.vouch(request, on, **more)
        assert isinstance(found, Vouched), f"refused with {found.status} {found.error}"
        return self.verified(request, found)

    def verified(self, request: RequestHead, found: Vouched | Refusal) -> Identity:
        assert isinstance(found, Vouched)
        name, _, token = found.lines.decode().partition(": ")
        assert name == HEADER
        method = request.method.decode()
        return self.verifier.verify(token.removesuffix("\r\n"), method, decoded(request.path), request.query)


@asynccontextmanager
async def desk(port: int, folder: Path, **settings: Any) -> AsyncIterator[Desk]:
    """A desk before the monolith at `port`."""
    published = folder / "identity.jwks.json"
    keys = SigningKeys(folder / "identity.keys.json", published, rotate=3600.0)
    chosen = IdentitySettings(**settings)
    pool = Pool(Upstream("monolith", Address("127.0.0.1", port)), asyncio.get_running_loop())
    writer = TokenWriter(keys, issuer=chosen.issuer, lifetime=chosen.lifetime)
    vouching = Vouching(chosen, pool, SECRET, writer, PRIVATE)
    try:
        yield Desk(vouching, published)
    finally:
        vouching.close()
        pool.close()
        await asyncio.sleep(0)


def everybody(asked: Asked) -> dict[str, Any]:
    """The user is who the session's cookie says."""
    name = asked.cookie.partition("sessionid=")[2].partition(";")[0]
    return facts({**ANN, "id": name} if name else None, session=f"hash-of-{name}")


@asynccontextmanager
async def both(folder: Path, script: Script = everybody, **settings: Any) -> AsyncIterator[tuple[Monolith, Desk]]:
    monolith = Monolith(script)
    await monolith.start()
    try:
        async with desk(monolith.port, folder, **settings) as at_desk:
            yield monolith, at_desk
    finally:
        monolith.held.set()
        await monolith.stop()


def run(scene: Callable[[], Awaitable[None]]) -> None:
    async def act() -> None:
        await scene()

    asyncio.run(act())
