"""How much of the requests, of the routes and of the code has moved, now and over time."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from strangler_proxy.control.how_far import HowFar
from strangler_proxy.control.moves import Moves
from strangler_proxy.routes.route import Route

from strangler.evidence import Traffic, TrafficKey
from strangler.inventory import App, Inventory, Site, UrlForm, View, write_inventory
from strangler.testing.memory_evidence import MemoryEvidenceStore
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Change, Stage, Toggle
from tests.proxy.control.fakes import config

NOW = 1_800_000_000.0
MONOLITH = TrafficKey("-", "monolith")
CANDIDATE = TrafficKey("catalog.list", "candidate", "extracted", "v1")


class Counted(MemoryEvidenceStore):
    """Remembers since when requests were counted."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: list[float] = []

    def requests_by_side(self, *, since: float, until: float | None = None, step: int) -> dict[tuple[int, str], int]:
        self.counted.append(since)
        return super().requests_by_side(since=since, until=until, step=step)


class World:
    """A store of each kind, and a clock."""

    def __init__(self, folder: Path, inventory: Path | None = None, *routes: Route) -> None:
        self.now = NOW
        self.toggles, self.evidence = MemoryToggleStore(), Counted()
        moves = Moves(self.toggles.history, lambda: self.toggles.load().revision)
        configured = config(folder, inventory=inventory)
        configured = replace(configured, routes=routes or configured.routes)
        self.how_far = HowFar(configured, self.evidence, moves, clock=lambda: self.now)

    def move(self, at: float, *toggles: Toggle) -> None:
        change = Change(toggles, "ada", "x", datetime.fromtimestamp(at, UTC), forced=True)
        self.toggles.commit(change, expected_revision=self.toggles.load().revision)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.move(NOW - 90_000, Toggle("catalog.list"), Toggle("catalog.detail"))
    world.move(NOW - 1800, Toggle("catalog.list", stage=Stage.EXTRACTED))
    for at in (NOW - 2 * 86_400, NOW - 5400, NOW - 1000):
        world.evidence.add_traffic({MONOLITH: Traffic(30), CANDIDATE: Traffic(10)}, at=at)
    return world


def test_the_parts_are_those_of_now_and_requests_of_the_last_day(world: World) -> None:
    parts, lacks = world.how_far.now()
    assert [(each.name, each.moved, each.whole) for each in parts] == [
        ("requests", 20, 80),
        ("routes and seams", 1.0, 2),
    ]
    assert "strangler_inventory" in lacks


def test_over_time_every_step_has_its_requests_and_where_the_toggles_were_at_its_end(world: World) -> None:
    points = world.how_far.over(NOW - 5400, 1800)
    assert [each.at for each in points] == [NOW - 5400, NOW - 3600, NOW - 1800, NOW]
    assert [(each.requests.moved, each.requests.whole) for each in points] == [(10, 40), (0, 0), (10, 40), (0, 0)]
    assert [each.toggles.moved for each in points] == [0, 1, 1, 1]
    assert points[1].to_json()["requests"]["share"] is None
    assert points[0].to_json()["requests"]["share"] == 0.25


def test_a_step_that_is_over_is_counted_once_and_one_that_is_not_again(world: World) -> None:
    # Until all of a step has been told, it is not over.
    world.now += 60
    world.how_far.over(NOW - 5400, 1800)
    assert world.evidence.counted == [NOW - 5400]
    world.evidence.add_traffic({CANDIDATE: Traffic(5)}, at=NOW)
    points = world.how_far.over(NOW - 5400, 1800)
    assert world.evidence.counted == [NOW - 5400, NOW]
    assert [each.requests.moved for each in points] == [10, 0, 10, 5]
    world.now += 1800
    world.how_far.over(NOW - 5400, 1800)
    world.how_far.over(NOW - 5400, 1800)
    assert world.evidence.counted[2:] == [NOW, NOW + 1800]


def test_code_has_moved_since_only_retired_routes_lead_to_it(tmp_path: Path) -> None:
    file = tmp_path / "inventory.json"
    view = View((UrlForm(route="list/", regex="/list/"),), "list.view", app="list", methods=("GET",))
    other = View((UrlForm(route="cart/", regex="/cart/"),), "cart.view", app="cart", methods=("GET",))
    apps = (App("list", "list", lines=100), App("cart", "cart", lines=300))
    write_inventory(file, Inventory(Site("shop", "shop.urls"), views=(view, other), apps=apps))
    world = World(tmp_path, file, Route("catalog.list", frozenset({"GET"}), "/list/", "catalog"))
    world.move(NOW - 5000, Toggle("catalog.list"))
    world.move(NOW - 1800, Toggle("catalog.list", stage=Stage.RETIRED))
    points = world.how_far.over(NOW - 5400, 1800)
    assert [each.code and (each.code.moved, each.code.whole) for each in points] == [
        (0, 400),
        (100, 400),
        (100, 400),
        (100, 400),
    ]
    parts, lacks = world.how_far.now()
    assert (parts[-1].share, lacks) == (0.25, "")
    # The file is read again where it is another one.
    write_inventory(file, Inventory(Site("shop", "shop.urls"), views=(view,), apps=apps[:1]))
    os.utime(file, ns=(1, 1))
    assert world.how_far.now()[0][-1].share == 1.0


def test_an_inventory_that_cannot_be_read_says_why_and_takes_nothing_else_away(tmp_path: Path) -> None:
    for text, told in ((None, "cannot be read"), ("no inventory", "inventory.json")):
        file = tmp_path / "inventory.json"
        if text is not None:
            file.write_text(text)
        parts, lacks = World(tmp_path, inventory=file).how_far.now()
        assert told in lacks
        assert len(parts) == 2
