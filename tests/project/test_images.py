"""The images, outside a container: built by their own lines and started by their own command lines, as compose says."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from monolith.seed.sizes import CUSTOMER_PASSWORD
from tests.project.composed import Composed, until
from tests.project.images import COMPOSE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GOODS = 400
CUSTOMER = "customer1@shop.example"
READS = ("/api/v1/products/", "/api/v1/products/1/", "/api/v1/categories/", "/api/v1/products/1/reviews/")


@pytest.fixture(scope="module")
def composed(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """The shop as `docker compose up` would have it, with the goods that the compose file's own line fills in."""
    folder = tmp_path_factory.mktemp("compose")
    names = {"shop-db": f"images_shop_{os.getpid()}", "catalog-db": f"images_catalog_{os.getpid()}"}
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        for name in names.values():
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        shop = Composed(folder, {service: f"{postgres_server}/{name}" for service, name in names.items()})
        try:
            shop.start()
            told = re.search(r"docker compose run --rm monolith (.+)", COMPOSE.read_text())
            assert told is not None
            filled = shop.services["monolith"].run(told[1])
            assert filled.returncode == 0, filled.stderr
            yield shop
        finally:
            shop.stop()
            for name in names.values():
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def browser(composed: Composed) -> Iterator[httpx.Client]:
    """A customer in front of the proxy."""
    with httpx.Client(base_url=composed.addresses.url("shop"), timeout=30) as client:
        yield client


def sign_in(browser: httpx.Client) -> None:
    page = browser.get("/accounts/login/")
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert found is not None, page.text
    answer = browser.post(
        "/accounts/login/",
        data={"csrfmiddlewaretoken": found[1], "username": CUSTOMER, "password": CUSTOMER_PASSWORD},
        headers={"Origin": str(browser.base_url).rstrip("/")},
    )
    assert answer.status_code == 302, answer.text


