from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.fields.files import FieldFile
from django.test import Client
from PIL import Image

from monolith.accounts.models import Customer
from monolith.cart.models import Promotion
from monolith.cart.services import CustomerBasket
from monolith.catalog.models import CatalogChange, Category, Product, Review
from monolith.inventory import services as inventory
from monolith.inventory.models import Stock
from monolith.notifications.models import Mail
from monolith.orders import services as orders
from monolith.orders.models import Order
from monolith.payments import provider
from monolith.payments.models import Payment
from tests.monolith.conftest import MakeCategory, MakeCustomer, MakeOrder, MakeProduct, MakeReview
from tests.monolith.pages.conftest import said

pytestmark = pytest.mark.django_db

LISTS = [
    "accounts/customer",
    "auth/group",
    "authtoken/tokenproxy",
    "cart/cart",
    "cart/promotion",
    "catalog/category",
    "catalog/product",
    "catalog/review",
    "checkout/attempt",
    "inventory/reservation",
    "inventory/stock",
    "notifications/mail",
    "orders/order",
    "payments/payment",
    "payments/webhookevent",
]
READ_ONLY = [
    "cart/cart",
    "checkout/attempt",
    "inventory/reservation",
    "notifications/mail",
    "orders/order",
    "payments/payment",
    "payments/webhookevent",
]


@pytest.fixture
def desk(make_customer: MakeCustomer) -> Client:
    browser = Client()
    browser.force_login(make_customer("desk@example.com", is_staff=True, is_superuser=True))
    return browser


@pytest.fixture
def full_house(
    make_order: MakeOrder, make_review: MakeReview, make_product: MakeProduct, make_customer: MakeCustomer
) -> Order:
    """Something in every list."""
    order = make_order()
    make_review()
    CustomerBasket(make_customer().pk).put(make_product().pk, 1)
    Promotion.objects.create(name="Week", kind="percent", percent=Decimal(10))
    return order


def test_a_category_is_looked_up_by_some_of_its_letters(desk: Client, make_category: MakeCategory) -> None:
    lamps = make_category("Lamps")
    make_category("Knives")
    field = {"app_label": "catalog", "model_name": "product", "field_name": "category", "term": "lam"}
    assert [row["id"] for row in desk.get("/admin/autocomplete/", field).json()["results"]] == [str(lamps.pk)]


def picture(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 3), "purple").save(file, kind)
    return file.getvalue()


def form_of(browser: Client, path: str) -> dict[str, Any]:
    """What the admin's form at ``path`` would send if nobody touched it."""
    context = browser.get(path).context
    data: dict[str, Any] = {}
    for form in [context["adminform"].form, *(f.formset.management_form for f in context["inline_admin_formsets"])]:
        for field in form:
            value = field.value()
            if value is not None and value is not False and not isinstance(value, FieldFile):
                data[field.html_name] = value
    return data


def act(browser: Client, path: str, action: str, *rows: Any) -> Any:
    return browser.post(f"/admin/{path}/", {"action": action, "_selected_action": [row.pk for row in rows]})


def changes_of(product: Product) -> int:
    return CatalogChange.objects.get(kind="product", object_id=product.pk).seq


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_shown_searched_and_opened(desk: Client, full_house: Order, path: str) -> None:
    answer = desk.get(f"/admin/{path}/")
    assert answer.status_code == 200
    assert desk.get(f"/admin/{path}/", {"q": "a"}).status_code == 200
    for row in answer.context["cl"].result_list[:1]:
        assert desk.get(f"/admin/{path}/{row.pk}/change/").status_code == 200


@pytest.mark.parametrize("path", LISTS)
def test_only_staff_with_the_right_see_a_list(client: Client, make_customer: MakeCustomer, path: str) -> None:
    there = f"/admin/{path}/"
    assert client.get(there)["Location"] == f"/admin/login/?next={there}"
    customer, clerk = make_customer(), make_customer(is_staff=True)
    client.force_login(customer)
    assert client.get(there).status_code == 302
    client.force_login(clerk)
    assert client.get(there).status_code == 403
    app, model = path.split("/")
    clerk.user_permissions.add(Permission.objects.get(codename=f"view_{model}", content_type__app_label=app))
    assert client.get(there).status_code == 200


@pytest.mark.parametrize("path", READ_ONLY)
def test_what_has_happened_is_neither_added_nor_deleted(desk: Client, full_house: Order, path: str) -> None:
    assert desk.get(f"/admin/{path}/add/").status_code == 403
    for row in desk.get(f"/admin/{path}/").context["cl"].result_list[:1]:
        assert desk.post(f"/admin/{path}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert desk.get(f"/admin/{path}/{row.pk}/change/").context["adminform"].form.fields == {}


def test_nothing_of_an_order_or_payment_can_be_written(desk: Client, make_order: MakeOrder) -> None:
    order = make_order()
    payment = Payment.objects.get()
    management = {
        f"{prefix}-{name}": "0"
        for prefix in ("lines", "events", "refunds")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
    }
    desk.post(f"/admin/orders/order/{order.pk}/change/", {**management, "state": "delivered", "gross": "0.01"})
    desk.post(f"/admin/payments/payment/{payment.pk}/change/", {**management, "amount": "0.01"})
    before = order.gross
    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.state, order.gross, payment.amount) == ("paid", before, before)


