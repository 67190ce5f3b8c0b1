"""What is asked of the pages, and what the monolith answered to it, one time after the other.

Some come without a session, some are signed in with a cart, orders and messages; in English and in German.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import httpx

from demo.forms import Form, forms_of
from demo.stack import Stack
from strangler.compare import Answer
from tests.parity.cases import Case

__all__ = ["VISITORS", "Pages"]

# Of all seeded customers: see `monolith.seed`, which only Django can import.
_PASSWORD: Final = "shop customer"
VISITORS: Final = (("en", 0), ("de", 0), ("en", 1), ("de-AT,de;q=0.8,en;q=0.5", 2))
# Of what is drawn by chance more has to be known than of what is repeated.
_TIMES: Final = 6
_TIMES_IF_DRAWN: Final = 13
_PRODUCT: Final = re.compile(r'href="(/products/\d+-[^"/]+/)"')
_ORDER: Final = re.compile(r'href="(/orders/[^"/]+/)"')


class Pages:
    """Requests with the monolith's answers to each, in their order."""

    def __init__(self, recorded: Mapping[str, tuple[Case, Sequence[Answer]]]) -> None:
        self._recorded = recorded

    @classmethod
    def record(cls, stack: Stack, *, products: int = 8, visitors: Sequence[tuple[str, int]] = VISITORS) -> Pages:
        """Ask the running monolith for so many products' pages and the others, as each of `visitors`: language, and
        number of the customer, 0 for nobody."""
        recorded: dict[str, tuple[Case, Sequence[Answer]]] = {}
        for language, customer in visitors:
            headers = {"Host": f"127.0.0.1:{stack.addresses.shop}", "Accept-Language": language}
            with httpx.Client(base_url=stack.addresses.url("monolith"), headers=headers, timeout=30) as client:
                visitor = _Visitor(client, customer, products)
                for path in visitor.paths():
                    case = Case("pages", path, headers=visitor.headers(language))
                    times = _TIMES_IF_DRAWN if path.startswith("/products/") else _TIMES
                    answers = [visitor.ask(case) for _ in range(times)]
                    recorded[f"{customer} {language} {path} {len(case.headers)}"] = case, answers
        return cls(recorded)

    def traffic(self, seed: int) -> Iterator[Case]:
        """Requests without an end; same seed, same requests."""
        chance = random.Random(seed)
        cases = [case for case, _ in self._recorded.values()]
        while True:
            yield chance.choice(cases)

    def turns(self, case: Case, chance: random.Random) -> Iterator[Answer]:
        """The monolith's answers to one request, beginning somewhere, without an end."""
        answers = next(answers for known, answers in self._recorded.values() if known is case)
        start = chance.randrange(len(answers) - 2)
        while True:
            yield from answers[start:]
            start = 0


class _Visitor:
    """Somebody with a browser: number 0 has no account."""

    def __init__(self, client: httpx.Client, customer: int, products: int) -> None:
        self._client, self._customer, self._products = client, customer, products
        self._cookies: dict[str, str] = {}

    def headers(self, language: str) -> dict[str, str]:
        """What the browser sends with the next request."""
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {"Accept-Language": language, **({"Cookie": cookies} if cookies else {})}

    def ask(self, case: Case) -> Answer:
        """The monolith's whole answer; what it sets is not kept."""
        response = self._client.get(case.target, headers=case.headers)
        self._client.cookies.clear()
        return Answer(response.status_code, tuple(response.headers.multi_items()), response.content)

    def paths(self) -> Iterator[str]:
        """What to ask for; between two of them the visitor does things that change the cookies."""
        shelf = self._client.get("/search/?q=a").text
        found = list(dict.fromkeys(_PRODUCT.findall(shelf)))
        products = found[: self._products]
        slugs = list(dict.fromkeys(re.findall(r'href="/categories/([^"/]+)/"', shelf)))
        self._client.cookies.clear()
        if self._customer:
            self._sign_in()
        yield from ("/", "/search/?q=a", "/search/?q=no-such-thing", "/accounts/login/", "/accounts/register/")
        yield from (f"/categories/{slug}/" for slug in slugs[:3])
        yield f"/categories/{slugs[0]}/?sort=-price&in_stock=on"
        yield from products
        yield from (
            "/products/7/",
            "/products/999999-x/",
            "/orders/",
            "/accounts/profile/",
            "/checkout/address/",
            "/cart/",
        )
        if not self._customer:
            return
        for product in self._put_in(found, 2):
            # With a message, which is shown as long as its cookie is sent.
            yield from ("/cart/", product)
        self._cookies.pop("messages", None)
        yield from ("/cart/", "/checkout/address/", "/")
        orders = self._client.get("/orders/", headers=self.headers("en")).text
        self._client.cookies.clear()
        yield from list(dict.fromkeys(_ORDER.findall(orders)))[:3]

    def _sign_in(self) -> None:
        person = {"username": f"customer{self._customer}@shop.example", "password": _PASSWORD}
        self._submit("/accounts/login/", "", "/accounts/login/", person)

    def _put_in(self, products: Sequence[str], many: int) -> Iterator[str]:
        """So many of the products into the cart, each when the next is asked for; what is sold out has no form."""
        for product in products:
            if many and self._form(product, "/cart/add/") is not None:
                self._submit(product, "/cart/add/", "/cart/add/", {"quantity": "2"})
                many -= 1
                yield product
        if many:
            raise ValueError(f"{many} too few of {len(products)} products can be put into the cart")

    def _form(self, page: str, action: str) -> Form | None:
        shown = self._client.get(page, headers=self.headers("en"))
        self._keep()
        forms = forms_of(shown.text)
        return next((each for each in forms if each.action == action and "csrfmiddlewaretoken" in each.fields), None)

    def _submit(self, page: str, form: str, action: str, fields: Mapping[str, str]) -> None:
        """As a browser does it: the page, then its form. Raises ValueError where there is none to be sent."""
        given = self._form(page, form)
        if given is None:
            raise ValueError(f"{page} has no form for {action}")
        sent = self._client.post(action, data={**given.fields, **fields}, headers=self.headers("en"))
        if sent.status_code != 302:
            raise ValueError(f"{action} answered {sent.status_code}")
        self._keep()

    def _keep(self) -> None:
        self._cookies.update({cookie.name: cookie.value or "" for cookie in self._client.cookies.jar})
        self._client.cookies.clear()
