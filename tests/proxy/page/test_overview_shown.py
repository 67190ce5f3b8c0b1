"""What the overview shows of what the API tells."""

from __future__ import annotations

from typing import Any

from strangler_proxy.page.overview_shown import Wanted, progress_chart, shown_of, wanted_of

SIDE = {"requests": 10, "rate": 0.5, "errors": 0, "error_rate": 0.0, "fallbacks": 0, "p50": 0.01, "p99": 0.1}


def row(name: str, stage: str | None = "monolith", **changes: Any) -> dict[str, Any]:
    return {
        "name": name, "stage": stage, "share": 0, "rollout": None, "agreement": None, "sides": {}, **changes
    }  # fmt: skip


def document(*rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"parts": [], "code_lacks": None, "needs": [], "routes": list(rows), **changes}


def test_routes_are_grouped_by_the_first_part_of_their_names() -> None:
    shown = shown_of(document(row("a.list"), row("a.detail", "extracted"), row("alone", "retired")), Wanted())
    assert [(each.name, [r.told["name"] for r in each.rows]) for each in shown.contexts] == [
        ("a", ["a.list", "a.detail"]),
        ("alone", ["alone"]),
    ]
    assert [each.moved for each in shown.contexts] == ["50 %", "100 %"]
    assert [(each.stage, each.count) for each in shown.contexts[0].stages] == [("monolith", 1), ("extracted", 1)]


def test_a_canary_has_moved_by_its_share_and_what_was_born_a_service_has_moved() -> None:
    shown = shown_of(document(row("a.list", "canary", share=25_000), row("a.new", None)), Wanted())
    assert shown.contexts[0].moved == "62.5 %"
    assert [(each.stage, each.count, each.part) for each in shown.stages] == [("canary", 1, 1.0)]


def test_only_what_is_wanted_is_shown_and_how_much_there_is() -> None:
    rows = (row("catalog.list", "shadow"), row("catalog.detail"), row("orders.list", "shadow"))
    shown = shown_of(document(*rows), Wanted(text="CATALOG", stage="shadow"))
    assert [[r.told["name"] for r in each.rows] for each in shown.contexts] == [["catalog.list"]]
    assert (shown.found, shown.total) == (1, 3)
    # The picture of all is of all.
    assert sum(each.count for each in shown.stages) == 3


def test_a_query_that_makes_no_sense_is_passed_over() -> None:
    assert wanted_of({"q": " x ", "stage": "nowhere", "over": "7"}) == Wanted(text="x")
    assert wanted_of({"stage": "canary", "over": "300"}) == Wanted(stage="canary", over=300)
    assert len(wanted_of({"q": "x" * 1000}).text) == 200


def test_a_query_says_only_what_was_chosen() -> None:
    assert Wanted().query() == ""
    assert Wanted(text="a&b", over=300).query() == "q=a%26b&over=300"


def test_of_a_route_in_shadow_the_candidates_times_are_those_of_copies() -> None:
    times = {"p50": {"monolith": 0.02, "candidate": 0.03}, "p99": {"monolith": 0.2, "candidate": 0.3}}
    agreement = {"times": times}
    shadow = row("a.list", "shadow", sides={"monolith": SIDE}, agreement=agreement)
    canary = row("a.other", "canary", sides={"monolith": SIDE, "candidate": SIDE}, agreement=agreement)
    found = {each.told["name"]: each for each in shown_of(document(shadow, canary), Wanted()).contexts[0].rows}
    monolith, candidate = found["a.list"].sides
    assert (monolith.side, monolith.rate, monolith.copies) == ("monolith", 0.5, False)
    assert (candidate.p99, candidate.rate, candidate.copies) == (0.3, None, True)
    assert [each.copies for each in found["a.other"].sides] == [False, False]


def test_a_meter_says_of_how_much_and_one_of_nothing_says_why() -> None:
    parts = [
        {"name": "requests", "moved": 1234.0, "whole": 5678.0, "share": 0.25, "unit": "requests"},
        {"name": "routes and seams", "moved": 1.5, "whole": 4.0, "share": 0.375, "unit": "routes and seams"},
        {"name": "the monolith's lines that nobody needs", "moved": 0, "whole": 0, "share": None, "unit": "lines"},
    ]
    meters = shown_of(document(parts=parts), Wanted()).meters
    assert meters[0].caption == "1\u202f234 of 5\u202f678 requests were answered by a candidate, in the last day"
    assert meters[1].caption == "1.5 of 4 routes and seams moved, canaries by their share"
    assert [each.told for each in meters[:2]] == ["25 %", "37.5 %"]
    assert (meters[2].share, meters[2].caption) == (None, "Nothing was counted yet.")
    without = shown_of(document(code_lacks="No inventory is named."), Wanted()).meters
    assert [(each.label, each.caption) for each in without] == [("of the monolith's code", "No inventory is named.")]


def test_a_need_leads_to_where_something_can_be_done() -> None:
    needs = [
        {"kind": "rollout", "name": "a.*", "text": "It waits."},
        {"kind": "agreement", "name": "a/b", "text": "It differs."},
        {"kind": "upstream", "name": "catalog", "text": "down"},
        {"kind": "store", "name": "", "text": "gone"},
    ]
    listed = row("a.list", rollout={"name": "a.*", "state": "paused"})
    places = [each.place for each in shown_of(document(listed, needs=needs), Wanted()).needs]
    assert places == ["/room/routes/a.list", "/room/differences/a%2Fb", "/room/upstreams", ""]


def test_of_many_needs_the_rest_is_counted() -> None:
    needs = [{"kind": "note", "name": "", "text": str(number)} for number in range(40)]
    shown = shown_of(document(needs=needs), Wanted())
    assert (len(shown.needs), shown.more_needs) == (30, 10)


def test_the_chart_has_a_series_for_all_that_is_known_and_the_moves_as_marks() -> None:
    points = [
        {"at": 100, "requests": {"share": 0.5}, "toggles": {"share": 0.1}, "code": None},
        {"at": 200, "requests": {"share": None}, "toggles": {"share": 0.2}, "code": None},
    ]
    toggle = {"stage": "canary", "share": 5000, "overrides": {}}

    def entry(at: str, before: Any) -> dict[str, Any]:
        return {"at": at, "name": "a.list", "from": before, "to": toggle}

    entries = [entry("1970-01-01T00:02:30+00:00", toggle), entry("1970-01-01T00:00:10+00:00", toggle),
               entry("1970-01-01T00:02:00+00:00", None)]  # fmt: skip
    chart = progress_chart(points, entries, 100)
    assert chart["times"] == [100, 200]
    assert [(each["name"], each["values"]) for each in chart["series"]] == [
        ("requests", [0.5, None]),
        ("routes and seams", [0.1, 0.2]),
    ]
    assert chart["marks"] == [{"at": 150.0, "label": "a.list: canary 5%", "kind": "flip"}]


def test_the_chart_begins_where_something_is_known() -> None:
    nothing: dict[str, Any] = {"requests": {"share": None}, "toggles": {"share": None}, "code": None}
    points = [{"at": 0, **nothing}, {"at": 5, **nothing, "toggles": {"share": 0.5}}, {"at": 10, **nothing}]
    chart = progress_chart(points, [], 0)
    assert chart["times"] == [5, 10]
    assert chart["series"] == [{"name": "routes and seams", "side": "", "values": [0.5, None]}]
    assert progress_chart(points[:1], [], 0)["times"] == []
