"""What is asked of the API, drawn as customers draw."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from demo.stack import Stack
from tests.parity.cases import READS, Case, Shop, generate
from tests.parity.sides import schema_of, shop_of

__all__ = ["Corpus"]

_LANGUAGES: Final = ("en", "en", "en", "de", "de", "de-AT,de;q=0.8,en;q=0.5", "fr")
# What is seldom asked: of a hundred requests so many are none that the shop's pages would send.
_ODD: Final = 0.15
_PEOPLE: Final = 0.2


class Corpus:
    """Reads of the catalogue's API, which customers' pages and programs send, and odd ones that somebody may send."""

    def __init__(self, shop: Shop, odd: dict[str, list[Case]]) -> None:
        self._shop = shop
        self._odd = odd

    @classmethod
    def of(cls, stack: Stack) -> Corpus:
        """From the running shop and its schema."""
        shop = shop_of(stack)
        odd: dict[str, list[Case]] = {}
        for case in generate(schema_of(stack), shop):
            if "If-None-Match" not in case.headers:
                # Of each kind alike, however many there are of it.
                query = case.target.partition("?")[2]
                kind = " ".join([case.route, case.method, *sorted(case.headers), query.partition("=")[0]])
                odd.setdefault(kind, []).append(case)
        return cls(shop, odd)

    def traffic(self, seed: int) -> Iterator[Case]:
        """Requests without an end; same seed, same requests."""
        chance = random.Random(seed)
        kinds = sorted(self._odd)
        while True:
            if chance.random() < _ODD:
                yield chance.choice(self._odd[chance.choice(kinds)])
                continue
            route, target = self._read(chance)
            headers = {"Accept-Language": chance.choice(_LANGUAGES)}
            if chance.random() < _PEOPLE:
                headers["X-Strangler-Identity"] = "somebody"
            yield Case(route, target, "HEAD" if chance.random() < 0.03 else "GET", headers)

    def _read(self, chance: random.Random) -> tuple[str, str]:
        shop = self._shop
        # Few products are what most look at.
        product = shop.products[min(int(chance.paretovariate(0.6)) - 1, len(shop.products) - 1)]
        if chance.random() < 0.3:
            product = chance.choice([*shop.products, *shop.discontinued, *shop.hidden])
        route = chance.choices([*READS], weights=[40, 40, 8, 12])[0]
        target = READS[route].replace("{id}", str(product))
        if route != "catalog.product-list":
            return route, target
        queries = [
            f"page={chance.randint(1, 4)}",
            f"category={chance.choice(shop.slugs)}&ordering={chance.choice(['-price', 'price', 'name', 'rating'])}",
            f"search={quote(' '.join(chance.sample(shop.words, chance.choice([1, 1, 2]))))}&in_stock=true",
            f"min_price={chance.choice([5, 20, 50])}&max_price={chance.choice([60, 200])}&ordering=price",
            f"page_size={chance.choice([5, 10, 50, 500])}&ordering=rating",
        ]
        return route, f"{target}?{chance.choice(queries)}"
