"""The control room's door: whose session counts, what a form must bring, and who is kept out."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from strangler_proxy.config.values import Address, ListenerTls
from strangler_proxy.control import ControlPlane
from strangler_proxy.room_cookie import ROOM_COOKIE

from strangler.testing.memory_documents import MemoryDocumentStore
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.control.room import BACK, shared, somebody
from tests.proxy.control.server import serving
from tests.proxy.listener.conftest import make_certificate
from tests.proxy.page.visit import ORIGIN, TOKEN, Visit, visiting

__all__ = ["shared", "somebody"]

API = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def documents() -> MemoryDocumentStore:
    return MemoryDocumentStore()


@pytest.fixture
def control(tmp_path: Path, documents: MemoryDocumentStore) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), documents, workers=0)


@pytest.fixture
def visit(control: ControlPlane) -> Iterator[Visit]:
    with visiting(control) as visit:
        yield visit


def location(answered: Response) -> str:
    assert answered.status_code == 303, answered.text
    return answered.headers["location"]


def events(documents: MemoryDocumentStore, action: str) -> list[Any]:
    return documents.events(action=action, limit=100)


@pytest.mark.parametrize("path", ["/", "/room"])
def test_the_bare_address_leads_to_the_room(somebody: Visit, path: str) -> None:
    assert location(somebody.get(path)) == "/room/"


def test_nobody_sees_a_page_before_signing_in_and_then_comes_to_where_they_were_going(visit: Visit) -> None:
    visit.client.cookies.clear()
    asked = visit.get("/room/back?name=catalog.list")
    assert location(asked) == "/room/sign-in?next=%2Froom%2Fback%3Fname%3Dcatalog.list"
    form = visit.get(location(asked)).text
    assert 'name="next" value="/room/back?name=catalog.list"' in form
    assert "catalog.list" not in visit.get("/room/").text
    assert location(visit.sign_in(onward="/room/back?name=catalog.list")) == "/room/back?name=catalog.list"
    assert visit.get("/room/back?name=catalog.list").status_code == 200


def test_what_there_is_not_is_told_to_nobody_who_has_not_signed_in(somebody: Visit) -> None:
    assert somebody.get("/room/nowhere").status_code == 404
    somebody.client.cookies.clear()
    assert location(somebody.get("/room/nowhere")).startswith("/room/sign-in")


def test_a_part_of_a_page_sends_its_whole_page_to_sign_in(somebody: Visit) -> None:
    somebody.client.cookies.clear()
    answered = somebody.get("/room/", **{"HX-Request": "true", "HX-Current-URL": f"{ORIGIN}/room/back?name=a"})
    assert answered.status_code == 401
    assert answered.headers["hx-redirect"] == "/room/sign-in?next=%2Froom%2Fback%3Fname%3Da"
    assert answered.text == ""


def test_the_cookie_is_for_these_pages_alone_and_for_no_script(somebody: Visit) -> None:
    cookie = somebody.sign_in().headers["set-cookie"]
    assert re.fullmatch(rf"{ROOM_COOKIE}=[\w-]{{43}}; HttpOnly; Path=/room; SameSite=strict", cookie)


def test_over_tls_the_cookie_is_never_sent_in_the_clear(somebody: Visit) -> None:
    behind = somebody.sign_in(Origin=ORIGIN.replace("http:", "https:"))
    assert "; Secure" in behind.headers["set-cookie"]


def test_where_we_end_tls_ourselves_too(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "control")
    tls = ListenerTls(certificate, tmp_path / "control.key")
    with serving(plane(tmp_path, MemoryToggleStore(), workers=0, control_tls=tls)) as client:
        origin = {"Origin": str(client.base_url).rstrip("/")}
        begun = client.post("/room/sign-in", data={"who": "ada", "token": TOKEN}, headers=origin)
        assert "; Secure" in begun.headers["set-cookie"]
        assert client.get("/room/").status_code == 200


def test_an_id_that_somebody_else_chose_is_never_taken_up(somebody: Visit) -> None:
    somebody.client.cookies.clear()
    planted = {"Cookie": f"{ROOM_COOKIE}=chosen-by-somebody-else"}
    begun = somebody.sign_in(**planted)
    assert "chosen-by-somebody-else" not in begun.headers["set-cookie"]
    somebody.client.cookies.clear()
    assert location(somebody.get("/room/", **planted)) == "/room/sign-in"


def test_signing_in_anew_ends_the_session_before(somebody: Visit) -> None:
    before = somebody.client.cookies[ROOM_COOKIE]
    somebody.sign_in(who="ben")
    assert somebody.client.cookies[ROOM_COOKIE] != before
    assert "ben" in somebody.get("/room/").text
    somebody.client.cookies.clear()
    assert location(somebody.get("/room/", Cookie=f"{ROOM_COOKIE}={before}")) == "/room/sign-in"


def test_two_sessions_at_once_are_nobodys(somebody: Visit) -> None:
    own = somebody.client.cookies[ROOM_COOKIE]
    somebody.client.cookies.clear()
    somebody.sign_in(who="mallory")
    other = somebody.client.cookies[ROOM_COOKIE]
    somebody.client.cookies.clear()
    planted = f"{ROOM_COOKIE}={other}; {ROOM_COOKIE}={own}"
    assert location(somebody.get("/room/", Cookie=planted)) == "/room/sign-in"
    garbage = f"{ROOM_COOKIE}=nothing; {ROOM_COOKIE}={own}; {ROOM_COOKIE}={own}"
    assert somebody.get("/room/", Cookie=garbage).status_code == 200
    assert somebody.sign_in(Cookie=planted).status_code == 303
    somebody.client.cookies.clear()
    assert location(somebody.get("/room/", Cookie=f"{ROOM_COOKIE}={other}")) == "/room/sign-in"


def test_a_cookie_opens_no_api_and_a_token_no_page(somebody: Visit) -> None:
    assert somebody.get("/api/v1/status").status_code == 401
    flip = {"names": ["catalog.list"], "stage": "shadow", "why": "ride"}
    assert somebody.client.post("/api/v1/flip", json=flip, headers={"Origin": ORIGIN}).status_code == 401
    somebody.client.cookies.clear()
    assert location(somebody.get("/room/", **API)) == "/room/sign-in"


def test_the_role_is_looked_at_on_the_server_and_what_was_written_is_not_lost(
    visit: Visit, control: ControlPlane, documents: MemoryDocumentStore
) -> None:
    visit.as_role("view")
    page = visit.get("/room/back?name=catalog.list").text
    assert "may only look" in page
    assert "Take it back" not in page
    answered = visit.post("/room/back", BACK)
    assert answered.status_code == 403
    assert "has the role <code>view</code>, and this wants <code>operate</code>" in answered.text
    assert "p99 doubled" in answered.text
    assert control.snapshot.revision == 1
    (call, *_) = events(documents, "api.call")
    assert (call.name, call.who, call.detail["status"]) == ("POST /room/back", "ada (of-view)", 403)


def test_a_role_counts_as_it_is_now(visit: Visit, documents: MemoryDocumentStore) -> None:
    visit.as_role("operate")
    assert visit.post("/room/back", BACK).status_code == 303
    kept = documents.read("token", "of-operate")
    assert kept is not None
    documents.write("token", "of-operate", {**kept.content, "role": "view"}, expected=kept.version, at=kept.at)
    end = time.monotonic() + 20
    while visit.post("/room/back", BACK).status_code != 403:
        assert time.monotonic() < end
    assert "role <b>view</b>" in visit.get("/room/").text


@pytest.mark.parametrize("verb", ["revoke", "rotate"])
def test_a_token_that_is_good_no_more_ends_its_sessions_at_once(visit: Visit, verb: str) -> None:
    visit.as_role("operate")
    asked = {"name": "of-operate", "why": "it was in a log"}
    assert visit.client.post(f"/api/v1/tokens/{verb}", json=asked, headers=API).status_code == 200
    assert location(visit.get("/room/")) == "/room/sign-in"
    answered = visit.client.post("/room/back", data={**BACK, "form_token": "x"}, headers={"Origin": ORIGIN})
    assert answered.status_code == 403
    assert "p99 doubled" in answered.text, "what was written is there to be written again"


def test_a_token_that_is_rotated_with_a_grace_keeps_its_sessions_so_long(visit: Visit) -> None:
    visit.as_role("operate")
    asked = {"name": "of-operate", "why": "every quarter", "grace_seconds": 3600}
    assert visit.client.post("/api/v1/tokens/rotate", json=asked, headers=API).status_code == 200
    assert visit.get("/room/").status_code == 200


def test_signing_in_and_out_stand_in_the_audit_and_no_secret_does(visit: Visit, documents: MemoryDocumentStore) -> None:
    session = visit.client.cookies[ROOM_COOKIE]
    answered = visit.post("/room/sign-out")
    assert location(answered) == "/room/sign-in"
    assert answered.headers["clear-site-data"] == '"cache"', "the shop's cookies on this host are not ours to clear"
    assert f'{ROOM_COOKIE}=""' in answered.headers["set-cookie"]
    (begun,), (ended,) = events(documents, "session.begin"), events(documents, "session.end")
    assert {(each.who, each.name, each.detail["address"]) for each in (begun, ended)} == {
        ("ada (control.token)", "control.token", "192.0.2.1")
    }
    kept = repr([*documents.events(limit=100), *documents.listed("session")])
    assert session not in kept
    assert TOKEN not in kept


def test_after_signing_out_the_session_is_good_for_nothing(visit: Visit) -> None:
    cookie, form_token = visit.client.cookies[ROOM_COOKIE], visit.form_token()
    page = visit.get("/room/")
    assert page.headers["cache-control"] == "no-store", "so that going back asks anew"
    visit.post("/room/sign-out")
    visit.client.cookies.clear()
    shown = {"Cookie": f"{ROOM_COOKIE}={cookie}"}
    assert location(visit.get("/room/", **shown)) == "/room/sign-in"
    stolen = visit.client.post(
        "/room/back", data={**BACK, "form_token": form_token}, headers={"Origin": ORIGIN, **shown}
    )
    assert stolen.status_code == 403


def test_a_wrong_token_is_refused_written_down_and_not_repeated_on_the_page(
    visit: Visit, documents: MemoryDocumentStore
) -> None:
    visit.client.cookies.clear()
    answered = visit.sign_in("a-guess-of-somebody", who="mal<b>lory")
    assert answered.status_code == 403
    assert "No such token is in force" in answered.text
    assert 'value="mal&lt;b&gt;lory"' in answered.text
    assert "a-guess" not in answered.text
    assert "set-cookie" not in answered.headers
    (call,) = events(documents, "api.call")
    assert (call.name, call.who, call.detail["status"]) == ("POST /room/sign-in", "mal<b>lory (no token)", 403)
    assert "a-guess" not in repr(documents.events(limit=100))


def test_wrong_tokens_are_slowed_down_with_those_of_the_api_and_keep_nobody_else_out(visit: Visit) -> None:
    visit.client.cookies.clear()
    guess = {"Authorization": "Bearer guess"}
    for _ in range(40):
        visit.get("/api/v1/status", **guess)
    answers = [visit.sign_in(f"guess-{number}") for number in range(40)]
    assert answers[0].status_code == 403
    late = [each for each in answers if each.status_code == 429]
    assert late
    assert int(late[0].headers["retry-after"]) >= 1
    assert visit.sign_in().status_code == 303


@pytest.mark.parametrize("who", ["", "   ", "a" * 61, "ada\nben", "ada\u202eben", "ada\x00"])
def test_who_signs_in_says_who_they_are_in_one_plain_line(somebody: Visit, who: str) -> None:
    somebody.client.cookies.clear()
    answered = somebody.sign_in(who=who)
    assert answered.status_code == 422
    assert "Say who you are" in answered.text


def test_a_name_of_any_language_stands_in_the_audit(visit: Visit, control: ControlPlane) -> None:
    visit.sign_in(who="Zoë 李")
    assert visit.post("/room/back", {"name": "", "why": "zurück — 戻る"}).status_code == 303
    (call, *_) = events(control.documents, "api.call")  # type: ignore[arg-type]
    assert call.who == "Zoë 李 (control.token)"


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example/room/",
        "//evil.example/room/",
        "/\\evil.example",
        "/room/../api/v1/status",
        "/room/%2e%2e/api",
        "/room/\r\nSet-Cookie: a=b",
        "/roomy/",
        "room/",
        "javascript:alert(1)",
        "/room/" + "a" * 3000,
        "/room/ü",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(somebody: Visit, onward: str) -> None:
    assert location(somebody.sign_in(onward=onward)) == "/room/"
    assert location(somebody.client.get("/room/sign-in", params={"next": onward})) == "/room/"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]:8081"])
def test_a_page_whose_name_was_pointed_here_sees_nothing(somebody: Visit, host: str) -> None:
    for path in ("/", "/room/", "/room/sign-in", "/room/live"):
        answered = somebody.get(path, Host=host)
        assert answered.status_code == 421
        assert "catalog" not in answered.text


def test_where_it_listens_beyond_this_machine_any_name_will_do(tmp_path: Path) -> None:
    control = plane(tmp_path, MemoryToggleStore(), workers=0, control=Address("0.0.0.0", 8081))
    with visiting(control) as visit:
        assert visit.get("/room/", Host="control.shop.example:8081").status_code == 200


def test_pages_are_framed_and_kept_by_nobody_and_run_nothing_but_our_files(somebody: Visit) -> None:
    for path in ("/room/", "/room/sign-in", "/room/nowhere", "/room/back", "/"):
        headers = somebody.get(path).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_who_comes_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    with visiting(plane(tmp_path, MemoryToggleStore(), workers=0, control_rate=0.5)) as visit:
        answers = [visit.get("/room/") for _ in range(5)]
        late = [each for each in answers if each.status_code == 429]
        assert answers[0].status_code == 200
        assert int(late[0].headers["retry-after"]) >= 1
        assert "Come again" in late[0].text


def test_a_session_is_good_on_every_replica_and_after_a_restart(tmp_path: Path, documents: MemoryDocumentStore) -> None:
    store = MemoryToggleStore()
    with visiting(plane(tmp_path / "one", store, documents, workers=0)) as visit:
        cookie = visit.client.cookies[ROOM_COOKIE]
        shown = {"Cookie": f"{ROOM_COOKIE}={cookie}"}
        other = plane(tmp_path / "two", store, MemoryDocumentStore(documents), workers=0)
        with visiting(other, signed_in=False) as elsewhere:
            assert elsewhere.get("/room/", **shown).status_code == 200
    with visiting(plane(tmp_path / "one", store, MemoryDocumentStore(documents), workers=0), signed_in=False) as again:
        assert again.get("/room/", **shown).status_code == 200


def test_without_a_store_those_who_have_signed_in_still_see_and_others_may_sign_in(
    visit: Visit, documents: MemoryDocumentStore
) -> None:
    documents.outage = "the disk is gone"
    assert visit.get("/room/back").status_code == 200
    first = visit.client.cookies[ROOM_COOKIE]
    visit.client.cookies.clear()
    assert visit.sign_in(who="ben").status_code == 303
    assert "ben" in visit.get("/room/back").text
    second = visit.client.cookies[ROOM_COOKIE]
    visit.client.cookies.clear()
    documents.outage = None
    end = time.monotonic() + 20
    while len(documents.listed("session")) < 2:
        assert time.monotonic() < end, "what began meanwhile is never written down"
    for session in (first, second):
        assert visit.get("/room/", Cookie=f"{ROOM_COOKIE}={session}").status_code == 200
