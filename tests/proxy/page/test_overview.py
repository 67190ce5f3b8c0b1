"""The overview, as the control room serves it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from strangler_proxy.control import ControlPlane

from strangler.evidence import Traffic, TrafficKey
from strangler.testing.memory_evidence import MemoryEvidenceStore
from strangler.testing.toggle_store import MemoryToggleStore
from tests.browser.hostile import HOSTILE
from tests.proxy.control.fakes import kept_pair, observe, plane
from tests.proxy.page.parsed import all_words, one, parsed, words
from tests.proxy.page.visit import Visit, visiting


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    control = plane(tmp_path_factory.mktemp("overview"), MemoryToggleStore(), workers=0)
    observe(control, *(kept_pair(f"pair-{number}") for number in range(60)), agreeing=5)
    rows = {TrafficKey("catalog.list", "monolith", "shadow"): Traffic(30), TrafficKey("-", "monolith"): Traffic(60)}
    control.evidence.store.add_traffic(rows, at=time.time() - 5)
    return control


@pytest.fixture(scope="module")
def visit(control: ControlPlane) -> Iterator[Visit]:
    with visiting(control) as visit:
        headers = {"Authorization": "Bearer a-token-that-nobody-guesses"}
        moved = {"names": ["catalog.list"], "stage": "shadow", "why": "compare first"}
        assert visit.client.post("/api/v1/flip", json=moved, headers=headers).status_code == 200
        yield visit


def test_what_has_moved_and_what_remains_is_one_picture(visit: Visit) -> None:
    page = visit.get("/room/")
    assert page.status_code == 200
    meters = all_words(page.text, ".meters li")
    assert meters[0] == "0 % of requests 0 % 0 of 90 requests were answered by a candidate, in the last day"
    assert meters[1].startswith("0 % of routes and seams")
    assert "No inventory is named" in meters[2]
    assert all_words(page.text, ".moved .stages-words li") == ["■ monolith 2", "◫ shadow 1"]


def test_routes_stand_by_context_with_both_sides_and_their_agreement(visit: Visit) -> None:
    page = visit.get("/room/").text
    assert all_words(page, ".context-name") == ["catalog", "wishlist", "everything else"]
    row = next(each for each in parsed(page).css(".routes tr") if "catalog.list" in words(each))
    told = words(row)
    assert "◫ shadow" in told
    assert "60 differ" in told
    assert one(row, "a").attributes["href"] == "/room/routes/catalog.list"
    assert "/room/differences/catalog.list" in {each.attributes["href"] for each in row.css("a")}


def test_what_needs_a_person_is_told_with_where_to_go(visit: Visit) -> None:
    needs = parsed(visit.get("/room/").text).css(".needs-list li")
    assert any("60 of 65 pairs differ" in words(each) for each in needs)
    assert [one(each, "a").attributes["href"] for each in needs if each.css_first("a")] == [
        "/room/differences/catalog.list"
    ]


def test_the_page_shows_what_is_asked_for_and_says_when_there_is_nothing(visit: Visit) -> None:
    assert all_words(visit.get("/room/?stage=shadow").text, ".routes tbody tr:not(.context) th") == ["catalog.list"]
    assert all_words(visit.get("/room/?q=nothing-like-it").text, ".empty-title") == ["No route is like that"]


def test_parts_are_given_alone_to_the_pages_script(visit: Visit) -> None:
    for part in ("summary", "routes"):
        content = visit.part("/room/?q=catalog", part).text
        assert "<html" not in content
        (found,) = parsed(content).css(f"#{part}")
        assert found.attributes["hx-get"] == "/room/?q=catalog"


def test_hostile_words_in_the_query_stay_text(visit: Visit) -> None:
    hostile = '"><img src=x onerror=alert(1)>'
    page = visit.client.get("/room/", params={"q": hostile}).text
    assert parsed(page).css("img") == []
    assert one(parsed(page), "#q").attributes["value"] == hostile


def test_whatever_a_need_says_stays_text(visit: Visit, control: ControlPlane) -> None:
    notes, control.in_force.notes = control.in_force.notes, tuple(HOSTILE.values())
    try:
        page = visit.get("/room/").text
    finally:
        control.in_force.notes = notes
    assert parsed(page).css("img, svg[onload], iframe, style, script:not([src])") == []
    told = " ".join(all_words(page, ".needs-list li"))
    assert "<script>window.pwned=1</script>" in told
    assert "{{ 7*7 }}{% raw %}${7*7}" in told


def test_the_chart_is_given_as_json_over_the_range_that_is_chosen(visit: Visit) -> None:
    def chart(query: str) -> dict[str, Any]:
        answered = visit.get(f"/room/progress.json{query}")
        assert answered.status_code == 200
        document: dict[str, Any] = answered.json()
        return document

    day, week = chart(""), chart("?range=week")
    assert (day["times"][-1] % 900, week["times"][-1] % 7200) == (0, 0)
    assert len(day["times"]) < 3
    assert [each["name"] for each in day["series"]] == ["requests", "routes and seams"]
    assert [each["label"] for each in day["marks"]] == ["catalog.list: shadow"]
    assert chart("?range=no-such-range")["times"] == day["times"]


def test_while_the_evidence_is_away_the_page_says_what_is_missing(visit: Visit, control: ControlPlane) -> None:
    store = control.evidence.store
    assert isinstance(store, MemoryEvidenceStore)
    store.outage = "The evidence is away."
    try:
        page = visit.get("/room/?over=300")
        assert page.status_code == 200
        assert all_words(page.text, ".refusal") == ["✕ Missing on this page: The evidence is away."]
        assert "◫ shadow" in " ".join(all_words(page.text, ".routes"))
        assert visit.get("/room/progress.json").status_code == 503
    finally:
        store.outage = None


def test_whoever_has_not_signed_in_sees_nothing(control: ControlPlane) -> None:
    with visiting(
        plane(control.config.path.parent / "other", MemoryToggleStore(), workers=0), signed_in=False
    ) as visit:
        for path in ("/room/", "/room/progress.json", "/room/upstreams"):
            assert visit.get(path).status_code == 303
