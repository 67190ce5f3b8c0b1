"""Pages as a reader has them: elements, and their words."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["all_words", "one", "parsed", "words"]


def parsed(content: str) -> LexborHTMLParser:
    """The page."""
    return LexborHTMLParser(content)


def one(within: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    """The first element of that selector; there must be one."""
    found = within.css_first(selector)
    assert found is not None, f"there is no {selector}"
    return found


def words(node: LexborNode) -> str:
    """What is written in an element, with one space between words."""
    return " ".join(node.text(separator=" ").split())


def all_words(content: str, selector: str) -> list[str]:
    """What is written in each element of that selector."""
    return [words(each) for each in parsed(content).css(selector)]
