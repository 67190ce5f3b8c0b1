"""Whom the shop's parity tests ask: the monolith and the catalogue service, as they run, under the shop's rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.stack import ROOT, Stack
from strangler.parity import Sides
from tests.parity.cases import Shop
from tests.parity.sides import shop_of


@pytest.fixture(scope="session")
def shop(stack: Stack) -> Shop:
    """What the running shop holds."""
    return shop_of(stack)


@pytest.fixture(scope="session")
def parity_sides(stack: Stack) -> Sides:
    """Both as the proxy would ask them: with the customers' Host."""
    host = f"127.0.0.1:{stack.addresses.shop}"
    return Sides(stack.addresses.url("monolith"), stack.addresses.url("catalog"), headers=[("Host", host)])


@pytest.fixture(scope="session")
def parity_rules() -> Path:
    """The rules of live shadow traffic."""
    return ROOT / "proxy" / "strangler.rules.toml"


@pytest.fixture(scope="session")
def parity_values(shop: Shop) -> dict[str, list[object]]:
    """Ids, slugs and words that a schema knows nothing of."""
    ids = [*shop.products[:25], *shop.hidden[:5], *shop.discontinued[:5]]
    return {"id": list(ids), "category": list(shop.slugs), "search": list(shop.words), "page": [1, 2, 3]}
