"""HTML as a tree: what has no meaning, what has, and where it is found."""

from __future__ import annotations

import sys
from typing import Final

import pytest

from strangler.compare import Answer, Limits, Verdict, compare_answers
from strangler.compare.paths import PathPattern, key_step
from tests.strangler.compare.bodies import agree, compared_as, places, ruled

HTML: Final = "text/html; charset=utf-8"
PAGE: Final = """<!DOCTYPE html>
<html lang="de">
  <head>
    <title>Lampen &amp; mehr</title>
    <meta name="description" content="Warm">
    <script type="application/json" id="state">{"user": {"id": 7}, "items": [1, 2]}</script>
  </head>
  <body class="shop dark">
    <main>
      <h1>Lampen</h1>
      <p>Ab <b>4.37</b> EUR, <a href="/a/">mehr</a> <a href="/b/">weniger</a></p>
      <form action="/search/"><input name="q" value=""><input name="page" value="1">
        <select><option selected>A<option>B</select></form>
      <ul><li>eins</li><li>zwei</li><li>drei</li></ul>
      <pre>  so  bleibt
 es </pre>
    </main>
  </body>
</html>
"""


def page(body: str) -> str:
    return f"<!DOCTYPE html><title>x</title><body>{body}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<p class="a b" id="x">', "<p id=x class='b  a a'>"),
        ("<br><img src=x>", "<br/><img src=x />"),
        ("<p>a &eacute; &#8364; &amp;", "<p>a é € &amp;</p>"),
        ("<div>\n  <p>\n a\n  b </p>\n\n</div>", "<div><p>a b</p></div>"),
        ("<p>a <b>b</b> c</p>", "<p>a\n<b>b</b>\n  c\n</p>"),
        ("<p>a <b>b</b></p>", "<p>a<b> b</b></p>"),
        ("<li>\n<a>\n  Buy\n</a>\n</li>", "<li><a>Buy</a></li>"),
        ("<p>a <br> b</p>", "<p>a<br>b</p>"),
        ("<p>a<!-- 12:01 --> b</p>", "<p>a b<!-- 12:02, another --></p>"),
        ("<input checked>", '<input checked="checked">'),
        ("<DIV TITLE=x>a</DIV>", '<div title="x">a</div>'),
        ('<form method="POST">', '<form method="post">'),
        ('<p style="color: red; ">', '<p style="color:  red">'),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<table><tr><td>1</table>", "<table><tbody><tr><td>1</td></tr></tbody></table>"),
        (
            '<script type="application/json">{"b": 1, "a": 2}</script>',
            '<script type="application/json">{"a":2,"b":1}</script>',
        ),
        ("<script>\n  go()\n</script>", "<script>go()</script>"),
        ("<button> ok </button>", "<button>ok</button>"),
        ("<p>a</p> <p>b</p>", "<p>a</p><p>b</p>"),
        ("<select> <option>a</option> </select>", "<select><option>a</select>"),
    ],
)
def test_what_has_no_meaning_is_no_difference(old: str, new: str) -> None:
    agree(HTML, page(old), page(new))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<p>a", "<p>b", [("$.html.body.p[0].#text", "value")]),
        ("<p id=x>", "<p id=y>", [("$.html.body.p[0].@id", "value")]),
        ("<p id=x>", "<p>", [("$.html.body.p[0].@id", "missing")]),
        ("<input disabled>", "<input>", [("$.html.body.input[0].@disabled", "missing")]),
        ("<p class='a b'>", "<p class=a>", [("$.html.body.p[0].@class", "value")]),
        ("<p>a<p>b", "<p>a", [("$.html.body.p[1]", "missing")]),
        ("<p>a", "<p>a<hr>", [("$.html.body.hr[0]", "extra")]),
        ("<pre>a  b</pre>", "<pre>a b</pre>", [("$.html.body.pre[0].#text", "value")]),
        ("<textarea>a\n</textarea>", "<textarea>a</textarea>", [("$.html.body.textarea[0].#text", "value")]),
        ("<p><a>x</a> <a>y</a>", "<p><a>x</a><a>y</a>", [("$.html.body.p[0].a[1].#space", "missing")]),
        ("<p>a b", "<p>ab", [("$.html.body.p[0].#text", "value")]),
        ("<p>a <b>b</b>c", "<p>a <b>b</b> c", [("$.html.body.p[0].#text", "value")]),
        ("<p><b>b</b>a", "<p>a<b>b</b>", [("$.html.body.p[0].#text", "value")]),
        ("<script>go(1)</script>", "<script>go(2)</script>", [("$.html.body.script[0].#text", "value")]),
        ("<!--[if IE]>x<![endif]-->", "", [("$.html.body.#comment[0]", "missing")]),
        ("<!--# include a -->", "<!--# include b -->", [("$.html.body.#comment[0].#text", "value")]),
        (
            "<template><tr><td>1</template>",
            "<template><tr><td>2</template>",
            [("$.html.body.template[0].tr[0].td[0].#text", "value")],
        ),
        ('<ol type="a">', '<ol type="A">', [("$.html.body.ol[0].@type", "value")]),
        (
            '<script type="application/ld+json">{"@type": "Product", "n": 1}</script>',
            '<script type="application/ld+json">{"@type": "Product", "n": 1.0}</script>',
            [("$.html.body.script[0].#json.n", "type")],
        ),
        (
            '<script type="application/json">{"a": []}</script>',
            '<script type="application/json">{}</script>',
            [("$.html.body.script[0].#json.a", "missing")],
        ),
        (
            '<script type="application/json">{}</script>',
            '<script type="application/json">{</script>',
            [("$.html.body.script[0].#json", "missing"), ("$.html.body.script[0].#text", "extra")],
        ),
    ],
)
def test_a_difference_is_found_at_its_place(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    found = compared_as(HTML, page(old), page(new))
    assert (found.verdict, sorted(places(found))) == (Verdict.DIFFER, sorted(expected))


def test_a_difference_deep_in_a_page_says_where_and_of_which_field() -> None:
    (difference,) = compared_as(HTML, PAGE, PAGE.replace('value="1"', 'value="2"')).differences
    assert difference.path == "$.html.body.main[0].form[0].input[1].@value"
    assert difference.field == "$.html.body.main[*].form[*].input[*].@value"
    assert (difference.old, difference.new) == ('"1"', '"2"')


def test_the_document_type_counts() -> None:
    assert places(compared_as(HTML, "<!doctype html><p>a", "<p>a")) == [("$.#doctype", "missing")]
    agree(HTML, "<!DOCTYPE  html><p>a", "<!doctype html><p>a")


def test_siblings_that_changed_places_are_a_difference() -> None:
    found = compared_as(HTML, page("<h1>a</h1><p>b</p><hr>"), page("<p>b</p><h1>a</h1><hr>"))
    assert [str(each) for each in found.breaking] == ['$.html.body.#order: value (breaking): "h1 p hr" -> "p h1 hr"']
    alike = compared_as(HTML, page("<p>a</p><p>b</p>"), page("<p>b</p><p>a</p>"))
    assert sorted(kind for _, kind in places(alike)) == ["extra", "missing"]


def test_the_order_of_names_is_no_difference_of_its_own_where_one_side_has_more_of_them() -> None:
    found = compared_as(HTML, page("<h1>a</h1><p>b</p><hr>"), page("<p>0</p><h1>a</h1><p>b</p><hr><ul></ul>"))
    assert sorted(places(found)) == [("$.html.body.p[0]", "extra"), ("$.html.body.ul[0]", "extra")]


def test_an_element_put_in_does_not_make_its_later_siblings_differ() -> None:
    rows = [f"<tr><td>{number}</td></tr>" for number in range(50)]
    new = [
        *rows[:20],
        "<tr><td>new</td></tr>",
        *rows[20:40],
        *rows[41:45],
        rows[45].replace("45", "changed"),
        *rows[46:],
    ]
    found = compared_as(HTML, page(f"<table>{''.join(rows)}</table>"), page(f"<table>{''.join(new)}</table>"))
    assert sorted(places(found)) == [
        ("$.html.body.table[0].tbody[0].tr[20]", "extra"),
        ("$.html.body.table[0].tbody[0].tr[40]", "missing"),
        ("$.html.body.table[0].tbody[0].tr[45].td[0].#text", "value"),
    ]


def test_a_field_put_into_a_form_is_told_by_its_name_though_all_others_changed_too() -> None:
    old = "".join(f"<input name={name} value=1>" for name in "abcd")
    new = "".join(f"<input name={name} value=2>" for name in "axbcd")
    found = compared_as(HTML, page(old), page(new))
    assert ("$.html.body.input[1]", "extra") in places(found)
    assert sorted(kind for _, kind in places(found)) == ["extra", "value", "value", "value", "value"]


def test_an_element_is_shown_by_its_attributes_and_text() -> None:
    (difference,) = compared_as(HTML, page('<a href="/x/">more</a>'), page("")).differences
    assert difference.old == 'an object of 2 keys: @href "/x/", #text "more"'


# Rules.


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ('path = "$.html.body.p[*].@id"\nignore = true', "<p id=x>", "<p id=y>"),
        ('path = "$..@data-at"\ntime = 5', "<p data-at=2026-01-01T00:00:00Z>", "<p data-at=2026-01-01T00:00:04Z>"),
        ('path = "$..b[*].#text"\ntolerance = 0.01', "<p>x <b>4.37</b>", "<p>x <b>4.38</b>"),
        ('path = "$..ul[*].li"\nlist = "set"', "<ul><li>a<li>b<li>c</ul>", "<ul><li>c<li>a<li>b</ul>"),
        ('path = "$..tr"\nlist = "key:@id"', "<table><tr id=1><tr id=2></table>", "<table><tr id=2><tr id=1></table>"),
        ('path = "$..aside[*]"\nignore = true', "<aside>a</aside><p>b", "<p>b"),
        ('path = "$..aside"\nignore = true', "<p>b", "<aside>a</aside><p>b"),
        (
            'path = "$..#json.at"\nignore = true',
            *(f'<script type="application/json">{{"at":{at}}}</script>' for at in (1, 2)),
        ),
        ('path = "$..@href"\nurl_host = true', "<a href=http://a/x>", "<a href=http://b/x>"),
        ('path = "$.html.body"\nseverity = "warning"', "<p>a", "<p>b"),
        ('path = "$..#space"\nignore = true', "<p><a>x</a> <a>y</a>", "<p><a>x</a><a>y</a>"),
    ],
)
def test_rules_hold_in_html_as_they_do_in_json(rule: str, old: str, new: str) -> None:
    found = compared_as(HTML, page(old), page(new), ruled(rule))
    assert (found.verdict, found.matched) == (Verdict.AGREE, frozenset({0})), found.differences
    assert compared_as(HTML, page(old), page(new)).verdict is Verdict.DIFFER


