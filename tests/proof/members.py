"""Members of the shop: signed in, in two languages, with carts, orders and messages that nobody else has."""

from __future__ import annotations

import asyncio
import random
import re
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import httpx

from demo.customers import Failure, Tally
from demo.forms import forms_of

__all__ = ["Members"]

# Of all seeded customers: see `monolith.seed`, which only Django can import.
_PASSWORD: Final = "shop customer"
_LANGUAGES: Final = ("en", "de", "de-AT,de;q=0.8,en;q=0.5")
_WORDS: Final = ("lamp", "oak", "a", "pan", "Tee", "nothing-of-the-kind")
_PRODUCT: Final = re.compile(r'href="(/products/\d+-[^"/]+/)"')
_CATEGORY: Final = re.compile(r'href="(/categories/[^"/]+/)"')
_ORDER: Final = re.compile(r'href="(/orders/[^"/]+/)"')
_NUMBER: Final = re.compile(r"/products/(\d+)-")


class Members:
    """`count` members at once, in a thread of their own, until `stop`. Each is another seeded customer at each visit;
    of `accounts` customers, so many that no two members are ever the same one. Same seed, same visits.

    `pause` is how long they look at a page, in seconds, at the mean; it can be changed while they are in.
    """

    def __init__(self, url: str, *, count: int, accounts: int, pause: float, seed: int) -> None:
        self.pause = pause
        self.tally = Tally()
        self._url, self._count, self._accounts, self._seed = url, count, accounts, seed
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._come()), name="members", daemon=True)

    def start(self) -> None:
        """Let them in."""
        self._thread.start()

    def stop(self) -> Tally:
        """Let each finish the request it has under way; what they did."""
        self._leaving.set()
        self._thread.join(60)
        return self.tally

    async def _come(self) -> None:
        await asyncio.gather(*(self._member(number) for number in range(self._count)))

    async def _member(self, number: int) -> None:
        chance = random.Random(self._seed * 1000 + number)
        own = range(number + 1, self._accounts + 1, self._count)
        while not self._leaving.is_set():
            headers = {"Accept-Language": chance.choice(_LANGUAGES)}
            async with httpx.AsyncClient(base_url=self._url, timeout=30, headers=headers) as client:
                visit = _Visit(client, self.tally, chance, self._leaving, lambda: self.pause)
                await visit.all_of_it(f"customer{chance.choice(own)}@shop.example")


