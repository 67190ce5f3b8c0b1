"""Flips under traffic: no request lost, no answer mixed up."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest
from strangler_proxy.client import ControlClient

from demo.stack import Stack
from tests.e2e.conftest import Strangler
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("at_monolith")


class Browser(threading.Thread):
    """A client that asks for one product after another and checks that each answer is the one it asked for."""

    def __init__(self, url: str, products: list[dict[str, Any]], enough: threading.Event) -> None:
        super().__init__(daemon=True)
        self.url, self.products, self.enough = url, products, enough
        self.asked = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=30) as client:
            while not self.enough.is_set():
                for product in self.products:
                    self._ask(client, product)

    def _ask(self, client: httpx.Client, product: dict[str, Any]) -> None:
        self.asked += 1
        try:
            answer = client.get(f"/api/v1/products/{product['id']}/")
            if answer.status_code != 200 or answer.json()["id"] != product["id"]:
                self.wrong.append(f"{product['id']}: {answer.status_code} {answer.text[:100]}")
        except httpx.HTTPError as error:
            self.wrong.append(f"{product['id']}: {error!r}")


def test_a_hundred_flips_while_twenty_clients_browse_lose_no_request_and_mix_no_answer(
    stack: Stack, control: ControlClient
) -> None:
    url, enough = stack.addresses.url("shop"), threading.Event()
    products = httpx.get(f"{url}/api/v1/products/?page_size=40").json()["results"]
    before = _by_side(control)
    browsers = [Browser(url, products[number:] + products[:number], enough) for number in range(20)]
    for browser in browsers:
        browser.start()
    for number in range(100):
        stage = "monolith" if number % 2 else "extracted"
        outcome = control.flip(["catalog.*"], stage, why=f"flip {number}", force=True, wait_seconds=5)
        assert len(outcome["acknowledged"]) == 2
        assert outcome["missing"] == []
    enough.set()
    for browser in browsers:
        browser.join(30)
    assert [wrong for browser in browsers for wrong in browser.wrong] == []
    after = _by_side(control)
    assert all(after[side] > before.get(side, 0) for side in ("monolith", "candidate")), (before, after)


def test_a_customer_keeps_their_side_while_the_share_stands_still(
    stack: Stack, strangler: Strangler, control: ControlClient
) -> None:
    strangler("flip", "catalog.*", "canary", "--share", "50%", "--force", "--why", "half of the customers")
    for _ in range(8):
        with httpx.Client(base_url=stack.addresses.url("shop")) as client:
            client.get("/api/v1/categories/")
            assert "strangler_subject" in client.cookies
            before = _by_side(control, "catalog.product-list")
            for _ in range(6):
                client.get("/api/v1/products/")
            grew = _grown(before, control, "catalog.product-list", 6)
            assert sorted(grew.values()) in ([6], [0, 6]), grew


def _by_side(control: ControlClient, route: str = "catalog.product-detail") -> dict[str, int]:
    counted: dict[str, int] = {}
    for row in control.status()["traffic"]:
        if row["route"] == route:
            counted[row["side"]] = counted.get(row["side"], 0) + row["count"]
    return counted


def _grown(before: dict[str, int], control: ControlClient, route: str, wanted: int) -> dict[str, int]:
    def grown() -> dict[str, int] | None:
        after = _by_side(control, route)
        found = {side: after[side] - before.get(side, 0) for side in after}
        return found if sum(found.values()) >= wanted else None

    # Workers report once a second; ask until all that was sent has been counted.
    return until(grown, every=0.05)
