"""Requests for both sides, generated from the monolith's OpenAPI schema and from what its shop holds.

Every read that moves is asked with each of its parameters at values of its type, at its edges and beyond them, and with
seeded combinations; every path is asked with ids that exist, that do not, and in its form without the last slash.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

__all__ = ["READS", "Case", "Shop", "generate"]

READS = {
    "catalog.product-list": "/api/v1/products/",
    "catalog.product-detail": "/api/v1/products/{id}/",
    "catalog.categories": "/api/v1/categories/",
    "catalog.reviews": "/api/v1/products/{id}/reviews/",
}
LANGUAGES = ("en", "de", "de-CH,de;q=0.9,en;q=0.4", "fr", "*", "")
EDGES: Mapping[str, Sequence[str]] = {
    "integer": ("1", "2", "0", "-1", "7", "100", "101", "99999999999999999999", "1.5", "two", "", " 3 ", "١"),
    "number": ("0", "10", "19.99", "20.005", "-5", "1e2", "NaN", "cheap", "", "0.001", "999999999999"),
    "boolean": ("true", "false", "True", "1", "0", "maybe", ""),
    "string": ("a", "Ä", "é", "%", "_", "a b", "'", "日本", "", "x" * 300),
}


@dataclass(frozen=True, slots=True)
class Shop:
    """What the cases draw on: ids and slugs that exist, words from names, ids of products nobody may see."""

    products: Sequence[int]
    slugs: Sequence[str]
    words: Sequence[str]
    hidden: Sequence[int]
    discontinued: Sequence[int]


@dataclass(frozen=True, slots=True)
class Case:
    """One request: its route, method, target as sent, and headers."""

    route: str
    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        said = "".join(f" {name}={value}" for name, value in self.headers.items())
        return f"{self.method} {self.target[:80]}{said}"


def generate(schema: Mapping[str, Any], shop: Shop, *, seed: int = 1) -> list[Case]:
    """The cases, in an order that the seed settles, each of them once."""
    chance = random.Random(seed)
    cases = list(
        dict.fromkeys(
            (case.route, case.target, case.method, tuple(case.headers.items()))
            for case in [
                *_each_parameter(schema, shop),
                *_combinations(schema, shop, chance),
                *_paths(shop),
                *_headers(shop, chance),
            ]
        )
    )
    return [Case(route, target, method, dict(headers)) for route, target, method, headers in cases]


def _parameters(schema: Mapping[str, Any], route: str) -> dict[str, Mapping[str, Any]]:
    operation = schema["paths"][READS[route]]["get"]
    return {each["name"]: each["schema"] for each in operation.get("parameters", []) if each["in"] == "query"}


def _values(name: str, schema: Mapping[str, Any], shop: Shop) -> list[str]:
    if name == "category":
        return [*shop.slugs, "no-such-category", ""]
    if name == "search":
        return [*shop.words, *EDGES["string"]]
    listed = schema.get("enum") or schema.get("items", {}).get("enum") or []
    if listed:
        return [*(str(value) for value in listed), "nonsense", "", ",".join(str(value) for value in listed[:2])]
    kind = schema.get("type", "string")
    return [*EDGES.get(kind, EDGES["string"]), *(["last"] if name == "page" else [])]


def _each_parameter(schema: Mapping[str, Any], shop: Shop) -> Iterator[Case]:
    for route, path in READS.items():
        target = path.replace("{id}", str(shop.products[0]))
        yield Case(route, target)
        for name, its_schema in _parameters(schema, route).items():
            for value in _values(name, its_schema, shop):
                yield Case(route, f"{target}?{urlencode({name: value})}")


def _combinations(schema: Mapping[str, Any], shop: Shop, chance: random.Random) -> Iterator[Case]:
    route = "catalog.product-list"
    parameters = _parameters(schema, route)
    for _ in range(120):
        names = chance.sample(sorted(parameters), chance.randint(2, min(4, len(parameters))))
        query = [(name, chance.choice(_values(name, parameters[name], shop))) for name in names]
        if chance.random() < 0.1:
            query.append(query[0])
        language = chance.choice(LANGUAGES)
        yield Case(route, f"{READS[route]}?{urlencode(query)}", headers={"Accept-Language": language})


def _paths(shop: Shop) -> Iterator[Case]:
    ids = [*map(str, [*shop.products[:25], *shop.hidden[:5], *shop.discontinued[:5]])]
    ids += ["0", "99999999", "9" * 30, "007"]
    for each in ids:
        yield Case("catalog.product-detail", f"/api/v1/products/{each}/")
        yield Case("catalog.reviews", f"/api/v1/products/{each}/reviews/")
    first = shop.products[0]
    for target in (
        f"/api/v1/products/{first}",
        f"/api/v1/products/{first}/reviews",
        "/api/v1/products",
        "/api/v1/categories",
        f"/api/v1/products?page=2&search={quote('ä b')}",
        f"/api/v1/products/{first}?x=1",
    ):
        yield Case("catalog.product-list", target)
        yield Case("catalog.product-list", target, method="HEAD")


def _headers(shop: Shop, chance: random.Random) -> Iterator[Case]:
    first = shop.products[0]
    targets = {route: path.replace("{id}", str(first)) for route, path in READS.items()}
    targets["catalog.product-list"] += "?page=999"
    for route, target in targets.items():
        yield Case(route, target, method="HEAD")
        for language in LANGUAGES:
            yield Case(route, target, headers={"Accept-Language": language})
        for accept in ("application/json", "text/html", "*/*", "application/json; indent=4", "image/png", "nonsense"):
            yield Case(route, target, headers={"Accept": accept})
        yield Case(route, f"{target}{'&' if '?' in target else '?'}format=json")
        yield Case(route, f"{target}{'&' if '?' in target else '?'}format=xml")
        yield Case(route, target, headers={"If-None-Match": '"something else"'})
        yield Case(route, target, headers={"If-None-Match": "*"})
        yield Case(route, target, headers={"Cookie": "django_language=de"})
        # As the proxy tells of somebody who is signed in; neither side may look at it on these routes.
        yield Case(route, target, headers={"X-Strangler-Identity": "somebody"})
    yield Case("catalog.product-list", "/api/v1/products/?ordering=name&page_size=3&ordering=-name")
    yield Case("catalog.product-list", "/api/v1/products/?min_price=cheap&max_price=dear&ordering=colour")
    for product in chance.sample(list(shop.products), 10):
        yield Case("catalog.product-detail", f"/api/v1/products/{product}/", headers={"Accept-Language": "de"})
