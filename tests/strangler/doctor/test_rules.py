"""Each finding comes by its cause, and by nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import strangler.doctor
from strangler.doctor import CookieFacts, Finding, ServerFacts, Severity, examine
from strangler.doctor.hosts import allows
from strangler.doctor.paths import shape
from tests.strangler.doctor.good import MONOLITH, PROXY, ROUTE

Changes = dict[str, Any]
SESSION = MONOLITH.session_cookie
CASES: list[tuple[str, Changes, Changes]] = [
    ("D100", {"debug": True}, {}),
    ("D101", {"allowed_hosts": ()}, {}),
    ("D102", {"allowed_hosts": ("www.example.com", "10.0.0.5")}, {}),
    ("D103", {"allowed_hosts": ("*",)}, {}),
    ("D104", {}, {"health_hosts": ("monolith",)}),
    ("D105", {"forwarded_host": True}, {}),
    ("D111", {"ssl_header": ()}, {}),
    ("D112", {"ssl_header": ("HTTP_X_FORWARDED_SSL", "on")}, {}),
    ("D113", {"ssl_header": (), "ssl_redirect": True}, {}),
    ("D114", {}, {"edges": False}),
    ("D115", {"trusted_origins": ("https://*",)}, {}),
    ("D116", {"trusted_origins": ("https://shop.example.com",)}, {}),
    ("D121", {"cache_of_sessions": "django.core.cache.backends.locmem.LocMemCache"}, {}),
    ("D129", {}, {"trusted": ("events",)}),
    ("D131", {"session_cookie": replace(SESSION, name="shop_session")}, {}),
    ("D132", {"csrf_cookie": CookieFacts("shop_csrf", secure=True)}, {}),
    ("D133", {"middleware": {"messages": 0}}, {}),
    ("D134", {"session_cookie": replace(SESSION, name="shop_session")}, {}),
    ("D135", {"session_cookie": replace(SESSION, domain=".example.org")}, {}),
    ("D136", {"session_cookie": replace(SESSION, domain=".example.com")}, {}),
    ("D137", {}, {"origins": ("http://shop.example.com",)}),
    ("D138", {"session_cookie": replace(SESSION, secure=False)}, {}),
    (
        "D139",
        {"session_cookie": replace(SESSION, path="/shop")},
        {"routes": (replace(ROUTE, identity="required"),)},
    ),
    ("D141", {}, {"routes": (replace(ROUTE, path="/api/v1/products/<int:id>"),)}),
    ("D142", {"middleware": {"common": 0}}, {}),
    ("D143", {"urls": (), "prefixed": ("/api/v1/products/<int:pk>/",)}, {}),
    ("D144", {"middleware": {"locale": 0}, "languages": ("en", "de")}, {}),
    ("D145", {}, {"routes": (replace(ROUTE, path="/admin/reports/"),)}),
    ("D151", {}, {"body_bytes": 1000}),
    ("D152", {}, {"routes": (replace(ROUTE, methods=("POST",)),)}),
    ("D153", {"middleware": {"conditional": 0}}, {}),
    ("D154", {"middleware": {"csrf": 0, "gzip": 1}}, {}),
    ("D161", {"server": ServerFacts("gunicorn.conf.py", preload=True, keepalive=5.0)}, {}),
    ("D162", {"server": ServerFacts("gunicorn.conf.py", keepalive=1.0)}, {}),
    ("D171", {"vouch_path": ""}, {"routes": (replace(ROUTE, identity="optional"),)}),
    ("D172", {"vouch_path": "/shop/vouch/"}, {"routes": (replace(ROUTE, identity="optional"),)}),
    ("D173", {"vouch_secret": ""}, {}),
    ("D174", {"vouch_secret": "v2"}, {}),
    ("D175", {"counts_callers": False}, {}),
]
SERVICES: list[tuple[str, Changes]] = [
    ("D122", {"secret_key": "k2"}),
    ("D123", {"session_engine": "django.contrib.sessions.backends.file"}),
    ("D124", {"session_serializer": "shop.Pickled"}),
    ("D125", {"session_cookie": replace(SESSION, name="other")}),
    ("D126", {"session_cookie": replace(SESSION, domain="shop.example.com")}),
    ("D127", {"session_cookie": replace(SESSION, path="/events")}),
    ("D128", {"user_model": "accounts.Customer"}),
]
# What comes with another, as one cause has two sides.
TOGETHER = {"D113": {"D111"}, "D131": {"D134"}, "D134": {"D131"}, "D103": set(), "D132": {"D134"}}


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings}


def test_of_a_monolith_that_is_right_nothing_is_said() -> None:
    assert examine(MONOLITH, PROXY) == []
    assert examine(MONOLITH) == []


@pytest.mark.parametrize(("code", "monolith", "proxy"), CASES)
def test_each_finding_has_its_cause(code: str, monolith: Changes, proxy: Changes) -> None:
    found = examine(replace(MONOLITH, **monolith), replace(PROXY, **proxy))
    assert codes(found) == {code} | TOGETHER.get(code, set())


@pytest.mark.parametrize(("code", "changes"), SERVICES)
def test_each_difference_of_a_service_that_sees_the_session_is_told(code: str, changes: Changes) -> None:
    proxy = replace(PROXY, trusted=("events",))
    assert examine(MONOLITH, proxy, {"events": MONOLITH}) == []
    assert codes(examine(MONOLITH, proxy, {"events": replace(MONOLITH, **changes)})) == {code}


def test_every_code_of_the_rules_is_tried_here_and_listed_in_the_reference() -> None:
    package = Path(strangler.doctor.__file__).parent
    written = set(re.findall(r'"(D\d{3})"', "".join(path.read_text() for path in package.glob("*.py"))))
    assert {code for code, *_ in CASES} | {code for code, _ in SERVICES} == written
    root = package.parents[1]
    live = root / "proxy/strangler_proxy/doctor"
    written |= set(re.findall(r'"(D\d{3})"', "".join(path.read_text() for path in live.glob("*.py"))))
    listed = re.findall(r"^\| `(D\d{3})` \|", (root / "docs/reference/doctor.md").read_text(), re.MULTILINE)
    assert sorted(written) == listed


def test_every_finding_says_what_why_where_and_what_to_write() -> None:
    for _, monolith, proxy in CASES:
        for finding in examine(replace(MONOLITH, **monolith), replace(PROXY, **proxy)):
            assert finding.where
            assert finding.change
            assert finding.why.endswith(".")
            assert not finding.wrong.endswith(".")


def test_the_worst_comes_first() -> None:
    found = examine(
        replace(MONOLITH, debug=True, counts_callers=False, ssl_header=("HTTP_X", "on")), replace(PROXY, edges=False)
    )
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, key=list(Severity).index)
    assert severities[0] is Severity.WRONG
    assert severities[-1] is Severity.NOTE


def test_a_key_that_is_being_replaced_is_known_by_both_through_the_fallbacks() -> None:
    proxy = replace(PROXY, trusted=("events",))
    old = replace(MONOLITH, secret_key="old", fallbacks=("k1",))
    new = replace(MONOLITH, secret_key="k1", fallbacks=("old",))
    assert examine(new, proxy, {"events": old}) == []
    [finding] = examine(replace(new, fallbacks=()), proxy, {"events": old})
    assert finding.code == "D122"
    assert "by half" in finding.wrong


def test_without_a_scheme_header_http_customers_are_fine_and_unknown_ones_a_risk() -> None:
    plain = replace(
        MONOLITH, ssl_header=(), session_cookie=CookieFacts("sessionid"), csrf_cookie=CookieFacts("csrftoken")
    )
    assert examine(plain, replace(PROXY, origins=("http://shop.example.com",), edges=False)) == []
    [finding] = examine(plain)
    assert (finding.code, finding.severity) == ("D111", Severity.RISK)
    trusting = replace(plain, trusted_origins=("https://shop.example.com",))
    by_code = {each.code: each.severity for each in examine(trusting, PROXY)}
    assert by_code["D111"] is Severity.RISK


def test_the_line_of_a_setting_is_where_to_change_it() -> None:
    [finding] = examine(replace(MONOLITH, allowed_hosts=("10.0.0.5",)), PROXY)
    assert finding.where == "shop/settings.py:7"
    assert finding.change == 'ALLOWED_HOSTS = ["10.0.0.5", "shop.example.com"]'
    [finding] = examine(replace(MONOLITH, forwarded_host=True), PROXY)
    assert finding.where == "shop/settings.py"


@pytest.mark.parametrize(
    ("patterns", "host", "allowed"),
    [
        (["*"], "anything", True),
        ([".example.com"], "shop.example.com", True),
        ([".example.com"], "example.com", True),
        ([".example.com"], "badexample.com", False),
        (["shop.example.com"], "SHOP.example.com.", True),
        (["[::1]"], "::1", True),
        ([], "shop.example.com", False),
    ],
)
def test_hosts_are_allowed_as_django_allows_them(patterns: list[str], host: str, allowed: bool) -> None:
    assert allows(patterns, host) is allowed


def test_templates_that_differ_in_names_alone_have_one_shape() -> None:
    assert shape("/a/<int:pk>/<slug>/") == shape("/a/<int:id>/<str:name>/") == "/a/<int>/<str>/"
