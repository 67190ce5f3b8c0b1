"""Forms as they stand in a body: `application/x-www-form-urlencoded`."""

from __future__ import annotations

from urllib.parse import parse_qsl

from strangler.compare.json_text import Node
from strangler.compare.limits import Limits, TooMuch

__all__ = ["form_node"]


def form_node(body: bytes, charset: str | None, limits: Limits) -> dict[str, Node]:
    """By name the list of its values in order: `$.colour[0]`. The order of names has no meaning, nor has how a
    character is escaped. Raises ValueError for bytes that are not ASCII, TooMuch at a limit."""
    if body.count(b"&") >= limits.nodes:
        raise TooMuch(f"more than {limits.nodes} values to look at")
    # Bytes that are no text in that charset stay apart from all that is.
    pairs = parse_qsl(
        body.decode("ascii").strip(), keep_blank_values=True, encoding=charset or "utf-8", errors="surrogateescape"
    )
    fields: dict[str, Node] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields
