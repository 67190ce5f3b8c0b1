from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import MiddlewareNotUsed
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import ResolverMatch

from monolith.catalog.models import Product
from monolith.orders.models import Order
from strangler.django.inventory.middleware import ObservedMiddleware, _sums
from strangler.django.inventory.sums import Sums
from strangler.django.inventory.watch import Watch
from strangler.inventory import Observed
from strangler.inventory.observed_file import OBSERVED_FILE, read_observed


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with override_settings(STRANGLER={"OBSERVED": str(tmp_path)}):
        yield tmp_path
    _sums.cache_clear()


def asked(view: Any, method: str = "GET") -> HttpRequest:
    request = RequestFactory().generic(method, "/somewhere/")
    request.resolver_match = ResolverMatch(view, (), {}, route="somewhere/")
    return request


def observed(folder: Path, view: Any, method: str = "GET") -> Observed:
    middleware = ObservedMiddleware(view)
    middleware(asked(view, method))
    _sums(folder).write(wait=True)
    (row,) = read_observed(folder)
    return row


@pytest.mark.django_db
def test_the_tables_of_a_view_are_seen(folder: Path) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        list(Product.objects.filter(pk=1))
        Order.objects.filter(pk=-1).update(number="x")
        return HttpResponse()

    row = observed(folder, view, "POST")
    assert (row.key, row.method, row.requests, row.statements) == ("somewhere/", "POST", 1, 2)
    assert (row.reads, row.writes) == (("catalog_product",), ("orders_order",))
    assert row.joins == ()


@pytest.mark.django_db
def test_a_join_over_apps_is_seen(folder: Path) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        list(Order.objects.filter(customer__email="x"))
        return HttpResponse()

    row = observed(folder, view)
    assert [(each.tables, each.apps, each.count) for each in row.joins] == [
        (("accounts_customer", "orders_order"), ("accounts", "orders"), 1)
    ]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_over_apps_is_seen_and_two_of_one_app_each_are_none(folder: Path) -> None:
    def apart(request: HttpRequest) -> HttpResponse:
        for model in (Product, Order):
            with transaction.atomic():
                model.objects.filter(pk=-1).delete()
                model.objects.filter(pk=-1).exists()
        list(Product.objects.filter(pk=-1))
        return HttpResponse()

    assert observed(folder, apart).transactions == ()
    (folder / OBSERVED_FILE).unlink()

    def together(request: HttpRequest) -> HttpResponse:
        for _ in range(2):
            with transaction.atomic():
                Order.objects.filter(pk=-1).update(number="x")
                with transaction.atomic():
                    Product.objects.filter(pk=-1).exists()
        return HttpResponse()

    assert [(each.tables, each.apps, each.count) for each in observed(folder, together).transactions] == [
        (("catalog_product", "orders_order"), ("catalog", "orders"), 2)
    ]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_only_reads_ties_nothing(folder: Path) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        with transaction.atomic():
            Product.objects.filter(pk=-1).exists()
            Order.objects.filter(pk=-1).exists()
        return HttpResponse()

    assert observed(folder, view).transactions == ()


@pytest.mark.django_db
def test_a_view_that_fails_is_observed_and_its_error_goes_on(folder: Path) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        Product.objects.filter(pk=-1).exists()
        raise ValueError("broken")

    before = [*connection.execute_wrappers]
    with pytest.raises(ValueError, match="broken"):
        ObservedMiddleware(view)(asked(view))
    _sums(folder).write(wait=True)
    assert read_observed(folder)[0].reads == ("catalog_product",)
    assert connection.execute_wrappers == before


@pytest.mark.django_db(transaction=True)
def test_an_async_view_is_observed(folder: Path) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        await sync_to_async(lambda: list(Product.objects.filter(pk=-1)))()
        return HttpResponse()

    middleware = ObservedMiddleware(view)
    asyncio.run(middleware(asked(view)))
    _sums(folder).write(wait=True)
    assert read_observed(folder)[0].reads == ("catalog_product",)


def test_a_path_that_leads_to_no_view_is_not_counted(folder: Path) -> None:
    middleware = ObservedMiddleware(lambda request: HttpResponse(status=404))
    middleware(RequestFactory().get("/nowhere/"))
    _sums(folder).write(wait=True)
    assert not (folder / OBSERVED_FILE).exists()


def test_without_a_folder_it_is_not_used() -> None:
    with override_settings(STRANGLER={}), pytest.raises(MiddlewareNotUsed):
        ObservedMiddleware(lambda request: HttpResponse())


def test_a_forked_child_begins_at_nothing(tmp_path: Path) -> None:
    sums = Sums(tmp_path)
    sums.add("x/", "GET", Watch())
    child = os.fork()
    if not child:
        # Nothing of the parent's is told twice; what the child sees itself is.
        sums.add("y/", "GET", Watch())
        sums.write(wait=True)
        os._exit(0)
    os.waitpid(child, 0)
    assert [row.key for row in read_observed(tmp_path)] == ["y/"]
    sums.write(wait=True)
    assert [(row.key, row.requests) for row in read_observed(tmp_path)] == [("x/", 1), ("y/", 1)]


def test_what_cannot_be_written_is_kept_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "taken").write_text("")
    sums = Sums(tmp_path / "taken")
    sums.add("x/", "GET", Watch())
    with caplog.at_level(logging.WARNING, "strangler.observed"):
        sums.write(wait=True)
    assert "cannot be written" in caplog.text
    sums.add("x/", "GET", Watch())
    (tmp_path / "taken").unlink()
    sums.write(wait=True)
    assert read_observed(tmp_path / "taken")[0].requests == 2


def test_sets_of_tables_without_end_are_bounded(tmp_path: Path) -> None:
    sums = Sums(tmp_path)
    for number in range(300):
        watch = Watch()
        watch.joins[frozenset({"orders_order", "catalog_product"} if number else {"cart_cart", "orders_order"})] += 1
        sums.add("x/", "GET", watch)
    sums.write(wait=True)
    assert sum(each.count for each in read_observed(tmp_path)[0].joins) == 300
