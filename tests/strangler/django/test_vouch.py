"""The monolith vouches for a client: with the real shop, its settings, its middleware and its database."""

from __future__ import annotations

import json
import time
from types import ModuleType
from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authtoken.models import Token

from monolith.accounts.models import Customer
from strangler.django.facts import remember_auth_time
from strangler.vouch import PATH, WINDOW
from tests.strangler.django.vouched import SECRET, Answer, ask

PASSWORD = "open sesame 42"
PAGE = "/accounts/profile/"
API = "/api/v1/cart/items/"
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _settings(settings: Any, tmp_path: Any) -> None:
    cache.clear()
    settings.STRANGLER = {"VOUCH_SECRET": SECRET}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def customer(db: None) -> Customer:
    return Customer.objects.create_user("ann@example.com", PASSWORD, display_name="Ann")


@pytest.fixture
def browser(customer: Customer) -> Client:
    """Somebody who has a CSRF cookie and is not signed in; every check is made as for a real browser."""
    client = Client(enforce_csrf_checks=True)
    client.get(LOGIN)
    return client


def token_of(client: Client) -> str:
    return client.cookies["csrftoken"].value


def sign_in(client: Client, email: str = "ann@example.com") -> None:
    data = {"username": email, "password": PASSWORD, "csrfmiddlewaretoken": token_of(client)}
    assert client.post(LOGIN, data).status_code == 302


def known(answer: Answer) -> dict[str, Any]:
    assert answer.user is not None
    return answer.user


# Who may ask.


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_but_the_proxy_is_answered(browser: Client, method: str) -> None:
    assert browser.generic(method, PATH).status_code == 404
    assert ask(browser, method, PAGE, sealed_with="a secret of somebody else's").status == 404


def test_a_question_is_good_for_a_short_time_only(browser: Client) -> None:
    now = int(time.time())
    assert ask(browser, "GET", PAGE, at=now - WINDOW - 5).status == 404
    assert ask(browser, "GET", PAGE, at=now + WINDOW + 5).status == 404
    assert ask(browser, "GET", PAGE, at=now).user is None


def test_without_a_secret_even_the_proxy_is_answered_404(browser: Client, settings: Any) -> None:
    settings.STRANGLER = {}
    assert ask(browser, "GET", PAGE, sealed_with="").status == 404
    settings.STRANGLER = {"VOUCH_SECRET": "short"}
    assert ask(browser, "GET", PAGE, sealed_with="short").status == 404


def test_the_secret_can_be_in_a_file_that_appears_later(browser: Client, settings: Any, tmp_path: Any) -> None:
    file = tmp_path / "vouch.secret"
    settings.STRANGLER = {"VOUCH_SECRET_FILE": str(file)}
    assert ask(browser, "GET", PAGE).status == 404
    file.write_text(SECRET + "\n")
    assert ask(browser, "GET", PAGE).user is None


# Who it is.


def test_a_visitor_is_anonymous(browser: Client) -> None:
    answer = ask(browser, "GET", PAGE)
    assert answer.document == {"user": None, "session": "", "auth_time": None, "data": {}, "here": False}


def test_a_user_is_told_with_rights(browser: Client, customer: Customer) -> None:
    group = Group.objects.create(name="desk")
    group.permissions.add(Permission.objects.get(codename="view_order"))
    customer.groups.add(group)
    customer.user_permissions.add(Permission.objects.get(codename="add_product"))
    sign_in(browser)
    assert ask(browser, "GET", PAGE).user == {
        "id": str(customer.pk),
        "username": "",
        "staff": False,
        "superuser": False,
        "groups": ["desk"],
        "permissions": ["catalog.add_product", "orders.view_order"],
    }
    assert known(ask(browser, "GET", PAGE, permissions=["orders.*"]))["permissions"] == ["orders.view_order"]
    assert known(ask(browser, "GET", PAGE, username=True))["username"] == "ann@example.com"


def test_a_superuser_is_told_as_one_and_not_by_a_hundred_permissions(browser: Client, customer: Customer) -> None:
    Customer.objects.filter(pk=customer.pk).update(is_superuser=True, is_staff=True)
    sign_in(browser)
    user = known(ask(browser, "GET", PAGE))
    assert (user["superuser"], user["staff"], user["permissions"]) == (True, True, [])


def test_a_disabled_user_is_nobody(browser: Client, customer: Customer) -> None:
    sign_in(browser)
    assert ask(browser, "GET", PAGE).user is not None
    Customer.objects.filter(pk=customer.pk).update(is_active=False)
    assert ask(browser, "GET", PAGE).user is None