def test_the_admin_speaks_german(desk: Client) -> None:
    text = desk.get("/admin/", headers={"Accept-Language": "de"}).content.decode()
    assert "Produkte" in text
    assert "Bestellungen" in text


def test_a_category_is_made(desk: Client, make_category: MakeCategory) -> None:
    above = make_category("House")
    data = {"name": "Lamps", "slug": "lamps", "parent": above.pk, "sort_order": "0"}
    assert desk.post("/admin/catalog/category/add/", data).status_code == 302
    lamps = Category.objects.get(slug="lamps")
    assert lamps.parent == above
    loop = desk.post(f"/admin/catalog/category/{above.pk}/change/", {**data, "slug": "house", "parent": lamps.pk})
    assert "A category cannot stand below itself." in loop.content.decode()


def test_a_product_with_its_image_is_made(desk: Client, client: Client, make_category: MakeCategory) -> None:
    data = {
        **form_of(desk, "/admin/catalog/product/add/"),
        "sku": "LAMP-1",
        "slug": "lamp",
        "name": "Lamp",
        "category": make_category().pk,
        "price": "10.00",
        "attributes": '{"Colour": "red"}',
        "image": SimpleUploadedFile("lamp.png", picture(), "image/png"),
    }
    answer = desk.post("/admin/catalog/product/add/", data)
    assert answer.status_code == 302, answer.context["errors"]
    lamp = Product.objects.get()
    assert lamp.image.name == "products/lamp.png"
    assert (lamp.attributes, lamp.availability) == ({"Colour": "red"}, "out_of_stock")
    assert CatalogChange.objects.filter(kind="product", object_id=lamp.pk, op="upsert").exists()
    assert client.get(lamp.image.url).getvalue() == picture()
    assert f'src="{lamp.image.url}"' in desk.get(f"/admin/catalog/product/{lamp.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lamp.png", b"not a picture"),
        ("lamp.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("lamp.html", picture()),
        ("lamp.bmp", picture("BMP")),
        ("lamp.png", picture() + b"\0" * (5 * 1024 * 1024)),
    ],
    ids=["no picture", "svg", "page", "rare kind", "too large"],
)
def test_what_no_page_should_show_is_not_uploaded(
    desk: Client, make_product: MakeProduct, name: str, content: bytes
) -> None:
    lamp = make_product()
    path = f"/admin/catalog/product/{lamp.pk}/change/"
    answer = desk.post(path, {**form_of(desk, path), "attributes": "{}", "image": SimpleUploadedFile(name, content)})
    assert answer.status_code == 200
    assert "image" in answer.context["adminform"].form.errors
    lamp.refresh_from_db()
    assert not lamp.image


@pytest.mark.parametrize("attributes", ["[1]", '"red"', '{"Colour": 1}', "{"])
def test_attributes_are_texts_by_name(desk: Client, make_product: MakeProduct, attributes: str) -> None:
    path = f"/admin/catalog/product/{make_product().pk}/change/"
    answer = desk.post(path, {**form_of(desk, path), "attributes": attributes})
    assert "attributes" in answer.context["adminform"].form.errors


def test_saving_a_product_leaves_alone_what_others_write(
    desk: Client, make_product: MakeProduct, make_review: MakeReview
) -> None:
    lamp = make_product()
    path = f"/admin/catalog/product/{lamp.pk}/change/"
    form = {**form_of(desk, path), "attributes": "{}"}
    make_review(lamp, stars=5)
    inventory.set_on_hand({lamp.pk: 2})
    form.update(name="New name", availability="out_of_stock", rating_sum="0")
    assert desk.post(path, form).status_code == 302
    lamp.refresh_from_db()
    assert (lamp.name, lamp.availability, lamp.rating_sum) == ("New name", "low", 5)


def test_products_are_taken_out_and_put_back_and_the_change_log_sees_it(
    desk: Client, make_product: MakeProduct
) -> None:
    lamp, table = make_product(), make_product()
    before = changes_of(lamp)
    answer = act(desk, "catalog/product", "unpublish", lamp)
    assert said(answer) == ["1 product changed."]
    assert not Product.objects.get(pk=lamp.pk).is_published
    assert Product.objects.get(pk=table.pk).is_published
    assert changes_of(lamp) > before
    desk.get("/admin/catalog/product/")
    answer = act(desk, "catalog/product", "publish", lamp, table)
    assert said(answer)[-1] == "1 product changed."
    assert Product.objects.visible().count() == 2


def test_a_clerk_who_may_only_look_cannot_act(
    make_customer: MakeCustomer, make_product: MakeProduct, make_order: MakeOrder
) -> None:
    clerk, lamp, order, browser = make_customer(is_staff=True), make_product(), make_order(), Client()
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_product", "view_order"]))
    browser.force_login(clerk)
    act(browser, "catalog/product", "unpublish", lamp)
    act(browser, "orders/order", "mark_shipped", order)
    assert Product.objects.get(pk=lamp.pk).is_published
    assert Order.objects.get().state == "paid"


