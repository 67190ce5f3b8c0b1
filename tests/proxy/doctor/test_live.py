"""What live probes find, with a site of the test's own behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from strangler_proxy.doctor import Live, live_findings

from strangler.vouch import opened
from tests.strangler.doctor.good import MONOLITH

SECRET = "a secret of the tests, long enough"
ORIGIN = "https://shop.example.com"
LIVE = Live(ORIGIN, "http://127.0.0.1:8080", SECRET)
FACTS = replace(MONOLITH, seen_path="/_strangler/seen/", login="/accounts/login/")
GOOD = {
    "host": "shop.example.com",
    "scheme": "https",
    "origin_is_own": True,
    "proxied": True,
    "forwarded_proto": "https",
    "forwarded_for": "127.0.0.1",
}
Site = Callable[[httpx.Request], httpx.Response]


class Fake:
    """A site that answers what it is told to, and remembers what it was asked."""

    def __init__(
        self, seen: Mapping[str, Any] = GOOD, *, status: int = 200, location: str = "", cookies: list[str] | None = None
    ) -> None:
        self.seen, self.status = dict(seen), status
        self.location = location or f"{ORIGIN}/api/v1/products/"
        self.cookies = cookies or []
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path == "/_strangler/seen/":
            headers = {"Location": self.location} if 300 <= self.status < 400 else {}
            return httpx.Response(self.status, json=self.seen, headers=headers)
        if request.url.path == "/api/v1/products":
            return httpx.Response(301, headers={"Location": self.location})
        return httpx.Response(200, headers=[("Set-Cookie", line) for line in self.cookies])


def found(site: Site) -> list[str]:
    return [each.code for each in live_findings(LIVE, FACTS, httpx.MockTransport(site))]


def test_a_site_that_is_right_has_no_findings_and_is_only_read() -> None:
    site = Fake(cookies=["csrftoken=x; Secure; Path=/"])
    assert found(site) == []
    assert {request.method for request in site.asked} == {"GET"}
    assert {request.headers["Host"] for request in site.asked} == {"shop.example.com"}


def test_the_question_is_sealed_for_this_path_and_moment() -> None:
    site = Fake()
    found(site)
    seal = parse_qs(urlsplit(str(site.asked[0].url)).query)["seal"][0]
    import time

    assert opened(SECRET, seal, "GET", "/_strangler/seen/", "seen", time.time())


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"proxied": False}, ["D205"]),
        ({"host": "monolith:8000"}, ["D206"]),
        ({"scheme": "http"}, ["D207"]),
        ({"scheme": "http", "forwarded_proto": "http"}, ["D207"]),
        ({"origin_is_own": False}, ["D208"]),
        ({"host": 7, "proxied": "yes"}, ["D205", "D206"]),
    ],
)
def test_what_django_sees_wrongly_is_told(change: dict[str, Any], codes: list[str]) -> None:
    assert found(Fake({**GOOD, **change})) == codes


@pytest.mark.parametrize(
    ("status", "code"), [(400, "D202"), (301, "D203"), (302, "D203"), (404, "D209"), (500, "D209"), (502, "D201")]
)
def test_an_answer_that_is_none_of_the_view_is_told_by_its_status(status: int, code: str) -> None:
    assert code in found(Fake(status=status))


def test_an_answer_without_its_members_is_somebody_elses() -> None:
    assert found(Fake({})) == ["D209"]


def test_a_redirect_that_leaves_the_site_is_told() -> None:
    assert found(Fake(location="http://shop.example.com/api/v1/products/")) == ["D210"]
    assert found(Fake(location="/api/v1/products/")) == []


def test_cookies_that_browsers_refuse_or_show_are_told() -> None:
    assert found(Fake(cookies=["sessionid=x; Domain=example.org; Secure"])) == ["D211"]
    assert found(Fake(cookies=["csrftoken=x; Domain=.example.com"])) == ["D212"]


def test_a_proxy_that_is_not_there_is_told_once() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno 111] Connection refused", request=request)

    [finding] = live_findings(LIVE, FACTS, httpx.MockTransport(refuse))
    assert finding.code == "D201"
    assert "Connection refused" in finding.wrong


def test_a_monolith_without_the_view_is_asked_for_the_rest() -> None:
    findings = live_findings(LIVE, replace(FACTS, seen_path=""), httpx.MockTransport(Fake()))
    assert [each.code for each in findings] == ["D204"]
