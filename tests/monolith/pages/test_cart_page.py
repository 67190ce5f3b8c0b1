from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from monolith.cart.models import Promotion
from monolith.cart.services import CustomerBasket
from monolith.catalog.models import Product
from tests.monolith.conftest import MakeCustomer, MakeProduct
from tests.monolith.pages.conftest import SignedIn, said

pytestmark = pytest.mark.django_db


def test_an_empty_cart_says_so(client: Client, db: None) -> None:
    assert "There is nothing in it yet." in client.get("/cart/").content.decode()


def test_a_visitors_cart_lives_in_the_session(client: Client, make_product: MakeProduct) -> None:
    lamp = make_product(name="Lamp")
    answer = client.post("/cart/add/", {"product_id": lamp.pk, "quantity": "2"})
    assert (answer.status_code, answer["Location"]) == (302, "/cart/")
    assert said(answer) == ["2 units are in your cart."]
    text = client.get("/cart/").content.decode()
    for shown in ("Lamp", "€11.90 each", "€23.80", "€4.90", "€28.70", '<span class="badge">2</span>'):
        assert shown in text
    assert "Lamp" not in Client().get("/cart/").content.decode()


def test_a_customers_cart_lives_in_the_database(make_product: MakeProduct, signed_in: SignedIn) -> None:
    lamp, (browser, customer) = make_product(), signed_in()
    browser.post("/cart/add/", {"product_id": lamp.pk})
    assert CustomerBasket(customer.pk).quantities() == {lamp.pk: 1}


def test_adding_goes_back_to_a_page_of_this_shop_only(client: Client, make_product: MakeProduct) -> None:
    lamp = make_product()
    back = client.post("/cart/add/", {"product_id": lamp.pk, "next": "/search/?q=x"})
    assert back["Location"] == "/search/?q=x"
    away = client.post("/cart/add/", {"product_id": lamp.pk, "next": "https://evil.example/"})
    assert away["Location"] == "/cart/"


def test_adding_twice_adds_up_to_what_a_cart_holds(client: Client, make_product: MakeProduct) -> None:
    lamp = make_product()
    client.post("/cart/add/", {"product_id": lamp.pk, "quantity": "15"})
    answer = client.post("/cart/add/", {"product_id": lamp.pk, "quantity": "15"})
    assert said(answer)[-1] == "A cart holds up to 20 units of a product and 50 different products."
    assert client.session["cart"] == {str(lamp.pk): 15}


@pytest.mark.parametrize("quantity", ["0", "-1", "x", "1.5", "99999999999999999999"])
def test_a_number_that_is_none_changes_nothing(client: Client, make_product: MakeProduct, quantity: str) -> None:
    answer = client.post("/cart/add/", {"product_id": make_product().pk, "quantity": quantity})
    assert said(answer) == ["That is not a number of units that we could put in your cart."]
    assert "cart" not in client.session


@pytest.mark.parametrize("product_id", ["", "x", "0", "999999", str(10**30)])
def test_a_product_that_is_none_changes_nothing(client: Client, db: None, product_id: str) -> None:
    assert client.post("/cart/add/", {"product_id": product_id}).status_code == 302
    assert "cart" not in client.session


def test_a_discontinued_product_is_not_put_in(client: Client, make_product: MakeProduct) -> None:
    answer = client.post("/cart/add/", {"product_id": make_product(is_discontinued=True).pk})
    assert said(answer) == ["This product is no longer for sale."]


def test_quantities_are_changed_and_lines_removed(client: Client, make_product: MakeProduct) -> None:
    lamp, table, chair = make_product(), make_product(), make_product()
    for product in (lamp, table, chair):
        client.post("/cart/add/", {"product_id": product.pk})
    client.post("/cart/update/", {"product_id": lamp.pk, "quantity": "5"})
    client.post("/cart/update/", {"product_id": table.pk, "quantity": "0"})
    answer = client.post("/cart/remove/", {"product_id": chair.pk})
    assert (answer.status_code, answer["Location"]) == (302, "/cart/")
    assert client.session["cart"] == {str(lamp.pk): 5}
    refused = client.post("/cart/update/", {"product_id": lamp.pk, "quantity": "21"})
    assert "up to 20 units" in said(refused)[-1]
    assert client.session["cart"] == {str(lamp.pk): 5}
    assert client.post("/cart/update/", {"product_id": lamp.pk}).status_code == 302


def test_a_promotion_is_named_with_what_it_saves(client: Client, make_product: MakeProduct) -> None:
    lamp = make_product()
    promotion = Promotion.objects.create(name="Lamp weeks", kind="n_for_m", take=3, pay=2)
    promotion.products.set([lamp])
    client.post("/cart/add/", {"product_id": lamp.pk, "quantity": "3"})
    text = client.get("/cart/").content.decode()
    assert "Lamp weeks: −€11.90" in text
    assert "€23.80" in text


def test_what_is_no_longer_sold_is_named_and_can_be_taken_out(client: Client, make_product: MakeProduct) -> None:
    lamp = make_product(name="Lamp")
    client.post("/cart/add/", {"product_id": lamp.pk})
    Product.objects.update(is_discontinued=True)
    assert "“Lamp” is no longer for sale." in client.get("/cart/").content.decode()
    client.post("/cart/remove/", {"product_id": lamp.pk})
    assert "There is nothing in it yet." in client.get("/cart/").content.decode()


def test_shipping_is_free_from_fifty(client: Client, make_product: MakeProduct) -> None:
    client.post("/cart/add/", {"product_id": make_product(price=Decimal("50.00")).pk})
    text = client.get("/cart/").content.decode()
    assert "free" in text
    assert "€59.50" in text


def test_the_carts_come_together_at_login(make_customer: MakeCustomer, make_product: MakeProduct) -> None:
    customer, lamp, table = make_customer("ada@example.com"), make_product(), make_product()
    CustomerBasket(customer.pk).put(lamp.pk, 1)
    browser = Client()
    browser.post("/cart/add/", {"product_id": lamp.pk, "quantity": "2"})
    browser.post("/cart/add/", {"product_id": table.pk})
    answer = browser.post("/accounts/login/", {"username": "Ada@Example.com", "password": "open sesame 42"})
    assert answer.status_code == 302
    assert CustomerBasket(customer.pk).quantities() == {lamp.pk: 3, table.pk: 1}
    browser.post("/accounts/logout/")
    assert "There is nothing in it yet." in browser.get("/cart/").content.decode()


@pytest.mark.parametrize("path", ["/cart/add/", "/cart/update/", "/cart/remove/"])
def test_only_posts_change_a_cart(client: Client, db: None, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
