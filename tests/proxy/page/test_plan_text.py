"""The plan's document as HTML: it reads as it is written, and whatever it holds stays text."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strangler_proxy.page.plan_text import Piece, pieces_of
from strangler_proxy.plan import load_plan

ROOT = Path(__file__).parents[3]
HARMLESS = {
    *("a", "blockquote", "br", "code", "div", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s"),
    *("span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
ATTRIBUTES = {"href", "rel", "class", "title", "id", "tabindex", "role", "aria-label", "scope", "start"}


class Elements(HTMLParser):
    """Every element with its attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def html(text: str) -> str:
    return "".join(piece.html for piece in pieces_of(text, ()))


def elements(text: str) -> Elements:
    found = Elements(html(text))
    for tag, attributes in found.found:
        assert tag in HARMLESS, tag
        assert attributes.keys() <= ATTRIBUTES, attributes
        href = attributes.get("href")
        assert href is None or href.lower().startswith(("http://", "https://", "mailto:", "#doc-")), href
    return found


def test_steps_stand_where_their_blocks_stand() -> None:
    plan = load_plan(ROOT / "migration_plan.md")
    pieces = pieces_of(plan.text, tuple((step.line, step.id) for step in plan.steps.values()))
    assert [piece.step for piece in pieces if piece.step] == list(plan.steps)
    before = pieces[[piece.step for piece in pieces].index("catalog-reads.check") - 1]
    assert before.html.rstrip().endswith("to people.</p>")
    assert "step=catalog-reads.check" not in "".join(piece.html for piece in pieces)


def test_a_step_within_a_list_stands_within_the_list() -> None:
    first, step, last = pieces_of("- one\n\n  ```toml step=a\n  x = 1\n  ```\n\n- two\n", ((3, "a"),))
    assert first.html.endswith("<p>one</p>\n")
    assert step == Piece(step.html, "a")
    assert last.html.lstrip().startswith("</li>")


def test_headings_lie_below_the_pages_own_and_links_to_them_lead_there() -> None:
    found = elements("# The `Plan`: 1\n\n## A b\n\n## A b\n\n###### Deep\n\n[there](#a-b)")
    heads = [(tag, attributes["id"]) for tag, attributes in found.found if tag.startswith("h")]
    assert heads == [("h2", "doc-the-plan-1"), ("h3", "doc-a-b"), ("h3", "doc-a-b-1"), ("h6", "doc-deep")]
    assert ("a", {"href": "#doc-a-b", "rel": "noreferrer noopener"}) in found.found


@pytest.mark.parametrize(
    "text",
    [
        "[x](docs/reference/plan.md)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "[x](vbscript:x)",
        "[x](//elsewhere/x)",
        "[x](http:elsewhere)",
        "[x](/room/back)",
        "<javascript:alert(1)>",
        "[x][1]\n\n[1]: javascript:alert(1)",
        "![x](https://elsewhere/x.png)",
        "![x](x.png)",
    ],
)
def test_what_leads_anywhere_else_is_no_link_and_pictures_are_words(text: str) -> None:
    found = elements(text)
    assert not [tag for tag, _ in found.found if tag in {"a", "img"}]
    assert found.text.strip()


@pytest.mark.parametrize(
    "text", ["[x](https://ok.example/a?b=1&c=2)", "<https://ok.example>", "[x](mailto:a@b.example)"]
)
def test_the_web_and_mail_are_linked(text: str) -> None:
    assert [tag for tag, _ in elements(text).found].count("a") == 1


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        '```x" onmouseover="alert(1)\n</code></pre><script>\n```',
        "    <script>indented</script>",
        "# <svg onload=alert(1)>",
        "| <b>a</b> |\n|:-:|\n| <i>b</i> |",
        '[x](https://a.example/"onclick="alert(1) "t\\"><script>")',
        "`<script>`",
        "<!-- --><script>",
        "&lt;script&gt; &#60;img src=x&#62;",
    ],
)
def test_html_stays_text(text: str) -> None:
    elements(text)


@settings(max_examples=120, deadline=None)
@given(st.text("<>&\"'`[]()!#*_|-:\n\\ ax/=javscriptonl", max_size=60))
def test_whatever_it_holds_stays_text(text: str) -> None:
    elements(text)
