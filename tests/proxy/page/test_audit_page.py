"""The audit's page and its exports."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from strangler_proxy.control import ControlPlane
from strangler_proxy.page.audit_shown import AuditAsked, NotAsked, entries_shown

from strangler.documents import CallCount, Event
from strangler.testing import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.page.visit import TOKEN, Visit, visiting

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), workers=0)


@pytest.fixture
def visit(control: ControlPlane) -> Iterator[Visit]:
    with visiting(control) as visit:
        yield visit


def move(visit: Visit, name: str = "catalog.list", stage: str = "shadow", why: str = "a look") -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Strangler-Who": "ben@desk"}
    body = {"names": [name], "stage": stage, "why": why}
    assert visit.client.post("/api/v1/flip", json=body, headers=headers).status_code == 200


def happen(control: ControlPlane, name: str, action: str = "plan.begin", day: int = 1, why: str = "x") -> None:
    control.documents.record(Event(datetime(2026, 3, day, 12, tzinfo=UTC), "carla (ops)", action, name, why, {"n": 1}))


def names(page: str) -> list[str]:
    return re.findall(r"</code> (n\d+)</p>", page)


def test_moves_and_events_stand_together_with_what_was_known(visit: Visit, control: ControlPlane) -> None:
    move(visit)
    move(visit, name="catalog.facts")
    happen(control, "migration_plan/reads.shadow")
    page = visit.get("/room/audit").text
    assert "a look" in page
    assert "ben@desk (control.token)" in page
    assert 'href="/room/routes/catalog.list"' in page
    assert 'href="/room/routes/catalog.facts"' in page
    assert 'href="/room/plan#step-reads.shadow"' in page
    assert "What was known" in page


def test_it_is_filtered_and_says_so_where_nothing_is_left(visit: Visit, control: ControlPlane) -> None:
    move(visit)
    happen(control, "here")
    assert "a look" not in visit.get("/room/audit?who=carla").text
    assert "carla (ops)" in visit.get("/room/audit?who=carla&action=plan.*&since=2026-03-01&until=2026-03-01").text
    assert "Nothing of that" in visit.get("/room/audit?name=nobody").text
    wrong = visit.get("/room/audit?since=yesterday")
    assert (wrong.status_code, "yesterday is no day" in wrong.text) == (422, True)
    assert visit.get("/room/audit?kind=all").status_code == 422
    assert visit.get("/room/audit?before=x").status_code == 422
    assert "a look" in visit.get("/room/audit?until=9999-12-31").text


def test_calls_are_a_kind_of_their_own_with_how_often(visit: Visit, control: ControlPlane) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    control.documents.add_calls(
        [CallCount(at, at, "carla (ops)", "ops", "192.0.2.7", "GET /api/v1/pairs/{id}", 403, 7)]
    )
    assert "api.calls" not in visit.get("/room/audit").text
    page = visit.get("/room/audit?kind=call&who=carla").text
    assert "GET /api/v1/pairs/{id}" in page
    assert "answered 403, 7 times" in page
    assert "192.0.2.7" in page
    assert '<option value="call" selected>' in page
    (entry,) = json.loads(visit.get("/room/audit.json?kind=call&who=carla").text)["entries"]
    assert (entry["kind"], entry["detail"]["count"]) == ("call", 7)
    assert "GET /room/audit" in visit.get("/room/audit?kind=call&who=ada").text, "one's own, just now"


def test_one_reads_on_page_by_page(visit: Visit, control: ControlPlane) -> None:
    for number in range(130):
        happen(control, f"n{number}")
    first = visit.get("/room/audit?kind=event&action=plan.*").text
    assert names(first) == [f"n{number}" for number in range(129, 29, -1)]
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = visit.get(older).text
    assert names(second) == [f"n{number}" for number in range(29, -1, -1)]
    assert "That is all" in second


def test_exports_are_what_the_filters_take(visit: Visit, control: ControlPlane) -> None:
    move(visit)
    happen(control, "=HYPERLINK(1)", why="@x")
    told = visit.get("/room/audit.csv?who=carla")
    assert told.headers["content-type"] == "text/csv; charset=utf-8"
    assert told.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(told.text, newline="")))
    assert [(row["name"], row["why"]) for row in rows] == [("'=HYPERLINK(1)", "'@x")]
    whole = json.loads(visit.get("/room/audit.json?kind=move&name=catalog.list").text)
    assert whole["entries"][0]["why"] == "a look"
    assert whole["asked"]["kind"] == "move"
    assert visit.get("/room/audit.csv?since=x").status_code == 422


def test_an_export_has_more_than_one_part(visit: Visit, control: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strangler_proxy.page.audit._EACH_PART", 2)
    for number in range(5):
        happen(control, f"n{number}")
    rows = list(csv.DictReader(io.StringIO(visit.get("/room/audit.csv?action=plan.*").text, newline="")))
    assert [row["name"] for row in rows] == ["n4", "n3", "n2", "n1", "n0"]
    whole = json.loads(visit.get("/room/audit.json?action=plan.*").text)
    assert [each["name"] for each in whole["entries"]] == ["n4", "n3", "n2", "n1", "n0"]


def test_hostile_text_stays_text(visit: Visit, control: ControlPlane) -> None:
    move(visit, why=HOSTILE)
    happen(control, HOSTILE, action="plan.begin", why=HOSTILE)
    for page in (visit.get("/room/audit"), visit.get(f"/room/audit?name={HOSTILE}"), visit.part("/room/audit")):
        assert HOSTILE not in page.text
        assert "&lt;script&gt;" in page.text


def test_the_page_of_now_follows_and_that_of_then_does_not(visit: Visit, control: ControlPlane) -> None:
    happen(control, "here")
    assert 'hx-get="/room/audit?' in visit.part("/room/audit").text
    assert "hx-get" not in visit.part("/room/audit?before=9.9").text


def test_days_are_whole_and_of_utc() -> None:
    wanted = AuditAsked(since="2026-03-01", until="2026-03-01").wanted()
    assert (wanted["until"] - wanted["since"], wanted["since"] % 86_400) == (86_400, 0)
    with pytest.raises(NotAsked, match="no day"):
        AuditAsked(until="2026-02-31").wanted()


def test_what_was_known_is_told_whole_up_to_a_length() -> None:
    entry = {"kind": "event", "id": 1, "at": "2026-03-01T00:00:00+00:00", "who": "a", "action": "a.b", "name": "n",
             "why": "", "detail": {"text": "x" * 9000, "gates": [{"gate": "errors"}]}}  # fmt: skip
    (shown,) = entries_shown([entry], plan="migration_plan")
    assert [name for name, _ in shown.known] == ["text", "gates"]
    assert len(shown.known[0][1]) == 4000
    assert json.loads(shown.known[1][1]) == [{"gate": "errors"}]
