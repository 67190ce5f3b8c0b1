"""What the commands say of a monolith that is known by its inventory."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.config import load_config

from tests.proxy.cli.conftest import Run

EXAMPLE = Path(__file__).parents[2] / "strangler" / "inventory" / "example.json"
INVENTORY = ("--inventory", str(EXAMPLE))
COMBINED = (
    '10.0.0.1 - - [29/Nov/2026:07:06:42 +0000] "GET /products/7/?q=1 HTTP/1.1" 200 512 "-" "Mozilla"\n'
    '10.0.0.1 - - [29/Nov/2026:07:06:43 +0000] "POST /basket/ HTTP/1.1" 500 1 "-" "Mozilla"\n'
    '10.0.0.2 - - [29/Nov/2026:07:06:44 +0000] "GET /wp-login.php HTTP/1.1" 404 1 "-" "-"\n'
    '10.0.0.2 - - [29/Nov/2026:07:06:44 +0000] "-" 408 0 "-" "-"\n'
)
OWN = (
    '{"time":"2026-11-29T07:00:00.000Z","method":"GET","path":"/products/7/","status":200,"route":"-","side":"monolith",'
    '"upstream":"monolith","ms":20.5,"id":"a","sampled":0.25}\n'
)
ROUTES = """\
[upstreams.monolith]
url = "http://127.0.0.1:8000"
[upstreams.catalog]
url = "http://127.0.0.1:8100"
[[routes]]
name = "catalog.product"
path = "/products/<int:id>/"
candidate = "catalog"
[[routes]]
name = "catalog.wide"
path = "/api/<path:rest>"
candidate = "catalog"
"""


@pytest.fixture
def routes(folder: Path) -> Path:
    file = folder / "strangler.toml"
    file.write_text(ROUTES)
    return file


def test_endpoints_are_listed_with_their_traffic(run: Run, folder: Path) -> None:
    (folder / "access.log").write_text(COMBINED)
    (folder / "older.log.gz").write_bytes(gzip.compress(OWN.encode()))
    result = run("discover", *INVENTORY, "--access-log", "access.log", "--access-log", "older.log.gz")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("7 requests, ")
    product = next(line for line in lines if "catalog:product" in line)
    assert product.split()[:2] == ["GET", "/products/<int:id>/"]
    assert "in 2 languages" in product
    assert "71.428 %" in product
    assert "20." in product.partition("0 %")[2]
    basket = next(line for line in lines if line.startswith("POST /basket/"))
    assert "100 %" in basket
    assert "catalog: joins, reads, transaction" in basket
    assert any(line.split() == ["/wp-login.php", "1"] for line in lines)
    assert "3 endpoints without any traffic in it" in result.stdout
    assert "1 line passed over: no-request." in result.stdout
    orders = next(line for line in lines if line.startswith("orders "))
    assert "catalog (2 imports, 82 joins, 1 relation, 1 signal, 41 transactions)" in orders
    assert "note: shop.legacy.views.dispatch" in result.stdout


def test_programs_get_all_of_it(run_json: Callable[..., Any], folder: Path) -> None:
    (folder / "access.log").write_text(COMBINED)
    document = run_json("discover", *INVENTORY, "--access-log", "access.log", "--app", "catalog")
    assert document["passed_over"] == {"no-request": 1}
    assert [each["app"] for each in document["endpoints"]] == ["catalog"] * 3
    assert document["endpoints"][0]["templates"] == ["/products/<int:id>/", "/de/products/<int:id>/"]
    assert document["unknown"] == [{"paths": "/wp-login.php", "requests": 1}]
    assert {each["app"] for each in document["apps"]} == {"accounts", "admin", "catalog", "orders"}


def test_without_traffic_the_endpoints_are_listed_all_the_same(run: Run, folder: Path) -> None:
    result = run("discover", *INVENTORY, "--limit", "2")
    assert result.exit_code == 0
    assert "and 3 more: --limit 5, or --json." in result.stdout


def test_the_metrics_of_the_proxy_tell_of_routes(run_json: Callable[..., Any], routes: Path) -> None:
    text = 'strangler_requests_total{route="%s",side="m",upstream="m",stage="s",status_class="2xx"} %d\n'
    (routes.parent / "metrics.txt").write_text(text % ("catalog.product", 8) + text % ("-", 2))
    document = run_json("discover", *INVENTORY, "--metrics", "metrics.txt")
    assert [each["requests"] for each in document["endpoints"]] == [8, 0, 0, 0, 0]
    assert document["endpoints"][0]["name"] == "catalog:product"
    assert document["unknown"] == [{"paths": "(no route)", "requests": 2}]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--metrics", "x", "--control"], 2, "would count requests twice"),
        (["--metrics", "nowhere.txt"], 2, "nowhere.txt cannot be read"),
        (["--metrics", "http://127.0.0.1:1/metrics"], 2, "does not answer"),
        (["--metrics", "http://[bad/metrics"], 2, "does not answer"),
        (["--control"], 4, "No proxy has been started here yet"),
        (["--access-log", "nowhere.log"], 2, "nowhere.log"),
        (["--access-log", "strangler.toml"], 2, "is no line of an access log"),
        (["--app", "nothing"], 2, "has no app 'nothing'. Apps with views: admin, catalog, orders."),
        (["--inventory", "nowhere.json"], 2, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told(run: Run, routes: Path, options: list[str], code: int, said: str) -> None:
    routes.write_text(ROUTES + '[control]\nlisten = "127.0.0.1:0"\n')
    result = run("discover", *INVENTORY, *options)
    assert result.exit_code == code, result.output
    assert said in result.stderr


def test_of_a_project_without_apps_no_empty_list_of_them_is_told(run: Run, routes: Path, tmp_path: Path) -> None:
    document = json.loads(EXAMPLE.read_text())
    for view in document["views"]:
        view["app"] = ""
    (tmp_path / "bare.json").write_text(json.dumps({**document, "apps": [], "relations": [], "imports": []}))
    bare = ["--inventory", str(tmp_path / "bare.json")]
    assert "needed by" not in run("discover", *bare).stdout
    for words in (["discover", *bare], ["init", *bare]):
        refused = run(*words, "--app", "nothing")
        assert (refused.exit_code, "No app has views: they are all the project's own." in refused.stderr) == (2, True)


def test_a_route_is_explained_by_what_it_takes(run: Run, routes: Path) -> None:
    result = run("explain", "catalog.product", *INVENTORY)
    assert result.exit_code == 0, result.output
    assert "catalog:product (catalog)" in result.stdout
    assert "not /de/products/0/" in result.stdout
    assert "It takes /products/0 too, which the monolith redirects to /products/0/" in result.stdout


def test_a_request_is_explained_by_the_monoliths_view_too(run: Run, run_json: Callable[..., Any], routes: Path) -> None:
    result = run("explain", "GET", "/products/7", *INVENTORY)
    assert "catalog:product of catalog: shop.catalog.views.product, after a redirect to the last slash" in result.stdout
    assert "takes of the monolith" in result.stdout
    result = run("explain", "GET", "/nowhere/", *INVENTORY)
    assert "has no view for this path" in result.stdout
    document = run_json("explain", "GET", "/api/products/", *INVENTORY)
    assert document["monolith"] == "product-list of catalog: shop.catalog.api.ProductViewSet"
    assert [each["name"] for each in document["taken"]["captures"]] == ["product-list", "product-detail"]
    assert document["taken"]["beyond"] is not None
    named = run_json("explain", "catalog.wide", *INVENTORY)
    assert (named["route"], len(named["captures"])) == ("catalog.wide", 2)


def test_a_route_that_takes_nothing_says_so(run: Run, routes: Path) -> None:
    routes.write_text(ROUTES.replace("/products/<int:id>/", "/produkts/<int:id>/"))
    assert "It takes no URL that the monolith has." in run("explain", "catalog.product", *INVENTORY).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["catalog.product"], "by --inventory FILE"),
        (["catalog.produkt", *INVENTORY], "has no route 'catalog.produkt'. Did you mean 'catalog.product'?"),
        (["GET", *INVENTORY], "a request is METHOD and PATH"),
    ],
)
def test_what_is_no_question_is_told(run: Run, routes: Path, words: list[str], said: str) -> None:
    result = run("explain", *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_routes_that_take_more_or_less_than_a_view_are_warned_of(
    run: Run, run_json: Callable[..., Any], routes: Path
) -> None:
    result = run("check", *INVENTORY)
    assert result.exit_code == 0
    place = "strangler.toml:5: routes[catalog.product].path: "
    assert f"{place}takes /products/0/, and leaves /de/products/0/" in result.stderr
    assert "routes[catalog.wide].path: takes 2 views of the monolith: product-list (/api/products" in result.stderr
    assert "routes[catalog.wide].path" not in run("check").stderr
    assert len(run_json("check", *INVENTORY)["warnings"]) == len(run_json("check")["warnings"]) + 2


def test_the_reads_of_an_app_become_routes_with_their_reasons(run: Run, folder: Path) -> None:
    words = ("init", "--monolith", "http://127.0.0.1:1", "--dir", "new", *INVENTORY, "--app", "catalog")
    result = run(*words, "--candidate", "http://127.0.0.1:8200")
    assert result.exit_code == 0, result.output
    file = folder / "new" / "strangler.toml"
    config = load_config(file, {})
    assert [(route.name, route.path) for route in config.routes] == [
        ("catalog.product-list", "/api/products/"),
        ("catalog.product-detail", "/api/products/<str:pk>/"),
        ("catalog.product", "/products/<int:id>/"),
        ("catalog.product-de", "/de/products/<int:id>/"),
    ]
    assert {route.methods for route in config.routes} == {frozenset({"GET", "HEAD"})}
    assert [str(url) for url in config.upstreams["catalog"].urls] == ["http://127.0.0.1:8200"]
    text = file.read_text()
    assert "# It answers POST too: those stay with the monolith until their data has moved." in text
    assert "# Not quite Django's own pattern, which is ^api/products/(?P<pk>[^/.]+)/$" in text
    assert "# Its answers are cached for 60 s.\n[[routes]]" in text
    assert "# The same.\n[[routes]]" in text
    assert run("-c", str(file), "check", *INVENTORY).stderr.count("routes[") == 0


def test_a_label_that_is_no_name_of_a_route_becomes_one(run: Run, folder: Path) -> None:
    text = EXAMPLE.read_text().replace('"app": "catalog"', '"app": "Catalog_"')
    (folder / "inventory.json").write_text(text)
    words = ("init", "--monolith", "http://127.0.0.1:1", "--dir", "new", "--inventory", "inventory.json")
    assert run(*words, "--app", "Catalog_").exit_code == 0
    config = load_config(folder / "new" / "strangler.toml", {})
    assert {route.candidate for route in config.routes} == {"catalog"}
    assert config.routes[0].name == "catalog.product-list"


def test_a_second_app_is_added_to_a_file_that_is_there(run: Run, run_json: Callable[..., Any], routes: Path) -> None:
    result = run("init", *INVENTORY, "--app", "orders")
    assert result.exit_code == 0, result.output
    assert "strangler.toml has 2 routes more, all at stage monolith." in result.stdout
    assert routes.read_text().startswith(ROUTES.rstrip())
    config = load_config(routes, {})
    assert [route.name for route in config.routes][2:] == ["orders.basket", "orders.basket-de"]
    assert 'Only for who is signed in (LoginRequiredMixin): write identity = "required"' in routes.read_text()
    # Once more there is nothing to add, and the file stays as it is.
    before = routes.read_text()
    again = run("init", *INVENTORY, "--app", "orders")
    assert "is as it was" in again.stdout
    assert "The route orders.basket is there already." in again.stdout
    assert routes.read_text() == before


def test_what_would_take_other_views_along_is_left_out_and_said(run_json: Callable[..., Any], routes: Path) -> None:
    document = json.loads(EXAMPLE.read_text())
    document["views"][2]["forms"][0]["templates"] = ["/api/<path:rest>"]
    document["views"][1]["app"] = "orders"
    document["views"][4]["app"] = document["views"][0]["app"] = "catalog"
    document["views"][4]["methods"] = ["POST"]
    inventory = routes.parent / "inventory.json"
    inventory.write_text(json.dumps(document))
    routes.write_text(ROUTES.partition("[[routes]]")[0])
    found = run_json("init", "--inventory", str(inventory), "--app", "catalog")["routes"]
    why = {each["path"]: each["left_out"] for each in found}
    assert why["/api/<path:rest>"] == "It would take other views along: product-list (/api/products/)."
    assert why["/basket/"] == "It answers no reads, only POST: writes move once their data has."
    assert why["/admin/"] == "An admin site stays with its monolith."
    assert why["/products/<int:id>/"] is None
    assert "# LEFT OUT: " in routes.read_text()
    assert load_config(routes, {}).routes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--app", "catalog"], "--inventory and --app belong together"),
        ([*INVENTORY], "--inventory and --app belong together"),
        ([*INVENTORY, "--app", "nothing"], "has no view of an app 'nothing'. Apps with views: admin, catalog, orders."),
        ([*INVENTORY, "--app", "catalog", "--monolith", "http://127.0.0.1:1"], "says already where the monolith is"),
        ([*INVENTORY, "--app", "catalog", "--candidate", "nonsense"], "upstreams.catalog.url"),
        ([], "Missing option '--monolith'"),
    ],
)
def test_routes_that_cannot_be_written_leave_the_file_alone(
    run: Run, routes: Path, words: list[str], said: str
) -> None:
    if "nonsense" in words:
        routes.write_text(ROUTES.partition("[upstreams.catalog]")[0])
    before = routes.read_text()
    result = run("init", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert routes.read_text() == before
