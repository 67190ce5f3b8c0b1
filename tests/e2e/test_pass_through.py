"""Every feature of the shop comes through the proxy as the monolith itself gives it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import product

import httpx
import pytest
from PIL import Image

from demo.forms import forms_of
from demo.stack import Stack

pytestmark = pytest.mark.usefixtures("at_monolith")

PATHS = (
    "/",
    "/search/?q=kn%C3%AFfe+%2F",
    "/export/catalog.csv",
    "/robots.txt",
    "/products/1",
    "/products/1/",
    "/orders/",
    "/api/v1/products?page=2",
    "/api/v1/stock/1/",
    "/api/v1/orders/",
    "/no/such//page/",
    "/healthz",
)
# What differs between any two answers, what the proxy says of itself, and what is said to the proxy alone.
_OF_THE_MOMENT = {"date", "connection", "keep-alive", "via", "x-request-id", "set-cookie", "x-strangler-release"}


@pytest.fixture
def browser(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.addresses.url("shop"), timeout=30) as client:
        yield client


@pytest.fixture
def direct(stack: Stack) -> Iterator[httpx.Client]:
    """Asks the monolith itself, by the name under which customers know the shop."""
    host = {"Host": f"127.0.0.1:{stack.addresses.shop}"}
    with httpx.Client(base_url=stack.addresses.url("monolith"), headers=host, timeout=30) as client:
        yield client


def sent(browser: httpx.Client, path: str, **values: str) -> httpx.Response:
    """What a browser gets that fills in the form on the page `path` which has the first of `values`, and sends it."""
    page = browser.get(path)
    form = next(form for form in forms_of(page.text) if next(iter(values)) in form.fields)
    return browser.post(page.url.join(form.action or str(page.url)), data={**form.fields, **values})


def signed_in(browser: httpx.Client, name: str, password: str, path: str = "/accounts/login/") -> httpx.Response:
    return sent(browser, path, username=name, password=password)


def masked(answer: httpx.Response) -> bytes:
    """The body without a form's hidden token, which is another one in each answer."""
    return re.sub(rb'(csrfmiddlewaretoken" value=")\w+', rb"\1", answer.content)


def plain(answer: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items() if name.lower() not in _OF_THE_MOMENT}


def test_pages_are_the_monoliths_to_the_byte(browser: httpx.Client, direct: httpx.Client) -> None:
    for method, path, language in product(("GET", "HEAD", "OPTIONS"), PATHS, ("en", "de")):
        wanted, got = (
            client.request(method, path, headers={"Accept-Language": language}) for client in (direct, browser)
        )
        assert (got.status_code, plain(got)) == (wanted.status_code, plain(wanted)), (method, path, language)
        assert masked(got) == masked(wanted), (method, path, language)
        assert "x-strangler-release" not in got.headers


def test_a_page_that_is_known_is_not_sent_again(browser: httpx.Client) -> None:
    page = browser.get("/search/?q=a")
    again = browser.get("/search/?q=a", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_download_is_streamed_without_a_length(browser: httpx.Client) -> None:
    with browser.stream("GET", "/export/catalog.csv") as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in answer.headers
        assert answer.headers["Content-Disposition"] == 'attachment; filename="catalog.csv"'
        assert len(list(answer.iter_lines())) > 100


def test_a_form_is_taken_with_its_token_only_and_each_cookie_comes_alone(browser: httpx.Client) -> None:
    refused = browser.post("/accounts/login/", data={"username": "customer1@shop.example"})
    assert refused.status_code == 403
    answer = signed_in(browser, "customer1@shop.example", "shop customer")
    assert answer.status_code == 302
    cookies = answer.headers.get_list("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"csrftoken", "sessionid"}
    assert browser.get("/orders/").status_code == 200


def test_an_invoice_is_downloaded_and_an_orders_stream_begins_at_once(browser: httpx.Client) -> None:
    signed_in(browser, "customer1@shop.example", "shop customer")
    numbers = dict.fromkeys(re.findall(r"/orders/([\w-]+)/", browser.get("/orders/").text))
    invoices = [browser.get(f"/orders/{number}/invoice/") for number in numbers]
    paid = next(answer for answer in invoices if answer.status_code == 200)
    assert "attachment" in paid.headers["Content-Disposition"]
    with browser.stream("GET", f"/orders/{next(iter(numbers))}/events/") as events:
        assert events.headers["Content-Type"] == "text/event-stream"
        assert next(line for line in events.iter_lines() if line).partition(":")[0] in {"event", "id", "data", "retry"}


def test_a_picture_is_uploaded_in_the_admin_and_shown(browser: httpx.Client) -> None:
    signed_in(browser, "admin@shop.example", "admin", "/admin/login/?next=/admin/")
    page = browser.get("/admin/catalog/product/add/")
    fields = next(form for form in forms_of(page.text) if "sku" in form.fields).fields
    fields |= dict(
        re.findall(r'<select name="(\w+)"(?:(?!</select>).)*?<option value="([^"]+)" selected', page.text, re.S)
    )
    fields |= {
        "sku": "LAMP-1",
        "slug": "lamp",
        "name": "Lamp",
        "price": "10.00",
        "attributes": "{}",
        "is_published": "on",
    }
    picture = io.BytesIO()
    # Noise does not compress: larger than any buffer on the way.
    Image.effect_noise((900, 900), 90).save(picture, "PNG")
    del fields["image"]
    answer = browser.post(
        "/admin/catalog/product/add/",
        data={**fields, "category": str(browser.get("/api/v1/categories/").json()[0]["id"])},
        files={"image": ("lamp.png", picture.getvalue(), "image/png")},
    )
    assert answer.status_code == 302, re.findall(r'class="errorlist.*?</ul>', answer.text, re.S)
    [found] = browser.get("/api/v1/products/?search=LAMP-1").json()["results"]
    assert found["image"].startswith(str(browser.base_url))
    assert browser.get(found["image"]).content == picture.getvalue()


def test_a_token_of_the_api_is_given_and_taken(browser: httpx.Client) -> None:
    data = {"email": "customer1@shop.example", "password": "shop customer"}
    token = browser.post("/api/v1/auth/token/", json=data).json()["token"]
    mine = browser.get("/api/v1/orders/", headers={"Authorization": f"Token {token}"})
    assert mine.status_code == 200
    assert browser.get("/api/v1/orders/", headers={"Authorization": "Token none"}).status_code == 401
