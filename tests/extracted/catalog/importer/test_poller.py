from __future__ import annotations

from typing import Any

import httpx

from extracted.catalog.store import MemoryStore
from tests.extracted.catalog import rows
from tests.extracted.catalog.client import Client
from tests.extracted.catalog.conftest import Serve
from tests.extracted.catalog.rows import FakeMonolith
from tests.waiting import until

QUICK = {"poll_seconds": 0.05}


def names(client: Client) -> list[str]:
    answer = client.get("/api/v1/products/")
    return [item["name"] for item in answer.json()["results"]] if answer.status_code == 200 else []


def ready(client: Client) -> dict[str, Any]:
    body: dict[str, Any] = client.get("/health/ready").json()
    return body


def test_a_running_service_fills_itself_and_follows(serve: Serve, monolith: FakeMonolith) -> None:
    monolith.put("category", rows.category(1))
    monolith.put("product", rows.product(1, name="One"))
    client = serve(filled=False, follow=True, **QUICK)
    until(lambda: names(client) == ["One"])
    monolith.put("product", rows.product(1, name="First"), rows.product(2, name="Two"))
    until(lambda: names(client) == ["First", "Two"])
    monolith.delete("product", 1)
    until(lambda: names(client) == ["Two"])


def test_a_monolith_that_is_away_leaves_the_service_degraded_and_still_ready(
    serve: Serve, monolith: FakeMonolith
) -> None:
    monolith.put("category", rows.category(1))
    monolith.put("product", rows.product(1, name="One"))
    client = serve(filled=False, follow=True, **QUICK)
    until(lambda: ready(client)["status"] == "ready")
    monolith.answer_with = httpx.ConnectError("refused")
    until(lambda: ready(client)["status"] == "degraded")
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    feed = answer.json()["dependencies"]["feed"]
    assert feed["status"] == "down"
    assert "refused" in feed["error"]
    assert feed["lag_seconds"] > 0
    assert names(client) == ["One"]
    monolith.answer_with = None
    monolith.put("product", rows.product(1, name="Back"))
    until(lambda: names(client) == ["Back"])
    until(lambda: ready(client)["status"] == "ready")


def test_a_database_that_goes_and_comes_back_does_not_end_the_following(serve: Serve, monolith: FakeMonolith) -> None:
    monolith.put("category", rows.category(1))
    monolith.put("product", rows.product(1, name="One"))
    client = serve(filled=False, follow=True, **QUICK)
    store = MemoryStore()
    store.gone = True
    until(lambda: names(client) == ["One"])
    client.service.importer._store = store
    until(lambda: "does not answer" in (ready(client)["dependencies"]["feed"]["error"] or ""))
    store.gone = False
    until(lambda: ready(client)["dependencies"]["feed"]["status"] == "up")


def test_a_defect_of_ours_does_not_end_the_following_unseen(serve: Serve, monolith: FakeMonolith) -> None:
    client = serve(filled=False, follow=True, **QUICK)
    monolith.answer_with = RuntimeError("a defect")
    until(lambda: "a defect" in (ready(client)["dependencies"]["feed"]["error"] or ""))
    monolith.answer_with = None
    until(lambda: ready(client)["status"] == "ready")


def test_a_refused_token_is_named(serve: Serve, monolith: FakeMonolith) -> None:
    client = serve(filled=False, follow=True, feed_token="another", **QUICK)
    until(lambda: "CATALOG_FEED_TOKEN" in (ready(client)["dependencies"]["feed"]["error"] or ""))
    assert client.get("/health/ready").status_code == 503