def test_a_disabled_user_is_nobody_to_a_backend_that_lets_them_in_too(
    browser: Client, customer: Customer, settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    sign_in(browser)
    Customer.objects.filter(pk=customer.pk).update(is_active=False)
    assert ask(browser, "GET", PAGE).user is None


def test_who_signed_out_is_nobody(browser: Client) -> None:
    sign_in(browser)
    stolen = browser.cookies["sessionid"].value
    browser.post("/accounts/logout/", {"csrfmiddlewaretoken": token_of(browser)})
    browser.cookies["sessionid"] = stolen
    assert ask(browser, "GET", PAGE).user is None


def test_an_expired_session_is_nobodys(browser: Client) -> None:
    sign_in(browser)
    session = browser.session
    session.set_expiry(-1)
    session.save()
    answer = ask(browser, "GET", PAGE)
    assert (answer.user, answer.document["session"]) == (None, "")


def test_another_password_ends_the_session_and_its_cookie(browser: Client, customer: Customer) -> None:
    sign_in(browser)
    customer.set_password("another one")
    customer.save()
    answer = ask(browser, "GET", PAGE)
    assert answer.user is None
    assert answer.response.cookies["sessionid"].value == ""


def test_a_login_gives_another_session(browser: Client) -> None:
    sign_in(browser)
    first = ask(browser, "GET", PAGE).document["session"]
    assert first
    assert browser.cookies["sessionid"].value not in first
    browser.post("/accounts/logout/", {"csrfmiddlewaretoken": token_of(browser)})
    browser.get(LOGIN)
    sign_in(browser)
    second = ask(browser, "GET", PAGE).document["session"]
    assert second
    assert second != first


def test_named_values_of_the_session_are_told_and_no_others(browser: Client) -> None:
    sign_in(browser)
    session = browser.session
    session["cart_id"], session["card_number"] = 17, "4111"
    session.save()
    assert ask(browser, "GET", PAGE, session=["cart_id", "none"]).document["data"] == {"cart_id": 17}


def test_a_visitors_session_is_told_too(browser: Client) -> None:
    session = browser.session
    session["cart_id"] = 18
    session.save()
    browser.cookies["sessionid"] = session.session_key or ""
    answer = ask(browser, "GET", PAGE, session=["cart_id"])
    assert (answer.user, answer.document["data"]) == (None, {"cart_id": 18})
    assert answer.document["session"]


def test_the_session_is_not_touched_and_a_refresh_is_relayed(browser: Client, settings: Any) -> None:
    sign_in(browser)
    assert "sessionid" not in ask(browser, "GET", PAGE, session=["cart_id"]).response.cookies
    settings.SESSION_SAVE_EVERY_REQUEST = True
    assert "sessionid" in ask(browser, "GET", PAGE).response.cookies


def test_when_the_user_signed_in_is_told(browser: Client) -> None:
    from django.contrib.auth.signals import user_logged_in

    user_logged_in.connect(remember_auth_time)
    try:
        sign_in(browser)
    finally:
        user_logged_in.disconnect(remember_auth_time)
    assert abs(ask(browser, "GET", PAGE).document["auth_time"] - time.time()) < 60


# What is checked of an unsafe request.


def test_a_post_with_its_token_in_the_form_or_the_header_is_let_through(browser: Client) -> None:
    sign_in(browser)
    token = token_of(browser)
    assert ask(browser, "POST", PAGE, form=f"csrfmiddlewaretoken={token}").user is not None
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert ask(browser, method, PAGE, headers={"X-CSRFToken": token}).user is not None


@pytest.mark.parametrize("form", [b"", b"csrfmiddlewaretoken=" + b"a" * 32])
def test_a_post_without_its_token_is_refused_by_the_monoliths_own_answer(browser: Client, form: bytes) -> None:
    sign_in(browser)
    answer = ask(browser, "POST", PAGE, form=form)
    direct = browser.post(PAGE, form, content_type="application/x-www-form-urlencoded")
    assert (answer.status, answer.body) == (403, direct.content.decode())
    assert answer.headers["Content-Type"] == direct.headers["Content-Type"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "PURGE"])
def test_every_method_that_is_not_safe_is_checked(browser: Client, method: str) -> None:
    sign_in(browser)
    assert ask(browser, method, PAGE).status == 403
    assert ask(browser, method, "/nowhere/").status == 403


def test_another_sites_origin_is_refused_even_with_the_token(browser: Client) -> None:
    sign_in(browser)
    headers = {"X-CSRFToken": token_of(browser), "Origin": "https://evil.example"}
    assert ask(browser, "POST", PAGE, headers=headers).status == 403
    assert ask(browser, "POST", PAGE, headers={**headers, "Origin": "http://testserver"}).user is not None


def test_by_https_without_an_origin_the_referer_counts(browser: Client) -> None:
    sign_in(browser)
    headers = {"X-CSRFToken": token_of(browser), "X-Forwarded-Proto": "https", "Host": "testserver"}
    assert ask(browser, "POST", PAGE, headers=headers).status == 403
    assert ask(browser, "POST", PAGE, headers={**headers, "Referer": "https://evil.example/"}).status == 403
    assert ask(browser, "POST", PAGE, headers={**headers, "Referer": "https://testserver/a"}).user is not None


