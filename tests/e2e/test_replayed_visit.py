"""A visit to the monolith, recorded, and replayed against two fresh copies of it: to the last order they agree."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo.addresses import Addresses
from demo.stack import ROOT, Seeding, Stack
from strangler.evidence import Redactor
from strangler.recording import Recorded
from tests.proxy.replay.browser import Browser, browsing, kept
from tests.stack import QuickStack

pytestmark = pytest.mark.slow

PASSWORD = "a-long-Passphrase-42"
ROUTES = """
[upstreams.monolith]
url = "http://127.0.0.1:8000"
[upstreams.orders]
url = "http://127.0.0.1:8100"
[[routes]]
name = "checkout.review"
methods = ["GET", "POST"]
path = "/checkout/review/"
candidate = "orders"
[[routes]]
name = "orders.order"
path = "/orders/<slug:number>/"
candidate = "orders"
[[routes]]
name = "orders.history"
path = "/orders/"
candidate = "orders"
"""
# Only what each copy draws for itself: a key, an order's number, the moment.
RULES = (
    r"""
[[rule]]
route = "checkout.review"
path = "$..input[*].@value"
class = "token"
why = "Each order has a key of its own."
[[rule]]
route = "checkout.review"
header = "Location"
ignore = true
why = "It has the order's number, which each copy draws for itself."
"""
    + "".join(
        rf"""
[[rule]]
route = "orders.*"
path = "$..{place}"
ids = {{space = "order", within = '(SO-[2-9A-Z]{{10}})'}}
why = "Each copy draws the numbers of its orders for itself."
"""
        for place in ("#text", "@href", "@action", "@value", "@data-events")
    )
    + r"""
[[rule]]
route = "orders.*"
path = "$..time[*].@datetime"
time = 600
why = "The copies are asked one after the other."
[[rule]]
route = "orders.*"
path = "$..time[*].#text"
ignore = true
why = "The same moment, to the minute."
"""
)


@pytest.fixture(scope="module")
def monoliths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Stack]]:
    """Three monoliths of one seed: one to be visited, and two copies that nobody has been to."""
    folder = tmp_path_factory.mktemp("monoliths")
    first = QuickStack(folder / "visited", Addresses.free(), say=lambda text: None)
    first.prepare(Seeding(products=12, customers=2, orders=3))
    stacks: list[Stack] = [first]
    for name in ("old", "new"):
        shutil.copytree(first.folder, folder / name)
        stacks.append(QuickStack(folder / name, Addresses.free(), say=lambda text: None))
    try:
        for stack in stacks:
            part = next(part for part in stack.parts() if part.name == "monolith")
            stack.start_part(replace(part, command=[*part.command, "--workers", "1"]))
        yield stacks
    finally:
        for stack in stacks:
            stack.stop()


def visit(browser: Browser, email: str) -> None:
    """Looks around, registers, buys two things, pays, looks at the order, changes the profile and leaves."""
    browser.get("/")
    products = browser.get("/api/v1/products/?in_stock=true").json()["results"]
    product = next(each for each in products if each["availability"] == "in_stock")
    page = f"/products/{product['id']}-{product['slug']}/"
    person = {"email": email, "display_name": "Ann", "password": PASSWORD, "repeated": PASSWORD}
    browser.send("/accounts/register/", person)
    browser.send("/cart/add/", {"product_id": str(product["id"]), "quantity": "2"}, on=page)
    browser.get("/cart/")
    address = {"name": "Ann", "street": "Fig Lane 1", "postcode": "10115", "city": "Berlin", "country": "DE"}
    browser.send("/checkout/address/", address)
    browser.send("/checkout/payment/", {"card": "4242"})
    order = browser.send("/checkout/review/", {})
    assert "/orders/SO-" in str(order.url)
    browser.get(order.url.path)
    browser.get("/orders/")
    browser.get(f"/api/v1/products/{product['id']}/")
    browser.send("/accounts/profile/", {"display_name": "Ann of Fig Lane"})
    browser.send("/accounts/logout/", {}, on="/accounts/profile/")
    assert "/accounts/login/" in str(browser.get("/orders/").url)


def recorded(monoliths: list[Stack], email: str) -> list[Recorded]:
    with browsing(monoliths[0].addresses.url("monolith")) as browser:
        visit(browser, email)
        return browser.recorded


def orders(stack: Stack) -> int:
    with closing(sqlite3.connect(stack.folder / "shop.sqlite3")) as database:
        return int(database.execute("SELECT count(*) FROM orders_order WHERE state = 'paid'").fetchone()[0])


def replayed(file: Path, monoliths: list[Stack], folder: Path, *arguments: str) -> dict[str, Any]:
    (folder / "strangler.toml").write_text(ROUTES)
    (folder / "strangler.rules.toml").write_text(RULES)
    old, new = (stack.addresses.url("monolith") for stack in monoliths[1:])
    command = [sys.executable, "-m", "strangler_proxy", "replay", str(file), "--old", old, "--new", new, "--json"]
    options = ["--unsafe", "--route-config", str(folder / "strangler.toml"), *arguments]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_a_visit_is_replayed_on_two_copies_without_a_difference(monoliths: list[Stack], tmp_path: Path) -> None:
    before = [orders(stack) for stack in monoliths[1:]]
    file = kept(tmp_path / "visit.ndjson", recorded(monoliths, "ann@shop.example"))
    document = replayed(file, monoliths, tmp_path)
    assert document["differences"] == []
    assert document["pairs"] == {"agree": document["recording"]["requests"], "differ": 0, "inconclusive": 0}
    assert document["rules"]["unused"] == []
    assert [orders(stack) for stack in monoliths[1:]] == [count + 1 for count in before]


def test_a_visit_without_its_secrets_is_replayed_with_others(monoliths: list[Stack], tmp_path: Path) -> None:
    before = [orders(stack) for stack in monoliths[1:]]
    visited = recorded(monoliths, "bob@shop.example")
    file = kept(tmp_path / "visit.ndjson", visited, redactor=Redactor(key=b"a key to redact with"))
    assert PASSWORD not in file.read_text()
    secrets = {"password": PASSWORD, "repeated": PASSWORD, "card": "4242"}
    (tmp_path / "login.toml").write_text("[fields]\n" + "".join(f'{name} = "{secrets[name]}"\n' for name in secrets))
    document = replayed(file, monoliths, tmp_path, "--login-as", str(tmp_path / "login.toml"))
    assert document["differences"] == []
    assert document["pairs"]["inconclusive"] == 0
    assert [orders(stack) for stack in monoliths[1:]] == [count + 1 for count in before]
