"""Both sides asked the same, directly and beside the customers, and their answers compared under the shop's rules.

`python -m demo.sides [--pairs N]` does it once, in a shell that has sourced the stack's `env`.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from demo.addresses import Addresses
from demo.stack import ROOT
from strangler.compare import Answer, Comparison, Pair, Request, Verdict, compare_pair, load_rules

__all__ = ["Asked", "Sides", "main"]

_LAG = 3.0  # The service asks for changes twice a second; what still differs after this is no lag.


@dataclass(frozen=True, slots=True)
class Asked:
    """How many pairs were compared, how many differed at first and no more once the service had caught up, and what
    still differed then."""

    pairs: int
    settled: int
    differing: tuple[tuple[Pair, Comparison], ...]


class Sides:
    """Asks monolith and catalogue service the same requests, as the proxy would send them."""

    def __init__(self, addresses: Addresses, *, seed: int = 1) -> None:
        self._addresses = addresses
        self._chance = random.Random(seed)
        self._rules = load_rules(ROOT / "proxy" / "strangler.rules.toml")
        headers = {"Host": f"127.0.0.1:{addresses.shop}", "X-Forwarded-Proto": "http"}
        self._client = httpx.Client(headers=headers, timeout=30, follow_redirects=False)
        listing = self._client.get(f"{addresses.url('monolith')}/api/v1/products/?page_size=100").json()
        self._products: list[int] = [product["id"] for product in listing["results"]]
        self._categories: list[str] = [
            category["slug"] for category in self._client.get(f"{addresses.url('monolith')}/api/v1/categories/").json()
        ]

    def ask(self, pairs: int) -> Asked:
        """Ask `pairs` requests of both sides and compare. A pair that differs is asked again until the lag is over."""
        settled, differing = 0, []
        for number in range(pairs):
            target, headers, route = self._request(number)
            deadline = time.monotonic() + _LAG
            pair, comparison = self._compare(target, headers, route)
            first = comparison.verdict
            while comparison.verdict is not Verdict.AGREE and time.monotonic() < deadline:
                time.sleep(0.2)
                pair, comparison = self._compare(target, headers, route)
            if comparison.verdict is not Verdict.AGREE:
                differing.append((pair, comparison))
            elif first is not Verdict.AGREE:
                settled += 1
        return Asked(pairs, settled, tuple(differing))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _compare(self, target: str, headers: dict[str, str], route: str) -> tuple[Pair, Comparison]:
        old, new = (self._answer(side, target, headers) for side in ("monolith", "catalog"))
        pair = Pair(Request("GET", target, route), old, new)
        return pair, compare_pair(pair, self._rules)

    def _answer(self, side: str, target: str, headers: dict[str, str]) -> Answer:
        answer = self._client.get(f"{self._addresses.url(side)}{target}", headers=headers)
        return Answer(answer.status_code, tuple(answer.headers.multi_items()), answer.content)

    def _request(self, number: int) -> tuple[str, dict[str, str], str]:
        product, category = self._chance.choice(self._products), self._chance.choice(self._categories)
        language = self._chance.choice(["en", "de", "de-AT,de;q=0.8,en;q=0.5", "fr"])
        targets = [
            ("catalog.product-list", f"/api/v1/products/?page={self._chance.randint(1, 6)}"),
            ("catalog.product-list", f"/api/v1/products/?category={category}&ordering=-price&page_size=7"),
            ("catalog.product-list", "/api/v1/products/?search=a&in_stock=true&min_price=20&ordering=name"),
            ("catalog.product-list", "/api/v1/products/?min_price=cheap"),
            ("catalog.product-detail", f"/api/v1/products/{product}/"),
            ("catalog.product-detail", f"/api/v1/products/{product}"),
            ("catalog.product-detail", "/api/v1/products/99999999/"),
            ("catalog.reviews", f"/api/v1/products/{product}/reviews/"),
            ("catalog.categories", "/api/v1/categories/"),
        ]
        route, target = targets[number % len(targets)]
        return target, {"Accept-Language": language}, route


def main() -> int:
    """Ask both sides; 0 when all answers agree, 1 when one differs."""
    parser = argparse.ArgumentParser(prog="python -m demo.sides", description=__doc__)
    parser.add_argument("--pairs", type=int, default=180, help="how many requests to ask of both (default 180)")
    asked = parser.parse_args()
    named = {"monolith": "MONOLITH_URL", "events": "MONOLITH_EVENTS_URL", "catalog": "CATALOG_URL"}
    missing = [name for name in (*named.values(), "STRANGLER_LISTEN") if name not in os.environ]
    if missing:
        parser.error(f"{', '.join(missing)} not set: source the `env` of a running stack first, as in `. .demo/env`")
    ports = {part: urlsplit(os.environ[name]).port for part, name in named.items()}
    shop = int(os.environ["STRANGLER_LISTEN"].rpartition(":")[2])
    sides = Sides(Addresses(shop=shop, **{part: port for part, port in ports.items() if port}))
    seen = sides.ask(asked.pairs)
    sides.close()
    print(f"{seen.pairs} requests asked of both sides, {len(seen.differing)} answered differently")
    for pair, comparison in seen.differing[:10]:
        print(f"  differs: {pair.request.target}")
        for difference in comparison.differences[:5]:
            print(f"    {difference}")
    return 1 if seen.differing else 0


if __name__ == "__main__":
    sys.exit(main())