def test_tokens_kept_in_the_session_are_checked_too(settings: Any, customer: Customer) -> None:
    settings.CSRF_USE_SESSIONS = True
    client = Client(enforce_csrf_checks=True)
    page = client.get(LOGIN).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    client.post(LOGIN, {"username": "ann@example.com", "password": PASSWORD, "csrfmiddlewaretoken": token})
    page = client.get(PAGE).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    assert ask(client, "POST", PAGE).status == 403
    assert ask(client, "POST", PAGE, form=f"csrfmiddlewaretoken={token}").user is not None


def test_a_view_that_is_exempt_in_the_monolith_is_exempt_here(browser: Client) -> None:
    # The payment provider's webhook: no cookie, no token, and no user either.
    assert ask(browser, "POST", "/api/v1/payments/webhook/").user is None


def test_a_websocket_of_another_site_is_refused(browser: Client) -> None:
    sign_in(browser)
    assert ask(browser, "GET", PAGE, origin=True, headers={"Origin": "https://evil.example"}).status == 403
    assert ask(browser, "GET", PAGE, origin=True, headers={"Origin": "http://testserver"}).user is not None


# Views of REST framework.


def test_a_rest_view_knows_its_tokens_and_a_page_does_not(customer: Customer) -> None:
    token = Token.objects.create(user=customer)
    headers = {"Authorization": f"Token {token.key}"}
    client = Client(enforce_csrf_checks=True)
    assert known(ask(client, "GET", API, headers=headers))["id"] == str(customer.pk)
    assert known(ask(client, "POST", API, headers=headers))["id"] == str(customer.pk)
    # Another of its views may know other tokens.
    assert ask(client, "GET", API, headers=headers).document["here"] is True
    assert ask(client, "GET", PAGE, headers=headers).user is None


def test_a_wrong_token_is_refused_as_the_rest_view_does(customer: Customer) -> None:
    client = Client(enforce_csrf_checks=True)
    headers = {"Authorization": "Token wrong"}
    answer = ask(client, "GET", API, headers=headers)
    direct = client.get(API, headers=headers)
    assert (answer.status, json.loads(answer.body)) == (401, direct.json())
    assert answer.headers["WWW-Authenticate"] == direct.headers["WWW-Authenticate"]


def test_a_disabled_users_token_is_refused(customer: Customer) -> None:
    token = Token.objects.create(user=customer)
    Customer.objects.filter(pk=customer.pk).update(is_active=False)
    assert ask(Client(), "GET", API, headers={"Authorization": f"Token {token.key}"}).status == 401


def test_a_rest_view_checks_the_token_of_a_session(browser: Client) -> None:
    sign_in(browser)
    assert ask(browser, "POST", API).status == 403
    assert ask(browser, "POST", API, headers={"X-CSRFToken": token_of(browser)}).user is not None


def test_urls_with_a_language_in_front_are_found(browser: Client, settings: Any) -> None:
    @csrf_exempt
    def exempt(_: HttpRequest) -> HttpResponse:
        return HttpResponse()

    urls: Any = ModuleType("urls_of_a_test")
    urls.urlpatterns = [
        path("_strangler/", include("strangler.django.urls")),
        *i18n_patterns(path("exempt/", exempt), prefix_default_language=False),
    ]
    settings.ROOT_URLCONF = urls
    assert ask(browser, "POST", "/de/exempt/").user is None
    assert ask(browser, "POST", "/exempt/").user is None
    assert ask(browser, "POST", "/de/other/").status == 403


# What a client is told that is nobody.


def test_a_page_leads_a_visitor_to_the_login_and_back(browser: Client) -> None:
    answer = ask(browser, "GET", PAGE + "?a=1&b=2", need="required")
    assert (answer.status, answer.headers["Location"]) == (
        302,
        "/accounts/login/?next=/accounts/profile/%3Fa%3D1%26b%3D2",
    )
    answer = ask(browser, "POST", PAGE, need="required", headers={"X-CSRFToken": token_of(browser)})
    assert (answer.status, answer.headers["Location"]) == (302, "/accounts/login/?next=/")


def test_a_rest_view_tells_a_visitor_401(browser: Client) -> None:
    answer = ask(browser, "GET", "/api/v1/orders/", need="required")
    direct = browser.get("/api/v1/orders/")
    assert (answer.status, json.loads(answer.body)) == (direct.status_code, direct.json())
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize(("how", "status"), [("redirect", 302), ("401", 401), ("403", 403)])
def test_a_route_can_say_what_a_visitor_is_told(browser: Client, how: str, status: int) -> None:
    assert ask(browser, "GET", API, need="required", anonymous=how).status == status


def test_nobody_is_led_out_of_the_site(browser: Client) -> None:
    answer = ask(browser, "GET", "//evil.example/", need="required")
    assert answer.headers["Location"] == "/accounts/login/?next=/%252Fevil.example/"
