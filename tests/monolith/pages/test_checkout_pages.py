from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from monolith.accounts.models import Address
from monolith.cart.services import CustomerBasket
from monolith.catalog.models import Product
from monolith.inventory import services as inventory
from monolith.orders.models import Order
from monolith.payments.models import Payment
from tests.monolith.conftest import MakeCustomer, MakeProduct
from tests.monolith.pages.conftest import SignedIn, said

pytestmark = pytest.mark.django_db

HOME = {"name": "Ada Lovelace", "street": "Hauptstraße 1", "postcode": "10115", "city": "Berlin", "country": "DE"}
STEPS = ["/checkout/address/", "/checkout/payment/", "/checkout/review/"]


@pytest.fixture
def buyer(signed_in: SignedIn, make_product: MakeProduct) -> Client:
    """Signed in, with two lamps in the cart."""
    browser, _ = signed_in()
    browser.post("/cart/add/", {"product_id": make_product(name="Lamp", stock=5).pk, "quantity": "2"})
    browser.get("/cart/")
    return browser


def go_to_review(browser: Client, card: str = "4242") -> dict[str, str]:
    """The first two steps; returns what the button of the third one sends."""
    assert browser.post(STEPS[0], HOME).status_code == 302
    assert browser.post(STEPS[1], {"card": card})["Location"] == STEPS[2]
    page = browser.get(STEPS[2])
    assert page.status_code == 200
    return {"key": page.context["draft"].key, "total": str(page.context["cart"].price.gross)}


@pytest.mark.parametrize("path", STEPS)
def test_a_visitor_signs_in_first(client: Client, db: None, path: str) -> None:
    assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
    assert client.post(path)["Location"] == "/accounts/login/?next=/"


@pytest.mark.parametrize("path", STEPS)
def test_an_empty_cart_is_not_checked_out(signed_in: SignedIn, path: str) -> None:
    answer = signed_in()[0].get(path)
    assert answer["Location"] == "/cart/"
    assert said(answer) == ["Your cart is empty."]


def test_the_first_step_is_at_the_door(client: Client, db: None) -> None:
    assert client.get("/checkout/")["Location"] == STEPS[0]


def test_no_step_can_be_left_out(buyer: Client) -> None:
    assert buyer.get(STEPS[1])["Location"] == STEPS[0]
    assert buyer.get(STEPS[2])["Location"] == STEPS[0]
    assert buyer.post(STEPS[0], HOME)["Location"] == STEPS[1]
    assert buyer.get(STEPS[2])["Location"] == STEPS[1]


def test_three_steps_make_an_order(buyer: Client) -> None:
    button = go_to_review(buyer)
    text = buyer.get(STEPS[2]).content.decode()
    for shown in ("Hauptstraße 1", "Card ending in 4242", "2 × Lamp", "Buy now for €28.70"):
        assert shown in text
    answer = buyer.post(STEPS[2], button)
    order = Order.objects.get()
    assert answer["Location"] == f"/orders/{order.number}/"
    assert said(answer)[-1] == "Thank you for your order."
    assert (order.state, order.gross, order.ship_street) == ("paid", Decimal("28.70"), "Hauptstraße 1")
    assert "There is nothing in it yet." in buyer.get("/cart/").content.decode()
    assert Address.objects.get().street == "Hauptstraße 1"


def test_the_address_of_the_book_is_suggested(buyer: Client, make_customer: MakeCustomer) -> None:
    buyer.post(STEPS[2], go_to_review(buyer))
    buyer.post("/cart/add/", {"product_id": Product.objects.get().pk})
    page = buyer.get(STEPS[0])
    assert 'value="Hauptstraße 1"' in page.content.decode()
    mine = Address.objects.get()
    assert f'href="?saved={mine.pk}"' in page.content.decode()
    foreign = Address.objects.create(
        customer=make_customer(), name="Bob", street="Secret Road", postcode="1", city="Ulm"
    )
    assert "Secret Road" not in buyer.get(STEPS[0], {"saved": foreign.pk}).content.decode()
    mine.country = "ZZ"
    mine.save()
    assert '<option value="" selected' not in buyer.get(STEPS[0]).content.decode()
    afar = buyer.get(STEPS[0], {"saved": mine.pk}).content.decode()
    assert "selected" not in afar[afar.index('name="country"') :]
    for nonsense in ("x", "9" * 40, "-1", "²"):
        assert buyer.get(STEPS[0], {"saved": nonsense}).status_code == 200


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"street": "x" * 201}, {"country": "XX"}, {"postcode": "1" * 21}, {"city": "\0"}]
)
def test_a_bad_address_comes_back_with_the_reason(buyer: Client, change: dict[str, str]) -> None:
    answer = buyer.post(STEPS[0], {**HOME, **change})
    assert answer.status_code == 200
    assert 'class="errorlist"' in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()


