from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.discover import Captures, capture_warnings
from strangler_proxy.routes import parse_template
from strangler_proxy.routes.route import Route

from strangler.inventory import Inventory, Site, UrlForm, View, read_inventory
from strangler.inventory.expression import joined
from strangler.inventory.templates import templates_of

EXAMPLE = Path(__file__).parents[2] / "strangler" / "inventory" / "example.json"


def view(pattern: str, name: str, prefixes: tuple[str, ...] = ("",), methods: tuple[str, ...] = ()) -> View:
    form = UrlForm(pattern, joined([pattern]), prefixes=prefixes)
    return View((form,), f"shop.{name}", name=name, methods=methods, append_slash=pattern.endswith("/$"))


def inventory(*views: View) -> Inventory:
    return Inventory(Site("shop", "shop.urls"), views)


def route(path: str, name: str = "shop.x", methods: str = "GET", twin: bool = True) -> Route:
    return Route(name, frozenset(methods.split()), path, "shop", twin=twin)


SHOP = inventory(
    view(r"^products/new/$", "new"),
    view(r"^products/(?P<id>\d+)/$", "product", ("", "/de")),
    view(r"^products/(?P<slug>[\w-]+)/$", "by-slug"),
    view(r"^files/(?P<path>.*)$", "files"),
    view(r"^(?P<anything>.*)$", "rest"),
)


def taken(path: str, *others: Route, of: Inventory = SHOP) -> list[tuple[str, str]]:
    wanted = route(path)
    return [(each.view.name, each.left) for each in Captures(of, [wanted, *others]).of(wanted)]


def test_a_route_takes_the_view_that_django_would_have_taken_and_no_other() -> None:
    # `by-slug` and `rest` match the same paths, and never get them.
    assert taken("/products/<int:id>/") == [("product", "/de/products/0/"), ("rest", "/")]


def test_the_form_without_its_slash_is_a_redirect_and_no_other_view() -> None:
    (found,) = Captures(inventory(*SHOP.views[:3]), []).of(route("/products/<int:id>/"))
    assert (found.view.name, found.example, found.redirected) == ("product", "/products/0/", "/products/0")


def test_a_route_that_is_too_wide_takes_several_views() -> None:
    found = dict(taken("/products/<str:id>/", of=inventory(*SHOP.views[:3])))
    assert list(found) == ["new", "product", "by-slug"]
    assert found["new"] == ""


def test_what_another_route_takes_is_not_left() -> None:
    shop = inventory(*SHOP.views[:3])
    german = route("/de/products/<int:id>/", "shop.de")
    assert taken("/products/<int:id>/", german, of=shop) == [("product", "")]
    # And a more specific one takes its part away.
    narrow = route("/products/new/", "shop.new")
    assert "new" not in dict(taken("/products/<slug:id>/", narrow, of=shop))
    reads_more = Route("shop.new", frozenset({"GET"}), "/products/new/", "shop", headers={"X": None})
    assert "new" in dict(taken("/products/<slug:id>/", reads_more, of=shop))


def test_a_pattern_that_cannot_be_decided_may_be_taken() -> None:
    odd = inventory(view(r"^x/(?!admin)(?P<p>[a-z]+)/$", "odd"))
    (found,) = Captures(odd, []).of(route("/x/<slug:p>/"))
    assert not found.certain
    endless = inventory(view(r"^x/(?:[ab]{900}){900}/$", "endless"))
    (found,) = Captures(endless, []).of(route("/x/<slug:p>/"))
    assert (found.certain, found.view.name) == (False, "endless")


def test_methods_are_those_that_the_view_answers() -> None:
    shop = inventory(view("^a/$", "a", methods=("GET", "HEAD", "POST")))
    (found,) = Captures(shop, []).of(route("/a/", methods="GET PUT"))
    assert found.methods == ("GET", "HEAD")


def test_what_the_monolith_has_no_view_for_is_found() -> None:
    shop = inventory(view(r"^products/(?P<id>\d+)/$", "product"))
    wide, exact = route("/products/<slug:id>/"), route("/products/<int:id>/")
    assert Captures(shop, [wide]).beyond(wide) == "/products/a"
    assert Captures(shop, [exact]).beyond(exact) is None


def test_letters_of_any_language_are_known() -> None:
    shop = inventory(view("^über/$", "about"))
    assert taken("/<str:page>/", of=shop) == [("about", "")]
    assert taken("/über/", of=shop) == [("about", "")]
    assert taken("/uber/", of=shop) == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (route("/produkts/<int:id>/"), "takes no URL that the monolith has"),
        (
            route("/api/products/", methods="DELETE"),
            "takes product-list (/api/products/), which does not answer DELETE",
        ),
        (route("/api/products/<int:pk>/"), "and leaves /api/products/a/ of the same view to the monolith"),
        (route("/products/<int:id>/"), "leaves /de/products/0/ of the same view to the monolith (catalog:product)"),
        (route("/api/<path:rest>"), "takes 2 views of the monolith: product-list"),
        (route("/admin/catalog/"), "takes from the admin site: /admin/catalog for example"),
        (
            route("/basket/", twin=False),
            "takes basket (/basket/), which the monolith has, and says that it has no twin",
        ),
    ],
)
def test_a_route_that_was_hardly_meant_so_is_warned_of(wanted: Route, said: str) -> None:
    found = capture_warnings([wanted], read_inventory(EXAMPLE), "strangler.toml")
    assert [each for each in found if said in each.wrong], [each.wrong for each in found]
    assert {each.key for each in found} == {"routes[shop.x].path"}


def test_routes_that_take_a_view_each_whole_are_not_warned_of() -> None:
    paths = ["/api/products/", "/api/products/<str:pk>/", "/products/<int:id>/", "/de/products/<int:id>/", "/basket/"]
    routes = [route(path, f"shop.{number}") for number, path in enumerate([*paths, "/de/warenkorb/"])]
    routes.append(route("/new/", "shop.new", twin=False))
    assert capture_warnings(routes, read_inventory(EXAMPLE), "strangler.toml") == []


@given(
    st.sampled_from(
        [r"^p/(?P<id>\d+)/$", r"^p/(?P<slug>[-\w]+)/(?P<page>\d{1,3})?$", r"^f/(?P<path>.*)$", r"^(?P<a>x|y)/z/?$",
         r"^o/(?P<n>[\w-]*)_(?P<pk>\d+)\.(?P<f>[a-z0-9]+)/?$"]
    ),
    st.data(),
)  # fmt: skip
def test_templates_take_whatever_their_pattern_matches(pattern: str, data: st.DataObject) -> None:
    expression = joined([pattern])
    templates = [parse_template(text) for text in templates_of(expression)[0]]
    path = data.draw(
        st.from_regex(expression, fullmatch=True, alphabet=st.characters(max_codepoint=126, min_codepoint=33))
    )
    assert any(template.match(path) is not None for template in templates)
