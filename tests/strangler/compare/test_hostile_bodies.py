"""Bodies made to hurt: whatever they hold, a comparison ends, soon, with a verdict."""

from __future__ import annotations

import gzip
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Answer, Limits, Severity, Verdict, compare_answers
from tests.strangler.compare.bodies import compared_as
from tests.work import calls

pytestmark = pytest.mark.slow

HTML: Final = "text/html"
XML: Final = "application/xml"
N: Final = 20_000

KINDS: Final = (
    "application/json",
    "application/x-ndjson",
    "application/x-www-form-urlencoded",
    "application/xml",
    "image/png",
    "image/svg+xml",
    "multipart/form-data; boundary=b",
    "multipart/mixed; boundary=b",
    "text/csv",
    "text/csv; header=absent",
    "text/event-stream",
    "text/html",
    "text/html; charset=utf-16",
    "text/plain; charset=latin-1",
    "text/tab-separated-values",
    "",
)
PIECES: Final = (
    "<",
    ">",
    "</",
    "/>",
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<table>",
    "<td>",
    "<b x=1>",
    "</b>",
    "<svg>",
    "<title>",
    "<script>",
    "</script>",
    '<script type="application/json">',
    "<template>",
    "</template>",
    "<pre>",
    "<select>",
    "<option>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE html>",
    "<!DOCTYPE a [",
    "]>",
    "<?xml version='1.0'?>",
    "<a xmlns='urn:x'>",
    "<x:y xmlns:x='urn:y' x:z='1'/>",
    "&amp;",
    "&lt",
    "&#0;",
    "&nosuch;",
    '"',
    "'",
    "=",
    "&",
    "%",
    "+",
    ";",
    ",",
    "\t",
    "\n",
    "\r\n",
    "--b",
    "--b--",
    "Content-Disposition: form-data; name=a",
    "Content-Type: text/html",
    "{",
    "}",
    "[",
    "]",
    ":",
    "1",
    "1e999",
    "null",
    "\x00",
    "\ufeff",
    "é",
    "csrfmiddlewaretoken",
    "x" * 64,
    "app.3f9a2c1b.css",
    " ",
)
BODIES = st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=25).map(
    lambda all_: "".join(all_).encode()
)
LIMITS = st.sampled_from([Limits(), Limits(body_bytes=20), Limits(depth=2), Limits(nodes=5), Limits(differences=1)])


def answered(kind: str, body: bytes) -> Answer:
    return Answer(200, (("Content-Type", kind),), body)


@given(st.sampled_from(KINDS), st.sampled_from(KINDS), BODIES, BODIES, LIMITS)
def test_whatever_bodies_hold_they_get_a_verdict(
    old_kind: str, new_kind: str, old: bytes, new: bytes, limits: Limits
) -> None:
    one, other = answered(old_kind, old), answered(new_kind, new)
    forth, back = (compare_answers(*each, limits=limits) for each in ((one, other), (other, one)))
    assert forth.verdict is back.verdict
    assert (forth.verdict is Verdict.DIFFER) == any(each.severity is Severity.BREAKING for each in forth.differences)
    assert (forth.verdict is Verdict.INCONCLUSIVE) == bool(forth.cause) == bool(forth.detail)
    for difference in forth.differences:
        f"{difference} {difference.field}".encode()


@given(st.sampled_from(KINDS), BODIES)
def test_a_body_agrees_with_itself_sent_in_another_coding(kind: str, body: bytes) -> None:
    packed = Answer(200, (("Content-Type", kind), ("Content-Encoding", "gzip")), gzip.compress(body))
    assert compare_answers(answered(kind, body), packed).verdict is Verdict.AGREE


