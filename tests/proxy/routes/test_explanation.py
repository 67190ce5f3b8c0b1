from __future__ import annotations

import pytest
from strangler_proxy.routes import RouteTable
from strangler_proxy.routes.route import Route

GET = frozenset({"GET"})
WINNER = Route("winner", GET, "/a/<int:id>/", "service", headers={"X-A": "1"})


@pytest.mark.parametrize(
    ("rival", "why"),
    [
        (Route("r", frozenset({"PUT"}), "/a/<int:x>/", "s"), "it takes PUT, not GET"),
        (Route("r", GET, "/a/<slug:x>/", "s"), "in segment 2, `<int:id>` beats `<slug:x>` (int, uuid, slug, str, path"),
        (Route("r", GET, "/<str:x>/7/", "s"), "in segment 1, `a` beats `<str:x>` (a literal beats a variable)"),
        (Route("r", GET, "/a/<int:x>/", "s"), "winner requires more headers and query parameters"),
        (
            Route("r", GET, "/a/7/", "s", headers={"X-B": "2"}),
            "it requires the header x-b = '2', and the request has none",
        ),
        (
            Route("r", GET, "/a/7/", "s", query={"q": None}),
            "it requires the query parameter q, and the request has none",
        ),
    ],
)
def test_each_rival_is_told_why_it_lost(rival: Route, why: str) -> None:
    explained = RouteTable([rival, WINNER]).explain("GET", b"/a/7", b"", [(b"x-a", b"1")])
    assert explained.match is not None
    assert explained.match.route is WINNER
    assert [each.route for each in explained.rivals] == [rival]
    assert explained.rivals[0].why.startswith(why)


def test_more_literal_characters_and_longer_templates_are_reasons_too() -> None:
    table = RouteTable([Route("r", GET, "/<str:x>", "s"), Route("w", GET, "/p-<str:x>", "s")])
    assert table.explain("GET", b"/p-7").rivals[0].why.endswith("(more literal characters)")
    table = RouteTable([Route("r", GET, "/<path:x>", "s"), Route("w", GET, "/<path:x>/b", "s")])
    assert table.explain("GET", b"/a/b").rivals[0].why == "/<path:x>/b goes on where /<path:x> ends"


def test_a_target_without_a_path_has_no_route() -> None:
    explained = RouteTable([WINNER]).explain("OPTIONS", b"*")
    assert (explained.path, explained.match, explained.rivals) == (None, None, ())
    assert explained.to_json()["why"] == "the request target has no path"
