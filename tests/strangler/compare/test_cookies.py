"""Headers whose meaning is more than their text: cookies, lifetimes, policies."""

from __future__ import annotations

import pytest

from strangler.compare import Answer, Comparison, Verdict, compare_answers

NOW = "Thu, 01 Jan 2026 12:00:00 GMT"
SOON = "Thu, 01 Jan 2026 12:00:07 GMT"
LATER = "Fri, 02 Jan 2026 12:00:00 GMT"
EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT"


def compared(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> Comparison:
    return compare_answers(Answer(200, tuple(old)), Answer(200, tuple(new)))


def cookies(old: list[str], new: list[str]) -> list[str]:
    found = compared([("Set-Cookie", each) for each in old], [("Set-Cookie", each) for each in new])
    return [each.path.removeprefix("header:Set-Cookie.") for each in found.breaking]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["messages=W1tdXQ; Path=/"], ["messages=WyJ4Il0; Path=/"]),
        (["a=1; Max-Age=1209600"], ["a=1; Max-Age=1209599"]),
        (["a=1; Max-Age=0"], ["a=1; Max-Age=-1"]),
        (["a=1; Domain=.example.com"], ["a=1; Domain=Example.com"]),
        (["a=1; Secure"], ["a=1; secure="]),
        (["a=1; Path=/", "a=2; Path=/"], ["a=2; Path=/"]),
        (["a=1; Path=/", "a=1; Path=/api"], ["a=1; Path=/api", "a=1; Path=/"]),
        (["a=1; Priority=High"], ["a=1"]),
        (["a=1; Expires=" + NOW], ["a=1; Expires=" + LATER]),
    ],
)
def test_cookies_that_do_the_same_agree(old: list[str], new: list[str]) -> None:
    assert cookies(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["a=1; Max-Age=1209600"], ["a=1; Max-Age=1209598"], ["a.Max-Age"]),
        (["a=1; Max-Age=1"], ["a=1; Max-Age=0"], ["a.Max-Age"]),
        (["a=1; Max-Age=9"], ["a=1; Max-Age=x"], ["a.Max-Age"]),
        (["a=1; Max-Age=9"], ["a=1; Max-Age=" + "9" * 5000], ["a.Max-Age"]),
        (["a=; Expires=" + EPOCH], ["a=1; Expires=" + LATER], ["a.Expires"]),
        (["a=1; Expires=" + LATER], ["a=1; Expires=never"], ["a.Expires"]),
        (["a=1; Path=/", "a=1; Path=/api"], ["a=1; Path=/"], ["a", "a(/)", "a(/api)"]),
        (["a=1; Path=/", "a=1; Path=/api"], ["a=1; Path=/", "a=1; Path=/api; Secure"], ["a(/api).Secure"]),
        (["a=1"], ["A=1"], ["A", "a"]),
    ],
)
def test_cookies_that_do_something_else_differ(old: list[str], new: list[str], expected: list[str]) -> None:
    assert cookies(old, new) == expected


def test_a_cookie_that_ends_at_a_fixed_time_agrees_though_the_sides_answered_at_two() -> None:
    def sent(date: str, age: int) -> list[tuple[str, str]]:
        return [("Date", date), ("Set-Cookie", f"a=1; Max-Age={age}")]

    assert compared(sent(NOW, 3607), sent(SOON, 3600)).verdict is Verdict.AGREE
    assert compared(sent(NOW, 3600), sent(SOON, 3607)).verdict is Verdict.DIFFER


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("Vary", "*", "Cookie, *"),
        ("Content-Type", "application/json", "application/json; charset=utf-8"),
        ("Content-Type", "multipart/mixed; boundary=one", 'multipart/mixed; boundary="two"'),
        ("Content-Disposition", 'attachment; filename="a.csv"', "Attachment;filename=a.csv"),
        ("Content-Security-Policy", "default-src 'self'; img-src a b", "IMG-SRC b a;default-src 'self';"),
        (
            "Content-Security-Policy",
            "script-src 'nonce-r4nd0mR4nd0mR4nd0m=='",
            "script-src 'nonce-dGhpcyBpcyBhIG5vbmNl'",
        ),
        ("Link", "</static/app.3f9a2c1b.css>; rel=preload", "</static/app.aa07d1ee.css>; rel=preload"),
        ("Cache-Control", 'private="Set-Cookie", max-age=0', 'max-age=0, private="Set-Cookie"'),
        ("Expires", LATER, "Sat, 03 Jan 2026 12:00:00 GMT"),
        ("Expires", "0", "-1"),
    ],
)
def test_headers_that_mean_the_same_agree(name: str, old: str, new: str) -> None:
    found = compared([(name, old), ("Date", NOW)], [(name, new), ("Date", NOW)])
    assert found.differences == ()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("Vary", "*", "Cookie"),
        ("Content-Type", "text/csv", "text/csv; charset=utf-8"),
        ("Content-Disposition", 'attachment; filename="a;b.csv"', 'attachment; filename="a;c.csv"'),
        ("Content-Security-Policy", "script-src 'nonce-r4nd0mR4nd0mR4nd0m=='", "script-src 'nonce-'"),
        ("Content-Security-Policy", "script-src 'self'", "script-src 'self' 'unsafe-inline'"),
        ("Content-Security-Policy", "script-src a; script-src b", "script-src b; script-src a"),
        ("Link", "</static/app.3f9a2c1b.css>; rel=preload", "</static/other.3f9a2c1b.css>; rel=preload"),
        ("Expires", NOW, LATER),
        ("Expires", "0", LATER),
        ("Cross-Origin-Resource-Policy", "same-origin", "cross-origin"),
        ("X-Robots-Tag", "noindex", "all"),
    ],
)
def test_headers_that_mean_something_else_differ(name: str, old: str, new: str) -> None:
    found = compared([(name, old), ("Date", NOW)], [(name, new), ("Date", NOW)])
    assert [each.path for each in found.breaking] == [f"header:{name}"]


def test_a_policy_that_only_reports_is_a_warning_with_its_nonces_masked() -> None:
    name = "Content-Security-Policy-Report-Only"
    same = compared([(name, "a 'nonce-r4nd0mR4nd0mR4nd0m'")], [(name, "a 'nonce-dGhpcyBpcyBhIG5vbmNl'")])
    assert same.differences == ()
    other = compared([(name, "a 'self'")], [(name, "a 'none'")])
    assert (other.verdict, len(other.warnings)) == (Verdict.AGREE, 1)


def test_quotes_without_end_cost_no_power_of_their_number() -> None:
    hostile = '"\\' * 50_000
    for name in ("Cache-Control", "Content-Type", "Content-Disposition", "Permissions-Policy"):
        assert compared([(name, hostile)], [(name, hostile + "x")]).verdict is Verdict.DIFFER
