"""What a route takes of the monolith, over the control API."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.config.values import Config
from strangler_proxy.control import ControlPlane
from strangler_proxy.routes.route import Route
from strangler_proxy.state import StateDir

from strangler.testing import MemoryEvidenceStore, MemoryToggleStore
from strangler.testing.memory_documents import MemoryDocumentStore
from tests.proxy.control.fakes import config
from tests.proxy.control.server import serving

EXAMPLE = Path(__file__).parents[2] / "strangler" / "inventory" / "example.json"


def captures(configured: Config, **asked: str) -> tuple[int, dict[str, Any]]:
    stores = MemoryToggleStore(), StateDir.of(configured), MemoryEvidenceStore(), MemoryDocumentStore()
    with serving(ControlPlane(configured, *stores)) as client:
        answered = client.get("/api/v1/captures", params=asked)
        return answered.status_code, answered.json()


def test_the_views_that_a_route_takes_are_told_with_what_is_not_meant(tmp_path: Path) -> None:
    taking = Route("shop.product", frozenset({"GET"}), "/products/<int:id>/", "catalog", captures=("basket",))
    configured = replace(config(tmp_path, workers=0, inventory=EXAMPLE), routes=(taking,))
    status, told = captures(configured, route="shop.product")
    assert status == 200
    (capture,) = told["captures"]
    assert (capture["name"], capture["example"], capture["methods"]) == (
        "catalog:product",
        "/products/0/",
        ["GET", "HEAD"],
    )
    assert told["inventory"]
    assert "not meant to" in told["missed"]


def test_without_an_inventory_nothing_can_be_said(tmp_path: Path) -> None:
    status, told = captures(config(tmp_path, workers=0), route="catalog.list")
    assert status == 200
    assert told == {"route": "catalog.list", "inventory": False, "captures": [], "missed": ""}


@pytest.mark.parametrize(("asked", "status"), [({}, 422), ({"route": "nobody"}, 404)])
def test_a_route_is_wanted_that_there_is(tmp_path: Path, asked: dict[str, str], status: int) -> None:
    assert captures(config(tmp_path, workers=0), **asked)[0] == status


def test_an_inventory_that_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    status, told = captures(config(tmp_path, workers=0, inventory=tmp_path / "gone.json"), route="catalog.list")
    assert (status, told["error"]["message"]) == (422, "The inventory cannot be read: No such file or directory.")
