"""A small shop that behaves as Django does: sessions, CSRF tokens in cookies and forms, ids of its own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from itertools import count
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

__all__ = ["Desk"]

PASSWORD = "a-long-Passphrase-42"
KEYS = "abcdefghijklmnopqrstuvwxyz0123456789"


class Desk:
    """Orders are numbered from `first` on. With `bug` it forgets the quantity of orders."""

    def __init__(self, *, first: int = 1, bug: bool = False) -> None:
        self.asked: list[str] = []
        self.users: dict[str, str] = {}
        self.orders: dict[int, dict[str, object]] = {}
        self._bug = bug
        self._numbers = count(first)
        self._keys: dict[str, str] = {}
        self.app = Starlette(
            routes=[
                Route("/", self.home),
                Route("/login/", self.login, methods=["GET", "POST"]),
                Route("/logout/", self.logout, methods=["POST"]),
                Route("/order/", self.order, methods=["GET", "POST"]),
                Route("/orders/{number:int}/", self.show),
                Route("/api/orders/", self.make, methods=["POST"]),
                Route("/api/orders/{number:int}/", self.change, methods=["GET", "PUT"]),
                Route("/headers/", self.headers, methods=["GET", "POST"]),
                Route("/drawn/", self.drawn),
                Route("/hang/", self.hang),
                Route("/events/", self.events),
            ]
        )

    def user(self, request: Request) -> str:
        self.asked.append(f"{request.method} {request.url.path}")
        return self.users.get(request.cookies.get("sessionid", ""), "")

    async def home(self, request: Request) -> Response:
        name = self.user(request) or "nobody"
        return HTMLResponse(f"<html><body><p>Hello {name}</p></body></html>")

    async def login(self, request: Request) -> Response:
        self.user(request)
        if request.method == "GET":
            return self._form(request, '<form method="post"><input name="username"><input name="password">', "</form>")
        fields = await _fields(request)
        if not self._proves(request, fields) or fields.get("password") != PASSWORD:
            return HTMLResponse("<html><body>Not you.</body></html>", 403)
        session = secrets.token_hex(16)
        self.users[session] = fields["username"]
        answer = RedirectResponse("/", 302)
        answer.set_cookie("sessionid", session, httponly=True)
        return answer

    async def logout(self, request: Request) -> Response:
        self.user(request)
        answer = RedirectResponse("/", 302)
        answer.headers.append("Set-Cookie", "sessionid=; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/")
        return answer

    async def order(self, request: Request) -> Response:
        user = self.user(request)
        if not user:
            return RedirectResponse("/login/", 302)
        if request.method == "GET":
            key = self._keys[user] = "".join(secrets.choice(KEYS) for _ in range(20)) + "7"
            hidden = f'<input type="hidden" name="key" value="{key}"><input name="quantity" value="1">'
            return self._form(request, f'<form method="post" action="/order/">{hidden}', "</form>")
        fields = await _fields(request)
        if not self._proves(request, fields) or fields.get("key") != self._keys.get(user):
            return HTMLResponse("<html><body>Try again.</body></html>", 403)
        return RedirectResponse(f"/orders/{self._made(user, int(fields['quantity']))}/", 302)

    async def show(self, request: Request) -> Response:
        user = self.user(request)
        order = self.orders.get(request.path_params["number"])
        if order is None or order["user"] != user:
            return JSONResponse({"detail": "Not found."}, 404)
        return JSONResponse({"quantity": None if self._bug else order["quantity"]})

    async def make(self, request: Request) -> Response:
        user = self.user(request)
        if not user or not self._proves(request, {}):
            return JSONResponse({"detail": "No."}, 403)
        number = self._made(user, (await request.json())["quantity"])
        return JSONResponse({"id": number, "token": secrets.token_hex(8) + "1"}, 201)

    async def change(self, request: Request) -> Response:
        user = self.user(request)
        order = self.orders.get(request.path_params["number"])
        if order is None or order["user"] != user:
            return JSONResponse({"detail": "Not found."}, 404)
        if request.method == "PUT":
            document = await request.json()
            if not self._proves(request, {}) or document["order_id"] != request.path_params["number"]:
                return JSONResponse({"detail": "No."}, 403)
            order["quantity"] = document["quantity"]
        return JSONResponse({"quantity": order["quantity"]})

    async def headers(self, request: Request) -> Response:
        self.user(request)
        body = (await request.body()).decode("latin-1")
        return JSONResponse({"headers": sorted(request.headers.items()), "query": request.url.query, "body": body})

    async def drawn(self, request: Request) -> Response:
        """Something that is never the same, beside something that is."""
        self.user(request)
        return JSONResponse({"lucky": secrets.randbelow(10**9) + 10**9, "price": 2 if self._bug else 1})

    async def hang(self, request: Request) -> Response:
        self.user(request)
        await asyncio.Event().wait()
        return Response()

    async def events(self, request: Request) -> Response:
        self.user(request)

        async def never_ending() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            await asyncio.Event().wait()

        return StreamingResponse(never_ending(), media_type="text/event-stream")

    def _made(self, user: str, quantity: object) -> int:
        number = next(self._numbers)
        self.orders[number] = {"user": user, "quantity": quantity}
        return number

    def _form(self, request: Request, before: str, after: str) -> Response:
        token = request.cookies.get("csrftoken") or secrets.token_hex(16)
        hidden = f'<input type="hidden" name="csrfmiddlewaretoken" value="{token}">'
        answer = HTMLResponse(f"<html><body>{before}{hidden}{after}</body></html>")
        answer.set_cookie("csrftoken", token)
        return answer

    def _proves(self, request: Request, fields: dict[str, str]) -> bool:
        token = request.cookies.get("csrftoken")
        return bool(token) and token in (fields.get("csrfmiddlewaretoken"), request.headers.get("x-csrftoken"))


async def _fields(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
