"""From the shop's own login to what a service believes: the real monolith, asked over HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.contrib.auth.models import Permission
from strangler_proxy.vouched import Refusal

from monolith.accounts.models import Customer
from tests.proxy.identity.desk import SECRET, Desk, desk, head, route

PASSWORD = "open sesame 42"
PAGE = "/accounts/profile/"
ORDERS = "/api/v1/orders/"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(live_server: Any, settings: Any) -> str:
    settings.STRANGLER = {"VOUCH_SECRET": SECRET}
    settings.ALLOWED_HOSTS = ["shop.example", "localhost", "127.0.0.1"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    url: str = live_server.url
    return url


@pytest.fixture
def ann(shop: str) -> Customer:
    return Customer.objects.create_user("ann@example.com", PASSWORD, display_name="Ann")


class Browser:
    """Somebody with cookies, who signs in directly and asks through a desk."""

    def __init__(self, shop: str) -> None:
        self._shop = shop
        self.cookies: dict[str, str] = {}

    def _call(self, method: str, path: str, data: dict[str, str] | None = None) -> httpx.Response:
        headers = {"Host": "shop.example", "Cookie": self.cookie}
        answer = httpx.request(method, self._shop + path, data=data, headers=headers)
        self.take(answer.headers.get_list("set-cookie"))
        return answer

    def take(self, set_cookies: list[str]) -> None:
        for line in set_cookies:
            name, _, value = line.partition(";")[0].partition("=")
            if re.search(r"max-age=0(;|$)", line.lower()):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def sign_in(self, email: str = "ann@example.com") -> None:
        self._call("GET", "/accounts/login/")
        data = {"username": email, "password": PASSWORD, "csrfmiddlewaretoken": self.cookies["csrftoken"]}
        assert self._call("POST", "/accounts/login/", data).status_code == 302

    def sign_out(self) -> None:
        data = {"csrfmiddlewaretoken": self.cookies["csrftoken"]}
        assert self._call("POST", "/accounts/logout/", data).status_code == 302

    def asks(self, method: str = "GET", target: str = PAGE, *lines: str) -> Any:
        return head(method, target, f"Cookie: {self.cookie}", *lines)


@pytest.fixture
def browser(shop: str, ann: Customer) -> Browser:
    return Browser(shop)


def at_the_desk(shop: str, folder: Path, scene: Callable[[Desk], Awaitable[None]], **settings: Any) -> None:
    async def act() -> None:
        async with desk(urlsplit(shop).port or 0, folder, **settings) as at_desk:
            await scene(at_desk)

    asyncio.run(act())


async def out_of_the_loop(call: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(call)


def test_a_customer_signs_in_is_known_to_the_service_and_signs_out(
    shop: str, tmp_path: Path, browser: Browser, ann: Customer
) -> None:
    ann.user_permissions.add(Permission.objects.get(codename="view_order"))

    async def scene(at_desk: Desk) -> None:
        assert not (await at_desk.identity(browser.asks())).is_authenticated
        await out_of_the_loop(browser.sign_in)
        known = await at_desk.identity(browser.asks())
        assert (known.id, known.has_permission("orders.view_order")) == (str(ann.pk), True)
        before = browser.asks()
        await out_of_the_loop(browser.sign_out)
        at_desk.vouching.forget(before.lines)
        assert not (await at_desk.identity(before)).is_authenticated
        assert not (await at_desk.identity(browser.asks())).is_authenticated

    at_the_desk(shop, tmp_path, scene)


def test_the_key_of_a_session_changes_at_login_and_the_old_one_is_nobodys(
    shop: str, tmp_path: Path, browser: Browser
) -> None:
    async def scene(at_desk: Desk) -> None:
        await out_of_the_loop(browser.sign_in)
        first, known = browser.asks(), await at_desk.identity(browser.asks())
        await out_of_the_loop(browser.sign_out)
        await out_of_the_loop(browser.sign_in)
        at_desk.vouching.forget(first.lines)
        again = await at_desk.identity(browser.asks())
        assert again.session != known.session
        assert again.id == known.id
        assert not (await at_desk.identity(first)).is_authenticated

    at_the_desk(shop, tmp_path, scene)


def test_a_post_is_judged_by_the_monoliths_csrf_check(shop: str, tmp_path: Path, browser: Browser) -> None:
    async def scene(at_desk: Desk) -> None:
        await out_of_the_loop(browser.sign_in)
        token = browser.cookies["csrftoken"]
        form = "Content-Type: application/x-www-form-urlencoded"
        good = await at_desk.identity(
            browser.asks("POST", PAGE, form), body=b"display_name=x&csrfmiddlewaretoken=" + token.encode()
        )
        assert good.is_authenticated
        assert (await at_desk.identity(browser.asks("POST", PAGE, f"X-CSRFToken: {token}"))).id == good.id
        for request, body in (
            (browser.asks("POST", PAGE, form), b"display_name=x"),
            (browser.asks("POST", PAGE, form), b"csrfmiddlewaretoken=" + b"x" * 64),
            (browser.asks("DELETE", PAGE), b""),
            (browser.asks("POST", PAGE, f"X-CSRFToken: {token}", "Origin: https://evil.example"), b""),
        ):
            found = await at_desk.vouch(request, body=body)
            assert isinstance(found, Refusal)
            assert (found.status, found.error) == (403, "")
            assert b"<title>" in found.body

    at_the_desk(shop, tmp_path, scene)


def test_a_disabled_user_is_known_no_longer_than_the_cache_says(
    shop: str, tmp_path: Path, browser: Browser, ann: Customer
) -> None:
    async def scene(at_desk: Desk) -> None:
        await out_of_the_loop(browser.sign_in)
        assert (await at_desk.identity(browser.asks())).is_authenticated
        await out_of_the_loop(lambda: Customer.objects.filter(pk=ann.pk).update(is_active=False))
        assert not (await at_desk.identity(browser.asks())).is_authenticated
        found = await at_desk.vouch(browser.asks(), route("required"))
        assert isinstance(found, Refusal)
        assert found.status == 302

    at_the_desk(shop, tmp_path, scene, cache=0.0)


def test_an_expired_session_is_anonymous(shop: str, tmp_path: Path, browser: Browser, settings: Any) -> None:
    settings.SESSION_COOKIE_AGE = -1
    browser.sign_in()

    async def scene(at_desk: Desk) -> None:
        assert not (await at_desk.identity(browser.asks())).is_authenticated

    browser.cookies.setdefault("sessionid", "0" * 32)
    at_the_desk(shop, tmp_path, scene)


def test_a_visitor_gets_the_monoliths_own_answer(shop: str, tmp_path: Path, browser: Browser) -> None:
    async def scene(at_desk: Desk) -> None:
        page = await at_desk.vouch(head("GET", PAGE), route("required"))
        assert isinstance(page, Refusal)
        assert page.status == 302
        assert b"Location: /accounts/login/?next=/accounts/profile/" in page.lines
        assert b"Vary: Cookie, Authorization" in page.lines
        api = await at_desk.vouch(head("GET", ORDERS), route("required"))
        assert isinstance(api, Refusal)
        assert api.status == 401
        assert b"WWW-Authenticate: Token" in api.lines

    at_the_desk(shop, tmp_path, scene)


def test_a_refreshed_session_cookie_reaches_the_customer(
    shop: str, tmp_path: Path, browser: Browser, settings: Any
) -> None:
    settings.SESSION_SAVE_EVERY_REQUEST = True
    browser.sign_in()

    async def scene(at_desk: Desk) -> None:
        found = await at_desk.vouch(browser.asks())
        assert not isinstance(found, Refusal)
        assert [line.partition(b"=")[0].split() for line in found.set_cookies] == [[b"Set-Cookie:", b"sessionid"]]
        before = browser.cookies["sessionid"]
        browser.take([line.decode().partition(":")[2].strip() for line in found.set_cookies])
        assert browser.cookies["sessionid"] == before

    at_the_desk(shop, tmp_path, scene)


def test_two_customers_are_never_mixed(shop: str, tmp_path: Path, browser: Browser, ann: Customer) -> None:
    bob = Customer.objects.create_user("bob@example.com", PASSWORD, display_name="Bob")
    other = Browser(shop)
    browser.sign_in()
    other.sign_in("bob@example.com")

    async def scene(at_desk: Desk) -> None:
        async def one(number: int) -> None:
            who, user = ((browser, ann), (other, bob))[number % 2]
            assert (await at_desk.identity(who.asks("GET", f"/orders/{number}/"))).id == str(user.pk)

        await asyncio.gather(*(one(number) for number in range(60)))

    at_the_desk(shop, tmp_path, scene, cache=0.05)


def test_another_secret_is_refused_and_nobody_is_passed_on(
    shop: str, tmp_path: Path, browser: Browser, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STRANGLER = {"VOUCH_SECRET": "a secret that the proxy does not know"}
    browser.sign_in()

    async def scene(at_desk: Desk) -> None:
        found = await at_desk.vouch(browser.asks())
        assert isinstance(found, Refusal)
        assert (found.status, found.error) == (503, "vouch-status-404")

    at_the_desk(shop, tmp_path, scene)
    assert "compare its VOUCH_SECRET with the proxy's" in caplog.text