class _Visit:
    def __init__(
        self,
        client: httpx.AsyncClient,
        tally: Tally,
        chance: random.Random,
        leaving: threading.Event,
        pause: Callable[[], float],
    ) -> None:
        self._client, self._tally, self._chance, self._leaving, self._pause = client, tally, chance, leaving, pause

    async def all_of_it(self, email: str) -> None:
        """Sign in, at times with a wrong password first, do some forty things, and sign out."""
        person = {"username": email, "password": _PASSWORD}
        if self._chance.random() < 0.2:
            await self._submit("/accounts/login/", {**person, "password": "not it"})
        page = await self._submit("/accounts/login/", person)
        if page is None or "/accounts/profile/" not in page.text:
            self._fail("POST /accounts/login/", f"{email} is not signed in")
            return
        what = [self._shelf, self._search, self._product, self._product, self._put_in, self._change, self._take_out]
        what += [self._orders, self._orders, self._account, self._api, self._checkout, self._lost]
        for each in self._chance.choices(what, k=40):
            await each()
        await self._submit("/accounts/logout/", {}, on="/accounts/profile/")

    async def _shelf(self) -> None:
        home = await self._page("/")
        if home is None:
            return
        path = self._chance.choice(_CATEGORY.findall(home.text))
        sort = self._chance.choice(["", "?sort=-price", "?sort=name&in_stock=on", "?sort=rating"])
        await self._page(f"{path}{sort}")

    async def _search(self) -> None:
        await self._page("/search/", params={"q": self._chance.choice(_WORDS)})

    async def _product(self) -> httpx.Response | None:
        home = await self._page("/search/", params={"q": self._chance.choice("aeio")})
        paths = [] if home is None else _PRODUCT.findall(home.text)
        return await self._page(self._chance.choice(paths)) if paths else None

    async def _lost(self) -> None:
        await self._ask("GET", self._chance.choice(["/products/7/", "/products/7-another-name/", "/products/7"]))
        await self._ask(
            "GET", self._chance.choice(["/products/999999-x/", "/categories/none/", "/orders/x/"]), status=404
        )
        await self._ask("HEAD", self._chance.choice(["/", "/cart/", "/accounts/profile/"]))
        await self._ask("GET", "/export/catalog.csv")

    async def _put_in(self) -> None:
        page = await self._product()
        if page is not None and 'action="/cart/add/"' in page.text:
            quantity = self._chance.choice(["1", "2", "0", "20"])
            await self._send("/cart/add/", page, {"quantity": quantity})

    async def _change(self) -> None:
        await self._in_cart("/cart/update/", {"quantity": self._chance.choice(["1", "3", "5"])})

    async def _take_out(self) -> None:
        await self._in_cart("/cart/remove/", {})

    async def _in_cart(self, action: str, fields: dict[str, str]) -> None:
        page = await self._page("/cart/")
        if page is not None and f'action="{action}"' in page.text:
            await self._send(action, page, fields)

    async def _orders(self) -> None:
        page = await self._page("/orders/")
        orders = [] if page is None else _ORDER.findall(page.text)
        if orders:
            path = self._chance.choice(orders)
            order = await self._page(path)
            if order is not None and "invoice/" in order.text:
                await self._ask("GET", f"{path}invoice/")

    async def _account(self) -> None:
        await self._submit("/accounts/profile/", {})

    async def _api(self) -> None:
        for path in (
            "/api/v1/cart/",
            "/api/v1/orders/",
            "/api/v1/stock/?product=1&product=2",
            "/api/v1/products/?search=a&page_size=5",
        ):
            await self._ask("GET", path)

    async def _checkout(self) -> None:
        page = await self._page("/checkout/address/")
        if page is None or page.url.path != "/checkout/address/":
            return
        address = {"name": "Mémber", "street": "Fig Lane 1", "postcode": "10115", "city": "Berlin", "country": "DE"}
        page = await self._send("/checkout/address/", page, address)
        if page is not None and page.url.path == "/checkout/payment/":
            page = await self._send("/checkout/payment/", page, {"card": self._chance.choice(["4242", "0002"])})
        if page is not None and page.url.path == "/checkout/review/":
            page = await self._send("/checkout/review/", page, {})
            self._tally.orders += page is not None and page.url.path.startswith("/orders/")

    async def _submit(self, action: str, fields: dict[str, str], *, on: str = "") -> httpx.Response | None:
        page = await self._page(on or action)
        return None if page is None else await self._send(action, page, fields)

    async def _send(self, action: str, page: httpx.Response, fields: dict[str, str]) -> httpx.Response | None:
        forms = [each for each in forms_of(page.text) if "csrfmiddlewaretoken" in each.fields]
        form = next((each for of in (action, "") for each in forms if each.action == of), None)
        if form is None:
            self._fail(f"GET {page.url.path}", f"has no form for {action}")
            return None
        return await self._ask("POST", action, check=_is_whole, data={**form.fields, **fields})

    async def _page(self, path: str, **request: Any) -> httpx.Response | None:
        return await self._ask("GET", path, check=_is_whole, **request)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        check: Callable[[httpx.Response], str] = lambda _: "",
        status: int = 200,
        **request: Any,
    ) -> httpx.Response | None:
        if self._leaving.is_set():
            return None
        await asyncio.sleep(self._chance.expovariate(1.0) * self._pause())
        began = time.perf_counter()
        try:
            answer = await self._client.request(method, path, follow_redirects=True, **request)
        except httpx.HTTPError as error:
            self._fail(f"{method} {path}", f"{type(error).__name__}: {error}")
            return None
        self._tally.milliseconds.append((time.perf_counter() - began) * 1000)
        self._tally.requests["members"] += 1
        wrong = check(answer) if answer.status_code == status else f"status {answer.status_code}: {answer.text[:200]}"
        if wrong:
            self._fail(f"{method} {path}", wrong)
            return None
        return answer

    def _fail(self, request: str, wrong: str) -> None:
        if not self._leaving.is_set():
            self._tally.failures.append(Failure(time.time(), request, wrong))


def _is_whole(answer: httpx.Response) -> str:
    return "" if "</html>" in answer.text else f"not a whole page: {answer.text[-200:]!r}"
