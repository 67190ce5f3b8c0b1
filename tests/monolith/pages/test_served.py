"""The shop as it is served, in a browser: an order's page follows its state by itself."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright

from tests.waiting import until

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.slow

FILL = """
from decimal import Decimal
from monolith.accounts.services import register
from monolith.catalog.models import Category, Product
from monolith.inventory.services import set_on_hand
lamps = Category.objects.create(name="Lamps", slug="lamps")
lamp = Product.objects.create(sku="LAMP", slug="lamp", name="Lamp", category=lamps, price=Decimal(10))
set_on_hand({lamp.pk: 10})
register("ada@example.com", "open sesame 42", "Ada")
"""
PAY = """
from monolith.payments.services import receive_webhook, waiting_webhooks
for signed in waiting_webhooks():
    receive_webhook(signed.body, signed.signature)
"""


class Shop:
    def __init__(self, folder: Path) -> None:
        self.environment = {
            **os.environ,
            "DATABASE_PATH": str(folder / "shop.sqlite3"),
            "MEDIA_ROOT": str(folder / "media"),
            "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
            "LOG_LEVEL": "WARNING",
        }
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "monolith.manage", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, timeout=120)

    def serve(self, server: str) -> subprocess.Popen[bytes]:
        commands = {
            "uvicorn": ["uvicorn", "monolith.asgi:application", "--port", str(self.port), "--lifespan", "off"],
            "gunicorn": [
                *("gunicorn", "monolith.wsgi:application", "--worker-class", "gthread", "--threads", "8"),
                *("--bind", f"127.0.0.1:{self.port}"),
            ],
        }
        command = [sys.executable, "-m", *commands[server]]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, start_new_session=True)

    def wait(self) -> None:
        def healthy() -> bool:
            try:
                return httpx.get(f"{self.url}/healthz", timeout=5).is_success
            except httpx.TransportError:
                return False

        until(healthy, seconds=60)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a shop with one lamp and one customer, to be copied."""
    folder = tmp_path_factory.mktemp("filled")
    made = Shop(folder)
    made.manage("migrate", "-v0")
    made.manage("shell", "-v0", "-c", FILL)
    return folder


@pytest.fixture(params=["uvicorn", "gunicorn"])
def shop(request: pytest.FixtureRequest, filled: Path, tmp_path: Path) -> Iterator[Shop]:
    """A shop with one lamp and one customer, under either server."""
    found = Shop(shutil.copytree(filled, tmp_path / "shop"))
    process = found.serve(request.param)
    try:
        found.wait()
        yield found
    finally:
        # With its workers, and without waiting for streams that are still open.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def page(shop: Shop, chromium: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page(locale="en-GB", viewport={"width": 375, "height": 812})
        opened.set_default_timeout(30_000)
        faults: list[str] = []
        opened.on("pageerror", lambda error: faults.append(str(error)))
        yield opened
        browser.close()
        assert faults == []


def test_an_order_is_placed_and_its_page_follows_the_bank(shop: Shop, page: Page) -> None:
    page.goto(f"{shop.url}/")
    page.get_by_role("link", name="Lamp", exact=True).first.click()
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Put in the cart").click()
    page.get_by_role("link", name="Cart 2").click()
    page.get_by_role("link", name="Check out").click()
    page.get_by_label("Email address").fill("ada@example.com")
    page.get_by_label("Password").fill("open sesame 42")
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.get_by_label("Street and number").fill("Hauptstraße 1")
    page.get_by_label("Postcode").fill("10115")
    page.get_by_label("City").fill("Berlin")
    page.get_by_role("button", name="On to payment").click()
    page.get_by_label("Card ending in 0259").check()
    page.get_by_role("button", name="On to the review").click()
    page.get_by_role("button", name="Buy now for €28.70").click()
    assert page.locator("#order-state").inner_text() == "Waiting for payment"
    shop.manage("shell", "-v0", "-c", PAY)
    page.get_by_role("link", name="Invoice").wait_for()
    assert page.locator("#order-state").inner_text() == "Paid"
    with page.expect_download() as download:
        page.get_by_role("link", name="Invoice").click()
    assert "28.70" in download.value.path().read_text()


@pytest.mark.parametrize("shop", ["gunicorn"], indirect=True)
def test_no_page_is_wider_than_a_telephone(shop: Shop, page: Page) -> None:
    for path in ("/", "/categories/lamps/", "/search/?q=lamp", "/products/1-lamp/", "/cart/", "/accounts/register/"):
        page.goto(f"{shop.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, path
