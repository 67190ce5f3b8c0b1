"""Bodies read: as nodes of the JSON walk, whatever format they were in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Final

from strangler.compare.alignment import Alignments
from strangler.compare.html_tree import html_tree
from strangler.compare.json_text import Node, TooDeep, parse
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.markup import Element, align
from strangler.compare.media_type import BodyKind, MediaType
from strangler.compare.multipart import multipart_node
from strangler.compare.siblings import Likeness, Siblings
from strangler.compare.table import table_node
from strangler.compare.urlencoded import form_node
from strangler.compare.xml_tree import xml_tree

__all__ = ["Document", "alignments", "digest", "read_document"]

_MULTIPARTS_WITHIN: Final = 3
# By what two lines of JSON, or two rows of a table, are most likely the same.
_IDS: Final = ("id", "pk", "uuid", "sku", "key", "slug")


@dataclass(frozen=True, slots=True)
class Document:
    """One body: its `node`, and by what its elements can be matched with those of the other side's: `element` of HTML
    and XML, `rows` (a list within the node) with a `likeness` each of what has lines. Where it is `sparse`, a list that
    is not there is one without elements."""

    node: Node
    element: Element | None = None
    rows: list[Node] = field(default_factory=list)
    likeness: list[Likeness] = field(default_factory=list)
    sparse: bool = False


def read_document(body: bytes, media_type: MediaType, limits: Limits) -> Document:
    """The body as what its media type says; one that is no structure is one of lines where it is text, else a digest.

    Raises ValueError for a body that is not what its media type says, LookupError for a charset that is not known,
    TooMuch at a limit and for want of a package.
    """
    return _read(body, media_type, limits, _MULTIPARTS_WITHIN)


def alignments(old: Document, new: Document) -> Alignments:
    """Which elements of the lists in two documents belong together, where that is not index by index."""
    if old.element is not None and new.element is not None:
        return align(old.element, new.element)
    if not old.rows or not new.rows:
        return {}
    pairs = Siblings().aligned(old.likeness, new.likeness)
    return {(id(old.rows), id(new.rows)): pairs} if any(at != to for at, to in pairs) else {}


def digest(body: bytes) -> str:
    """Bytes in short."""
    return f"{len(body)} bytes, sha256 {sha256(body).hexdigest()[:16]}"


def _read(body: bytes, media_type: MediaType, limits: Limits, within: int) -> Document:
    if media_type.kind is BodyKind.MULTIPART:
        if within <= 0:
            raise TooMuch(f"more than {_MULTIPARTS_WITHIN} multiparts within one another")
        return Document(multipart_node(body, media_type, limits, partial(_part, limits, within - 1)), sparse=True)
    return _READERS[media_type.kind](body, media_type, limits)


def _part(limits: Limits, within: int, media_type: MediaType, body: bytes) -> Node:
    """A part's body. One that is not what it says is taken as text, or as bytes."""
    try:
        return _read(body, media_type, limits, within).node
    except (ValueError, LookupError):
        pass
    try:
        return body.decode()
    except ValueError:
        return digest(body)


def _json(body: bytes, media_type: MediaType, limits: Limits) -> Document:
    try:
        return Document(parse(body.decode("utf-8")))
    except TooDeep:
        raise TooMuch("nested too deeply to be read") from None


def _json_lines(body: bytes, media_type: MediaType, limits: Limits) -> Document:
    lines = [line for line in _lines(body, "utf-8", limits) if line.strip()]
    try:
        rows = [parse(line) for line in lines]
    except TooDeep:
        raise TooMuch("nested too deeply to be read") from None
    likeness: list[Likeness] = [(line.strip(), _mark(row), "") for line, row in zip(lines, rows, strict=True)]
    return Document(rows, rows=rows, likeness=likeness)


def _mark(row: Node) -> str | bytes | None:
    if type(row) is not dict:
        return None
    return next((row[key] for key in _IDS if isinstance(row.get(key), str | bytes)), None)


def _html(body: bytes, media_type: MediaType, limits: Limits) -> Document:
    return _tree(html_tree(body, media_type.charset, limits))


def _xml(body: bytes, media_type: MediaType, limits: Limits) -> Document:
    return _tree(xml_tree(body, media_type.charset, limits))


def _tree(root: Element) -> Document:
    return Document(root.node, element=root, sparse=True)


def _form(body: bytes, media_type: MediaType, limits: Limits) -> Document:
    return Document(form_node(body, media_type.charset, limits), sparse=True)


def _table(body: bytes, media_type: MediaType, limits: Limits) -> Document:
    node = table_node(body, media_type, limits)
    names, rows = node.get("columns"), node["rows"]
    likeness: list[Likeness] = []
    for row in rows:
        cells = row if isinstance(row, list) else list(row.values()) if isinstance(row, dict) else []
        likeness.append((str(cells), str(cells[0]) if cells else None, "") if names or cells else ("", None, ""))
    return Document(node, rows=rows, likeness=likeness)


def _text(body: bytes, media_type: MediaType, limits: Limits) -> Document:
    lines = _lines(body, media_type.charset or "utf-8", limits)
    return Document({"lines": lines}, rows=lines, likeness=[(line, "") for line in lines])


def _lines(body: bytes, charset: str, limits: Limits) -> list[Node]:
    text = body.decode(charset)
    if text.count("\n") >= limits.nodes:
        raise TooMuch(f"more than {limits.nodes} values to look at")
    return [*text.split("\n")]


def _bytes(body: bytes, media_type: MediaType, limits: Limits) -> Document:
    return Document(digest(body))


_READERS: Final[Mapping[BodyKind, Callable[[bytes, MediaType, Limits], Document]]] = {
    BodyKind.BINARY: _bytes,
    BodyKind.HTML: _html,
    BodyKind.JSON: _json,
    BodyKind.JSON_LINES: _json_lines,
    BodyKind.TABLE: _table,
    BodyKind.TEXT: _text,
    BodyKind.URLENCODED: _form,
    BodyKind.XML: _xml,
}
