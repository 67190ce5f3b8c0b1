from __future__ import annotations

import pytest
from django.test import Client

from monolith.accounts.models import Address, Customer
from monolith.cart.services import CustomerBasket
from tests.monolith.conftest import MakeCustomer, MakeProduct
from tests.monolith.pages.conftest import SignedIn, said

pytestmark = pytest.mark.django_db

ADA = {
    "display_name": "Ada",
    "email": "Ada@Example.com",
    "password": "open sesame 42",
    "repeated": "open sesame 42",
}


def test_whoever_registers_is_signed_in_and_keeps_the_cart(client: Client, make_product: MakeProduct) -> None:
    lamp = make_product()
    client.post("/cart/add/", {"product_id": lamp.pk})
    answer = client.post("/accounts/register/", {**ADA, "next": "/cart/"})
    assert (answer.status_code, answer["Location"]) == (302, "/cart/")
    assert said(answer)[-1] == "Welcome, Ada."
    ada = Customer.objects.get()
    assert (ada.email, ada.display_name, ada.language, ada.is_staff) == ("ada@example.com", "Ada", "en", False)
    assert ada.check_password("open sesame 42")
    assert client.session["_auth_user_id"] == str(ada.pk)
    assert CustomerBasket(ada.pk).quantities() == {lamp.pk: 1}


def test_the_page_offers_where_to_go_next(client: Client, db: None) -> None:
    text = client.get("/accounts/register/?next=/checkout/address/").content.decode()
    assert 'name="next" value="/checkout/address/"' in text


def test_no_one_is_sent_to_another_site(client: Client, make_customer: MakeCustomer) -> None:
    evil = "https://evil.example/"
    assert client.post("/accounts/register/", {**ADA, "next": evil})["Location"] == "/accounts/profile/"
    customer = make_customer()
    data = {"username": customer.email, "password": "open sesame 42", "next": evil}
    assert Client().post("/accounts/login/", data)["Location"] == "/"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"email": "TAKEN@example.com"}, "Customer with this Email address already exists."),
        ({"email": "nobody"}, "Enter a valid email address."),
        ({"display_name": ""}, "This field is required."),
        ({"repeated": "open sesame 43"}, "The two passwords differ."),
        ({"password": "short", "repeated": "short"}, "This password is too short."),
        ({"password": "password1", "repeated": "password1"}, "This password is too common."),
        ({"password": "ada@example.com", "repeated": "ada@example.com"}, "too similar to the email address"),
    ],
)
def test_what_is_wrong_with_a_registration_is_said(
    client: Client, make_customer: MakeCustomer, change: dict[str, str], reason: str
) -> None:
    make_customer("taken@example.com")
    answer = client.post("/accounts/register/", {**ADA, **change})
    assert answer.status_code == 200
    assert reason in answer.content.decode()
    assert Customer.objects.count() == 1


def test_the_language_of_the_page_becomes_the_language_of_the_mails(client: Client, db: None) -> None:
    client.post("/accounts/register/", ADA, headers={"Accept-Language": "de"})
    assert Customer.objects.get().language == "de"


def test_a_customer_signs_in_in_any_case_and_goes_on(client: Client, make_customer: MakeCustomer) -> None:
    make_customer("ada@example.com")
    data = {"username": "ADA@example.com", "password": "open sesame 42", "next": "/orders/"}
    answer = client.post("/accounts/login/", data)
    assert (answer.status_code, answer["Location"]) == (302, "/orders/")


def test_the_wrong_password_and_the_wrong_address_get_the_same_answer(
    client: Client, make_customer: MakeCustomer
) -> None:
    make_customer("ada@example.com")
    answers = [
        client.post("/accounts/login/", {"username": name, "password": "wrong"}).context["form"].non_field_errors()
        for name in ("ada@example.com", "bob@example.com")
    ]
    assert answers[0] == answers[1]
    assert len(answers[0]) == 1


def test_an_inactive_customer_stays_out(client: Client, make_customer: MakeCustomer) -> None:
    make_customer("ada@example.com", is_active=False)
    assert (
        client.post("/accounts/login/", {"username": "ada@example.com", "password": "open sesame 42"}).status_code
        == 200
    )
    assert "_auth_user_id" not in client.session


def test_signing_in_gives_the_session_another_key(make_customer: MakeCustomer, make_product: MakeProduct) -> None:
    browser, customer = Client(), make_customer()
    browser.post("/cart/add/", {"product_id": make_product().pk})
    before = browser.session.session_key
    browser.post("/accounts/login/", {"username": customer.email, "password": "open sesame 42"})
    assert browser.session.session_key != before


def test_who_is_signed_in_need_not_sign_in(signed_in: SignedIn) -> None:
    browser, _ = signed_in()
    assert browser.get("/accounts/login/")["Location"] == "/"
    assert browser.get("/accounts/register/?next=/cart/")["Location"] == "/cart/"


def test_signing_out_takes_a_post(signed_in: SignedIn) -> None:
    browser, _ = signed_in()
    assert browser.get("/accounts/logout/").status_code == 405
    assert browser.post("/accounts/logout/").status_code == 302
    assert "_auth_user_id" not in browser.session


def test_a_visitor_has_no_profile(client: Client, db: None) -> None:
    assert client.get("/accounts/profile/")["Location"] == "/accounts/login/?next=/accounts/profile/"
    assert client.post("/accounts/profile/", {"display_name": "x"})["Location"] == "/accounts/login/?next=/"


def test_a_customer_changes_name_and_language_and_nothing_else(signed_in: SignedIn) -> None:
    browser, customer = signed_in()
    Address.objects.create(customer=customer, name="Ada", street="Weg 1", postcode="1", city="Ulm")
    assert "Ada, Weg 1, 1 Ulm, DE" in browser.get("/accounts/profile/").content.decode()
    data = {"display_name": "Countess", "language": "de", "email": "other@example.com", "is_staff": "on"}
    answer = browser.post("/accounts/profile/", data)
    assert answer["Location"] == "/accounts/profile/"
    before = customer.email
    customer.refresh_from_db()
    assert (customer.display_name, customer.language) == ("Countess", "de")
    assert (customer.email, customer.is_staff) == (before, False)
    assert browser.post("/accounts/profile/", {"display_name": "", "language": "xx"}).status_code == 200


def test_only_the_desk_is_shown_the_way_to_the_admin(signed_in: SignedIn, make_customer: MakeCustomer) -> None:
    assert "/admin/" not in signed_in()[0].get("/accounts/profile/").content.decode()
    desk, _ = signed_in(make_customer(is_staff=True))
    assert 'href="/admin/"' in desk.get("/accounts/profile/").content.decode()
