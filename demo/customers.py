"""Customers of the shop: they browse, ask the API, register, fill a cart and check out, all through the proxy."""

from __future__ import annotations

import asyncio
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from demo.forms import forms_of

__all__ = ["Customers", "Failure", "Tally"]

_ORDER_PAGE = re.compile(r"/orders/[^/]+/$")
_CARD = "4242"  # the one that is approved at once
_PASSWORD = "a-long-Passphrase-42"


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that did not go as a customer may expect."""

    at: float
    request: str
    wrong: str


@dataclass(slots=True)
class Tally:
    """What customers did since they came: requests by what was asked for, milliseconds, failures."""

    requests: Counter[str] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    orders: int = 0

    def since(self, earlier: Tally) -> Tally:
        """What came after `earlier`, a copy of this tally taken before."""
        return Tally(
            requests=self.requests - earlier.requests,
            milliseconds=self.milliseconds[len(earlier.milliseconds) :],
            failures=self.failures[len(earlier.failures) :],
            orders=self.orders - earlier.orders,
        )

    def copy(self) -> Tally:
        """The tally as it is now."""
        return Tally(Counter(self.requests), list(self.milliseconds), list(self.failures), self.orders)


class Unexpected(Exception):
    """An answer was not what a customer may expect."""


class Customers:
    """`count` customers at once, in a thread of their own, until `stop`.

    Every `buyer_every`-th of them also buys. `pause` is how long they look at a page, in seconds, at the mean; changed
    while they are in, it counts from each one's next visit on.
    """

    def __init__(self, url: str, *, count: int = 24, buyer_every: int = 8, pause: float = 0.15, seed: int = 1) -> None:
        self.url = url
        self.pause = pause
        self.tally = Tally()
        self._count, self._buyer_every, self._seed = count, buyer_every, seed
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._come()), name="customers", daemon=True)

    def start(self) -> None:
        """Let them in."""
        self._thread.start()

    def stop(self) -> Tally:
        """Let each finish the request it has under way; what they did."""
        self._leaving.set()
        self._thread.join(60)
        return self.tally

    async def _come(self) -> None:
        await asyncio.gather(*(self._customer(number) for number in range(self._count)))

    async def _customer(self, number: int) -> None:
        chance = random.Random(self._seed * 1000 + number)
        visits = 0
        while not self._leaving.is_set():
            visits += 1
            async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:
                visit = _Visit(client, self.tally, chance, self._leaving, self.pause)
                await visit.browse()
                if number % self._buyer_every == 0:
                    await visit.buy(f"demo-{self._seed}-{number}-{visits}-{time.time_ns()}@shop.example")


class _Visit:
    def __init__(
        self, client: httpx.AsyncClient, tally: Tally, chance: random.Random, leaving: threading.Event, pause: float
    ) -> None:
        self.client, self.tally, self.chance, self.leaving, self.pause = client, tally, chance, leaving, pause
        self.product: dict[str, Any] | None = None

    async def browse(self) -> None:
        """Look around, by the API and by pages, with every answer checked for being the one that was asked for."""
        await self._ask("pages", "GET", "/", expect=_is_html)
        categories = await self._ask("catalog.categories", "GET", "/api/v1/categories/", expect=_is_list)
        page = self.chance.randint(1, 4)
        listing = await self._ask("catalog.product-list", "GET", f"/api/v1/products/?page={page}", expect=_has_results)
        if categories is None or listing is None:
            return
        category = self.chance.choice(categories.json())
        await self._ask("catalog.product-list", "GET", f"/api/v1/products/?category={category['slug']}&ordering=-price",
                        expect=_has_results)  # fmt: skip
        products = listing.json()["results"]
        word = self.chance.choice(self.chance.choice(products)["name"].split())
        size = self.chance.randint(3, 40)
        found = await self._ask("catalog.product-list", "GET", "/api/v1/products/", expect=_has_results,
                                params={"search": word, "page_size": size})  # fmt: skip
        if found is not None:
            products = [*products[:5], *found.json()["results"]]
        for product in self.chance.sample(products, 2):
            await self._look_at(product)
        await self._ask("pages", "GET", f"/categories/{category['slug']}/", expect=_is_html)

    async def _look_at(self, product: dict[str, Any]) -> None:
        self.product = product
        path = f"/api/v1/products/{product['id']}/"

        def is_the_product(answer: httpx.Response) -> None:
            if answer.json()["id"] != product["id"] or answer.json()["name"] != product["name"]:
                raise Unexpected(f"asked for product {product['id']}, got {answer.text[:200]}")

        detail = await self._ask("catalog.product-detail", "GET", path, expect=is_the_product)
        if detail is not None:
            tag = {"If-None-Match": detail.headers.get("ETag", "")}
            await self._ask("catalog.product-detail", "GET", path, headers=tag, statuses=(200, 304))
        await self._ask("catalog.product-detail", "HEAD", path)
        await self._ask("catalog.reviews", "GET", f"{path}reviews/", expect=_has_results)
        await self._ask("pages", "GET", f"/products/{product['id']}-{product['slug']}/", expect=_is_html)

    async def buy(self, email: str) -> None:
        """Register, put the last product looked at into the cart, check out and look at the order."""
        product = self.product
        if product is None or product["availability"] != "in_stock":
            return
        page = f"/products/{product['id']}-{product['slug']}/"
        address = {
            "name": "Démo Customer",
            "street": "Fig Lane 1",
            "postcode": "10115",
            "city": "Berlin",
            "country": "DE",
        }
        person = {"email": email, "display_name": "Démo Customer", "password": _PASSWORD, "repeated": _PASSWORD}
        await self._submit("/accounts/register/", person)
        await self._submit("/cart/add/", {"product_id": str(product["id"]), "quantity": "1"}, on=page)
        await self._submit("/checkout/address/", address)
        await self._submit("/checkout/payment/", {"card": _CARD})
        done = await self._submit("/checkout/review/", {})
        if done is not None and _ORDER_PAGE.search(str(done.url)):
            self.tally.orders += 1
        await self._ask("pages", "GET", "/orders/", expect=_is_html)

    async def _submit(self, action: str, fields: dict[str, str], *, on: str | None = None) -> httpx.Response | None:
        page = await self._ask("pages", "GET", on or action, expect=_is_html)
        if page is None:
            return None
        forms = [form for form in forms_of(page.text) if form.action in {action, "" if on is None else action}]
        form = next((form for form in forms if "csrfmiddlewaretoken" in form.fields), None)
        if form is None:
            self.tally.failures.append(Failure(time.time(), f"GET {on or action}", f"has no form for {action}"))
            return None
        return await self._ask("pages", "POST", action, data={**form.fields, **fields}, expect=_is_html)

    async def _ask(
        self,
        what: str,
        method: str,
        path: str,
        *,
        expect: Callable[[httpx.Response], None] | None = None,
        statuses: tuple[int, ...] = (200,),
        **request: Any,
    ) -> httpx.Response | None:
        if self.leaving.is_set():
            return None
        if self.pause:
            await asyncio.sleep(self.chance.expovariate(1 / self.pause))
        began = time.perf_counter()
        answer = await self._checked(
            f"{method} {path}",
            lambda: self.client.request(method, path, follow_redirects=True, **request),
            expect,
            statuses,
        )
        self.tally.milliseconds.append((time.perf_counter() - began) * 1000)
        self.tally.requests[what] += 1
        return answer

    async def _checked(
        self,
        request: str,
        send: Callable[[], Awaitable[httpx.Response]],
        expect: Callable[[httpx.Response], None] | None,
        statuses: tuple[int, ...],
    ) -> httpx.Response | None:
        try:
            answer = await send()
            if answer.status_code not in statuses:
                raise Unexpected(f"status {answer.status_code}: {answer.text[:200]}")
            if expect is not None:
                expect(answer)
        except (httpx.HTTPError, Unexpected, ValueError, KeyError, TypeError) as error:
            self.tally.failures.append(Failure(time.time(), request, f"{type(error).__name__}: {error}"))
            return None
        return answer


def _is_html(answer: httpx.Response) -> None:
    if "</html>" not in answer.text:
        raise Unexpected(f"not a whole page: {answer.text[-200:]!r}")


def _is_list(answer: httpx.Response) -> None:
    if not isinstance(answer.json(), list) or not answer.json():
        raise Unexpected(f"not a list: {answer.text[:200]}")


def _has_results(answer: httpx.Response) -> None:
    if not isinstance(answer.json()["results"], list):
        raise Unexpected(f"no results: {answer.text[:200]}")
