"""The middleware for ASGI services, before a Starlette application."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from strangler.errors import IdentityRefused
from strangler.identity import HEADER, IdentityKeys, IdentityMiddleware, Verifier, identity_of
from tests.strangler.identity.service import NOW, Signer, write_keys

SIGNER = Signer()


def who(request: Request) -> Response:
    return JSONResponse({"id": identity_of(request).id, "same": request.state.strangler_identity.id})


def health(request: Request) -> Response:
    with pytest.raises(IdentityRefused):
        identity_of(request)
    return Response("ok")


async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(identity_of(websocket).id)
    await websocket.close()


class Client:
    """Asks an application within the test's own process."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def request(self, method: str, path: str, headers: Any = ()) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(ask())

    def get(self, path: str, headers: Any = ()) -> httpx.Response:
        return self.request("GET", path, headers)

    def websocket(self, path: str, headers: dict[str, str]) -> list[Message]:
        """All that the application sends on a WebSocket."""
        lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": lines}
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(_run(self.app, {**scope, "subprotocols": []}, receive, send))
        return sent


async def _run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def service(keys: Path, *, anonymous: bool = True) -> Client:
    routes = [
        Route("/who/{name:path}", who, methods=["GET", "POST"]),
        Route("/health", health),
        WebSocketRoute("/chat", chat),
    ]
    verifier = Verifier(IdentityKeys(keys), audience="orders", now=lambda: NOW)
    app = Starlette(routes=routes)
    return Client(IdentityMiddleware(app, verifier, anonymous=anonymous, open_paths=("/health",)))


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return service(write_keys(tmp_path / "keys.json", SIGNER))


def signed(method: str, path: str, query: str = "") -> dict[str, str]:
    return {HEADER: SIGNER.token(SIGNER.claims(method, path, query))}


def test_a_request_goes_on_with_its_identity(client: Client) -> None:
    assert client.get("/who/a", headers=signed("GET", "/who/a")).json() == {"id": "7", "same": "7"}
    assert client.request("POST", "/who/a?b=1", signed("POST", "/who/a", "b=1")).json()["id"] == "7"


def test_paths_are_compared_as_they_are_decoded(client: Client) -> None:
    assert client.get("/who/%C3%BC%20%2Fx", headers=signed("GET", "/who/ü /x")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {HEADER: "x"}, {HEADER: Signer().token()}, signed("POST", "/who/a"), signed("GET", "/who/b")],
    ids=range(5),
)
def test_what_is_not_believed_is_answered_401_and_says_nothing_more(client: Client, headers: dict[str, str]) -> None:
    answer = client.get("/who/a", headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {"type": "about:blank", "title": "Unauthorized", "status": 401}
    assert answer.headers["WWW-Authenticate"] == "Strangler"
    assert answer.headers["Cache-Control"] == "no-store"


def test_two_identities_are_none(client: Client) -> None:
    (value,) = signed("GET", "/who/a").values()
    assert client.get("/who/a", headers=[(HEADER, value), (HEADER, value)]).status_code == 401


def test_anonymous_clients_can_be_refused(tmp_path: Path) -> None:
    keys = write_keys(tmp_path / "keys.json", SIGNER)
    token = SIGNER.token(SIGNER.claims("GET", "/who/a", anonymous=True), without="sub")
    assert service(keys).get("/who/a", headers={HEADER: token}).json()["id"] == ""
    assert service(keys, anonymous=False).get("/who/a", headers={HEADER: token}).status_code == 401


def test_without_keys_nobody_is_let_in(tmp_path: Path) -> None:
    client = service(tmp_path / "gone.json")
    assert client.get("/who/a", headers=signed("GET", "/who/a")).status_code == 503
    assert client.get("/health").text == "ok"


def test_a_websocket_has_an_identity_or_is_closed(client: Client) -> None:
    accepted, text, _ = client.websocket("/chat", signed("GET", "/chat"))
    assert (accepted["type"], text["text"]) == ("websocket.accept", "7")
    assert client.websocket("/chat", {}) == [{"type": "websocket.close", "code": 1008, "reason": ""}]