TOO_MUCH: Final = {
    "nested elements": "<div>" * N,
    "nested inline elements": "<span>" * N,
    "attributes": f"<p {' '.join(f'a{number}=1' for number in range(N))}>",
    "attributes of the body, bit by bit": "".join(f"<body a{number}=1>" for number in range(N)),
    "options": "<select>" + "<option>x" * N,
    "formatting left open": "".join(f"<div><b id={number}></div>" for number in range(N)),
    "formatting left open, in every block": "<div>"
    + "".join(f"<b id={n}>" for n in range(400))
    + "</div>"
    + "<p>x" * N,
    "end tags behind a table": "<div><table><td></div>" * N,
    "end tags behind a block": "<span><div></span>" * N,
    "forms": "<form><div></form>" * N,
    "end tags that an object holds back": "".join(f"<div><b id={n}><object></b></object></div>" for n in range(N)),
    "self-closed HTML in SVG": "<svg><foreignObject>" + "<div/>" * N,
    "self-closed HTML behind SVG": "<svg><div/>" * N,
    "self-closed HTML in a title of SVG": "<svg><title><i>" + "<div/>" * N,
    "end tags in CDATA": "<div><svg><![CDATA[></svg></div>]]></svg>" * N,
    "end tags in a script in SVG": "<svg><foreignObject>" + "<div><script></div></script>" * N,
    "end tags in a quoted attribute": '<div a="></div>">' * N,
    "end tags in a comment": "<div><!-- > </div> --!><!--></span>" * N,
    "templates": "<template>" * N,
    "tables": "<table><tr><td>" * N,
    "options around spans": "<option><span>" * N,
}


@pytest.mark.parametrize("document", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_html_that_its_parser_would_choke_on_is_not_given_to_it(document: str) -> None:
    found = compared_as(HTML, document, "<p>x")
    assert (found.verdict, found.cause) == (Verdict.INCONCLUSIVE, "limits")
    assert found.detail.startswith("HTML with ")


ORDINARY: Final = {
    "balanced elements": "<section><h2>a</h2><div><p>b<ul><li>c<li>d</ul></div></section>" * 1_000,
    "icons": "<svg viewBox='0 0 1 1'><title>t</title><g><path d='M0'/><circle/></g></svg>" * 1_000,
    "icons with styles": "<svg><style>.a{fill:red}</style><defs><linearGradient/></defs><use href='#a'/></svg>" * 1_000,
    "scripts with tags": "<script>for (i<n; ;) { x = '<div>' + '<b>' }</script>" * 1_000,
    "unclosed paragraphs and items": "<ul><li><p>a<li><p>b</ul><dl><dt>a<dd>b</dl><table><tr><td>a<tr><td>b</table>"
    * 1_000,
    "unclosed anchors": "<a name=x>y" * 1_000 + "</a>",
    "quoted markup": "<div data-content='<div><b>x</b>'>y</div>" * 1_000,
    "forms": "<form><input name=a><select><option>1<option>2</select></form>" * 1_000,
}


@pytest.mark.parametrize("document", ORDINARY.values(), ids=ORDINARY.keys())
def test_long_but_ordinary_html_is_compared(document: str) -> None:
    found = compared_as(HTML, document, document + "<hr>")
    assert [each.path for each in found.differences] == ["$.html.body.hr[0]"], found.detail


FORMATS: Final = {
    "HTML siblings": (HTML, "<p>{}</p>"),
    "HTML attributes": (HTML, "<input name=a{} value=1 class='b a'>"),
    "HTML texts": (HTML, "a {} <b>b</b> "),
    "XML": (XML, "<i><id>{}</id></i>"),
    "rows": ("text/csv", "{},a\n"),
    "fields": ("application/x-www-form-urlencoded", "a{}=1&"),
    "lines": ("text/plain", "{}\n"),
    "lines of JSON": ("application/x-ndjson", '{{"id": {}}}\n'),
    "parts": ("multipart/form-data; boundary=b", "--b\nContent-Disposition: form-data; name=a{}\n\n1\n"),
}


@pytest.mark.parametrize(("kind", "piece"), FORMATS.values(), ids=FORMATS.keys())
def test_the_work_grows_with_the_size_and_not_with_its_square(kind: str, piece: str) -> None:
    def work(size: int) -> int:
        old = "".join(piece.format(number) for number in range(size))
        # One in ten is new, and one in ten is gone, and all stand otherwise.
        new = "".join(piece.format(number if number % 10 else -number) for number in reversed(range(size)))
        if kind == XML:
            old, new = f"<r>{old}</r>", f"<r>{new}</r>"
        elif kind.startswith("multipart"):
            old, new = f"{old}--b--", f"{new}--b--"
        return calls(lambda: compared_as(kind, old, new))

    assert work(3_200) <= 32 * work(200)
