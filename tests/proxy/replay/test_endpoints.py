from __future__ import annotations

from strangler_proxy.replay.endpoints import Endpoint, Endpoints
from strangler_proxy.routes import RouteTable
from strangler_proxy.routes.route import Route

from strangler.compare import Request

GET = frozenset({"GET"})
TABLE = RouteTable(
    [
        Route("shop.product", GET, "/products/<int:id>/", "catalog"),
        Route("shop.rest", GET, "/rest/<path:rest>", "catalog"),
    ]
)


def test_a_request_is_named_by_its_route_and_the_routes_template() -> None:
    endpoints = Endpoints(TABLE)
    assert endpoints.of(Request("GET", "/products/7/?a=1", "elsewhere")) == Endpoint(
        "shop.product", "GET", "/products/<int:id>/"
    )
    assert endpoints.of(Request("POST", "/products/7/")) == Endpoint("", "POST", "/products/<int>/")
    assert endpoints.of(Request("GET", "/?a=1")) == Endpoint("", "GET", "/")
    assert endpoints.of(Request("GET", "*")).template == "…"


def test_where_a_template_spans_segments_values_are_known_by_their_form() -> None:
    target = "/rest/17/0b5f8f9e-2f63-4c3e-9a55-0c2a6f3d9e11/deadbeef99/decade/"
    assert Endpoints(TABLE).of(Request("GET", target)).template == "/rest/<int>/<uuid>/<hex>/decade/"


def test_without_routes_the_recordings_own_names_hold() -> None:
    assert Endpoints().of(Request("GET", "/a/1", "shop.a")) == Endpoint("shop.a", "GET", "/a/<int>")


def test_templates_of_one_route_are_bounded() -> None:
    endpoints = Endpoints()
    names = {endpoints.of(Request("GET", f"/page-{number}x")).template for number in range(200)}
    assert len(names) == 65
    assert "…" in names
    assert endpoints.of(Request("GET", "/page-3x")).template == "/page-3x"
