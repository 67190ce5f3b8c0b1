from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from strangler_proxy.replay.forms import Forms
from strangler_proxy.replay.side import Asking
from strangler_proxy.replay.stand_ins import Login, StandIns
from strangler_proxy.replay.visitor import CredentialsMissing, Spelling, Visitor

from strangler.compare import Answer, Request
from strangler.testing import ManualClock

MARK = "redacted-0123456789ab"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")
HTML = ("Content-Type", "text/html")


class Visit:
    """A visitor, with the pages that were recorded and those that its side has shown it."""

    def __init__(self, **settings: Any) -> None:
        spelling = Spelling()
        self.theirs = Forms(spelling.csrf_field)
        given = {"host": "127.0.0.1:8000", "spelling": spelling, "stand_ins": StandIns(), "clock": ManualClock()}
        self.visitor = Visitor(self.theirs, **{**given, **settings})

    def shown(self, target: str, ours: str, theirs: str = "", *cookies: str) -> None:
        """A page that the side shows for `target`, and the one that was recorded."""
        if theirs:
            self.theirs.see(target, theirs)
        lines = (HTML, *(("Set-Cookie", each) for each in cookies))
        self.visitor.take(Asking("GET", target), Answer(200, lines, ours.encode()), None)

    def headers(self, *headers: tuple[str, str], target: str = "/") -> Mapping[str, str]:
        asking = self.visitor.asking(Request("GET", target, "", headers))
        return {name.lower(): value for name, value in asking.headers}

    def sent(self, target: str, body: str, kind: tuple[str, str] = FORM) -> str:
        return self.visitor.asking(Request("POST", target, "", (kind,), body.encode())).body.decode()


def hidden(action: str, **fields: str) -> str:
    inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
    return f'<form action="{action}" method="post">{inputs}</form>'


def test_a_cookie_that_the_side_has_set_goes_out_in_the_place_of_the_recorded_one() -> None:
    visit = Visit()
    assert visit.headers(("Cookie", "a=1; b=2"))["cookie"] == "a=1; b=2"
    visit.shown("/", "", "", "b=ours; Path=/", "c=3; Path=/")
    assert visit.headers(("Cookie", "a=1; b=2"))["cookie"] == "a=1; b=ours; c=3"
    assert visit.headers()["cookie"] == "b=ours; c=3"


def test_a_cookie_that_the_side_has_deleted_goes_out_no_more() -> None:
    visit = Visit()
    visit.shown("/", "", "", "b=ours; Path=/")
    visit.shown("/", "", "", "b=; Path=/; Max-Age=0")
    assert visit.headers(("Cookie", "a=1; b=2"))["cookie"] == "a=1"


def test_a_redacted_cookie_is_left_out_and_a_redacted_session_is_somebody_whom_nobody_knows() -> None:
    visit = Visit()
    assert "cookie" not in visit.headers(("Cookie", f"_ga={MARK}"))
    with pytest.raises(CredentialsMissing):
        visit.headers(("Cookie", f"sessionid={MARK}"))
    visit.shown("/", "", "", "sessionid=ours; Path=/")
    assert visit.headers(("Cookie", f"sessionid={MARK}"))["cookie"] == "sessionid=ours"
    visit.shown("/", "", "", "sessionid=; Path=/; Max-Age=0")
    assert "cookie" not in visit.headers(("Cookie", f"sessionid={MARK}"))


def test_redacted_headers_are_left_out_where_they_say_where_and_missed_where_they_say_who() -> None:
    visit = Visit()
    assert "x-forwarded-for" not in visit.headers(("X-Forwarded-For", MARK))
    assert visit.headers(("X-Forwarded-For", "203.0.113.7"))["x-forwarded-for"] == "203.0.113.7"
    with pytest.raises(CredentialsMissing):
        visit.headers(("Authorization", f"Token {MARK}"))


def test_a_token_that_an_answer_gave_is_known_by_its_mark_later() -> None:
    visit = Visit()
    ours, theirs = (Answer(200, (JSON,), json.dumps({"token": each}).encode()) for each in ("our-t0ken", MARK))
    visit.visitor.take(Asking("POST", "/token/"), ours, theirs)
    assert visit.headers(("Authorization", f"Token {MARK}"))["authorization"] == "Token our-t0ken"


def test_headers_that_somebody_gives_hold_for_every_request() -> None:
    visit = Visit(login=Login("*", "", {}, {"Authorization": "Token abc"}), more=(("X-Debug", "1"),))
    headers = visit.headers(("Authorization", f"Token {MARK}"), ("X-Debug", "0"))
    assert (headers["authorization"], headers["x-debug"]) == ("Token abc", "1")


def test_the_host_is_the_recorded_one_unless_the_sides_own_is_wanted() -> None:
    assert Visit().headers(("Host", "shop.example"))["host"] == "shop.example"
    assert Visit().headers()["host"] == "127.0.0.1:8000"
    assert Visit(own_host=True).headers(("Host", "shop.example"))["host"] == "127.0.0.1:8000"


def test_a_host_that_somebody_gives_is_the_only_one() -> None:
    for settings in ({}, {"own_host": True}):
        visitor = Visit(more=(("host", "given.example"),), **settings).visitor
        lines = visitor.asking(Request("GET", "/", "", (("Host", "shop.example"),))).headers
        assert [value for name, value in lines if name.lower() == "host"] == ["given.example"]


