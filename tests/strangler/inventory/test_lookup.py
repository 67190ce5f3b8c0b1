from __future__ import annotations

from pathlib import Path

import pytest

from strangler.inventory import Inventory, Lookup, Site, UrlForm, View, read_inventory

EXAMPLE = Path(__file__).with_name("example.json")


@pytest.mark.parametrize(
    ("path", "title", "redirected"),
    [
        ("/products/7/", "catalog:product", False),
        ("/de/products/7/", "catalog:product", False),
        ("/products/7", "catalog:product", True),
        ("/api/products/x/", "product-detail", False),
        ("/basket/", "basket", False),
        ("/de/warenkorb/", "basket", False),
        ("/admin/anything/at/all", "admin:index", False),
    ],
)
def test_a_path_leads_to_the_view_that_django_would_take(path: str, title: str, redirected: bool) -> None:
    found = Lookup(read_inventory(EXAMPLE)).find(path)
    assert found is not None
    assert (found.view.title, found.redirected) == (title, redirected)


@pytest.mark.parametrize("path", ["/", "/warenkorb/", "/fr/products/7/", "/products/x/", "/api/products/a.b/"])
def test_a_path_that_no_view_has_leads_nowhere(path: str) -> None:
    assert Lookup(read_inventory(EXAMPLE)).find(path) is None


def test_of_several_patterns_the_first_one_takes_a_path() -> None:
    views = [View((UrlForm("a", "/a/.*"),), "first"), View((UrlForm("b", "/a/b/"),), "second")]
    found = Lookup(Inventory(Site("x", "x.urls"), tuple(views))).find("/a/b/")
    assert found is not None
    assert found.view.view == "first"


def test_a_view_that_does_not_redirect_owns_its_own_form_alone() -> None:
    view = View((UrlForm("a/", "/a/"),), "first", append_slash=False)
    assert Lookup(Inventory(Site("x", "x.urls"), (view,))).find("/a") is None


def test_a_path_of_any_length_is_answered_at_once() -> None:
    view = View((UrlForm("odd", r"/(?:[\w-]+/?)*!"),), "first")
    assert Lookup(Inventory(Site("x", "x.urls"), (view,))).find("/" + "a" * 100_000) is None
