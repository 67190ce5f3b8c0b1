from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx
from django.test import Client

from monolith.catalog import facts as module
from monolith.catalog.facts import SEAM, OrmCatalogFacts, catalog_facts, catalog_seam
from monolith.catalog.models import Product
from monolith.catalog.service_facts import CatalogServiceFailed
from monolith.orders.models import Order, OrderLine
from strangler.resilience import BreakerSettings
from strangler.testing import FixedToggles
from strangler.toggles import Side, Stage
from tests.monolith.api.conftest import Api, api
from tests.monolith.catalog_service import URL, answer, told
from tests.monolith.conftest import MakeCustomer, MakeProduct

__all__ = ["api"]  # a fixture

pytestmark = pytest.mark.django_db
PURCHASE = {"name": "Ada", "street": "Weg 1", "postcode": "10115", "city": "Berlin", "card": "4242424242424242"}
FAILURES = {
    "refused": httpx.ConnectError("refused"),
    "hung": httpx.ReadTimeout("slow"),
    "reset": httpx.ReadError("reset"),
    "broken": httpx.Response(500),
    "busy": httpx.Response(503),
    "garbage": httpx.Response(200, text="<html>"),
    "misshapen": httpx.Response(200, json={"products": [{"id": 1}]}),
}


@pytest.fixture
def toggles(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[FixedToggles]:
    """The toggles by which a seam of the test's own decides."""
    fixed = FixedToggles()
    settings.CATALOG_SERVICE_URL = URL
    monkeypatch.setattr(module, "toggles", lambda: fixed)
    catalog_seam.cache_clear()
    catalog_facts.cache_clear()
    yield fixed
    assert catalog_seam().drain(10)
    catalog_seam.cache_clear()
    catalog_facts.cache_clear()


@pytest.fixture
def product(make_product: MakeProduct) -> Product:
    return make_product(price=Decimal("10.00"))


Tell = Callable[..., respx.Route]


@pytest.fixture
def tell(product: Product) -> Iterator[Tell]:
    """Makes the service tell of the product, as the monolith knows it or with changes, or fail."""
    known = OrmCatalogFacts().products([product.pk])[product.pk]
    with respx.mock(assert_all_called=False) as router:
        route = router.get(f"{URL}/v1/products")

        def tell_it(failure: Any = None, **changes: Any) -> respx.Route:
            if isinstance(failure, Exception):
                return route.mock(side_effect=failure)
            return route.mock(return_value=failure or httpx.Response(200, json=answer(told(known, **changes))))

        yield tell_it


def fill_and_buy(api: Api, product: Product, customer: Any) -> str:
    """Through cart and checkout; the gross price of a unit as the customer saw it."""
    added = api("post", "cart/items/", {"product": product.pk, "quantity": 2}, by=customer)
    assert added.status_code == 201, added.content
    cart = api("get", "cart/", by=customer).json()
    assert cart["count"] == 2
    bought = api("post", "checkout/", PURCHASE, by=customer, **{"idempotency-key": str(Order.objects.count())})
    assert (bought.status_code, bought.json()["state"]) == (201, "paid"), bought.content
    (line,) = OrderLine.objects.filter(order__number=bought.json()["number"])
    assert cart["lines"][0]["unit_gross"] == str(line.unit_gross)
    return str(line.unit_gross)


DEARER = {"price": {"minor": 2000, "currency": "EUR"}}


@pytest.mark.parametrize(
    ("stage", "unit", "asked"),
    [
        (Stage.MONOLITH, "11.90", False),
        (Stage.SHADOW, "11.90", True),
        (Stage.CANARY, "23.80", True),
        (Stage.EXTRACTED, "23.80", True),
        (Stage.RETIRED, "23.80", True),
    ],
)
def test_the_side_that_the_stage_names_answers(
    api: Api, toggles: FixedToggles, tell: Tell, product: Product, make_customer: MakeCustomer,
    stage: Stage, unit: str, asked: bool,
) -> None:  # fmt: skip
    route = tell(**DEARER)
    toggles.set(SEAM, stage)
    assert fill_and_buy(api, product, make_customer()) == unit
    assert catalog_seam().drain(10)
    assert route.called is asked


def test_a_shop_without_toggles_asks_its_own_tables(
    api: Api, toggles: FixedToggles, tell: Tell, product: Product, make_customer: MakeCustomer, settings: Any
) -> None:
    settings.CATALOG_SERVICE_URL = ""
    assert fill_and_buy(api, product, make_customer()) == "11.90"
    assert not tell().called


@pytest.mark.parametrize("stage", [Stage.SHADOW, Stage.CANARY, Stage.EXTRACTED])
@pytest.mark.parametrize("failure", FAILURES)
def test_no_failure_of_the_service_reaches_the_customer(
    api: Api, toggles: FixedToggles, tell: Tell, product: Product, make_customer: MakeCustomer,
    stage: Stage, failure: str,
) -> None:  # fmt: skip
    tell(FAILURES[failure])
    toggles.set(SEAM, stage)
    assert fill_and_buy(api, product, make_customer()) == "11.90"
    assert catalog_seam().drain(10)
    counts = catalog_seam().counts()
    if stage is Stage.SHADOW:
        assert (counts.differ > 0, counts.agree, counts.fallbacks) == (True, 0, 0)
    else:
        assert counts.fallbacks > 0


def test_a_dead_service_costs_the_checkout_its_first_calls_and_no_more(
    api: Api, toggles: FixedToggles, tell: Tell, product: Product, make_customer: MakeCustomer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    left_alone = BreakerSettings(consecutive_failures=3, open_for=600, longest_open=600)
    monkeypatch.setattr("monolith.catalog.service_facts._BREAKER", left_alone)
    route = tell(httpx.ReadTimeout("slow"))
    toggles.set(SEAM, Stage.EXTRACTED)
    customer = make_customer()
    for _ in range(3):
        assert fill_and_buy(api, product, customer) == "11.90"
    assert route.call_count == 3
    assert catalog_seam().counts().fallbacks > 3


def test_a_service_without_an_address_is_a_failure_as_well(
    api: Api, toggles: FixedToggles, product: Product, make_customer: MakeCustomer, settings: Any
) -> None:
    settings.CATALOG_SERVICE_URL = ""
    toggles.set(SEAM, Stage.EXTRACTED)
    assert fill_and_buy(api, product, make_customer()) == "11.90"
    assert catalog_seam().counts().fallbacks > 0


def test_in_stage_retired_a_failure_is_an_error(toggles: FixedToggles, tell: Tell, product: Product) -> None:
    tell(httpx.Response(500))
    toggles.set(SEAM, Stage.RETIRED)
    with pytest.raises(CatalogServiceFailed):
        catalog_facts().product(product.pk)


def test_shadow_compares_and_counts(
    client: Client, api: Api, toggles: FixedToggles, tell: Tell, product: Product
) -> None:
    toggles.set(SEAM, Stage.SHADOW)
    tell()
    catalog_facts().product(product.pk)
    assert catalog_facts().products([product.pk])[product.pk].price == Decimal("10.00")
    assert catalog_seam().drain(10)
    assert (catalog_seam().counts().agree, catalog_seam().counts().differ) == (2, 0)
    tell(**DEARER)
    assert catalog_facts().products([product.pk])[product.pk].price == Decimal("10.00")
    assert catalog_seam().drain(10)
    assert (catalog_seam().counts().agree, catalog_seam().counts().differ) == (2, 1)
    assert catalog_seam().counts().kinds


def test_a_canary_keeps_each_customer_on_a_side(
    api: Api, toggles: FixedToggles, tell: Tell, product: Product, make_customer: MakeCustomer
) -> None:
    tell(**DEARER)
    ada, bob = make_customer(), make_customer()
    toggles.set(SEAM, Stage.CANARY, share=0, overrides={f"user:{ada.pk}": Side.CANDIDATE})
    for customer, unit in ((ada, "23.80"), (bob, "11.90"), (ada, "23.80")):
        assert fill_and_buy(api, product, customer) == unit