def test_within_a_set_elements_find_their_twins_whatever_they_were_next_to() -> None:
    old = "<ul><li>a</li><li>b <i>x</i> c</li><li><b>d</b></li></ul>"
    new = "<ul><li><b>d</b></li><li>a</li><li>b <i>x</i> c</li></ul>"
    agree(HTML, page(old), page(new), ruled('path = "$..li"\nlist = "set"'))


@pytest.mark.parametrize(
    ("key", "step"),
    [("@href", ".@href"), ("#text", ".#text"), ("@data-x", ".@data-x"), ("@@click", '["@@click"]'), ("@", '["@"]')],
)
def test_attributes_and_texts_are_steps_of_a_path(key: str, step: str) -> None:
    assert key_step(key) == step
    assert PathPattern(f"${step}").steps == (key,)
    assert PathPattern(f"$..a{step}").steps[-1] == key


@pytest.mark.parametrize("path", ["$.@", "$.#", "$.@@a", "$..@", "$.#*"])
def test_a_sign_without_a_name_is_no_step(path: str) -> None:
    with pytest.raises(ValueError, match="makes no sense"):
        PathPattern(path)


# Charsets, and what is no HTML.


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html; charset=latin-1", "<p>é".encode("latin-1")),
        ("text/html", "<meta charset=iso-8859-1><p>é".encode("latin-1")),
        ("text/html", '<meta http-equiv="Content-Type" content="text/html; charset=latin1"><p>é'.encode("latin-1")),
        ("text/html", "<p>é".encode("utf-16")),
        ("text/html; charset=latin-1", "<p>é".encode("utf-8-sig")),
        ("text/html", "<meta charset=utf-16><p>é".encode()),
    ],
)
def test_a_page_is_read_in_the_charset_that_a_browser_would_find(kind: str, body: bytes) -> None:
    old = Answer(200, (("Content-Type", kind),), body)
    new = Answer(200, (("Content-Type", kind),), body + "x".encode("utf-16-le"))
    (difference,) = compare_answers(old, new).differences
    assert (difference.old, difference.path) == ('"é"', "$.html.body.p[0].#text")


def test_a_page_that_is_no_text_in_its_charset_is_compared_as_bytes() -> None:
    assert places(compared_as(HTML, b"\xff", b"\xfe")) == [("body", "value")]
    assert places(compared_as(HTML, b"<p>", b"\xfe")) == [("body", "encoding")]
    assert places(compared_as("text/html; charset=nosuch", b"<p>", b"<b>")) == [("body", "value")]


def test_without_the_package_html_is_inconclusive_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "selectolax.lexbor", None)
    found = compared_as(HTML, "<p>a", "<p>b")
    assert (found.verdict, found.cause) == (Verdict.INCONCLUSIVE, "encoding")
    assert found.detail == "HTML is not read without selectolax: pip install 'strangler[compare]'"


def test_html_beyond_the_limits_is_inconclusive() -> None:
    deep = "<div>" * 200
    assert compared_as(HTML, deep, deep + "x").detail == "nested deeper than 128"
    many = "<p>x</p>" * 60
    assert "more than 50" in compared_as(HTML, many, many + "x", limits=Limits(nodes=50)).detail