def test_origin_and_referer_are_of_the_site_that_is_asked_as_it_knows_itself() -> None:
    headers = Visit().headers(
        ("Host", "shop.example"),
        ("X-Forwarded-Proto", "https"),
        ("Origin", "http://old"),
        ("Referer", "http://old/a?b"),
    )
    assert (headers["origin"], headers["referer"]) == ("https://shop.example", "https://shop.example/a?b")
    assert Visit().headers(("Origin", "null"))["origin"] == "null"


def test_the_csrf_token_of_a_form_is_the_sides_own_and_so_is_the_one_in_the_header() -> None:
    visit = Visit()
    body = "csrfmiddlewaretoken=theirs&q=1"
    assert visit.sent("/a/", body) == body
    visit.shown("/other/", hidden("/b/", csrfmiddlewaretoken="of-another"), "", "csrftoken=cookie; Path=/")
    assert visit.sent("/a/", body) == "csrfmiddlewaretoken=of-another&q=1"
    visit.shown("/a/", hidden("/a/", csrfmiddlewaretoken="ours"))
    assert visit.sent("/a/", body) == "csrfmiddlewaretoken=ours&q=1"
    assert visit.headers(("X-CSRFToken", MARK))["x-csrftoken"] == "cookie"


def test_a_redacted_csrf_token_without_one_of_the_sides_own_is_missed() -> None:
    for request in (
        Request("POST", "/a/", "", (FORM,), f"csrfmiddlewaretoken={MARK}".encode()),
        Request("POST", "/a/", "", (("X-CSRFToken", MARK),)),
    ):
        with pytest.raises(CredentialsMissing):
            Visit().visitor.asking(request)


def test_hidden_fields_are_the_sides_own_and_what_the_client_filled_in_stays() -> None:
    visit = Visit()
    visit.shown("/buy/", hidden("", key="ours", total="15"), hidden("", key="theirs", total="12"))
    assert visit.sent("/buy/", "key=theirs&total=12&note=x") == "key=ours&total=15&note=x"
    # A script of the page's had changed it.
    assert visit.sent("/buy/", "key=theirs&total=11") == "key=ours&total=11"


def test_of_several_forms_for_one_path_it_is_the_one_that_was_sent() -> None:
    visit = Visit()
    visit.shown(
        "/cart/",
        hidden("/remove/", product="5", key="our-five") + hidden("/remove/", product="7", key="our-seven"),
        hidden("/remove/", product="5", key="five") + hidden("/remove/", product="7", key="seven"),
    )
    assert visit.sent("/remove/", "product=7&key=seven") == "product=7&key=our-seven"


def test_without_the_recorded_page_only_what_nobody_types_is_taken_for_hidden() -> None:
    visit = Visit()
    visit.shown("/buy/", hidden("", key="0urs-3f9a2c1b", product="5"))
    assert visit.sent("/buy/", "key=th3irs-77aa1&product=7") == "key=0urs-3f9a2c1b&product=7"


def test_redacted_fields_are_what_somebody_gives_and_missed_without() -> None:
    body = f"username=ann&password={MARK}"
    with pytest.raises(CredentialsMissing):
        Visit().sent("/login/", body)
    login = Login("*", "/login/", {"password": "s e"})
    assert Visit(login=login).sent("/login/", body) == "username=ann&password=s+e"
    with pytest.raises(CredentialsMissing):
        Visit(login=login).sent("/elsewhere/", body)
    given = StandIns(fields={"password": "x"})
    assert Visit(stand_ins=given).sent("/elsewhere/", body) == "username=ann&password=x"
    assert Visit(stand_ins=given).sent("/e/", f'{{"password": "{MARK}"}}', JSON) == '{"password": "x"}'
    with pytest.raises(CredentialsMissing):
        Visit(stand_ins=given).sent("/e/", f'{{"card": "{MARK}"}}', JSON)


@pytest.mark.parametrize("target", [f"/reset/{MARK}/", f"/?token={MARK}"])
def test_a_redacted_target_is_missed(target: str) -> None:
    with pytest.raises(CredentialsMissing):
        Visit().headers(target=target)


def test_ids_go_out_as_this_side_gave_them_in_path_query_form_and_json() -> None:
    visit = Visit()
    made = [Answer(302, (("Location", f"/orders/{number}/"),)) for number in (700, 7)]
    visit.visitor.take(Asking("POST", "/orders/"), *made)
    request = Request("PUT", "/orders/7/?order_id=7&q=7", "", (JSON,), b'{"order_id": 7, "quantity": 7}')
    asking = visit.visitor.asking(request)
    assert asking.target == "/orders/700/?order_id=700&q=7"
    assert json.loads(asking.body) == {"order_id": 700, "quantity": 7}
    assert visit.sent("/orders/7/cancel/", "order=7&reason=7") == "order=700&reason=7"


def test_signing_in_sends_what_the_page_wants_and_what_somebody_gave() -> None:
    login = Login("*", "/login/", {"username": "ann", "password": "a&b"})
    visit = Visit(login=login)
    visit.shown("/login/", hidden("", csrfmiddlewaretoken="ours", next="/account/"), "", "csrftoken=c; Path=/")
    later = Request(
        "GET", "/orders/", "", (("Host", "shop.example"), ("Cookie", f"sessionid={MARK}"), ("Accept", "a/b"))
    )
    page = visit.visitor.login_page(login, later)
    assert (page.method, page.target) == ("GET", "/login/")
    assert page.headers == [("Host", "shop.example"), ("Cookie", "csrftoken=c")]
    form = visit.visitor.login_form(login, later)
    assert form.body == b"csrfmiddlewaretoken=ours&next=%2Faccount%2F&username=ann&password=a%26b"
    assert dict(form.headers)["Cookie"] == "csrftoken=c"
    assert dict(form.headers)["Referer"] == "http://shop.example/login/"
