"""HTML as a browser reads it, as elements (see `markup`). Needs selectolax: `pip install 'strangler[compare]'`.

What has no meaning is gone: the order of attributes and of classes, white space that cannot be seen (see `html_space`),
how an empty element is closed, entities or characters, comments other than instructions (conditional comments, SSI, ESI
and the like). Tokens, nonces and hashes of assets are masked (see `masks`). Scripts of JSON are JSON under `#json`;
what is in a `template` stands within it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from strangler.compare.decoding import needs
from strangler.compare.html_bounds import check_html
from strangler.compare.html_names import ATOMS, BLOCKS, BOOLEAN, EXACT, RAW, UNSEEN
from strangler.compare.html_space import Line
from strangler.compare.json_text import TooDeep, parse
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.markup import Element, finish
from strangler.compare.masks import mask_attribute, mask_json, mask_text
from strangler.compare.media_type import MediaType

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

__all__ = ["html_tree"]

_ALONE: Final = frozenset(("body", "head", "html", "title"))
_MARKS: Final = ("id", "name", "for", "href", "src", "action", "property", "class")
_LOWER: Final = frozenset(("enctype", "formmethod", "http-equiv", "method"))
_TYPED: Final = frozenset(("button", "input", "link", "script", "style"))
_TOKENS: Final = frozenset(("class", "rel", "sandbox"))
_JSON_SCRIPTS: Final = ("application/json", "importmap", "speculationrules")
_INSTRUCTION: Final = re.compile(r"\s*(?:#|esi\b|\[if\b|<!\[|/?ko\b|google(?:off|on)\b)", re.IGNORECASE)
_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s{0,8}=\s{0,8}[\"']?\s{0,8}([\w-]{1,40})", re.IGNORECASE)
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_WHITE: Final = re.compile(r"[ \t\n\f\r]+")


def html_tree(body: bytes, charset: str | None, limits: Limits) -> Element:
    """The document, finished. `charset` is the one that the headers name. Raises ValueError for what is no text in its
    charset, LookupError for a charset that is not known, TooMuch at a limit and without selectolax."""
    try:
        from selectolax.lexbor import LexborHTMLParser
    except ImportError:
        raise needs("selectolax", "HTML") from None
    text = _text(body, charset)
    check_html(text, limits.nodes)
    # The parser's document must outlive its nodes.
    parsed = LexborHTMLParser(text)
    root = Element("")
    top = parsed.root
    if top is not None:
        doctype = top.prev
        while doctype is not None and doctype.tag != "-doctype":
            doctype = doctype.prev
        if doctype is not None:
            root.node["#doctype"] = _WHITE.sub(" ", doctype.html or "").strip("<>! ").lower()
        _Reader(limits).read(top, root)
    finish(root)
    return root


def _text(body: bytes, charset: str | None) -> str:
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body.decode(encoding)
    if charset is None:
        named = _META_CHARSET.search(body, 0, 1024)
        charset = MediaType.read(f"text/html; charset={named[1].decode('ascii')}").charset if named else None
        # A document in which that could be read is not in UTF-16, whatever it says.
        if charset is None or charset.startswith("utf"):
            charset = "utf-8"
    return body.decode(charset)


# A node of the parser to be read: into which element, in which line, whether all white space counts, and how many
# levels there may still be.
_Task = tuple["LexborNode", Element, Line, bool, int]


class _Reader:
    """Turns the parser's nodes into elements, within the limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.nodes
        # What is still to be done, the next thing last: a node to read, or how to leave an element.
        self._waiting: list[_Task | Callable[[], None]] = []

    def read(self, node: LexborNode, into: Element) -> None:
        """Read an element and all within it."""
        self._waiting.append((node, into, Line(), False, self._limits.depth))
        while self._waiting:
            task = self._waiting.pop()
            if not isinstance(task, tuple):
                task()
                continue
            self._spend(1)
            node, parent, line, exact, _ = task
            tag = node.tag or ""
            if tag == "-text":
                text = node.text_content or ""
                if exact:
                    parent.parts.append(text)
                else:
                    line.add(text, parent)
            elif tag == "-comment":
                _read_comment(node.html or "", parent)
            elif not tag.startswith("-"):
                self._enter(tag, task)

    def _enter(self, tag: str, task: _Task) -> None:
        node, parent, line, exact, depth = task
        if depth <= 0:
            raise TooMuch(f"nested deeper than {self._limits.depth}")
        given = node.attributes
        self._spend(len(given))
        element = _element(tag, given)
        parent.parts.append(element)
        if tag in RAW:
            _read_raw(node, element, (given.get("type") or "").lower())
            return
        inner, first = line, node.child
        if tag == "template":
            # What is in a template is in a document of its own.
            fragments = node.template_fragments()
            inner, first = Line(), fragments[0].child if fragments else None
        elif tag in ATOMS:
            line.word(parent)
            inner = Line()
        elif tag in BLOCKS:
            line.end()
            self._waiting.append(line.end)
        elif tag not in UNSEEN:
            line.enter(parent)
            self._waiting.append(partial(line.leave, parent))
        exact = exact or tag in EXACT
        children: list[_Task] = []
        while first is not None:
            children.append((first, element, inner, exact, depth - 1))
            first = first.next
        children.reverse()
        self._waiting += children

    def _spend(self, nodes: int) -> None:
        self._left -= nodes
        if self._left < 0:
            raise TooMuch(f"more than {self._limits.nodes} values to look at")


def _element(tag: str, given: Mapping[str, str | None]) -> Element:
    if not given:
        return Element(tag, alone=tag in _ALONE)
    attributes = {f"@{name}": _value(tag, name, given[name] or "", given) for name in sorted(given)}
    mark = next((f"{name} {attributes[f'@{name}']}" for name in _MARKS if given.get(name)), "")
    return Element(tag, attributes, mark=mark, alone=tag in _ALONE)


def _value(tag: str, name: str, value: str, of: Mapping[str, str | None]) -> str:
    if name in BOOLEAN:
        return ""
    if name in _TOKENS:
        return " ".join(sorted(set(value.split())))
    if name == "style":
        value = _WHITE.sub(" ", value).strip(" ;")
    elif name in _LOWER or (name == "type" and tag in _TYPED):
        value = value.strip().lower()
    return mask_attribute(tag, name, value, of)


def _read_comment(comment: str, parent: Element) -> None:
    text = comment.removeprefix("<!--").removesuffix("-->")
    if _INSTRUCTION.match(text):
        parent.parts.append(Element("#comment", parts=[_WHITE.sub(" ", text).strip()]))


def _read_raw(node: LexborNode, element: Element, script_type: str) -> None:
    text = node.text(deep=False)
    if element.name == "script" and (script_type in _JSON_SCRIPTS or script_type.endswith("+json")):
        try:
            element.node["#json"] = mask_json(parse(text))
        except (ValueError, TooDeep):
            pass
        else:
            element.source = text
            return
    element.parts.append(mask_text(text.strip()))
