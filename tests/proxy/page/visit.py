"""A person in the control room without a browser: a client of the whole application, signed in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from html import unescape
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from httpx import Response
from starlette.types import ASGIApp
from strangler_proxy.control import ControlPlane
from strangler_proxy.control.app import app
from strangler_proxy.control.bootstrap import Bootstrap
from strangler_proxy.room_cookie import ROOM_COOKIE

__all__ = ["ORIGIN", "TOKEN", "Visit", "visiting"]

TOKEN = "a-token-that-nobody-guesses"
ORIGIN = "http://127.0.0.1:8081"


class Client:
    """Asks an application that runs in an event loop of its own, as if over the wire. Follows no redirects. `strict`
    has what breaks a page raised here."""

    def __init__(self, application: ASGIApp, portal: BlockingPortal, *, strict: bool) -> None:
        transport = httpx.ASGITransport(application, raise_app_exceptions=strict, client=("192.0.2.1", 50000))
        self._http = httpx.AsyncClient(transport=transport, base_url=ORIGIN)
        self._portal = portal

    @property
    def cookies(self) -> httpx.Cookies:
        """What it shows."""
        return self._http.cookies

    def request(self, method: str, path: str, **more: Any) -> Response:
        """What is answered."""
        return self._portal.call(partial(self._http.request, method, path, **more))

    def get(self, path: str, **more: Any) -> Response:
        """What is answered to GET."""
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> Response:
        """What is answered to POST."""
        return self.request("POST", path, **more)


class Visit:
    """Somebody who looks at pages, by `client`."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get(self, path: str, **headers: str) -> Response:
        """A page."""
        return self.client.get(path, headers=headers)

    def part(self, path: str, target: str = "") -> Response:
        """A part of a page, as the page's script asks for it."""
        return self.client.get(path, headers={"HX-Request": "true", "HX-Target": target})

    def post(self, path: str, form: Mapping[str, str] | None = None, **headers: str) -> Response:
        """What a form on one of the pages sends, its token with it."""
        fields = {"form_token": self.form_token(), **(form or {})}
        return self.client.post(path, data=fields, headers={"Origin": ORIGIN, **headers})

    def form_token(self) -> str:
        """The token that forms of this visit carry; empty for nobody's."""
        found = re.search(r'name="form_token" value="([^"]+)"', self.client.get("/room/back").text)
        return "" if found is None else unescape(found[1])

    def sign_in(self, token: str = TOKEN, who: str = "ada", onward: str = "", **headers: str) -> Response:
        """Begin a session."""
        form = {"who": who, "token": token, **({"next": onward} if onward else {})}
        return self.client.post("/room/sign-in", data=form, headers={"Origin": ORIGIN, **headers})

    def token_of(self, role: str, name: str = "") -> str:
        """A new token's secret, made by the API with the first one."""
        asked = {"name": name or f"of-{role}", "role": role, "why": "tests"}
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return str(self.client.post("/api/v1/tokens", json=asked, headers=headers).json()["secret"])

    def as_role(self, role: str) -> Visit:
        """Sign in anew with a new token of that role."""
        self.client.cookies.delete(ROOM_COOKIE)
        assert self.sign_in(self.token_of(role)).status_code == 303
        return self


@contextmanager
def visiting(control: ControlPlane, *, signed_in: bool = True, strict: bool = True) -> Iterator[Visit]:
    """A visit to `control`'s room, with the first token."""
    application = app(control, Bootstrap(TOKEN))
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(application.router.lifespan_context(application)),
    ):
        visit = Visit(Client(application, portal, strict=strict))
        if signed_in:
            assert visit.sign_in().status_code == 303
        yield visit
