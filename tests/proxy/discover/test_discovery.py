from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from strangler_proxy.discover import Discovery, Traffic, discover_in, traffic_of_lines, traffic_of_metrics
from strangler_proxy.discover.discovery import Endpoint
from strangler_proxy.routes.route import Route

from strangler.errors import StranglerError
from strangler.inventory import read_inventory
from strangler.recording.access_lines import AccessLine

EXAMPLE = Path(__file__).parents[2] / "strangler" / "inventory" / "example.json"
INVENTORY = read_inventory(EXAMPLE)


def lines() -> Iterator[AccessLine]:
    for number in range(20):
        yield AccessLine(100.0 + number, "GET", "/products/7/?x=1", 500 if number == 0 else 200, 0.010 * (number + 1))
    yield AccessLine(90.0, "GET", "/de/products/8", 301, 0.001)
    yield AccessLine(99.0, "POST", "/basket/", 403, 0.2, 5.0)
    yield AccessLine(99.0, "GET", "/static/a.css", 200)
    yield AccessLine(99.0, "GET", "/static/b.css", 200)
    yield AccessLine(99.0, "GET", "/favicon.ico", 200)
    yield AccessLine(99.0, "GET", "/admin/login/", 200)


def found() -> Discovery:
    return discover_in(INVENTORY, traffic_of_lines(lines(), INVENTORY))


def endpoint(key: str) -> Endpoint:
    return next(each for each in found().endpoints if each.view.key == key)


def test_requests_are_counted_by_view() -> None:
    product = endpoint("products/<int:id>/")
    assert (product.requests, product.methods, product.redirects) == (21.0, {"GET": 21.0}, 1.0)
    assert product.error_rate == pytest.approx(1 / 21)
    assert product.p95 == pytest.approx(0.19, rel=0.05)
    assert product.share == pytest.approx(21 / 30)
    basket = endpoint("basket/")
    # A line of a log that holds a share of its requests stands for others.
    assert (basket.requests, basket.refused_rate, basket.error_rate) == (5.0, 1.0, 0.0)
    assert endpoint("admin/").requests == 1.0
    quiet = endpoint("api/products/")
    assert (quiet.requests, quiet.error_rate, quiet.p95) == (0.0, None, None)
    assert [each.view.key for each in found().endpoints][:2] == ["products/<int:id>/", "basket/"]


def test_what_no_view_answers_is_told_by_its_beginning() -> None:
    assert found().unknown == (("/static/…", 2), ("/favicon.ico", 1))
    assert (found().first, found().last, found().requests) == (90.0, 119.0, 30.0)


def test_paths_that_clients_make_up_do_not_fill_the_memory() -> None:
    many = (AccessLine(1.0, "GET", f"/{number}/x", 404) for number in range(5000))
    traffic = traffic_of_lines(many, INVENTORY)
    assert len(traffic.unknown) <= 1001
    assert traffic.unknown["…"] == 4000


def test_an_endpoint_says_whose_tables_it_touches() -> None:
    basket = endpoint("basket/")
    assert (basket.reads, basket.writes) == (("accounts_user", "catalog_product"), ("orders_line", "orders_order"))
    assert basket.reaches == {"accounts": ("reads",), "catalog": ("joins", "reads", "transaction")}
    assert basket.observed == 41


def test_apps_have_the_sums_of_their_endpoints_and_their_ties() -> None:
    apps = {each.app.label: each for each in found().apps}
    assert (apps["catalog"].requests, apps["catalog"].views) == (21.0, 3)
    assert apps["admin"].views == 61
    assert {(each.target, each.kind.value) for each in apps["orders"].needs} == {
        ("accounts", "relation"), ("catalog", "import"), ("catalog", "relation"), ("catalog", "signal"),
        ("catalog", "transaction"), ("catalog", "join"),
    }  # fmt: skip
    assert [each.source for each in apps["accounts"].needed] == ["orders"]
    assert found().apps[0].app.label == "catalog"


def test_without_traffic_there_are_endpoints_all_the_same() -> None:
    bare = discover_in(INVENTORY, Traffic())
    assert len(bare.endpoints) == 5
    assert {each.share for each in bare.endpoints} == {0.0}
    assert not bare.timed
    assert bare.to_json()["endpoints"][0]["error_rate"] is None


METRICS = """\
# HELP strangler_requests_total Requests.
# TYPE strangler_requests_total counter
strangler_requests_total{route="shop.product",side="monolith",upstream="m",stage="monolith",status_class="2xx"} 90
strangler_requests_total{route="shop.product",side="monolith",upstream="m",stage="monolith",status_class="5xx"} 10
strangler_requests_total{route="shop.wide",side="monolith",upstream="m",stage="monolith",status_class="2xx"} 7
strangler_requests_total{route="-",side="monolith",upstream="monolith",stage="",status_class="2xx"} 50
# TYPE strangler_request_duration_seconds histogram
strangler_request_duration_seconds_bucket{route="shop.product",side="s",upstream="m",stage="t",le="0.1"} 90
strangler_request_duration_seconds_bucket{route="shop.product",side="s",upstream="m",stage="t",le="0.5"} 99
strangler_request_duration_seconds_bucket{route="shop.product",side="s",upstream="m",stage="t",le="+Inf"} 100
"""


def test_the_proxys_metrics_tell_of_views_that_have_a_route() -> None:
    routes = [
        Route("shop.product", frozenset({"GET"}), "/products/<int:id>/", "shop"),
        Route("shop.wide", frozenset({"GET"}), "/api/<path:rest>", "shop"),
    ]
    traffic = traffic_of_metrics(METRICS, INVENTORY, routes)
    assert traffic.requests == 157.0
    product = next(each for each in discover_in(INVENTORY, traffic).endpoints if each.requests)
    assert (product.view.key, product.requests, product.error_rate) == ("products/<int:id>/", 100.0, 0.1)
    assert product.p95 == pytest.approx(0.5, rel=0.05)
    assert dict(traffic.unknown) == {"(no route)": 50, "(route shop.wide)": 7}


@pytest.mark.parametrize("text", ["{", "", "up 1\n", "<html>"])
def test_what_are_no_metrics_of_the_proxy_is_refused(text: str) -> None:
    with pytest.raises(StranglerError):
        traffic_of_metrics(text, INVENTORY, [])
