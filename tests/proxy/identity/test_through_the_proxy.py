"""The whole way: a browser, a worker of the proxy, the shop that vouches, and a service that verifies."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Endpoint
from strangler_proxy.config import Address, Config, Route, Upstream
from strangler_proxy.config.identity import IdentitySettings

from monolith.accounts.models import Customer
from strangler.identity import HEADER, IdentityKeys, IdentityMiddleware, Verifier, identity_of
from strangler.toggles import Stage
from tests.proxy.dataplane.raw import Proxy, snapshot
from tests.proxy.identity.desk import SECRET
from tests.waiting import until

PASSWORD = "open sesame 42"
MINE = "/accounts/mine/"
BOTH = "/accounts/both/<path:rest>"

pytestmark = pytest.mark.django_db(transaction=True)


async def who(request: Request) -> Response:
    identity = identity_of(request)
    body = await request.body()
    request.app.state.tokens.append(request.headers[HEADER])
    told = {"id": identity.id, "cookie": request.headers.get("cookie", ""), "body": len(body)}
    return JSONResponse({**told, "data": dict(identity.data)}, headers={"Set-Cookie": "sessionid=stolen"})


class Service:
    """The extracted service, on a real server in a thread. `ahead` is how far its clock is ahead of the proxy's."""

    def __init__(self, keys: Path) -> None:
        app = Starlette(routes=[Endpoint("/{path:path}", who, methods=["GET", "POST"])])
        self.tokens: list[str] = []
        self.ahead = 0.0
        app.state.tokens = self.tokens
        verifier = Verifier(IdentityKeys(keys), audience="accounts", now=lambda: time.time() + self.ahead)
        verified = IdentityMiddleware(app, verifier)
        config = uvicorn.Config(verified, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        until(lambda: self._server.started)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]

    def told(self, token: str, target: str = MINE) -> int:
        """What somebody gets who reaches the service past the proxy, with this identity."""
        return httpx.get(f"http://127.0.0.1:{self.port}{target}", headers={HEADER: token}).status_code

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()


