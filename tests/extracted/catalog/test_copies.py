from __future__ import annotations

import pytest

from extracted.catalog.settings import load_settings
from strangler.shadow import release_of
from tests.extracted.catalog import rows
from tests.extracted.catalog.conftest import Serve
from tests.extracted.catalog.rows import MONOLITH, FakeMonolith

READ = {"x_strangler_shadow": "read"}


@pytest.mark.parametrize("path", ["/api/v1/products/", "/v1/products", "/health/live", "/nowhere"])
def test_a_copy_is_answered_as_a_customer_is_and_both_are_told_the_release(serve: Serve, path: str) -> None:
    client = serve()
    copy, own = client.get(path, **READ), client.get(path)
    assert (copy.status_code, copy.content) == (own.status_code, own.content)
    assert copy.headers["X-Strangler-Release"] == own.headers["X-Strangler-Release"] == "7"


def test_a_copy_is_not_counted_against_the_clients_rate(serve: Serve, monolith: FakeMonolith) -> None:
    monolith.put("category", rows.category(1))
    client = serve(anon_rate="1/min")
    for _ in range(3):
        assert client.get("/api/v1/products/", **READ).status_code == 200
    assert client.get("/api/v1/products/").status_code == 200
    assert client.get("/api/v1/products/", **READ).status_code == 429
    assert client.get("/api/v1/products/").status_code == 429


@pytest.mark.parametrize("mark", ["dry-run", "sandbox", "nonsense"])
def test_a_copy_of_a_write_is_refused(serve: Serve, mark: str) -> None:
    answer = serve().ask("POST", "/v1/products", headers={"X-Strangler-Shadow": mark})
    assert (answer.status_code, answer.json()["title"]) == (503, "Copy Refused")


def test_the_release_comes_from_the_environment_else_from_the_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG_MONOLITH_URL", MONOLITH)
    monkeypatch.setenv("CATALOG_FEED_TOKEN", "s3cret")
    monkeypatch.delenv("STRANGLER_RELEASE", raising=False)
    assert load_settings().release == release_of("extracted.catalog")
    monkeypatch.setenv("STRANGLER_RELEASE", "4f2c")
    assert load_settings().release == "4f2c"
    monkeypatch.setenv("CATALOG_RELEASE", "1.2")
    assert load_settings().release == "1.2"
