from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import TypedDict, Unpack
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.routes import RouteTable
from strangler_proxy.routes.route import Route

from strangler.errors import ConfigError
from tests.proxy.routes.templates import CONVERTERS, owned_by_django, paths, routes, templates
from tests.work import calls

GET = frozenset({"GET"})


class Conditions(TypedDict, total=False):
    headers: Mapping[str, str | None]
    query: Mapping[str, str | None]
    rewrite: str
    line: int


def route(name: str, path: str, methods: frozenset[str] = GET, **more: Unpack[Conditions]) -> Route:
    return Route(name, methods, path, "service", **more)


def taken(table: RouteTable, target: str, method: str = "GET", *headers: tuple[bytes, bytes]) -> str | None:
    path, _, query = target.encode().partition(b"?")
    match = table.match(method, path, query, headers)
    return None if match is None else match.route.name


def key(each: Route) -> tuple[object, ...]:
    """The rule, said once more: segment by segment, then the end, then conditions."""
    path = each.path[1:].removesuffix("/")
    segments: list[tuple[int, ...]] = []
    for segment in path.split("/"):
        kinds = [found or "str" for found in re.findall(r"<(?:(\w+):)?\w+>", segment)]
        literal = len(re.sub(r"<[^>]+>", "", segment))
        segments.append((1, -literal, *(CONVERTERS.index(kind) for kind in kinds)) if kinds else (0,))
    values = [*each.headers.values(), *each.query.values()]
    return [*segments, (2,)], (-len(values), -sum(value is not None for value in values))


def reference(
    all_routes: Sequence[Route], method: str, path: str, query: dict[str, str], headers: dict[str, str]
) -> str | None:
    """Every route that takes the request, by Django's own matching, sorted by the rule: the first one's name."""

    def met(wanted: dict[str, str | None], given: dict[str, str]) -> bool:
        return all(name in given and value in (None, given[name]) for name, value in wanted.items())

    fitting = [
        each
        for each in all_routes
        if (method in each.methods or (method == "HEAD" and "GET" in each.methods))
        and met(dict(each.headers), headers)
        and met(dict(each.query), query)
        and owned_by_django(each.path, path)
    ]
    return min(fitting, key=key).name if fitting else None


@given(st.data())
def test_the_table_gives_what_sorting_all_matching_routes_by_the_rule_gives(data: st.DataObject) -> None:
    texts = data.draw(st.lists(templates(), min_size=1, max_size=6))
    wanted = [data.draw(routes(number, text)) for number, text in enumerate(texts)]
    shuffled = wanted[:]
    data.draw(st.randoms(use_true_random=False)).shuffle(shuffled)
    try:
        table = RouteTable(wanted)
    except ConfigError:
        with pytest.raises(ConfigError):
            RouteTable(shuffled)
        return
    path = data.draw(paths(data.draw(st.sampled_from(texts))))
    method = data.draw(st.sampled_from(("GET", "POST", "HEAD")))
    query = data.draw(st.dictionaries(st.sampled_from("qr"), st.sampled_from("12")))
    headers = data.draw(st.dictionaries(st.sampled_from(("X-A", "X-B")), st.sampled_from("12")))
    target = quote(path, safe="/") + "?" + "&".join(f"{name}={value}" for name, value in query.items())
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    expected = reference(wanted, method, path, query, headers)
    assert taken(table, target, method, *lines) == expected
    explained = table.explain(method, quote(path, safe="/").encode(), target.partition("?")[2].encode(), lines)
    assert (explained.match.route.name if explained.match else None) == expected
    owners = {each.name for each in wanted if owned_by_django(each.path, path)}
    assert {rival.route.name for rival in explained.rivals} == owners - {expected}
    assert taken(RouteTable(shuffled), target, method, *lines) == expected


