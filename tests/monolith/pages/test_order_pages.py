from __future__ import annotations

import pytest
from django.test import Client

from monolith.catalog.models import Product
from monolith.orders import services
from monolith.orders.models import Order
from monolith.payments import provider
from tests.monolith.conftest import MakeCustomer, MakeOrder, MakeProduct
from tests.monolith.pages.conftest import SignedIn, said

pytestmark = pytest.mark.django_db

PAGES = ["/orders/{}/", "/orders/{}/invoice/"]


@pytest.mark.parametrize("path", ["/orders/", *PAGES])
def test_a_visitor_signs_in_first(client: Client, make_order: MakeOrder, path: str) -> None:
    there = path.format(make_order().number)
    assert client.get(there)["Location"] == f"/accounts/login/?next={there}"


@pytest.mark.parametrize("path", PAGES)
def test_nobody_elses_order_is_to_be_seen(make_order: MakeOrder, signed_in: SignedIn, path: str) -> None:
    browser, _ = signed_in()
    assert browser.get(path.format(make_order().number)).status_code == 404
    assert browser.get(path.format("SO-NONE")).status_code == 404


def test_nobody_elses_order_is_cancelled(client: Client, make_order: MakeOrder, signed_in: SignedIn) -> None:
    order = make_order()
    assert signed_in()[0].post(f"/orders/{order.number}/cancel/").status_code == 404
    assert client.post(f"/orders/{order.number}/cancel/")["Location"] == "/accounts/login/?next=/"
    order.refresh_from_db()
    assert order.state == "paid"


def test_staff_have_the_admin_and_no_key_to_customers_pages(
    make_order: MakeOrder, signed_in: SignedIn, make_customer: MakeCustomer
) -> None:
    desk, _ = signed_in(make_customer(is_staff=True, is_superuser=True))
    assert desk.get(f"/orders/{make_order().number}/").status_code == 404


def test_the_history_shows_the_customers_orders_the_newest_first(
    make_order: MakeOrder, signed_in: SignedIn, make_product: MakeProduct
) -> None:
    browser, customer = signed_in()
    assert "You have not ordered anything yet." in browser.get("/orders/").content.decode()
    product, others = make_product(name="Lamp", stock=100), make_order()
    numbers = [make_order(customer, product, quantity=1).number for _ in range(11)]
    page = browser.get("/orders/")
    assert [order.number for order in page.context["page"]] == numbers[:0:-1]
    assert others.number not in page.content.decode()
    assert "1 × Lamp" in page.content.decode()
    second = browser.get("/orders/?page=2").context["page"]
    assert [order.number for order in second] == numbers[:1]
    assert browser.get("/orders/?page=3").status_code == 404
    assert browser.get("/orders/?page=x").status_code == 404


def test_the_order_page_tells_all_of_it(make_order: MakeOrder, signed_in: SignedIn, make_product: MakeProduct) -> None:
    browser, customer = signed_in()
    order = make_order(customer, make_product(name="Lamp"))
    text = browser.get(f"/orders/{order.number}/").content.decode()
    for shown in ("Lamp", "2 × €11.90", "€28.70", "Hauptstraße 1", "Card ending in 4242", "Succeeded", "Paid"):
        assert shown in text
    assert f'data-events="/orders/{order.number}/events/"' in text
    assert "shop/order-events.js" in text
    assert "<script>" not in text


def test_an_ended_order_is_not_watched(make_order: MakeOrder, signed_in: SignedIn) -> None:
    browser, customer = signed_in()
    order = make_order(customer)
    services.cancel(order.pk)
    text = browser.get(f"/orders/{order.number}/").content.decode()
    assert "data-events" not in text
    assert "order-events.js" not in text
    assert "€28.70 sent back" in text


def test_the_page_outlives_the_product(make_order: MakeOrder, signed_in: SignedIn) -> None:
    browser, customer = signed_in()
    order = make_order(customer)
    Product.objects.all().delete()
    assert browser.get(f"/orders/{order.number}/").status_code == 200


def test_a_paid_order_is_cancelled_and_the_money_sent_back(make_order: MakeOrder, signed_in: SignedIn) -> None:
    browser, customer = signed_in()
    order = make_order(customer)
    assert "Cancel the order" in browser.get(f"/orders/{order.number}/").content.decode()
    answer = browser.post(f"/orders/{order.number}/cancel/")
    assert answer["Location"] == f"/orders/{order.number}/"
    assert said(answer) == ["Your order is cancelled, and your money is on its way back."]
    order.refresh_from_db()
    assert order.state == "refunded"


def test_an_unpaid_order_is_cancelled(make_order: MakeOrder, signed_in: SignedIn) -> None:
    browser, customer = signed_in()
    order = make_order(customer, card=provider.LATE_APPROVE)
    assert said(browser.post(f"/orders/{order.number}/cancel/")) == ["Your order is cancelled."]
    order.refresh_from_db()
    assert order.state == "cancelled"


def test_what_is_on_its_way_cannot_be_cancelled(make_order: MakeOrder, signed_in: SignedIn) -> None:
    browser, customer = signed_in()
    order = make_order(customer)
    services.ship(order.pk)
    assert "Cancel the order" not in browser.get(f"/orders/{order.number}/").content.decode()
    answer = browser.post(f"/orders/{order.number}/cancel/")
    assert said(answer) == ["This order can no longer be cancelled."]
    assert Order.objects.get().state == "shipped"
    assert browser.get(f"/orders/{order.number}/cancel/").status_code == 405


def test_the_invoice_is_a_file(make_order: MakeOrder, signed_in: SignedIn, make_product: MakeProduct) -> None:
    browser, customer = signed_in()
    order = make_order(customer, make_product(name="Messer „Æbelø“"))
    answer = browser.get(f"/orders/{order.number}/invoice/")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="invoice-{order.number}.txt"'
    text = answer.getvalue().decode()
    assert len(text.encode()) == int(answer["Content-Length"])
    for line in (f"Invoice {order.number}", "1. Messer „Æbelø“", "Ada Lovelace", "10115 Berlin, DE"):
        assert line in text.splitlines()
    amounts = {line.rsplit(" ", 1)[0].strip(): line.rsplit(" ", 1)[1] for line in text.splitlines() if "€" in line}
    assert amounts["Total"] == "€28.70"
    assert amounts["Shipping"] == "€4.90"
    assert (amounts["Net"], amounts["of which tax 19 %"], amounts["of which tax on shipping"]) == (
        "€24.12",
        "€3.80",
        "€0.78",
    )


def test_the_invoice_is_written_in_the_orders_language(
    make_order: MakeOrder, make_customer: MakeCustomer, signed_in: SignedIn
) -> None:
    browser, customer = signed_in(make_customer(language="de"))
    text = browser.get(f"/orders/{make_order(customer).number}/invoice/").getvalue().decode()
    assert "Rechnung SO-" in text
    assert "28,70\N{NO-BREAK SPACE}€" in text


def test_there_is_no_invoice_before_the_payment(make_order: MakeOrder, signed_in: SignedIn) -> None:
    browser, customer = signed_in()
    order = make_order(customer, card=provider.LATE_APPROVE)
    assert browser.get(f"/orders/{order.number}/invoice/").status_code == 404
    assert "/invoice/" not in browser.get(f"/orders/{order.number}/").content.decode()
