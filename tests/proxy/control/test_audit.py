"""The whole audit: moves and events together, or calls, whichever way one asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from strangler_proxy.control import ControlPlane
from strangler_proxy.control.audit import AuditKind, AuditPage, AuditPlace, AuditWanted, read_audit

from strangler.documents import CallCount, Event
from strangler.testing import MemoryToggleStore
from strangler.testing.memory_documents import MemoryDocumentStore
from strangler.toggles import Change, Stage, Toggle
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import serving

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def stores(*what: str) -> tuple[MemoryToggleStore, MemoryDocumentStore]:
    """Stores with a move or an event a minute, as the letters of `what` say: `move NAME` or `event NAME`."""
    moves, events = MemoryToggleStore(), MemoryDocumentStore()
    for minute, each in enumerate(what):
        kind, _, name = each.partition(" ")
        who = "Ada@desk (ci)" if minute % 2 else "ben (ops)"
        if kind == "move":
            change = Change([Toggle(name, stage=Stage.SHADOW)], who, "why", at(minute))
            moves.commit(change, expected_revision=moves.load().revision)
        else:
            events.record(Event(at(minute), who, f"{kind}.done", name, "why"))
    return moves, events


def names(page: AuditPage) -> list[str]:
    return [each["name"] for each in page.entries]


def asked(kept: tuple[MemoryToggleStore, MemoryDocumentStore], limit: int = 100, **wanted: Any) -> AuditPage:
    return read_audit(*kept, AuditWanted(**wanted), AuditPlace(), limit)


def test_moves_and_events_are_told_together_newest_first() -> None:
    page = asked(stores("move a", "plan b", "plan c", "move d"))
    assert names(page) == ["d", "c", "b", "a"]
    assert [(each["kind"], each["action"]) for each in page.entries[:2]] == [
        ("move", "toggle.move"),
        ("event", "plan.done"),
    ]
    assert page.entries[0]["to"]["stage"] == "shadow"
    assert page.further is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"kind": AuditKind.MOVE}, ["d", "a.x"]),
        ({"kind": AuditKind.EVENT}, ["c", "a.y"]),
        ({"name": "c"}, ["c"]),
        ({"name": "a.*"}, ["a.y", "a.x"]),
        ({"name": "a"}, []),
        ({"who": "ada"}, ["d", "a.y"]),
        ({"who": "BEN*"}, ["c", "a.x"]),
        ({"who": "desk*"}, []),
        ({"action": "toggle.*"}, ["d", "a.x"]),
        ({"action": "plan.done"}, ["a.y"]),
        ({"since": at(1).timestamp(), "until": at(3).timestamp()}, ["c", "a.y"]),
        ({"since": at(9).timestamp()}, []),
        ({"who": "ada", "kind": AuditKind.EVENT}, ["a.y"]),
    ],
)
def test_it_is_chosen_from_by_kind_name_person_action_and_time(wanted: dict[str, Any], found: list[str]) -> None:
    assert names(asked(stores("move a.x", "plan a.y", "rollout c", "move d"), **wanted)) == found


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["move a", "move b", "plan a", "api b"]), max_size=25), st.integers(1, 7))
def test_page_by_page_everything_is_told_once(what: list[str], limit: int) -> None:
    kept = stores(*what)
    told: list[Any] = []
    place: AuditPlace | None = AuditPlace()
    while place is not None:
        page = read_audit(*kept, AuditWanted(), place, limit)
        assert len(page.entries) <= limit
        told += page.entries
        place = None if page.further is None else AuditPlace.parse(str(page.further))
    assert [each["name"] for each in told] == [each.partition(" ")[2] for each in reversed(what)]
    assert len({(each["kind"], each["id"]) for each in told}) == len(what)


def test_calls_are_told_by_themselves_chosen_from_and_page_by_page() -> None:
    kept = stores("move a", "plan b")
    for minute, verb in enumerate(("GET /a", "GET /b", "POST /a")):
        kept[1].add_calls([CallCount(at(minute), at(minute), "ada (ci)", "ci", "192.0.2.1", verb, 200, minute + 1)])
    whole = asked(kept, kind=AuditKind.CALL)
    assert names(whole) == ["POST /a", "GET /b", "GET /a"]
    assert {each["kind"] for each in whole.entries} == {"call"}
    assert names(asked(kept, kind=AuditKind.CALL, name="GET *", since=at(1).timestamp())) == ["GET /b"]
    first = asked(kept, 2, kind=AuditKind.CALL)
    kept[1].add_calls([CallCount(at(9), at(9), "ada (ci)", "ci", "192.0.2.1", "GET /late", 200)])
    assert first.further is not None
    further = AuditPlace.parse(str(first.further))
    assert names(read_audit(*kept, AuditWanted(kind=AuditKind.CALL), further, 10)) == ["GET /a"]
    assert names(asked(kept)) == ["b", "a"]


def test_what_comes_in_between_does_not_move_the_pages_that_follow() -> None:
    kept = stores("move a", "plan b", "plan c", "move d")
    first = asked(kept, limit=2)
    kept[1].record(Event(at(9), "x", "plan.done", "late"))
    assert first.further is not None
    assert names(read_audit(*kept, AuditWanted(), first.further, 10)) == ["b", "a"]


def test_clocks_of_replicas_that_differ_hide_nothing() -> None:
    moves, events = stores()
    for minute, name in ((5, "first"), (1, "second"), (6, "third")):
        events.record(Event(at(minute), "x", "plan.done", name))
    moves.commit(Change([Toggle("move")], "x", "y", at(3)), expected_revision=0)
    assert names(asked((moves, events))) == ["third", "move", "second", "first"]
    assert names(asked((moves, events), since=at(5).timestamp())) == ["third", "first"]


def test_a_question_that_finds_little_is_answered_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strangler_proxy.control.audit._MOST_LOOKED_AT", 3)
    monkeypatch.setattr("strangler_proxy.control.audit._BATCH", 2)
    kept = stores(*["plan old"], *["api noise"] * 7)
    page, looks = asked(kept, name="*old"), 1
    while page.further is not None:
        assert page.entries == ()
        assert page.reached is not None
        page, looks = read_audit(*kept, AuditWanted(name="*old"), page.further, 100), looks + 1
    assert (names(page), looks) == (["old"], 3)


@pytest.mark.parametrize("text", ["", "1", "a.1", "1.-1", "1.2.", "1.2.3.4", "1." + "9" * 19, "²."])
def test_a_place_that_nobody_gave_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no place"):
        AuditPlace.parse(text)


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), workers=0)


@pytest.fixture
def client(control: ControlPlane) -> Iterator[Client]:
    with serving(control) as client:
        yield client


def test_the_api_tells_it_page_by_page(client: Client, control: ControlPlane) -> None:
    client.post("/api/v1/flip", json={"names": ["catalog.list"], "stage": "shadow", "why": "look"})
    control.documents.record(Event(datetime.now(UTC), "ada", "plan.begin", "p/s", "why", {"x": 1}))
    newest = client.get("/api/v1/audit", params={"limit": 1}).json()
    assert [(each["action"], each["detail"]) for each in newest["entries"]] == [("plan.begin", {"x": 1})]
    older = client.get("/api/v1/audit", params={"limit": 1, "before": newest["further"]}).json()
    assert [(each["name"], each["why"]) for each in older["entries"]] == [("catalog.list", "look")]
    declared = client.get("/api/v1/audit", params={"kind": "move", "who": "strangler"}).json()
    assert declared["further"] is None


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"kind": "all"}, "kind"),
        ({"before": "x"}, "before"),
        ({"since": "yesterday"}, "since"),
        ({"whom": "a"}, "whom"),
    ],
)
def test_the_api_refuses_what_makes_no_sense(client: Client, asked: dict[str, str], where: str) -> None:
    refused = client.get("/api/v1/audit", params=asked)
    assert (refused.status_code, refused.json()["error"]["where"]) == (422, where)