def test_approved_reviews_count_and_hidden_ones_do_not(desk: Client, make_review: MakeReview) -> None:
    review = make_review(stars=4, is_approved=False)
    assert said(act(desk, "catalog/review", "approve", review)) == ["1 review is shown now."]
    product = Product.objects.get(pk=review.product_id)
    assert (product.rating_sum, product.review_count) == (4, 1)
    act(desk, "catalog/review", "withdraw", review)
    assert not Review.objects.get().is_approved
    product.refresh_from_db()
    assert product.review_count == 0


def test_orders_are_shipped_by_their_guarded_transition(desk: Client, make_order: MakeOrder) -> None:
    paid, waiting = make_order(), make_order(card=provider.LATE_APPROVE)
    answer = act(desk, "orders/order", "mark_shipped", paid, waiting)
    assert said(answer) == [
        "1 order changed.",
        f"The state of these orders does not allow that: {waiting.number} (Waiting for payment).",
    ]
    assert Order.objects.get(pk=paid.pk).state == "shipped"
    assert Order.objects.get(pk=waiting.pk).state == "pending_payment"
    assert Mail.objects.filter(kind="order_shipped", to=paid.email).exists()
    act(desk, "orders/order", "mark_delivered", paid)
    assert [event.state for event in paid.events.all()] == ["pending_payment", "paid", "shipped", "delivered"]


def test_orders_are_cancelled_and_refunded(desk: Client, make_order: MakeOrder) -> None:
    waiting, shipped = make_order(card=provider.LATE_APPROVE), make_order()
    orders.ship(shipped.pk)
    act(desk, "orders/order", "call_off", waiting)
    act(desk, "orders/order", "send_money_back", shipped)
    assert Order.objects.get(pk=waiting.pk).state == "cancelled"
    assert Order.objects.get(pk=shipped.pk).state == "refunded"
    payment = Payment.objects.get(order=shipped)
    assert payment.refunds.get().amount == shipped.gross
    assert payment.reference in desk.get(f"/admin/orders/order/{shipped.pk}/change/").content.decode()
    assert str(shipped.gross) in desk.get(f"/admin/payments/payment/{payment.pk}/change/").content.decode()


def test_a_stock_taking_reaches_the_catalogue(desk: Client, make_product: MakeProduct) -> None:
    lamp, table = make_product(stock=10), make_product(stock=0)
    row = Stock.objects.get(product=lamp)
    path = f"/admin/inventory/stock/{row.pk}/change/"
    assert desk.post(path, {**form_of(desk, path), "on_hand": "2"}).status_code == 302
    new = {**form_of(desk, "/admin/inventory/stock/add/"), "product": table.pk, "on_hand": "50"}
    assert desk.post("/admin/inventory/stock/add/", new).status_code == 302
    assert inventory.on_hand([lamp.pk, table.pk]) == {lamp.pk: 2, table.pk: 50}
    assert Product.objects.get(pk=lamp.pk).availability == "low"
    assert Product.objects.get(pk=table.pk).availability == "in_stock"


def test_promotions_start_stop_and_write_their_prices(desk: Client, make_product: MakeProduct) -> None:
    lamp = make_product(price=Decimal("10.00"))
    week = Promotion.objects.create(name="Week", kind="percent", percent=Decimal(10), is_active=False)
    week.products.set([lamp])
    assert said(act(desk, "cart/promotion", "start", week)) == ["1 promotion changed."]
    act(desk, "cart/promotion", "write_prices", week)
    assert Product.objects.get().sale_price == Decimal("9.00")
    act(desk, "cart/promotion", "stop", week)
    act(desk, "cart/promotion", "write_prices", week)
    assert Product.objects.get().sale_price is None


def test_a_promotion_that_gives_nothing_is_refused(desk: Client) -> None:
    path = "/admin/cart/promotion/add/"
    form = {**form_of(desk, path), "name": "Odd", "kind": "n_for_m", "take": "2", "pay": "3"}
    form.update(starts_at_0="2026-01-01", starts_at_1="00:00:00")
    assert "pays for fewer than n" in desk.post(path, form).content.decode()


def test_failed_mails_are_tried_again(desk: Client, full_house: Order) -> None:
    mail = Mail.objects.all()[0]
    Mail.objects.filter(pk=mail.pk).update(state="failed", attempts=5)
    assert said(act(desk, "notifications/mail", "try_again", mail)) == ["1 mail waits to be sent."]
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == ("queued", 0)


def test_the_desk_makes_a_colleague(desk: Client) -> None:
    path = "/admin/accounts/customer/add/"
    form = {**form_of(desk, path), "email": "Bob@Example.com", "display_name": "Bob"}
    form.update(usable_password="true", password1="open sesame 42", password2="open sesame 42")
    answer = desk.post(path, form)
    assert answer.status_code == 302, answer.context["errors"]
    bob = Customer.objects.get(display_name="Bob")
    assert bob.email == "bob@example.com"
    assert bob.check_password("open sesame 42")
    assert desk.get(f"/admin/accounts/customer/{bob.pk}/password/").status_code == 200
