"""The page of sessions, as somebody who gives out tokens sees and uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from strangler_proxy.control import ControlPlane
from strangler_proxy.room_cookie import ROOM_COOKIE

from strangler.testing import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.page.visit import TOKEN, Visit, visiting

SESSIONS = "/room/sessions"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), workers=0)


@pytest.fixture
def visit(control: ControlPlane) -> Iterator[Visit]:
    with visiting(control) as visit:
        yield visit


def ids(text: str) -> list[str]:
    return re.findall(r'<tr id="session-([0-9a-f]{16})">', text)


def test_a_session_is_ended_by_somebody_else_and_its_owner_is_led_to_signing_in(
    visit: Visit, control: ControlPlane
) -> None:
    mine = visit.client.cookies[ROOM_COOKIE]
    visit.client.cookies.clear()
    visit.sign_in(who=f"ben {HOSTILE}")
    his = visit.client.cookies[ROOM_COOKIE]
    visit.client.cookies.clear()
    visit.client.cookies.set(ROOM_COOKIE, mine)
    page = visit.get(SESSIONS).text
    assert HOSTILE not in page
    assert mine not in page
    assert his not in page
    newest, own = ids(page)
    assert "this one" in page[page.index(own) :]
    assert "this one" not in page[page.index(newest) : page.index(own)]
    answered = visit.post(SESSIONS, {"id": newest, "why": "left his desk"})
    assert (answered.status_code, answered.headers["location"]) == (303, SESSIONS)
    assert ids(visit.get(SESSIONS).text) == [own]
    (event, *_) = control.documents.events(action="session.end")
    assert (event.who, event.why) == ("ada (control.token)", "left his desk")
    visit.client.cookies.clear()
    visit.client.cookies.set(ROOM_COOKIE, his)
    assert visit.get("/room/").status_code == 303


def test_what_was_written_is_given_back_whether_the_session_is_still_there_or_not(visit: Visit) -> None:
    (own,) = ids(visit.get(SESSIONS).text)
    refused = visit.post(SESSIONS, {"id": own, "why": "x" * 501})
    assert refused.status_code == 422
    assert 'value="' + "x" * 501 in refused.text
    gone = visit.post(SESSIONS, {"id": "0" * 16, "why": "a long why"})
    assert gone.status_code == 404
    assert "No session of that id is in force" in gone.text
    assert "<code>a long why</code>" in gone.text


def test_only_those_who_give_out_tokens_see_and_end_sessions(visit: Visit) -> None:
    (own,) = ids(visit.get(SESSIONS).text)
    assert SESSIONS in visit.get("/room/").text
    operating = visit.as_role("operate")
    assert SESSIONS not in operating.get("/room/").text
    assert operating.get(SESSIONS).status_code == 403
    assert operating.post(SESSIONS, {"id": own, "why": "x"}).status_code == 403
    asked = operating.client.get("/api/v1/sessions", headers={"Authorization": f"Bearer {TOKEN}"})
    assert own in {each["id"] for each in asked.json()["sessions"]}
