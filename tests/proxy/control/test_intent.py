"""A route takes of the monolith what it is meant to, and nothing else."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from strangler_proxy.config.values import Upstream
from strangler_proxy.control.activation import Activation
from strangler_proxy.control.intent import Intent
from strangler_proxy.routes.route import Route

from strangler.errors import ConfigError
from strangler.toggles import MoveGuard, Stage, Toggle, refused_by
from tests.proxy.control.fakes import config
from tests.proxy.control.test_activation import service

EXAMPLE = Path(__file__).parents[2] / "strangler" / "inventory" / "example.json"


def route(path: str, *captures: str, methods: tuple[str, ...] = ("GET",)) -> Route:
    return Route("shop.product", frozenset(methods), path, "catalog", captures=captures)


@pytest.mark.parametrize(
    ("taking", "wrong"),
    [
        (route("/products/<int:id>/"), ""),
        (route("/products/<int:id>/", "catalog:product"), ""),
        (route("/products/<int:id>/", "shop.catalog.views.product"), ""),
        (route("/products/<int:id>/", "products/<int:id>/"), ""),
        (route("/product/<int:id>/"), "takes no URL that the monolith has (/product/<int:id>/)."),
        (route("/products/<int:id>/", "basket"), "takes what it is not meant to: catalog:product (/products/0/)."),
        (
            route("/products/<int:id>/", "catalog:product", "basket"),
            "is meant to take basket, and does not.",
        ),
        (route("/<path:rest>"), "takes several views of the monolith: "),
    ],
)
def test_what_a_route_takes_is_held_against_what_it_is_meant_to(taking: Route, wrong: str) -> None:
    missed = Intent(EXAMPLE, [taking]).missed(taking)
    assert missed.removeprefix("shop.product ").startswith(wrong)
    assert bool(missed) == bool(wrong)


def test_the_inventory_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "inventory.json"
    shutil.copy(EXAMPLE, file)
    taking = route("/products/<int:id>/")
    intent = Intent(file, [taking])
    assert not intent.missed(taking)
    file.write_text(file.read_text().replace("products/<int:id>/", "wares/<int:id>/").replace("/products/", "/wares/"))
    os.utime(file, ns=(1, 1))
    assert "takes no URL" in intent.missed(taking)


def test_without_an_inventory_that_can_be_read_nobody_moves(tmp_path: Path) -> None:
    file = tmp_path / "inventory.json"
    taking = route("/products/<int:id>/")
    with pytest.raises(FileNotFoundError):
        Intent(file, [taking]).missed(taking)
    file.write_text("{}")
    with pytest.raises(ConfigError):
        Intent(file, [taking]).missed(taking)


@pytest.mark.parametrize(("path", "moves"), [("/products/<int:id>/", True), ("/nowhere/", False)])
def test_a_route_that_takes_something_else_takes_no_traffic(tmp_path: Path, path: str, moves: bool) -> None:
    with service([], {}) as address:
        given = config(tmp_path, inventory=EXAMPLE)
        upstreams = {**given.upstreams, "catalog": Upstream("catalog", address)}
        guards: list[MoveGuard] = [Activation(replace(given, upstreams=upstreams, routes=(route(path),)), list)]
        refusal = refused_by(guards, Toggle("shop.product"), Toggle("shop.product", stage=Stage.EXTRACTED))
    assert (refusal is None) == moves
    assert refusal is None or "`captures` of the route" in refusal.remedy
