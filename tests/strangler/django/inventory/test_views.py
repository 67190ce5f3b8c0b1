from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from pytest_django.fixtures import Settings

from strangler.django.inventory.owners import Owners
from strangler.django.inventory.urlconf import UrlconfError
from strangler.django.inventory.views import views_of
from strangler.inventory import Inventory, Lookup, Site, View
from tests.strangler.django.inventory import odd_urls

ODD = "tests.strangler.django.inventory.odd_urls"


@cache
def odd_views() -> tuple[View, ...]:
    with override_settings(LANGUAGE_CODE="en", LANGUAGES=[("en", "English"), ("de", "German"), ("fr", "French")]):
        return tuple(views_of(Owners(), ODD))


def view_at(route: str) -> View:
    found = [view for view in odd_views() if view.key == route]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("route", "facts"),
    [
        ("plain/", {"name": "plain", "view": f"{ODD}.plain", "kind": "function", "methods": (), "append_slash": True}),
        ("noslash", {"append_slash": False, "name": ""}),
        ("kept/", {"append_slash": False, "view": f"{ODD}.plain"}),
        ("waiting/", {"asynchronous": True}),
        ("branching/", {"methods": (), "mentions": ("POST", "PUT", "DELETE"), "writes": True}),
        ("get/", {"methods": ("GET",), "decorators": ("require_http_methods",), "writes": False}),
        ("safe/", {"methods": ("GET", "HEAD"), "csrf_exempt": True}),
        ("both/", {"methods": ("POST",)}),
        ("cached/", {"cached": 90.0, "decorators": ("cache_page",), "view": f"{ODD}.plain"}),
        ("signed-in/", {"login": True, "access": ("login_required",), "view": f"{ODD}.plain"}),
        ("permitted/", {"login": True, "access": ("permission_required",)}),
        ("tested/", {"login": True, "access": ("user_passes_test(<lambda>)",)}),
        ("tried/", {"login": False, "access": ("user_passes_test(<lambda>)",)}),
        ("staff/", {"login": True, "access": ("staff_member_required",)}),
        ("members/", {"login": True, "access": (f"{ODD}.members_only",)}),
        ("audited/", {"view": f"{ODD}.plain", "decorators": (f"{ODD}.audited",)}),
        ("quiet/", {"view": f"{ODD}.plain", "decorators": (f"{ODD}.quietly",)}),
        ("partial/", {"view": f"{ODD}.plain"}),
        ("instance/", {"view": f"{ODD}.Answering", "kind": "instance"}),
        ("redirect/", {"methods": ("GET", "HEAD"), "kind": "class", "writes": False}),
        ("narrow/", {"methods": ("GET", "HEAD")}),
        ("decorated/", {"methods": ("GET", "HEAD"), "login": True, "decorators": ("never_cache", "login_required")}),
        ("private/", {"login": True, "access": ("LoginRequiredMixin",), "methods": ("GET", "HEAD", "POST", "PUT")}),
        ("permitted-class/", {"login": True, "access": ("PermissionRequiredMixin",)}),
        ("ruled/", {"login": False, "access": ("PermissionRequiredMixin",)}),
        ("tested-class/", {"login": True, "access": ("UserPassesTestMixin",)}),
        ("generic/", {"methods": (), "kind": "class", "view": f"{ODD}.Generic"}),
        ("acting/", {"methods": ("GET", "HEAD", "POST"), "actions": {"GET": "listed", "POST": "made"}}),
        ("api/counted/", {"view": f"{ODD}.counted", "kind": "function", "methods": ("GET", "HEAD", "POST")}),
        ("outer/<int:id>/", {"name": "outer:one", "namespaces": ("outer",)}),
        ("<path:rest>", {"catch_all": True}),
        ("open-ended/", {"catch_all": True}),
    ],
)
def test_what_can_be_seen_of_a_view_is_told(route: str, facts: dict[str, Any]) -> None:
    view = view_at(route)
    assert {name: getattr(view, name) for name in facts} == facts


def test_a_view_says_where_it_is_written() -> None:
    for route, thing in (
        ("signed-in/", "def plain("),
        ("decorated/", "class Decorated"),
        ("api/counted/", "@api_view"),
    ):
        view = view_at(route)
        assert view.file == "tests/strangler/django/inventory/odd_urls.py"
        text = Path(odd_urls.__file__).read_text().splitlines()
        assert thing in text[view.line - 1]
    assert view_at("template/").file == "django/views/generic/base.py"


