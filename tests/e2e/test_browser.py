"""A person in a browser, through the proxy, with the catalogue's reads at both sides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from demo.stack import Stack
from tests.e2e.conftest import Strangler

pytestmark = pytest.mark.usefixtures("at_monolith")

PASSWORD = "a-long-Passphrase-42"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    context = browser.new_context(base_url=stack.addresses.url("shop"), locale="en-GB")
    context.set_default_timeout(30_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda answer: wrong.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None)
    yield page
    context.close()
    assert wrong == []


@pytest.mark.parametrize("stage", ["monolith", "extracted"])
def test_a_person_registers_buys_and_sees_their_order(
    stack: Stack, strangler: Strangler, page: Page, stage: str, tmp_path: Path
) -> None:
    if stage == "extracted":
        strangler("flip", "catalog.*", "extracted", "--force", "--why", "shop with the service behind it")
    page.goto("/accounts/register/")
    page.locator("input[name=display_name]").fill("Zoë Fig")
    page.locator("input[name=email]").fill(f"zoe-{stage}@shop.example")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=repeated]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    expect(page.get_by_role("link", name="Orders", exact=True)).to_be_visible()

    product = next(
        each
        for each in httpx.get(f"{stack.addresses.url('shop')}/api/v1/products/?in_stock=true").json()["results"]
        if each["availability"] == "in_stock"
    )
    page.goto(f"/products/{product['id']}-{product['slug']}/")
    expect(page.get_by_role("heading", level=1)).to_have_text(product["name"])
    page.get_by_role("button", name="Put in the cart").click()
    expect(page.locator(".cart-link .badge")).to_have_text("1")

    page.goto("/cart/")
    page.get_by_role("link", name="Check out").click()
    page.locator("input[name=name]").fill("Zoë Fig")
    page.locator("input[name=street]").fill("Fig Lane 1")
    page.locator("input[name=postcode]").fill("10115")
    page.locator("input[name=city]").fill("Berlin")
    page.get_by_role("button", name="On to payment").click()
    page.get_by_label("Card ending in 4242").check()
    page.get_by_role("button", name="On to the review").click()
    page.get_by_role("button", name="Buy now").click()

    expect(page).to_have_url(re.compile(r"/orders/[^/]+/$"))
    number = page.url.rstrip("/").rpartition("/")[2]
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    expect(page.locator("main")).to_contain_text(product["name"])
    with page.expect_download() as download:
        page.locator(f"a[href$='{number}/invoice/']").first.click()
    assert number in download.value.suggested_filename
    page.goto("/orders/")
    expect(page.get_by_role("link", name=number)).to_be_visible()


def test_the_order_page_hears_of_a_change_of_state_by_its_stream(stack: Stack, page: Page) -> None:
    # The events of an order come from the monolith's ASGI process, which trusts the same session.
    email = "stream@shop.example"
    stack.manage("shell", "-c", _ORDER_THAT_WAITS.format(email=email, password=PASSWORD))
    page.goto("/accounts/login/")
    page.locator("input[name=username]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.goto("/orders/")
    page.locator("main a[href^='/orders/']").first.click()
    expect(page.locator("main")).to_contain_text(re.compile("waiting|pending|payment", re.I))
    with page.expect_response(re.compile(r"/events/$")) as events:
        page.reload()
    assert events.value.headers["content-type"].startswith("text/event-stream")
    stack.manage("shell", "-c", _THE_ORDER_IS_PAID.format(email=email))
    expect(page.locator("main")).to_contain_text(re.compile(r"\bpaid\b", re.I))


def test_an_administrator_works_in_the_admin(stack: Stack, page: Page) -> None:
    page.goto("/admin/")
    page.locator("input[name=username]").fill("admin@shop.example")
    page.locator("input[name=password]").fill("admin")
    page.locator("input[type=submit]").click()
    expect(page.locator("#user-tools")).to_be_visible()
    page.goto("/admin/catalog/product/")
    page.locator("#result_list tbody th a").first.click()
    name = page.locator("input[name=name]")
    name.fill(f"{name.input_value()} ✓")
    changed = name.input_value()
    page.locator("input[name=_save]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    expect(page.locator("#result_list")).to_contain_text(changed)


_ORDER_THAT_WAITS = """
from decimal import Decimal
from monolith.accounts.services import register
from monolith.cart.services import CustomerBasket, add
from monolith.catalog.models import Product
from monolith.checkout.services import place_order
from monolith.orders.services import ShippingAddress
from monolith.payments.provider import LATE_APPROVE
customer = register("{email}", "{password}", "Stream")
product = Product.objects.visible().filter(availability="in_stock").first()
add(CustomerBasket(customer.pk), product.pk)
place_order(customer, ShippingAddress("S", "Fig Lane 1", "10115", "Berlin"), LATE_APPROVE, idempotency_key="stream-1")
"""
_THE_ORDER_IS_PAID = """
from monolith.accounts.models import Customer
from monolith.orders.services import mark_paid, orders_of
[order] = orders_of(Customer.objects.get(email="{email}").pk)
mark_paid(order.pk)
"""