@pytest.mark.parametrize(
    ("better", "worse", "path"),
    [
        ("/a/b/", "/a/<str:x>/", "/a/b/"),
        ("/a/<int:x>/", "/a/<uuid:x>/", None),
        ("/a/<int:x>/", "/a/<slug:x>/", "/a/7/"),
        ("/a/<uuid:x>/", "/a/<slug:x>/", "/a/0a1b2c3d-0000-4000-8000-00000000000f/"),
        ("/a/<slug:x>/", "/a/<str:x>/", "/a/b/"),
        ("/a/<str:x>/", "/a/<path:x>/", "/a/b/"),
        ("/a/p-<str:x>/", "/a/<int:x>/", None),
        ("/a/p-<str:x>/", "/a/<slug:x>/", "/a/p-7/"),
        ("/a/<path:x>/b/", "/a/<path:x>/", "/a/y/b/"),
        ("/a/<str:x>/", "/<str:x>/b/", "/a/b/"),
    ],
)
def test_the_more_specific_route_wins(better: str, worse: str, path: str | None) -> None:
    table = RouteTable([route("worse", worse), route("better", better)])
    assert [each.name for each in table.routes] == ["better", "worse"]
    if path is not None:
        assert taken(table, path) == "better"


def test_a_literal_that_leads_nowhere_is_left_again() -> None:
    table = RouteTable([route("literal", "/a/b/c/"), route("variable", "/a/<str:x>/d/")])
    assert taken(table, "/a/b/d/") == "variable"


def test_the_one_way_on_is_taken_to_its_end_and_no_further() -> None:
    table = RouteTable([route("a", "/a/<slug:x>/<int:y>/"), route("b", "/b/<slug:x>/<int:y>/")])
    assert [taken(table, path) for path in ("/a/x/1", "/b/x/1/")] == ["a", "b"]
    assert {taken(table, path) for path in ("/a", "/a/x/", "/a/x/y/", "/a/./1/", "/a/x/1/2/", "/c/x/1/")} == {None}
    assert taken(table, "/a/x/1/", "DELETE") is None
    also_shorter = RouteTable([route("a", "/a/<slug:x>/<int:y>/"), route("shorter", "/a/<slug:x>/")])
    assert [taken(also_shorter, path) for path in ("/a/x/", "/a/x/1/")] == ["shorter", "a"]


def test_a_route_that_does_not_take_the_method_leaves_it_to_a_less_specific_one() -> None:
    table = RouteTable([route("read", "/a/b/"), route("any", "/a/<str:x>/", frozenset({"GET", "POST"}))])
    assert taken(table, "/a/b/", "POST") == "any"
    assert taken(table, "/a/b/", "DELETE") is None


def test_head_goes_with_get() -> None:
    assert taken(RouteTable([route("a", "/a/")]), "/a/", "HEAD") == "a"


def test_more_conditions_win_over_fewer() -> None:
    table = RouteTable(
        [
            route("plain", "/a/"),
            route("any", "/a/", headers={"X-Beta": None}),
            route("one", "/a/", headers={"X-Beta": "1"}),
            route("both", "/a/", headers={"X-Beta": "1"}, query={"page": None}),
        ]
    )
    beta = (b"x-BETA", b" 1 ")
    assert taken(table, "/a/") == "plain"
    assert taken(table, "/a/", "GET", (b"X-Beta", b"2")) == "any"
    assert taken(table, "/a/", "GET", beta) == "one"
    assert taken(table, "/a?page=", "GET", beta) == "both"
    assert taken(table, "/a?page", "GET", beta) == "both"
    assert taken(table, "/a#?page=1", "GET", beta) == "one"