def test_a_viewset_says_which_action_answers_which_method() -> None:
    found = {view.key: view for view in odd_views() if view.kind == "viewset"}
    things = found["api/things/$"]
    assert things.actions == {"GET": "list", "POST": "create"}
    assert (things.methods, things.login, things.name) == (("GET", "HEAD", "POST"), True, "thing-list")
    assert things.forms[0].templates == ("/api/things/",)
    detail = found["api/things/(?P<pk>[^/.]+)/$"]
    assert detail.forms[0].templates == ("/api/things/<str:pk>/",)
    assert not detail.forms[0].exact
    approve = found["api/things/(?P<pk>[^/.]+)/approve/$"]
    assert (approve.methods, approve.login, approve.access) == (("POST",), False, ())


def test_an_admin_site_is_one_view_with_all_that_is_below_it() -> None:
    site = view_at("admin/")
    assert (site.kind, site.name, site.login, site.catch_all, site.app) == ("admin", "admin:index", True, True, "admin")
    assert site.covers > 20
    assert site.forms[0].regex == "/admin/.*"
    assert set(site.forms[0].templates) == {"/admin/", "/admin/<path:part1>"}


def test_patterns_come_with_their_proxy_templates() -> None:
    assert view_at("outer/years/<inventory-year:year>/").forms[0].templates == ("/outer/years/<int:year>/",)
    old = view_at(r"old/(?P<slug>[\w-]+)/(?P<page>\d+)?$").forms[0]
    assert old.templates == ("/old/<str:slug>/<int:page>", "/old/<str:slug>/")
    assert view_at("open-ended/").forms[0].templates == ("/open-ended/<path:part1>", "/open-ended/")


def test_languages_are_prefixes_and_translated_patterns_are_forms_of_their_own() -> None:
    spoken = view_at("spoken/")
    assert [(form.prefixes, form.languages) for form in spoken.forms] == [(("", "/de", "/fr"), ())]
    assert spoken.forms[0].localised == ("/spoken/", "/de/spoken/", "/fr/spoken/")
    basket = view_at("basket/")
    assert [(form.route, form.prefixes, form.languages) for form in basket.forms] == [
        ("basket/", ("", "/fr"), ("en", "fr")),
        ("warenkorb/", ("/de",), ("de",)),
    ]


def test_django_itself_resolves_every_path_to_the_same_view(settings: Settings) -> None:
    from django.urls import resolve
    from django.utils.translation import override

    settings.LANGUAGES = [("en", "English"), ("de", "German"), ("fr", "French")]
    lookup = Lookup(Inventory(Site("x", ODD), odd_views()))
    paths = ["/plain/", "/noslash", "/old/a-b/", "/old/a-b/7", "/api/things/", "/api/things/7/", "/api/things/7.json"]
    paths += ["/outer/7/", "/outer/years/2026/", "/outer/years/26/", "/open-ended/x", "/spoken/", "/basket/", "/x/y"]
    paths += ["/admin/login/", "/api/", "/get/"]
    for language, path in [*(("en", path) for path in paths), ("de", "/de/warenkorb/"), ("fr", "/fr/basket/")]:
        with override(language):
            match = resolve(path, ODD)
        found = lookup.find(path)
        assert found is not None, path
        assert found.view.kind == "admin" or found.view.name == (match.view_name if match.url_name else ""), path


def test_transactions_around_views_are_told(settings: Settings) -> None:
    from django.db import connections

    connections.settings["default"]["ATOMIC_REQUESTS"] = True
    try:
        found = {view.key: view.atomic for view in views_of(Owners(), ODD)}
    finally:
        connections.settings["default"]["ATOMIC_REQUESTS"] = False
    assert found["plain/"] == ("default",)
    assert found["apart/"] == ()


def test_no_slash_is_appended_where_django_does_not(settings: Settings) -> None:
    settings.APPEND_SLASH = False
    assert not any(view.append_slash for view in views_of(Owners(), ODD))
    settings.APPEND_SLASH = True
    settings.MIDDLEWARE = ["nowhere.Middleware"]
    assert not any(view.append_slash for view in views_of(Owners(), ODD))


def test_a_view_belongs_to_the_projects_app_that_it_is_written_in() -> None:
    found = {view.name: view.app for view in views_of(Owners())}
    assert found["catalog:product"] == "catalog"
    assert found["api-order"] == "orders"
    assert found["robots"] == ""
    # Written in an installed package, and put into the URLs by a module of no app.
    assert found["api-schema"] == "drf_spectacular"


def test_a_urlconf_that_cannot_be_loaded_is_named() -> None:
    with pytest.raises(UrlconfError, match="nowhere") as caught:
        list(views_of(Owners(), "tests.strangler.django.inventory.broken_urls"))
    assert "cannot be loaded: ModuleNotFoundError" in str(caught.value)


def test_a_urlconf_that_includes_itself_has_an_end() -> None:
    found = [view.key for view in views_of(Owners(), "tests.strangler.django.inventory.endless_urls")]
    assert found[0] == "page/"
    assert len(found) < 5
