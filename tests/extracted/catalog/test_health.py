from __future__ import annotations

from extracted.catalog.store import MemoryStore
from tests.extracted.catalog import rows
from tests.extracted.catalog.conftest import Serve
from tests.extracted.catalog.rows import FakeMonolith


def test_a_process_that_answers_is_live_whatever_its_dependencies_do(serve: Serve) -> None:
    client = serve(filled=False)
    gone = MemoryStore()
    gone.gone = True
    client.service.store = gone
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "live", "release": "7"})


def test_before_the_first_import_is_through_it_is_not_ready(serve: Serve) -> None:
    answer = serve(filled=False).get("/health/ready")
    body = answer.json()
    assert (answer.status_code, body["status"], body["release"]) == (503, "unready", "7")
    assert body["dependencies"]["import"]["status"] == "running"
    assert body["dependencies"]["database"]["status"] == "up"
    assert body["dependencies"]["feed"]["status"] == "starting"


def test_without_its_database_it_is_not_ready(serve: Serve) -> None:
    client = serve()
    gone = MemoryStore()
    gone.gone = True
    client.service.store = gone
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["dependencies"]["database"]["status"] == "down"
    assert answer.json()["dependencies"]["import"] == {"status": "unknown"}


def test_rejected_rows_are_shown_with_what_to_do(serve: Serve, monolith: FakeMonolith) -> None:
    monolith.put("category", rows.category(1), rows.category(2, "a/b"))
    monolith.put("product", rows.product(1), rows.product(2, 9))
    imported = serve().get("/health/ready").json()["dependencies"]["import"]
    assert (imported["status"], imported["categories"], imported["products"]) == ("complete", 1, 2)
    assert (imported["rejected"], imported["products_waiting_for_their_category"]) == (1, 1)
    (rejection,) = imported["latest_rejections"]
    assert (rejection["kind"], rejection["id"], rejection["field"], rejection["value"]) == (
        "category",
        2,
        "slug",
        "'a/b'",
    )
    assert rejection["remedy"]
