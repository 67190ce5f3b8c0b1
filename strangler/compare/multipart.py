"""Bodies in several parts: `multipart/form-data` by the names of its fields, any other multipart part by part.

A field is `$.photo[0]` with `filename` (where it has one), `type` and `body`; any other part is `$.parts[0]` with
`headers` and `body`. A part's body is compared as its own Content-Type says. Boundaries, and what stands before the
first part and behind the last, have no meaning, nor has the order of fields of different names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from strangler.compare.json_text import Node
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.media_type import MediaType, split_outside_quotes

__all__ = ["multipart_node"]

_LENGTHS: Final = ("content-length", "content-transfer-encoding")
_Read = Callable[[MediaType, bytes], Node]


def multipart_node(body: bytes, media_type: MediaType, limits: Limits, read: _Read) -> dict[str, Node]:
    """All parts, each body by `read`. Raises ValueError for what is not so divided, TooMuch at a limit."""
    node: dict[str, Node] = {}
    form = media_type.name == "multipart/form-data"
    for headers, content in _parts(body, media_type.parameters.get("boundary", ""), limits):
        kind = MediaType.read(headers.get("content-type", "text/plain"))
        inner = read(kind, content)
        if not form:
            node.setdefault("parts", []).append({"headers": headers, "body": inner})
            continue
        disposition = MediaType.read(headers.get("content-disposition", "")).parameters
        if "name" not in disposition:
            raise ValueError("a field without a name")
        field: dict[str, Node] = {"type": kind.name, "body": inner}
        if "filename" in disposition:
            field["filename"] = disposition["filename"]
        node.setdefault(disposition["name"], []).append(field)
    return node


def _parts(body: bytes, boundary: str, limits: Limits) -> list[tuple[dict[str, str], bytes]]:
    if not boundary:
        raise ValueError("no boundary")
    mark = b"--" + boundary.encode("utf-8", "surrogateescape")
    line_end = b"\r\n" if b"\r\n" + mark in body or body.startswith(mark + b"\r\n") else b"\n"
    whole = line_end + body
    if whole.count(line_end + mark) > limits.nodes:
        raise TooMuch(f"more than {limits.nodes} values to look at")
    _, *pieces = whole.split(line_end + mark)
    parts: list[tuple[dict[str, str], bytes]] = []
    for piece in pieces:
        if piece.startswith(b"--"):
            return parts
        # White space may stand behind a boundary.
        _, found, rest = piece.partition(line_end)
        head, ended, content = (line_end + rest).partition(line_end * 2)
        if not found or not ended:
            raise ValueError("a part without an end of its headers")
        parts.append((_headers(head, line_end), content))
    raise ValueError("no boundary at its end")


def _headers(head: bytes, line_end: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in head.decode("utf-8", "surrogateescape").split(line_end.decode()):
        name, colon, value = line.partition(":")
        if colon and name.strip().lower() not in _LENGTHS:
            # `a; b="c"` and `a;b=c` are the same.
            parts = [each.strip() for each in split_outside_quotes(value, ";")]
            headers[name.strip().lower()] = "; ".join(part.replace('"', "") for part in parts)
    return headers
