"""The shop as the other side: copies of requests leave nothing behind."""

from __future__ import annotations

from typing import Any

import pytest
import respx
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from monolith.cart.services import CustomerBasket
from monolith.catalog.service_facts import ServiceCatalogFacts
from monolith.notifications.models import Mail
from monolith.orders.models import Order
from strangler.errors import EffectStopped
from strangler.shadow import Strategy, shadowed
from tests.monolith.conftest import MakeCustomer, MakeProduct

READ = {"x-strangler-shadow": "read"}
DRY = {"x-strangler-shadow": "dry-run"}
URL = "http://catalog.test"
PURCHASE = {
    "name": "Ada Lovelace", "street": "Hauptstraße 1", "postcode": "10115", "city": "Berlin",
    "card": "4242 4242 4242 4242",
}  # fmt: skip

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_shop_is_set_up_for_copies(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check", fail_level="INFO")


def test_every_answer_tells_a_release(client: Client) -> None:
    assert client.get("/healthz")["X-Strangler-Release"]


def test_a_copy_of_a_visit_answers_the_same_and_writes_no_session(
    client: Client, make_customer: MakeCustomer, make_product: MakeProduct
) -> None:
    product, customer = make_product(), make_customer()
    CustomerBasket(customer.pk).put(product.pk, 1)
    client.force_login(customer)

    def sessions() -> dict[str, str]:
        return {each.session_key: each.session_data for each in Session.objects.all()}

    before = sessions()
    # The last one puts a key for the order into the session, for the customer.
    for address in ("/", "/cart/", "/checkout/address/", "/checkout/review/"):
        copy = client.get(address, headers=READ)
        assert sessions() == before, address
        assert client.get(address).status_code == copy.status_code
        before = sessions()


def test_a_copy_of_a_sign_in_signs_nobody_in(client: Client, make_customer: MakeCustomer) -> None:
    customer = make_customer("ann@example.com")
    form = {"username": "ann@example.com", "password": "open sesame 42"}
    assert client.post("/accounts/login/", form, headers=DRY).status_code == 302
    customer.refresh_from_db()
    assert (customer.last_login, Session.objects.count()) == (None, 0)


def test_a_dry_run_of_a_checkout_places_no_order_and_mails_nobody(
    client: Client, make_customer: MakeCustomer, make_product: MakeProduct, mailoutbox: list[Any]
) -> None:
    customer, product = make_customer(), make_product(stock=3)
    CustomerBasket(customer.pk).put(product.pk, 2)
    client.force_login(customer)
    headers = {**DRY, "idempotency-key": "k-1"}
    answer = client.post("/api/v1/checkout/", PURCHASE, content_type="application/json", headers=headers)
    assert answer.status_code == 201, answer.content
    assert (Order.objects.count(), Mail.objects.count(), mailoutbox) == (0, 0, [])
    assert CustomerBasket(customer.pk).quantities() == {product.pk: 2}


def test_a_copy_is_not_counted_against_the_customers_rate(client: Client, make_product: MakeProduct) -> None:
    make_product()
    cache.clear()
    assert client.get("/api/v1/products/", headers=READ).status_code == 200
    assert not cache._cache  # type: ignore[attr-defined]
    client.get("/api/v1/products/")
    assert cache._cache  # type: ignore[attr-defined]


@respx.mock
def test_the_catalogue_service_is_told_that_it_is_asked_for_a_copy(settings: Any) -> None:
    settings.STRANGLER = {"SHADOW_ALLOWED_HOSTS": ["catalog.test"]}
    asked = respx.get(f"{URL}/v1/products").respond(json={"products": []})
    facts = ServiceCatalogFacts(URL)
    with shadowed(Strategy.READ):
        assert facts.products([7]) == {}
    assert asked.calls.last.request.headers["X-Strangler-Shadow"] == "read"
    assert facts.products([7]) == {}
    assert "X-Strangler-Shadow" not in asked.calls.last.request.headers
    facts.close()


def test_another_host_is_not_asked_for_a_copy(settings: Any) -> None:
    settings.STRANGLER = {}
    facts = ServiceCatalogFacts(URL)
    with shadowed(Strategy.READ), pytest.raises(EffectStopped):
        facts.products([7])
    facts.close()