def test_only_known_cards_are_taken_and_their_numbers_are_never_kept(buyer: Client) -> None:
    buyer.post(STEPS[0], HOME)
    assert buyer.post(STEPS[1], {"card": "1234"}).status_code == 200
    go_to_review(buyer)
    assert "424242" not in str(dict(buyer.session.items()))


def test_a_second_click_finds_the_first_ones_order(buyer: Client) -> None:
    button = go_to_review(buyer)
    first = buyer.post(STEPS[2], button)
    second = buyer.post(STEPS[2], button)
    assert first["Location"] == second["Location"]
    assert Order.objects.count() == Payment.objects.count() == 1


def test_two_clicks_at_once_make_one_order(buyer: Client) -> None:
    button = go_to_review(buyer)
    before = dict(buyer.session.items())
    first = buyer.post(STEPS[2], button)
    session = buyer.session
    session.update(before)  # what a request that ran beside the first one had read
    session.save()
    assert buyer.post(STEPS[2], button)["Location"] == first["Location"]
    assert Order.objects.count() == Payment.objects.count() == 1


def test_a_stale_page_buys_nothing(buyer: Client) -> None:
    button = go_to_review(buyer)
    buyer.post(STEPS[0], {**HOME, "street": "Elsewhere 2"})
    answer = buyer.post(STEPS[2], button)
    assert answer["Location"] == STEPS[2]
    assert "something in it has changed" in said(answer)[-1]
    assert not Order.objects.exists()


def test_another_total_than_the_one_shown_buys_nothing(buyer: Client) -> None:
    button = go_to_review(buyer)
    Product.objects.update(price=Decimal("99.00"))
    answer = buyer.post(STEPS[2], button)
    assert answer["Location"] == STEPS[2]
    assert "Prices or contents of your cart have changed" in said(answer)[-1]
    assert not Order.objects.exists()


@pytest.mark.parametrize("data", [{}, {"key": "x"}, {"key": "", "total": "1"}, {"key": "x", "total": "much"}])
def test_half_a_click_buys_nothing(buyer: Client, data: dict[str, str]) -> None:
    go_to_review(buyer)
    assert buyer.post(STEPS[2], data)["Location"] == STEPS[2]
    assert not Order.objects.exists()


def test_a_declined_card_keeps_the_cart_and_another_one_buys_it(buyer: Client) -> None:
    answer = buyer.post(STEPS[2], go_to_review(buyer, "0002"))
    assert answer["Location"] == STEPS[1]
    assert said(answer)[-1].startswith("Your card was declined")
    assert "2 × Lamp" in buyer.get(STEPS[1]).content.decode()
    assert buyer.post(STEPS[2], go_to_review(buyer))["Location"].startswith("/orders/")
    assert sorted(Order.objects.values_list("state", flat=True)) == ["paid", "payment_failed"]


@pytest.mark.parametrize("card", ["0119", "0259", "0341"])
def test_a_bank_that_takes_its_time_leaves_the_order_waiting(buyer: Client, card: str) -> None:
    answer = buyer.post(STEPS[2], go_to_review(buyer, card))
    order = Order.objects.get()
    assert answer["Location"] == f"/orders/{order.number}/"
    assert order.state == "pending_payment"
    assert "We are waiting for your bank" in said(answer)[-1]


def test_what_has_been_sold_meanwhile_is_named(buyer: Client) -> None:
    button = go_to_review(buyer)
    inventory.set_on_hand({Product.objects.get().pk: 1})
    answer = buyer.post(STEPS[2], button)
    assert answer["Location"] == "/cart/"
    assert said(answer)[-1] == "There are only 1 of “Lamp” left."
    inventory.set_on_hand({Product.objects.get().pk: 0})
    assert said(buyer.post(STEPS[2], go_to_review(buyer)))[-1] == "“Lamp” is sold out."
    assert not Order.objects.exists()


def test_what_has_been_discontinued_meanwhile_sends_back_to_the_cart(buyer: Client) -> None:
    button = go_to_review(buyer)
    Product.objects.update(is_discontinued=True)
    assert buyer.post(STEPS[2], button)["Location"] == "/cart/"
    assert buyer.get(STEPS[0])["Location"] == "/cart/"
    assert not Order.objects.exists()


def test_a_visitors_cart_goes_through_the_login_to_the_checkout(
    make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    browser, customer, lamp = Client(), make_customer(), make_product()
    browser.post("/cart/add/", {"product_id": lamp.pk})
    login = browser.get(STEPS[0])["Location"]
    answer = browser.post(login, {"username": customer.email, "password": "open sesame 42", "next": STEPS[0]})
    assert answer["Location"] == STEPS[0]
    assert CustomerBasket(customer.pk).quantities() == {lamp.pk: 1}
    assert browser.get(STEPS[0]).status_code == 200


def test_the_order_speaks_the_language_in_which_it_was_placed(buyer: Client) -> None:
    buyer.post(STEPS[2], go_to_review(buyer), headers={"Accept-Language": "de"})
    assert Order.objects.get().language == "de"
