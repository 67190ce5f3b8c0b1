"""The seeded shop in one process: the same rows, consistent among themselves."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.core.management import CommandError
from django.db import connection
from django.db.models import F, Sum
from django.test import Client

from monolith.accounts.models import Customer
from monolith.cart.models import Item, Promotion
from monolith.catalog import changes
from monolith.catalog.categories import CategoryTree
from monolith.catalog.models import CatalogChange, Category, Product, Review
from monolith.inventory.models import Reservation
from monolith.orders.models import Order, OrderEvent, OrderLine
from monolith.orders.states import OrderState, may_become
from monolith.payments.models import Payment, Refund
from monolith.seed import TODAY, Sizes

from .conftest import Run

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SMALL = ("--products=120", "--customers=15", "--orders=250")
APPS = ("accounts", "catalog", "inventory", "cart", "checkout", "orders", "payments", "notifications")


@pytest.fixture
def seeded(run: Run) -> str:
    return run("seed", *SMALL)


def rows(run: Run) -> list[Any]:
    """Every row of the shop but the change log, whose numbers go on when a shop is emptied."""
    found: list[Any] = json.loads(run("dumpdata", *APPS, "--exclude", "catalog.catalogchange"))
    return found


def test_the_same_seed_gives_the_same_rows_again(run: Run, seeded: str) -> None:
    first = rows(run)
    run("seed", *SMALL, "--fresh")
    assert rows(run) == first


def test_another_seed_gives_another_shop(run: Run, seeded: str) -> None:
    first = rows(run)
    run("seed", *SMALL, "--fresh", "--seed=2")
    assert rows(run) != first


def test_more_orders_do_not_change_the_goods(run: Run, seeded: str) -> None:
    first = list(Product.objects.values())
    run("seed", "--products=120", "--customers=15", "--orders=10", "--fresh")
    assert list(Product.objects.values()) == first


def test_the_sizes_are_those_asked_for(seeded: str) -> None:
    assert Product.objects.count() == 120
    assert Customer.objects.filter(is_staff=False).count() == 15
    assert Order.objects.count() == 250


def test_a_shop_with_rows_is_refused_and_stays_as_it_is(run: Run, make_product: Any) -> None:
    make_product(name="Mine")
    with pytest.raises(CommandError, match=r"not empty \(1 products, 1 categories\).*--fresh"):
        run("seed", *SMALL)
    assert list(Product.objects.values_list("name", flat=True)) == ["Mine"]


@pytest.mark.parametrize("size", ["--products=0", "--customers=0", "--orders=-1"])
def test_a_size_that_makes_no_shop_is_refused(run: Run, size: str) -> None:
    with pytest.raises(CommandError, match=rf"{size.replace('=', ' is ')}: give"):
        run("seed", size)


def test_the_smallest_shop_can_be_seeded(run: Run) -> None:
    run("seed", "--products=1", "--customers=1", "--orders=1")
    assert Product.objects.count() == 1


def test_fresh_signs_everybody_out_and_leaves_tombstones(run: Run, client: Client, seeded: str) -> None:
    customer = Customer.objects.get(email="customer1@shop.example")
    client.force_login(customer)
    gone = Product.objects.order_by("pk").last()
    assert gone is not None
    run("seed", "--products=20", "--customers=15", "--orders=5", "--fresh")
    assert not Session.objects.exists()
    assert CatalogChange.objects.get(kind="product", object_id=gone.pk).op == changes.DELETE


def test_counting_again_changes_nothing(run: Run, seeded: str) -> None:
    assert "120 products, nothing differs" in run("recount_catalog", "--check")


def test_sale_prices_are_those_of_the_promotions_whatever_the_day(run: Run, seeded: str) -> None:
    assert Product.objects.filter(sale_price__isnull=False).exists()
    assert "0 products" in run("apply_promotions", "--dry-run")


def test_every_object_of_the_catalogue_is_in_the_change_log_once(seeded: str) -> None:
    for kind, model in (("category", Category), ("product", Product), ("review", Review)):
        logged = CatalogChange.objects.filter(kind=kind, op=changes.UPSERT).values_list("object_id", flat=True)
        assert Counter(logged) == Counter(model.objects.values_list("pk", flat=True))
    assert set(CatalogChange.objects.values_list("at", flat=True)) == {TODAY}


def test_no_moment_lies_behind_the_day_of_the_seed(seeded: str) -> None:
    for model, names in (
        (Product, ("created_at", "updated_at")),
        (Review, ("created_at",)),
        (Order, ("placed_at", "updated_at")),
        (OrderEvent, ("at",)),
        (Payment, ("created_at",)),
        (Customer, ("date_joined",)),
    ):
        for name in names:
            assert not model._default_manager.filter(**{f"{name}__gt": TODAY}).exists(), f"{model.__name__}.{name}"
    assert not Product.objects.filter(updated_at__lt=F("created_at")).exists()


def test_the_goods_are_of_every_kind(seeded: str) -> None:
    tree = CategoryTree.load()
    assert max(path.count("/") for path in tree.paths.values()) == 2
    assert set(Product.objects.values_list("availability", flat=True)) == set(Product.Availability.values)
    assert Product.objects.filter(is_discontinued=True).exists()
    assert Product.objects.filter(is_published=False).exists()
    assert Product.objects.filter(image="").exists()
    assert Product.objects.filter(description="").exists()
    assert Product.objects.filter(weight_grams=None).exists()
    assert Review.objects.filter(is_approved=False).exists()
    assert Review.objects.filter(author=None).exists()
    names = " ".join(Product.objects.values_list("name", flat=True))
    for sample in ("ß", "南部鉄器", "🎉", "e\u0301", "إبريق", "<Mill>", "\u2028"):
        assert sample in names
    assert set(Promotion.objects.values_list("kind", flat=True)) == set(Promotion.Kind.values)
    assert Item.objects.exists()


def test_every_product_is_one_that_the_shop_itself_would_accept(seeded: str) -> None:
    for product in Product.objects.select_related("category"):
        product.full_clean(validate_unique=False, validate_constraints=False, exclude=["description"])
    for promotion in Promotion.objects.all():
        promotion.full_clean()


def test_the_pictures_named_are_there(seeded: str) -> None:
    named = set(Product.objects.exclude(image="").values_list("image", flat=True))
    assert named
    assert all(default_storage.exists(name) for name in named)


def test_orders_add_up(seeded: str) -> None:
    for order in Order.objects.annotate(lines_gross=Sum("lines__gross")):
        assert order.gross == order.net + order.tax == order.lines_gross + order.shipping
    # Not in SQL: SQLite adds decimals as floats.
    assert all(line.gross == line.net + line.tax for line in OrderLine.objects.all())


def test_an_order_went_only_where_orders_may_go(seeded: str) -> None:
    states = set()
    for order in Order.objects.prefetch_related("events"):
        went = [event.state for event in order.events.all()]
        moments = [event.at for event in order.events.all()]
        assert went[0] == OrderState.PENDING_PAYMENT
        assert went[-1] == order.state
        assert all(may_become(now, then) for now, then in pairwise(went))
        assert moments == sorted(moments)
        states.add(order.state)
    assert states == {state.value for state in OrderState}


def test_money_and_units_went_with_the_orders(seeded: str) -> None:
    refunded = dict(Refund.objects.values_list("payment_id").annotate(Sum("amount")))
    for payment in Payment.objects.select_related("order"):
        state = payment.order.state
        assert payment.amount == payment.order.gross
        if state == OrderState.PENDING_PAYMENT:
            assert payment.state == Payment.State.PENDING
        elif state in (OrderState.PAYMENT_FAILED, OrderState.CANCELLED):
            assert payment.state == Payment.State.FAILED
        else:
            assert payment.state == Payment.State.SUCCEEDED
        if state == OrderState.REFUNDED:
            assert refunded[payment.pk] == payment.amount
        else:
            assert refunded.get(payment.pk, 0) < payment.amount
    waiting = set(Order.objects.filter(state=OrderState.PENDING_PAYMENT).values_list("number", flat=True))
    active = Reservation.objects.filter(state=Reservation.State.ACTIVE)
    assert set(active.values_list("reference", flat=True)) == waiting
    assert not active.filter(quantity__gt=F("stock__on_hand")).exists()


def test_what_the_seed_left_open_can_be_brought_to_an_end(run: Run, seeded: str) -> None:
    run("deliver_webhooks")
    run("expire_reservations")
    assert not Order.objects.filter(state=OrderState.PENDING_PAYMENT).exists()
    assert not Reservation.objects.filter(state=Reservation.State.ACTIVE).exists()
    run("recount_catalog", "--check")


def test_demo_customers_and_in_development_the_admin_sign_in(run: Run, client: Client, settings: Any) -> None:
    settings.DEBUG = True
    run("seed", *SMALL)
    assert client.login(username="customer1@shop.example", password="shop customer")
    assert client.login(username="admin@shop.example", password="admin")


def test_without_debug_there_is_no_admin(run: Run, settings: Any) -> None:
    settings.DEBUG = False
    said = run("seed", *SMALL)
    assert not Customer.objects.filter(is_staff=True).exists()
    assert "admin" not in said


def test_rows_made_afterwards_get_ids_behind_those_seeded(seeded: str, make_product: Any) -> None:
    last = Product.objects.order_by("-pk").values_list("pk", flat=True)[0]
    assert make_product().pk > last


def test_each_step_is_said_and_silence_is_kept_when_asked_for(run: Run) -> None:
    said = run("seed", *SMALL)
    assert "120 products" in said
    assert "250 orders" in said
    assert run("seed", *SMALL, "--fresh", "--verbosity=0") == ""


def test_the_defaults_are_the_demo_shop_of_the_readme() -> None:
    assert Sizes() == Sizes(products=2000, customers=500, orders=5000, seed=1)


def test_a_seed_that_breaks_off_leaves_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: object) -> None:
        raise RuntimeError("pulled the plug")

    monkeypatch.setattr("monolith.seed.filling._set_sequences", break_off)
    with pytest.raises(RuntimeError):
        run("seed", *SMALL)
    assert not Product.objects.exists()
    assert not CatalogChange.objects.exists()
    connection.check_constraints()
