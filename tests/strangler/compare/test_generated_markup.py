"""Generated documents: written in two styles they agree, and one planted change is found at its path."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Verdict
from tests.strangler.compare.bodies import agree, compared_as, places

HTML: Final = "text/html; charset=utf-8"
XML: Final = "application/xml"
BLOCKS: Final = ("div", "section", "ul", "form", "article")
WORDS: Final = (
    st.text("abcäß€<>&\"' ", min_size=1, max_size=6)
    .map(str.strip)
    .filter(bool)
    .map(lambda text: " ".join(text.split()))
)


@dataclass
class Tag:
    """An element: either with a text or with elements in it."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Tag] = field(default_factory=list)


ATTRIBUTES: Final = st.dictionaries(st.sampled_from(["id", "title", "data-x", "lang"]), WORDS, max_size=3)
LEAVES: Final = st.builds(Tag, st.sampled_from(["p", "h2", "li", "td", *BLOCKS]), ATTRIBUTES, WORDS | st.just(""))
# `p` and the like only as leaves: what a parser moves out of them is another document.
TREES: Final = st.recursive(
    st.builds(Tag, st.sampled_from(["p", "h2", "address", *BLOCKS]), ATTRIBUTES, WORDS | st.just("")),
    lambda inner: st.builds(Tag, st.sampled_from(BLOCKS[:3]), ATTRIBUTES, st.just(""), st.lists(inner, max_size=4)),
    max_leaves=12,
)


def written(tag: Tag, *, airy: bool, xml: bool, depth: int = 0) -> str:
    """The element as text: tersely, or with its attributes the other way round and white space wherever it may be."""
    attributes = list(tag.attributes.items())
    if airy:
        attributes.reverse()
    quote = "'" if airy else '"'
    start = tag.name + "".join(f" {name}={quote}{escape(value)}{quote}" for name, value in attributes)
    if xml and airy and not tag.text and not tag.children:
        return f"<{start} />"
    break_ = "\n" + "  " * depth if airy else ""
    inner = "".join(break_ + written(each, airy=airy, xml=xml, depth=depth + 1) for each in tag.children)
    text = tag.text if not airy or xml else f"\n {tag.text.replace(' ', chr(10))}  "
    text = (
        escape(text, quote=False)
        if not airy
        else "".join(f"&#{ord(each)};" if each in "<>&äß€" else each for each in text)
    )
    return f"<{start}>{text}{inner}{break_ if tag.children else ''}</{tag.name}>"


def document(tag: Tag, *, airy: bool, xml: bool) -> str:
    text = written(tag, airy=airy, xml=xml)
    return text if xml else f"<!DOCTYPE html><html><head><title>t</title></head><body>{text}</body></html>"


def paths(tag: Tag, path: str) -> list[tuple[Tag, str]]:
    """Every element with its path."""
    found = [(tag, path)]
    count: Counter[str] = Counter()
    for each in tag.children:
        found += paths(each, f"{path}.{each.name}[{count[each.name]}]")
        count[each.name] += 1
    return found


def root_path(tag: Tag, *, xml: bool) -> str:
    return f"$.{tag.name}" if xml else f"$.html.body.{tag.name}[0]"


@given(TREES, st.booleans())
def test_a_document_agrees_with_itself_written_otherwise(tree: Tag, xml: bool) -> None:
    agree(XML if xml else HTML, document(tree, airy=False, xml=xml), document(tree, airy=True, xml=xml))


@given(st.data(), TREES, st.booleans())
def test_one_planted_change_is_found_at_its_path(data: st.DataObject, tree: Tag, xml: bool) -> None:
    changed = copy.deepcopy(tree)
    element, path = data.draw(st.sampled_from(paths(changed, root_path(changed, xml=xml))))
    ways = ["set attribute", "set text"] if not element.children else ["set attribute", "put in"]
    way = data.draw(st.sampled_from(ways))
    if way == "set attribute":
        name = data.draw(st.sampled_from(["id", "title", "new"]))
        kind = "value" if name in element.attributes else "extra"
        element.attributes[name] = "something else entirely"
        expected = [(f"{path}.@{name}", kind)]
    elif way == "set text":
        kind = "value" if element.text else "extra"
        element.text = "something else entirely"
        expected = [(f"{path}.#text", kind)]
    else:
        at = data.draw(st.integers(0, len(element.children)))
        element.children.insert(at, Tag("aside", {"id": "new"}, "new"))
        expected = [(f"{path}.aside[0]", "extra")]
    kind_of_body = XML if xml else HTML
    found = compared_as(kind_of_body, document(tree, airy=True, xml=xml), document(changed, airy=False, xml=xml))
    assert (found.verdict, places(found)) == (Verdict.DIFFER, expected)


@given(TREES, st.booleans())
def test_what_is_taken_out_is_put_in_the_other_way_round(tree: Tag, xml: bool) -> None:
    if not tree.children:
        return
    shorter = copy.deepcopy(tree)
    shorter.children.pop(0)
    kind = XML if xml else HTML
    one, other = (document(each, airy=False, xml=xml) for each in (tree, shorter))
    forth, back = compared_as(kind, one, other), compared_as(kind, other, one)
    assert forth.verdict is back.verdict is Verdict.DIFFER
    assert Counter(each.kind.value for each in forth.differences)["missing"] >= 1
    assert Counter(each.kind.value for each in back.differences)["extra"] >= 1
