"""In which order routes stand, and what an address asks for."""

from __future__ import annotations

from typing import Any

from strangler_proxy.page.differences_shown import Filters, earlier, ordered, pair_lines


def row(route: str, breaking: int, differ: int, last: float) -> dict[str, Any]:
    return {"route": route, "breaking": breaking, "agree": 10, "differ": differ, "inconclusive": 0, "last": last}


def test_routes_stand_breaking_first_newest_first_or_by_name() -> None:
    rows = [row("a", 0, 5, 3.0), row("b", 1, 1, 2.0), row("c", 2, 9, 1.0)]

    def names(order: str) -> str:
        return "".join(each["route"] for each in ordered(rows, order))

    assert (names("breaking"), names("newest"), names("route")) == ("cba", "abc", "abc")


def test_what_an_earlier_release_differed_in_is_told_once_of_each_route_that_differs_no_more() -> None:
    lines = [{"route": "b", "id": "4"}, {"route": "a", "id": "3"}, {"route": "b", "id": "2"}]
    assert earlier([row("a", 1, 1, 1.0)], lines) == [lines[0]]
    assert earlier([row("a", 1, 1, 1.0)], lines, [lines[0]["route"]]) == []
    assert earlier([], []) == []


def test_what_makes_no_sense_in_an_address_is_left_out() -> None:
    asked = Filters.of({"verdict": "differ", "kind": "<script>", "cause": "x", "days": "-1", "path": " $.a "})
    assert asked == Filters(verdict="differ", path="$.a")
    assert asked.wanted == {"verdict": "differ", "path": "$.a"}


def test_an_address_keeps_what_is_not_changed() -> None:
    asked = Filters.of({"verdict": "differ", "path": '$["a&b"]', "days": "7", "release": ""})
    assert asked.address("a.b", verdict="", path="") == "/room/differences/a.b?days=7&release="
    assert asked.address("a.b", days="") == "/room/differences/a.b?verdict=differ&path=%24%5B%22a%26b%22%5D&release="


def test_a_line_tells_the_worst_difference_and_how_many_more() -> None:
    lines = [{"differences": [{"severity": "warning", "path": "a"}, {"severity": "breaking", "path": "b"}]}]
    (told,) = pair_lines(lines)
    assert (told["worst"]["path"], told["more"]) == ("b", 1)
    assert pair_lines([{"differences": []}])[0]["worst"] is None