class Browser:
    """Somebody with cookies, before the proxy."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.cookies: dict[str, str] = {}

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Host": "shop.example", "Cookie": cookie, **more.pop("headers", {})}
        answer = httpx.request(method, self.url + path, headers=headers, **more)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if re.search(r"max-age=0(;|$)", line.lower()):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def sign_in(self, email: str) -> None:
        self.call("GET", "/accounts/login/")
        assert self.call("POST", "/accounts/login/", data=self.form(username=email, password=PASSWORD)).is_redirect

    def sign_out(self) -> None:
        assert self.call("POST", "/accounts/logout/", data=self.form()).is_redirect

    def form(self, **fields: str) -> dict[str, str]:
        return {**fields, "csrfmiddlewaretoken": self.cookies["csrftoken"]}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path / "identity.jwks.json")
    yield service
    service.close()


@pytest.fixture
def proxy(
    live_server: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: Service
) -> Iterator[Callable[..., Proxy]]:
    settings.STRANGLER = {"VOUCH_SECRET": SECRET}
    settings.ALLOWED_HOSTS = ["shop.example"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setenv("STRANGLER_VOUCH_SECRET", SECRET)
    made: list[Proxy] = []

    def make(**identity: Any) -> Proxy:
        upstreams = {
            "monolith": Upstream("monolith", Address("127.0.0.1", urlsplit(live_server.url).port or 0)),
            "accounts": Upstream("accounts", Address("127.0.0.1", service.port)),
        }
        methods = frozenset({"GET", "HEAD", "POST"})
        routes = (
            Route("accounts.mine", methods, MINE, "accounts", identity="required"),
            Route("accounts.both", methods, BOTH, "accounts", identity="optional", rewrite="/any/<rest>"),
        )
        config = Config(
            path=tmp_path / "strangler.toml",
            upstreams=upstreams,
            routes=routes,
            state_dir=tmp_path,
            identity=IdentitySettings(**identity),
        )
        made.append(Proxy(config, snapshot(Stage.EXTRACTED, "accounts.mine", "accounts.both")))
        return made[-1]

    yield make
    for each in made:
        each.close()
        assert each.problems == []


@pytest.fixture
def ann(proxy: object) -> Customer:
    return Customer.objects.create_user("ann@example.com", PASSWORD, display_name="Ann")


def test_a_service_knows_the_customer_and_sees_no_cookie_of_the_monoliths(
    proxy: Callable[..., Proxy], ann: Customer
) -> None:
    browser = Browser(proxy().port)
    assert browser.call("GET", "/accounts/both/a%2Fb/ü?x=1").json()["id"] == ""
    assert browser.call("GET", MINE).headers["Location"] == "/accounts/login/?next=/accounts/mine/"
    browser.sign_in("ann@example.com")
    before = dict(browser.cookies)
    browser.cookies["theme"] = "dark"
    answer = browser.call("GET", MINE)
    assert answer.json() == {"id": str(ann.pk), "cookie": "theme=dark", "body": 0, "data": {}}
    assert "Cookie" in answer.headers["Vary"]
    assert {**browser.cookies} == {**before, "theme": "dark"}
    assert browser.call("GET", "/accounts/both/a%2Fb/ü?x=1").json()["id"] == str(ann.pk)
    stolen = dict(browser.cookies)
    browser.sign_out()
    browser.cookies = stolen
    assert browser.call("GET", MINE).is_redirect


@pytest.mark.parametrize("kind", ["urlencoded", "multipart", "large", "chunked"])
def test_a_form_is_held_back_until_its_token_is_judged(proxy: Callable[..., Proxy], ann: Customer, kind: str) -> None:
    browser = Browser(proxy().port)
    browser.sign_in("ann@example.com")

    def post(form: dict[str, str]) -> httpx.Response:
        if kind == "multipart":
            return browser.call("POST", MINE, data=form, files={"file": b"x" * 1000})
        if kind == "large":
            return browser.call("POST", MINE, data=form, files={"file": b"x" * 2_000_000})
        if kind == "chunked":
            body = str(httpx.QueryParams(form)).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return browser.call(
                "POST", MINE, content=(body[at : at + 7] for at in range(0, len(body), 7)), headers=headers
            )
        return browser.call("POST", MINE, data=form)

    answer = post(browser.form(name="Ann"))
    assert answer.json()["id"] == str(ann.pk)
    assert answer.json()["body"] > 50
    for wrong in ({"name": "Ann"}, {"csrfmiddlewaretoken": "x" * 64}):
        refused = post(wrong)
        assert refused.status_code == 403
        assert "<title>" in refused.text


def test_a_form_whose_client_waits_for_a_word_is_asked_for(proxy: Callable[..., Proxy], ann: Customer) -> None:
    worker = proxy()
    browser = Browser(worker.port)
    browser.sign_in("ann@example.com")
    body = f"csrfmiddlewaretoken={browser.cookies['csrftoken']}".encode()
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    head = (
        f"POST {MINE} HTTP/1.1\r\nHost: shop.example\r\nCookie: {cookie}\r\nExpect: 100-continue\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with worker.client() as client:
        client.send(head.encode())
        assert client.head().startswith(b"HTTP/1.1 100 ")
        client.send(body)
        assert f'"id":"{ann.pk}"'.encode() in client.rest()


def test_without_the_monolith_nobody_is_somebody(proxy: Callable[..., Proxy], ann: Customer, settings: Any) -> None:
    browser = Browser(proxy(cache=0.0).port)
    browser.sign_in("ann@example.com")
    assert browser.call("GET", MINE).json()["id"] == str(ann.pk)
    settings.STRANGLER = {"VOUCH_SECRET": "a secret that the proxy does not know"}
    for path in (MINE, "/accounts/both/x"):
        answer = browser.call("GET", path)
        assert answer.status_code == 503
        assert "Request id" in answer.text


def test_an_identity_that_is_forged_played_back_or_expired_is_nobodys(
    proxy: Callable[..., Proxy], service: Service, ann: Customer
) -> None:
    browser = Browser(proxy(lifetime=30.0).port)
    browser.sign_in("ann@example.com")
    assert browser.call("GET", MINE).json()["id"] == str(ann.pk)
    (token,) = service.tokens
    assert service.told(token) == 200
    # Played back on another request.
    assert service.told(token, "/accounts/other/") == 401
    assert service.told(token, MINE + "?a=1") == 401
    # Forged: signed by somebody else, under the very name of the proxy's key, and by nobody.
    claims = jwt.decode(token, options={"verify_signature": False})
    head = jwt.get_unverified_header(token)
    forger = Ed25519PrivateKey.generate()
    assert service.told(jwt.encode(claims, forger, "EdDSA", headers=head)) == 401
    assert service.told(jwt.encode(claims, "", "none", headers={**head, "alg": "none"})) == 401
    assert service.told("") == 401
    # Expired.
    service.ahead = 60.0
    assert service.told(token) == 401


@pytest.mark.parametrize("name", [HEADER, HEADER.lower(), HEADER.replace("-", "_")])
def test_a_client_cannot_bring_its_own_identity(
    proxy: Callable[..., Proxy], service: Service, ann: Customer, name: str
) -> None:
    worker = proxy()
    browser = Browser(worker.port)
    browser.sign_in("ann@example.com")
    assert browser.call("GET", "/accounts/both/x").json()["id"] == str(ann.pk)
    (token,) = service.tokens
    stranger = Browser(worker.port)
    assert stranger.call("GET", "/accounts/both/x", headers={name: token}).json()["id"] == ""
    assert stranger.call("GET", MINE, headers={name: token}).is_redirect
    assert token not in service.tokens[1:]


def test_customers_at_once_are_never_mixed(proxy: Callable[..., Proxy], ann: Customer) -> None:
    bob = Customer.objects.create_user("bob@example.com", PASSWORD, display_name="Bob")
    worker = proxy(cache=0.01)
    browsers = [(Browser(worker.port), ann), (Browser(worker.port), bob)]
    for browser, customer in browsers:
        browser.sign_in(customer.email)

    def ask(number: int) -> bool:
        browser, customer = browsers[number % 2]
        fresh = Browser(worker.port)
        fresh.cookies = dict(browser.cookies)
        return bool(fresh.call("GET", f"/accounts/both/{number}").json()["id"] == str(customer.pk))

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(ask, range(60)))
