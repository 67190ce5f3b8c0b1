"""Whole answers: status, headers, bodies of every kind."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import (
    Answer,
    Comparison,
    Limits,
    Pair,
    Request,
    Rules,
    Severity,
    Verdict,
    compare_answers,
    compare_pair,
    parse_rules,
)
from tests.strangler.compare.documents import answer


def headers(old: list[tuple[str, str]], new: list[tuple[str, str]], rules: Rules = Rules()) -> Comparison:  # noqa: B008
    return compare_answers(Answer(200, tuple(old)), Answer(200, tuple(new)), rules)


def body(old: bytes, new: bytes, kind: str = "text/plain", *more: tuple[str, str]) -> Comparison:
    both = (("Content-Type", kind), *more)
    return compare_answers(Answer(200, both, old), Answer(200, both, new))


def seen(found: Comparison) -> list[tuple[str, str]]:
    return [(each.path, each.kind.value) for each in found.differences]


def test_another_status_is_the_one_difference() -> None:
    old = Answer(200, (("Vary", "Cookie"),), b"fine")
    new = Answer(500, (), b"oops")
    found = compare_answers(old, new)
    assert (found.verdict, seen(found)) == (Verdict.DIFFER, [("status", "value")])
    assert (found.differences[0].old, found.differences[0].new) == ("200", "500")


def test_a_pair_is_compared_under_the_rules_of_its_route() -> None:
    rules = parse_rules('[[rule]]\nroute = "catalog.*"\npath = "$.a"\nignore = true\nwhy = "x"', "rules.toml")
    request = Request("GET", "/api/v1/products/?page=2", "catalog.product-list")
    assert compare_pair(Pair(request, answer({"a": 1}), answer({"a": 2})), rules).verdict is Verdict.AGREE
    assert compare_pair(Pair(Request(), answer({"a": 1}), answer({"a": 2})), rules).verdict is Verdict.DIFFER


# Headers.


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("Content-Type", "application/json", "Application/JSON"),
        ("Content-Type", "text/html; charset=utf-8", 'text/html;charset="UTF-8"'),
        ("Vary", "Accept-Language, Cookie", "cookie,  accept-language"),
        ("Allow", "GET, HEAD, OPTIONS", "OPTIONS,GET,HEAD"),
        ("Cache-Control", "max-age=0, private", "private,max-age=0"),
        ("Cache-Control", "Max-Age=0", "max-age=0"),
        ("ETag", '"abc"', '"xyz"'),
        ("Retry-After", "30", "31"),
        ("Date", "Thu, 01 Jan 2026 00:00:00 GMT", "Fri, 02 Jan 2026 00:00:00 GMT"),
        ("Server", "gunicorn", "uvicorn"),
        ("X-Request-Id", "1", "2"),
        ("X-Strangler-Release", "5ca321584c3f", "v2"),
        ("Content-Length", "10", "11"),
        ("Transfer-Encoding", "chunked", "identity"),
        ("X-Frame-Options", "DENY", "deny"),
        ("Content-Language", "de", "DE"),
        ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT", "Fri, 02 Jan 2026 00:00:00 GMT"),
    ],
)
def test_headers_that_mean_the_same_agree(name: str, old: str, new: str) -> None:
    found = headers([(name, old)], [(name.lower(), new)])
    assert (found.verdict, found.differences) == (Verdict.AGREE, ())


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("Content-Type", "application/json", "text/json"),
        ("Content-Type", "text/html; charset=utf-8", "text/html"),
        ("Content-Type", 'multipart/x; start="a"', 'multipart/x; start="A"'),
        ("Location", "/a/", "/a"),
        ("Vary", "Accept-Language, Cookie", "Accept-Language"),
        ("Allow", "GET, POST", "GET"),
        ("Cache-Control", "private", "public"),
        ("Cache-Control", "max-age=1", "max-age=10"),
        ("ETag", '"abc"', 'W/"abc"'),
        ("Content-Language", "de", "en"),
        ("WWW-Authenticate", 'Bearer realm="a"', 'Bearer realm="b"'),
        ("X-Frame-Options", "DENY", "SAMEORIGIN"),
        ("Content-Disposition", "attachment", "inline"),
    ],
)
def test_headers_that_matter_differ(name: str, old: str, new: str) -> None:
    found = headers([(name, old)], [(name, new)])
    assert (found.verdict, seen(found)) == (Verdict.DIFFER, [(f"header:{name}", "value")])


@pytest.mark.parametrize("name", ["ETag", "Vary", "Retry-After", "Content-Type", "Allow", "X-Content-Type-Options"])
def test_a_header_that_one_side_lacks_is_missing_or_extra(name: str) -> None:
    assert seen(headers([(name, "x")], [])) == [(f"header:{name}", "missing")]
    assert seen(headers([], [(name, "x")])) == [(f"header:{name}", "extra")]


def test_one_list_in_several_lines_is_one_list() -> None:
    assert headers([("Vary", "Cookie"), ("Vary", "Accept")], [("vary", "Accept, Cookie")]).verdict is Verdict.AGREE


def test_headers_that_nobody_knows_are_warnings() -> None:
    found = headers([("X-Total-Count", "3")], [("X-Total-Count", "4")])
    assert (found.verdict, seen(found)) == (Verdict.AGREE, [("header:X-Total-Count", "value")])
    assert found.warnings == found.differences


COOKIE = "sessionid=abc; expires=Thu, 01 Jan 2026 00:00:00 GMT; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax"


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (COOKIE, []),
        (COOKIE.replace("abc", "xyz"), []),
        (COOKIE.replace("01 Jan", "02 Jan"), []),
        (COOKIE.lower().replace("gmt", "GMT").replace("jan", "Jan"), []),
        (COOKIE.replace("; HttpOnly", ""), [("header:Set-Cookie.sessionid.HttpOnly", "missing")]),
        (COOKIE + "; Secure", [("header:Set-Cookie.sessionid.Secure", "extra")]),
        (COOKIE.replace("SameSite=Lax", "SameSite=None"), [("header:Set-Cookie.sessionid.SameSite", "value")]),
        (COOKIE.replace("Path=/;", "Path=/api;"), [("header:Set-Cookie.sessionid.Path", "value")]),
        (COOKIE.replace("1209600", "0"), [("header:Set-Cookie.sessionid.Max-Age", "value")]),
        (
            COOKIE.replace("sessionid", "session"),
            [("header:Set-Cookie.session", "extra"), ("header:Set-Cookie.sessionid", "missing")],
        ),
    ],
)
def test_cookies_are_compared_by_name_and_attributes(new: str, expected: list[tuple[str, str]]) -> None:
    found = headers([("Set-Cookie", COOKIE)], [("Set-Cookie", new)])
    assert seen(found) == expected


def test_several_cookies_may_come_in_any_order() -> None:
    one, other = ("Set-Cookie", COOKIE), ("Set-Cookie", "csrftoken=1; Path=/")
    assert headers([one, other], [other, one]).verdict is Verdict.AGREE
    assert seen(headers([one, other], [one])) == [("header:Set-Cookie.csrftoken", "missing")]


def test_no_cookie_value_is_ever_shown() -> None:
    found = headers([("Set-Cookie", "sessionid=verysecret")], [])
    assert "verysecret" not in str(found.differences[0])


def header_rules(text: str) -> Rules:
    return parse_rules(f"[[rule]]\n{text}\nwhy = 'a test'", "rules.toml")


@pytest.mark.parametrize(
    ("rule", "old", "new", "verdict"),
    [
        ('header = "vary"\nignore = true', ("Vary", "Cookie"), None, "agree"),
        ('header = "X-*"\nignore = true', ("X-Frame-Options", "DENY"), None, "agree"),
        ('header = "Vary"\nseverity = "warning"', ("Vary", "Cookie"), None, "agree"),
        ('header = "X-Total"\nseverity = "breaking"', ("X-Total", "1"), ("X-Total", "2"), "differ"),
        ('header = "Location"\nurl_host = true', ("Location", "http://a/x"), ("Location", "http://b/x"), "agree"),
        ('header = "Location"\nurl_host = true', ("Location", "http://a/x"), ("Location", "http://b/y"), "differ"),
        ('header = "Location"\nurl_host = true', ("Location", "http://a/x"), None, "differ"),
        ('header = "Set-Cookie.sessionid"\nignore = true', ("Set-Cookie", "sessionid=1"), None, "agree"),
        ('header = "Set-Cookie.other*"\nignore = true', ("Set-Cookie", "sessionid=1"), None, "differ"),
        ('header = "Set-Cookie"\nignore = true', ("Set-Cookie", "sessionid=1"), None, "agree"),
    ],
)
def test_rules_hold_for_headers(rule: str, old: tuple[str, str], new: tuple[str, str] | None, verdict: str) -> None:
    found = headers([old], [] if new is None else [new], header_rules(rule))
    assert found.verdict == verdict


def test_a_header_rule_that_met_its_header_was_used() -> None:
    rules = header_rules('header = "Vary"\nignore = true')
    assert headers([("Vary", "a")], [("Vary", "a")], rules).matched == {0}
    assert headers([("Allow", "a")], [("Allow", "a")], rules).matched == frozenset()


# Bodies.


def test_equal_bytes_agree_whatever_they_are() -> None:
    assert body(b"\xff\x00{", b"\xff\x00{", "application/json").verdict is Verdict.AGREE
    assert body(b"x", b"x", "text/plain", ("Content-Encoding", "br")).verdict is Verdict.AGREE


def test_text_is_read_in_its_own_charset() -> None:
    old = Answer(200, (("Content-Type", "text/plain; charset=latin-1"),), "é".encode("latin-1"))
    new = Answer(200, (("Content-Type", "text/plain; charset=utf-8"),), "é".encode())
    assert seen(compare_answers(old, new)) == [("header:Content-Type", "value")]


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "text/plain; charset=nosuch", ""])
def test_bytes_differ_by_their_digest(kind: str) -> None:
    found = body(b"\xff\x00", b"\xff\x01", kind)
    assert seen(found) == [("body", "value")]
    assert str(found.differences[0].old).startswith("2 bytes, sha256 ")


def test_a_body_that_one_side_lacks_is_missing_or_extra() -> None:
    assert seen(body(b"[]", b"", "application/json")) == [("body", "missing")]
    assert seen(body(b"", b"x")) == [("body", "extra")]


def test_json_that_only_one_side_can_write_is_a_difference() -> None:
    found = body(b'{"a": 1}', b'{"a": 1', "application/json")
    assert seen(found) == [("body", "encoding")]
    assert found.differences[0].old == "JSON"
    assert seen(body(b'{"a": 1}', b"\xff", "application/problem+json")) == [("body", "encoding")]


def test_json_that_neither_side_can_write_is_compared_as_text() -> None:
    assert seen(body(b"{", b"[", "application/json")) == [("$.lines[0]", "value")]


def test_json_under_another_name_on_one_side_is_compared_as_text() -> None:
    old, new = answer({"a": 1}), Answer(200, (("Content-Type", "text/html"),), b'{"a":1}')
    assert seen(compare_answers(old, new)) == [("header:Content-Type", "value"), ("$.lines[0]", "value")]


def packed(document: object, coding: str, indent: int | None = None) -> Answer:
    raw = json.dumps(document, indent=indent).encode()
    packers: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "x-gzip": lambda data: gzip.compress(data[:3]) + gzip.compress(data[3:]),
        "deflate": zlib.compress,
        "": lambda data: data,
        "identity": lambda data: data,
        "deflate, gzip": lambda data: gzip.compress(zlib.compress(data)),
    }
    pack = packers[coding]
    lines = [("Content-Type", "application/json"), *([("Content-Encoding", coding)] if coding else [])]
    return Answer(200, tuple(lines), pack(raw))


CODINGS = ["", "identity", "gzip", "x-gzip", "deflate", "deflate, gzip"]


@pytest.mark.parametrize("old", CODINGS)
@pytest.mark.parametrize("new", CODINGS)
def test_content_codings_are_taken_off_before_comparing(old: str, new: str) -> None:
    assert compare_answers(packed({"a": [1, 2]}, old), packed({"a": [1, 2]}, new, 1)).verdict is Verdict.AGREE
    assert seen(compare_answers(packed({"a": [1, 2]}, old), packed({"a": [1, 3]}, new))) == [("$.a[1]", "value")]


def test_bare_deflate_is_read_too() -> None:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bare = squeeze.compress(b"[1]") + squeeze.flush()
    new = Answer(200, (("Content-Type", "application/json"), ("Content-Encoding", "deflate")), bare)
    assert compare_answers(answer([1]), new).verdict is Verdict.AGREE


@pytest.mark.parametrize("coding", ["compress", "dcb", "gzip, gzip, gzip, gzip"])
def test_codings_that_are_not_read_are_inconclusive(coding: str) -> None:
    found = body(b"one", b"two", "text/plain", ("Content-Encoding", coding))
    assert (found.verdict, found.differences) == (Verdict.INCONCLUSIVE, ())
    assert "coding" in found.detail


def test_a_header_that_differs_counts_more_than_an_unread_body() -> None:
    old = Answer(200, (("Content-Encoding", "br"), ("Vary", "Cookie")), b"one")
    new = Answer(200, (("Content-Encoding", "br"),), b"two")
    found = compare_answers(old, new)
    assert (found.verdict, found.cause) == (Verdict.DIFFER, "")


@pytest.mark.parametrize("spoil", [lambda data: data[:-3], lambda data: b"plain", lambda data: data + b"rubbish"])
def test_a_coding_that_only_one_side_keeps_to_is_a_difference(spoil: object) -> None:
    good = packed([1, 2, 3], "gzip")
    bad = Answer(good.status, good.headers, spoil(good.body))  # type: ignore[operator]
    assert seen(compare_answers(good, bad)) == [("body", "encoding")]
    assert seen(compare_answers(bad, good)) == [("body", "encoding")]


def test_a_coding_that_neither_side_keeps_to_is_inconclusive() -> None:
    found = body(b"one", b"two", "text/plain", ("Content-Encoding", "gzip"))
    assert (found.verdict, found.detail) == (Verdict.INCONCLUSIVE, "neither body can be decoded: not gzip")


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_is_inconclusive(coding: str) -> None:
    pack = gzip.compress if coding == "gzip" else zlib.compress
    bomb, small = pack(b" " * 20_000_000), pack(b"[]")
    found = body(bomb, small, "application/json", ("Content-Encoding", coding))
    assert (found.verdict, found.detail) == (Verdict.INCONCLUSIVE, "a body of more than 16777216 bytes")


def test_a_body_past_the_limit_is_inconclusive_unless_equal() -> None:
    limits = Limits(body_bytes=10)
    old, new = Answer(200, (), b"x" * 11), Answer(200, (), b"y" * 11)
    assert compare_answers(old, new, limits=limits).verdict is Verdict.INCONCLUSIVE
    assert compare_answers(old, old, limits=limits).verdict is Verdict.AGREE


LINES = st.lists(
    st.tuples(
        st.sampled_from(["Content-Type", "Set-Cookie", "Vary", "ETag", "Content-Encoding", "Cache-Control", "X-Any"]),
        st.text(max_size=20) | st.sampled_from(["application/json", "gzip", "text/html; charset=utf-7", "br"]),
    ),
    max_size=4,
).map(tuple)
ANSWERS = st.builds(Answer, st.sampled_from([200, 200, 404]), LINES, st.binary(max_size=30))


@given(ANSWERS, ANSWERS)
def test_nothing_that_an_answer_holds_makes_the_comparison_fail(old: Answer, new: Answer) -> None:
    forth, back = compare_answers(old, new), compare_answers(new, old)
    assert forth.verdict is back.verdict
    assert compare_answers(old, old).verdict is Verdict.AGREE


@given(ANSWERS, ANSWERS)
def test_the_verdict_follows_from_the_differences(old: Answer, new: Answer) -> None:
    found = compare_answers(old, new)
    assert (found.verdict is Verdict.DIFFER) == any(each.severity is Severity.BREAKING for each in found.differences)
    assert (found.verdict is Verdict.INCONCLUSIVE) == bool(found.cause)
