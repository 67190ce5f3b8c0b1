"""Two projects that are not ours, as they were found: the commands make of them what a team would start from."""

from __future__ import annotations

import gzip
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from strangler_proxy.discover import Captures, discover_in, traffic_of_lines
from strangler_proxy.discover.starting_routes import starting_routes
from strangler_proxy.routes import parse_template
from strangler_proxy.routes.route import Route

from strangler.inventory import CouplingKind, Inventory, Lookup, View, couplings, read_inventory
from strangler.recording.access_lines import read_access_lines
from strangler.recording.problems import Problems

FOLDER = Path(__file__).with_name("foreign")
PROJECTS = ("oscar", "pretalx")


@cache
def inventory_of(project: str) -> Inventory:
    # Read as the commands read it, from a file of its own.
    unpacked = FOLDER / f"{project}.json"
    try:
        unpacked.write_bytes(gzip.decompress((FOLDER / f"{project}.json.gz").read_bytes()))
        return read_inventory(unpacked)
    finally:
        unpacked.unlink(missing_ok=True)


def view_named(inventory: Inventory, name: str) -> View:
    return next(view for view in inventory.views if view.name == name)


@pytest.mark.parametrize(
    ("project", "path", "name", "redirected"),
    [
        ("oscar", "/de/catalogue/a-book_7/", "catalogue:detail", False),
        ("oscar", "/catalogue/a-book_7", "catalogue:detail", True),
        ("oscar", "/catalogue/category/books/fiction_3/", "catalogue:category", False),
        ("oscar", "/fr/dashboard/offers/4/", "dashboard:offer-detail", False),
        ("oscar", "/admin/order/order/1/change/", "admin:index", False),
        ("pretalx", "/democon/schedule/", "agenda:schedule", False),
        ("pretalx", "/democon/schedule/widget/v2.de.js", "agenda:widget.script.legacy", False),
        ("pretalx", "/api/events/democon/submissions/ABC/accept/", "api:submission-accept", False),
        ("pretalx", "/orga/event/new/", "orga:event.create", False),
    ],
)
def test_a_path_leads_to_the_view_that_its_authors_meant(project: str, path: str, name: str, redirected: bool) -> None:
    found = Lookup(inventory_of(project)).find(path)
    assert found is not None
    assert (found.view.name, found.redirected) == (name, redirected)


@pytest.mark.parametrize("project", PROJECTS)
def test_nearly_every_view_can_be_said_as_a_template_that_takes_it(project: str) -> None:
    inventory = inventory_of(project)
    forms = [form for view in inventory.views for form in view.forms]
    said = [form for form in forms if form.templates]
    assert len(said) == len(forms)
    for form in said:
        for template in form.localised:
            parse_template(template)
    assert sum(form.exact for form in said) > 0.6 * len(said)


@pytest.mark.parametrize(
    ("project", "name", "facts"),
    [
        ("oscar", "checkout:payment-details", {"login": True, "atomic": ("default",), "app": "checkout"}),
        ("oscar", "basket:add", {"methods": ("POST",), "writes": True}),
        ("oscar", "home", {"methods": ("GET", "HEAD"), "writes": False}),
        ("pretalx", "agenda:schedule", {"login": False, "app": "agenda"}),
        ("pretalx", "orga:organiser.teams.list", {"methods": (), "kind": "class"}),
        ("pretalx", "api:submission.favourites", {"kind": "function", "login": True, "csrf_exempt": True}),
        ("pretalx", "agenda:event.css", {"cached": 300.0}),
        ("pretalx", "agenda:feed", {"kind": "instance"}),
    ],
)
def test_views_are_what_their_sources_say(project: str, name: str, facts: dict[str, object]) -> None:
    view = view_named(inventory_of(project), name)
    assert {key: getattr(view, key) for key in facts} == facts
    assert view.line
    assert view.file.startswith((project, "django/"))


def test_apps_that_never_import_each_other_are_tied_all_the_same() -> None:
    tied = {(each.source, each.target, each.kind): each.count for each in couplings(inventory_of("oscar"))}
    assert tied["checkout", "order", CouplingKind.IMPORT] > 5
    assert tied["analytics", "search", CouplingKind.SIGNAL] == 1
    assert tied["order", "address", CouplingKind.RELATION] == 2
    # What no source says: each page of a product is written down by another app, in one transaction.
    assert tied["catalogue", "analytics", CouplingKind.TRANSACTION] > 50


def test_traffic_comes_to_its_endpoints_in_every_language() -> None:
    inventory, skipped = inventory_of("oscar"), Counter[str]()
    lines = read_access_lines(FOLDER / "oscar.access.log.gz", Problems("oscar"), skipped)
    found = discover_in(inventory, traffic_of_lines(lines, inventory))
    assert (found.requests, dict(skipped)) == (318.0, {})
    assert [(each.view.name, each.requests) for each in found.endpoints[:3]] == [
        ("catalogue:detail", 120.0),
        ("catalogue:index", 60.0),
        ("basket:summary", 20.0),
    ]
    assert "transaction" in found.endpoints[0].reaches["analytics"]
    assert found.endpoints[0].redirects == 3.0
    assert dict(found.unknown)["/wp-login.php"] == 12


def test_the_routes_of_an_app_take_its_views_and_nothing_else() -> None:
    inventory = inventory_of("oscar")
    found = starting_routes(inventory, "wishlists")
    assert [each.route.path for each in found if not each.left_out] == [
        "/wishlists/<str:key>/",
        "/de/wishlists/<str:key>/",
        "/fr/wishlists/<str:key>/",
    ]
    adding = [each for each in starting_routes(inventory, "basket") if "/add/" in each.route.path and each.left_out]
    assert [(each.route.path, each.left_out.partition(",")[0]) for each in adding] == [
        ("/basket/add/<int:pk>/", "It answers no reads")
    ]
    routes = [each.route for each in found]
    (taken,) = Captures(inventory, routes).of(routes[0])
    assert (taken.view.app, taken.left, taken.certain) == ("wishlists", "", True)


def test_a_route_for_one_language_leaves_the_others() -> None:
    inventory = inventory_of("oscar")
    route = Route("x.basket", frozenset({"GET"}), "/basket/", "x")
    (taken,) = Captures(inventory, [route]).of(route)
    assert (taken.view.name, taken.left) == ("basket:summary", "/de/basket/")