def strangler(composed: Composed, line: str) -> str:
    done = composed.services["proxy"].run(f"strangler {line}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_service_is_healthy_by_its_own_check(composed: Composed) -> None:
    checked = {name: each.is_healthy() for name, each in composed.services.items() if each.health is not None}
    assert checked == {"monolith": True, "events": True, "catalog": True, "proxy": True}


def test_the_shop_has_its_pages_styles_and_pictures(composed: Composed, browser: httpx.Client) -> None:
    page = browser.get("/")
    assert page.status_code == 200
    style = re.search(r'href="(/static/[^"]+\.css)"', page.text)
    assert style is not None
    assert browser.get(style[1]).headers["content-type"].startswith("text/css")
    listed = browser.get("/api/v1/products/?page_size=60").json()["results"]
    picture = next(each["image"] for each in listed if each["image"])
    assert picture.startswith(str(browser.base_url).rstrip("/"))
    assert browser.get(picture).headers["content-type"].startswith("image/")
    assert browser.get("/admin/login/").status_code == 200


def test_a_signed_in_customer_follows_an_order_through_the_second_process(
    composed: Composed, browser: httpx.Client
) -> None:
    with psycopg.connect(composed.services["monolith"].environment["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT number FROM orders_order JOIN accounts_customer c ON c.id = customer_id WHERE c.email = %s",
            [CUSTOMER],
        ).fetchone()
    assert row is not None
    assert browser.get(f"/orders/{row[0]}/events/").status_code == 403
    sign_in(browser)
    with browser.stream("GET", f"/orders/{row[0]}/events/") as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        assert any(line.startswith("data: ") for line in answer.iter_lines())
    until(
        lambda: (
            re.search(r'"path":"/orders/[^"]+/events/","status":200,.*"events"', composed.services["proxy"].said)
            is not None
        ),
        "the stream to be logged as answered by the second process",
        lambda: composed.services["proxy"].said,
    )


def test_the_catalogues_reads_move_to_its_service_and_back(composed: Composed, browser: httpx.Client) -> None:
    goods = composed.services["catalog"]

    def asked() -> int:
        rows = json.loads(strangler(composed, "status --json"))["traffic"]
        assert not any(row["fallbacks"] for row in rows)
        return sum(row["count"] for row in rows if row["upstream"] == "catalog")

    until(
        lambda: re.search(rf"\b{GOODS}\b", goods.run("python -m extracted.catalog ready").stdout) is not None,
        "the service to have taken in the goods",
        lambda: goods.run("python -m extracted.catalog ready").stdout + goods.said,
    )
    before = {path: browser.get(path).text for path in READS}
    assert asked() == 0
    strangler(composed, "flip catalog.* extracted --force --why 'the images are tried'")
    assert {path: browser.get(path).text for path in READS} == before
    until(lambda: asked() == len(READS), "the service to be counted")
    strangler(composed, "back catalog.* --why tried")
    assert {path: browser.get(path).text for path in READS} == before
    assert asked() == len(READS)


def test_a_seam_of_the_running_shop_follows_its_toggle(composed: Composed, browser: httpx.Client) -> None:
    shop, goods = composed.services["monolith"], composed.services["catalog"]
    product = browser.get("/api/v1/products/?in_stock=true").json()["results"][0]["id"]

    def asks_the_service() -> bool:
        so_far = len(goods.said)
        assert browser.get("/api/v1/cart/").json()["count"] == 1
        return re.search(r"(?<!/api)/v1/products", goods.said[so_far:]) is not None

    assert browser.post("/api/v1/cart/items/", json={"product": product}).status_code == 201
    assert not asks_the_service()
    strangler(composed, "flip cart.catalog-facts extracted --force --why 'the images are tried'")
    until(asks_the_service, "the shop's processes to hear of the seam's toggle", lambda: shop.said)
    seen = json.loads(shop.run("python -m monolith.manage strangler_toggles --json").stdout)
    assert seen["source"] == composed.addresses.url("control")
    strangler(composed, "back --all --why tried")
    until(lambda: not asks_the_service(), "the shop's processes to go back", lambda: shop.said)


def test_each_part_answers_by_the_name_that_others_call_it(composed: Composed) -> None:
    names = {name: each.environment for name, each in composed.services.items()}
    assert {"monolith", "catalog", "events", "proxy"} <= set(names)
    for part, path in (("monolith", "/healthz"), ("events", "/healthz"), ("catalog", "/health/ready")):
        answer = httpx.get(composed.addresses.url(part) + path, headers={"Host": f"{part}:8000"})
        assert answer.status_code == 200, f"{part}: {answer.text}"
    called = httpx.get(composed.addresses.url("catalog") + "/v1/products?ids=1", headers={"Host": "catalog:8100"})
    assert called.status_code == 200
    token = {"Authorization": f"Bearer {composed.variables['STRANGLER_TOKEN']}", "Host": "proxy:8081"}
    assert httpx.get(composed.addresses.url("control") + "/api/v1/snapshot", headers=token).status_code == 200


def test_no_secret_is_written_to_any_log(composed: Composed) -> None:
    for service in composed.services.values():
        for name, secret in composed.variables.items():
            assert secret not in service.said, f"{service.name} wrote {name}"


def test_nobody_writes_outside_the_volumes(composed: Composed) -> None:
    assert composed.written() == set()


# The last one: it ends them all.
def test_asked_to_end_every_part_ends_by_itself(composed: Composed) -> None:
    for name in ("proxy", "catalog", "jobs", "events", "monolith"):
        # uvicorn ends by the signal that it was sent, after it has closed everything.
        assert composed.services[name].end() in (0, -signal.SIGTERM), composed.services[name].said
        if composed.services[name].health is not None:
            assert composed.services[name].run(composed.services[name].health or ()).returncode != 0
    assert composed.services["jobs"].process is not None
    assert composed.services["jobs"].process.returncode == 0
