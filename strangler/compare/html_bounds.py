"""What an HTML parser may be given: documents whose parsing takes time in proportion to their size.

lexbor, as the HTML standard would have it, walks up the open elements for many a tag, all attributes of an element for
each further one, and all options of a `select`; and what formats text and was left open is opened again in every block
that follows. So documents are refused in which those grow without bound; no page that a person has looked at comes
near.

Tags are found as the standard's tokenizer finds them. Where it is not certain what the parser would make of one, the
answer here is the one with more elements open: an end tag that crosses a block closes nothing, and after HTML within
SVG or MathML none of the short cuts is taken any more.
"""

from __future__ import annotations

import re
from typing import Final

from strangler.compare.html_names import ENDED, FORMATTING, TEXT_ONLY, TO_HTML, VOID, WALLS
from strangler.compare.limits import TooMuch

__all__ = ["check_html"]

# Below that many tags nothing can grow far enough to be felt.
_HARMLESS: Final = 512
_MOST_OPEN: Final = 512
_MOST_ATTRIBUTES: Final = 256
_MOST_OPTIONS: Final = 10_000
_FOREIGN: Final = ("math", "svg")
_HEADING: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_MARK: Final = re.compile(r"<(?:/?[A-Za-z]|[!?/])")
_NAME: Final = re.compile(r"[^\t\n\f\r />]*")
_ONE: Final = (
    r"[^\t\n\f\r />][^\t\n\f\r />=]*+"
    r"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"[^\"]*+\"|'[^']*+'|[^\t\n\f\r >\"'][^\t\n\f\r >]*+|(?=>)))?+"
)
_ATTRIBUTE: Final = re.compile(_ONE)
_ATTRIBUTES: Final = re.compile(rf"(?:[\t\n\f\r /]++|{_ONE})*+")
_COMMENT_END: Final = re.compile(r"--!?>")
_START: Final = re.compile(r"<[A-Za-z]")


def check_html(text: str, nodes: int) -> None:
    """Raise TooMuch where a document could cost its parser more than time in proportion to its size, or where it has
    more than `nodes` tags."""
    tags = text.count("<")
    if tags > nodes:
        raise TooMuch(f"more than {nodes} tags")
    # A single tag can have attributes without end.
    if tags > _HARMLESS or len(text) > 64 * _HARMLESS:
        _Scan(text, nodes).run()


class _Scan:
    """One pass over a document, with the elements that are open: those that the parser would have, or more."""

    def __init__(self, text: str, most: int) -> None:
        self._text = text
        self._left = most
        self._open: list[str] = []
        self._counts: dict[str, int] = {}
        self._foreign = 0
        self._formatting: list[tuple[str, str]] = []
        self._attributes_of_body = 0
        self._options = 0
        # Whether HTML stood within SVG or MathML: from there on what is foreign is not known for certain.
        self._unsure = False
        self._no_ends_before = 0

    def run(self) -> None:
        text, at = self._text, 0
        while (mark := _MARK.search(text, at)) is not None:
            kind, begin = mark[0], mark.start()
            if kind in ("<!", "<?", "</"):
                at = self._after_comment(begin)
                continue
            named = _NAME.match(text, mark.end() - 1)
            attributes = _ATTRIBUTES.match(text, named.end()) if named else None
            if named is None or attributes is None or not text.startswith(">", attributes.end()):
                return  # A tag that the document ends in is none.
            name, at = named[0].lower(), attributes.end() + 1
            if name in _HEADING:
                name = "h"
            if not kind.startswith("</"):
                at = self._start(name, attributes[0], text[begin:at], at)
            elif begin >= self._no_ends_before:
                self._end(name)

    def _start(self, name: str, attributes: str, tag: str, at: int) -> int:
        """Take a start tag; gives where to go on."""
        self._bounded(name, attributes)
        foreign = self._foreign > 0
        if name == "desc" and not foreign:
            pass
        elif name in TEXT_ONLY or name == "desc":
            end = self._end_of_raw(name, at)
            if not foreign and not self._unsure:
                return end
            # Raw text as HTML, markup as SVG: start tags in it count, end tags do not.
            self._unsure = self._unsure or _START.search(self._text, at, end) is not None
            self._no_ends_before = max(self._no_ends_before, end)
            return at
        elif foreign and name in TO_HTML:
            self._unsure = True
        elif foreign and not self._unsure and tag.endswith("/>"):
            return at
        if name == "plaintext" and not foreign and not self._unsure:
            return len(self._text)
        if name in VOID or name in ENDED:
            return at
        if name in ("a", "button", "nobr"):
            self._end(name)
        self._open.append(name)
        self._counts[name] = self._counts.get(name, 0) + 1
        self._foreign += name in _FOREIGN
        # The parser keeps three of a kind.
        if name in FORMATTING and self._formatting.count((name, tag)) < 3:
            self._formatting.append((name, tag))
        if max(len(self._open), len(self._formatting)) > _MOST_OPEN:
            raise TooMuch(f"HTML with more than {_MOST_OPEN} elements open within one another")
        return at

    def _bounded(self, name: str, attributes: str) -> None:
        # Each is opened again in the block that this tag may be.
        self._left -= len(self._formatting)
        if self._left < 0:
            raise TooMuch("HTML with unclosed tags that would be repeated without end")
        count = len(_ATTRIBUTE.findall(attributes)) if len(attributes) > _MOST_ATTRIBUTES else len(attributes.split())
        if name in ("body", "html"):
            self._attributes_of_body += count
            count = self._attributes_of_body
        if count > _MOST_ATTRIBUTES:
            raise TooMuch(f"HTML with more than {_MOST_ATTRIBUTES} attributes on an element")
        self._options += name == "option"
        if self._options > _MOST_OPTIONS:
            raise TooMuch(f"HTML with more than {_MOST_OPTIONS} options")

    def _end(self, name: str) -> None:
        if not self._counts.get(name):
            return
        at = len(self._open) - 1
        while self._open[at] != name:
            if self._unsure or self._open[at] in WALLS:
                return
            at -= 1
        for closed in self._open[at:]:
            self._counts[closed] -= 1
            self._foreign -= closed in _FOREIGN
        del self._open[at:]
        if name in FORMATTING:
            last = max((at for at, (each, _) in enumerate(self._formatting) if each == name), default=-1)
            if last >= 0:
                del self._formatting[last]

    def _after_comment(self, at: int) -> int:
        text = self._text
        if text.startswith("<!--", at):
            if text.startswith((">", "->"), at + 4):
                return text.index(">", at) + 1
            found = _COMMENT_END.search(text, at + 4)
            return found.end() if found else len(text)
        if text.startswith("<![CDATA[", at) and (self._unsure or self._foreign):
            # Text as SVG, a comment up to the next > as HTML.
            end = text.find("]]>", at)
            end = len(text) if end < 0 else end
            if not self._unsure:
                return end
            self._no_ends_before = max(self._no_ends_before, end)
        end = text.find(">", at)
        return len(text) if end < 0 else end + 1

    def _end_of_raw(self, name: str, at: int) -> int:
        """Where the end tag of an element without markup starts."""
        found = re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE).search(self._text, at)
        return found.start() if found else len(self._text)
