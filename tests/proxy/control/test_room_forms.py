"""What a form of the control room must bring, and which is not taken."""

from __future__ import annotations

import pytest
from strangler_proxy.control.incoming import BODY_LIMIT
from strangler_proxy.room_cookie import ROOM_COOKIE

from tests.proxy.control.room import BACK, shared, somebody
from tests.proxy.page.visit import ORIGIN, TOKEN, Visit

__all__ = ["shared", "somebody"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:8080"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "none"},
    ],
)
@pytest.mark.parametrize("path", ["/room/back", "/room/sign-in", "/room/sign-out"])
def test_a_form_of_another_site_or_port_is_not_taken(somebody: Visit, path: str, headers: dict[str, str]) -> None:
    answered = somebody.post(path, {**BACK, "who": "mallory", "token": TOKEN}, **headers)
    assert answered.status_code == 403
    assert "set-cookie" not in answered.headers
    assert somebody.get("/room/").status_code == 200


def test_a_form_without_an_origin_is_not_taken(somebody: Visit) -> None:
    answered = somebody.client.post("/room/back", data={**BACK, "form_token": somebody.form_token()})
    assert answered.status_code == 403
    assert "From another site" in answered.text


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_a_form_without_the_token_of_this_visit_is_not_taken(somebody: Visit, token: str) -> None:
    assert somebody.post("/room/back", {**BACK, "form_token": token}).status_code == 403
    other = somebody.form_token()
    somebody.sign_in(who="ben")
    assert somebody.form_token() != other
    answered = somebody.post("/room/back", {**BACK, "form_token": other})
    assert answered.status_code == 403
    assert "not from a page of this visit" in answered.text


def test_the_form_token_does_not_tell_the_session(somebody: Visit) -> None:
    assert somebody.client.cookies[ROOM_COOKIE] not in somebody.get("/room/").text


@pytest.mark.parametrize("media", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_only_forms_are_taken(somebody: Visit, media: str) -> None:
    headers = {"Origin": ORIGIN, **({"Content-Type": media} if media else {})}
    content = f"form_token={somebody.form_token()}&name=&why=x"
    assert somebody.client.post("/room/back", content=content, headers=headers).status_code == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_do_nothing(somebody: Visit, method: str) -> None:
    answered = somebody.client.request(method, "/room/back", headers={"Origin": ORIGIN})
    assert answered.status_code in {405, 415}
    assert not [name for name in answered.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "body",
    [b"why=a&why=b&form_token={0}", b"why=%ff&form_token={0}", b"why&form_token={0}", b"why=\xff&form_token={0}"],
)
def test_a_form_with_two_meanings_or_none_is_not_taken(somebody: Visit, body: bytes) -> None:
    headers = {"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    content = body.replace(b"{0}", somebody.form_token().encode())
    assert somebody.client.post("/room/back", content=content, headers=headers).status_code == 422


def test_a_form_that_is_too_long_is_not_read(somebody: Visit) -> None:
    assert somebody.post("/room/back", {"why": "x" * BODY_LIMIT}).status_code == 413
