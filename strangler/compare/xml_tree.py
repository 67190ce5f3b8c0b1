"""XML as elements (see `markup`), read by expat without a document type of its own: no entities, nothing fetched.

Names are resolved: an element in its parent's namespace has its local name (`$.feed.entry[0].title[0]`), any other has
its namespace before it (`$.feed["{http://purl.org/dc/elements/1.1/}creator"][0]`, `{}` for none), and the root's is its
`@xmlns`; prefixes have no meaning. Nor have the order of attributes, comments, CDATA or characters, an empty element
closed in its tag or not, the document's encoding, and white space between elements where no other text is (unless
`xml:space="preserve"`). Processing instructions stand as elements named `?target`.
"""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

from strangler.compare.cause import Cause
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.markup import Element, finish

__all__ = ["xml_tree"]

_XML: Final = "http://www.w3.org/XML/1998/namespace"
_MARKED_BY: Final = ("@id", "@name", f"@{{{_XML}}}id", "@href", "@rel")
# A child whose text tells elements of one name apart, as in feeds and sitemaps.
_MARKING_CHILDREN: Final = ("id", "guid", "loc", "key", "name")
_BLANK: Final = " \t\r\n"


def xml_tree(body: bytes, charset: str | None, limits: Limits) -> Element:
    """The document, finished. `charset` is the one that the headers name, else it is the document's own. Raises
    ValueError for what is not well-formed, TooMuch at a limit and for a document type with declarations of its own."""
    reader = _Reader(limits)
    parser = expat.ParserCreate(charset, " ")
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.ProcessingInstructionHandler = reader.instruction
    parser.StartDoctypeDeclHandler = reader.document_type
    parser.SkippedEntityHandler = reader.skipped
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from None
    finish(reader.root)
    return reader.root


class _Reader:
    """Takes expat's calls, within the limits."""

    def __init__(self, limits: Limits) -> None:
        self.root = Element("")
        self._limits = limits
        self._left = limits.nodes
        self._open: list[Element] = [self.root]
        self._spaces: list[str] = [""]
        self._preserve: list[bool] = [False]

    def start(self, name: str, attributes: list[str]) -> None:
        if len(self._open) > self._limits.depth:
            raise TooMuch(f"nested deeper than {self._limits.depth}")
        self._spend(1 + len(attributes) // 2)
        space, local = _split(name)
        top = len(self._open) == 1
        shown = local if top or space == self._spaces[-1] else f"{{{space}}}{local}"
        given = {f"@{_resolved(key)}": value for key, value in zip(attributes[::2], attributes[1::2], strict=True)}
        if top and space:
            given["@xmlns"] = space
        element = Element(shown, dict(sorted(given.items())), alone=top)
        self._open[-1].parts.append(element)
        self._open.append(element)
        self._spaces.append(space)
        wanted = given.get(f"@{{{_XML}}}space")
        self._preserve.append(self._preserve[-1] if wanted is None else wanted == "preserve")

    def end(self, name: str) -> None:
        element = self._open.pop()
        self._spaces.pop()
        if not self._preserve.pop():
            elements = [part for part in element.parts if isinstance(part, Element)]
            if elements and all(isinstance(part, Element) or not part.strip(_BLANK) for part in element.parts):
                element.parts = [*elements]
        element.mark = _mark(element)

    def text(self, data: str) -> None:
        parts = self._open[-1].parts
        if parts and isinstance(parts[-1], str):
            self._spend(1)
        parts.append(data)

    def instruction(self, target: str, data: str) -> None:
        self._spend(1)
        self._open[-1].parts.append(Element(f"?{target}", parts=[data]))

    def document_type(self, name: str, system: str | None, public: str | None, has_declarations: int) -> None:
        if has_declarations:
            raise TooMuch("XML with a document type that declares entities or attributes of its own", Cause.ENCODING)

    def skipped(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            self.text(f"&{name};")

    def _spend(self, nodes: int) -> None:
        self._left -= nodes
        if self._left < 0:
            raise TooMuch(f"more than {self._limits.nodes} values to look at")


def _split(name: str) -> tuple[str, str]:
    space, _, local = name.rpartition(" ")
    return space, local


def _resolved(name: str) -> str:
    space, local = _split(name)
    return f"{{{space}}}{local}" if space else local


def _mark(element: Element) -> str:
    for key in _MARKED_BY:
        if key in element.node:
            return f"{key} {element.node[key]}"
    for part in element.parts:
        if isinstance(part, Element) and part.name in _MARKING_CHILDREN:
            return f"{part.name} {''.join(each for each in part.parts if isinstance(each, str))}"
    return ""