def test_several_lines_of_a_header_count_as_wsgi_joins_them() -> None:
    table = RouteTable([route("a", "/a/", headers={"X-Beta": "1,2"})])
    assert taken(table, "/a/", "GET", (b"X-Beta", b"1"), (b"X-Beta", b"2")) == "a"
    assert taken(table, "/a/", "GET", (b"X-Beta", b"1")) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (route("a", "/a/"), route("b", "/a")),
        (route("a", "/<int:x>/"), route("b", "/<int:y>/")),
        (route("a", "/a<str:x>/"), route("b", "/<str:x>a/")),
        (route("a", "/<path:x>/b"), route("b", "/<path:x>/b/")),
        (route("a", "/a/"), route("b", "/a/", frozenset({"HEAD"}))),
        (route("a", "/a/", headers={"X-A": "1"}), route("b", "/a/", headers={"X-B": "1"})),
        (route("a", "/a/", headers={"X-A": "1"}), route("b", "/a/", query={"q": "1"})),
    ],
)
def test_two_routes_that_claim_the_same_request_are_refused_with_an_example(one: Route, other: Route) -> None:
    with pytest.raises(ConfigError, match="claims the same requests as 'a'") as refused:
        RouteTable([one, other])
    example = str(refused.value).split("more specific: ")[1].split()[:2]
    assert taken(RouteTable([one]), example[1], example[0], (b"X-A", b"1"), (b"X-B", b"1")) in ("a", None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (route("a", "/a/"), route("b", "/b/")),
        (route("a", "/a/"), route("b", "/a/", frozenset({"POST"}))),
        (route("a", "/p-<int:x>/"), route("b", "/q-<int:x>/")),
        (route("a", "/<int:x>.html"), route("b", "/<int:x>.json")),
        (route("a", "/x<int:x>/"), route("b", "/<int:x>x/")),
        (route("a", "/<path:x>/b/"), route("b", "/<path:x>/c/")),
        (route("a", "/a/", headers={"X-A": "1"}), route("b", "/a/", headers={"x-a": "2"})),
        (route("a", "/a/", query={"q": "1"}), route("b", "/a/", query={"q": "2"})),
    ],
)
def test_routes_that_can_never_meet_stand_side_by_side(one: Route, other: Route) -> None:
    assert len(RouteTable([one, other]).routes) == 2


def test_a_clash_names_both_places() -> None:
    with pytest.raises(ConfigError) as refused:
        RouteTable([route("b", "/a/", line=30), route("a", "/a", line=10)], file="x.toml")
    (problem,) = refused.value.problems
    assert (problem.file, problem.line, problem.key) == ("x.toml", 30, "routes[b]")
    assert "'a' (x.toml:10)" in problem.wrong


def test_a_rewrite_puts_the_variables_in_encoded_anew() -> None:
    table = RouteTable([route("a", "/a/<str:name>/<path:rest>/", rewrite="/v1/<rest>/of/<name>")])
    match = table.match("GET", b"/a/%C3%A9%20%3F/x%2Fy/z")
    assert match is not None
    assert table.rewritten(match, b"/a/%C3%A9%20%3F/x%2Fy/z") == b"/v1/x/y/z/of/%C3%A9%20%3F"


def test_without_a_rewrite_the_raw_path_goes_on_as_it_came() -> None:
    table = RouteTable([route("a", "/a/<str:name>/")])
    match = table.match("GET", b"/a/%c3%a9")
    assert match is not None
    assert match.params == {"name": "é"}
    assert table.rewritten(match, b"/a/%c3%a9") == b"/a/%c3%a9"


@pytest.mark.parametrize("other", ["/api/v1/things{}/<int:id>/", "/api/v1/thing-{:03}-<int:id>/", "/{}/<path:rest>"])
def test_a_thousand_routes_cost_hardly_more_than_one(other: str) -> None:
    one = [route("a", "/api/v1/products/<int:id>/")]
    many = one + [route(f"r{number}", other.format(number)) for number in range(999)]
    random.Random(1).shuffle(many)
    small, large = RouteTable(one), RouteTable(many)

    def work(table: RouteTable) -> int:
        return calls(lambda: table.match("GET", b"/api/v1/products/7/"))

    assert work(large) <= work(small) + 2
