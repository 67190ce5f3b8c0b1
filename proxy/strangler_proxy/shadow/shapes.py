"""Endpoint templates: a request's path with what varies named, for counting. Pure."""

from __future__ import annotations

import re
from typing import Final

from strangler.evidence import OTHERS
from strangler_proxy.routes.target import decoded_path
from strangler_proxy.routes.template import Template, Variable, parse_template

__all__ = ["Shapes"]

_MOST: Final = 64
_NUMBER: Final = re.compile(r"[0-9]+")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX: Final = re.compile(r"[0-9a-fA-F]{8,}")
_LONGEST: Final = 200


class Shapes:
    """The templates under which the requests of one route are counted: the route's own as it is written, where a
    `path` variable in it is replaced by its segments, and numbers, UUIDs and hexadecimal words among these are named.

    Of more than 64 the rest is counted as `…`.
    """

    __slots__ = ("_known", "_template", "constant")

    def __init__(self, path: str) -> None:
        self._template: Template = parse_template(path)
        self._known: set[str] = set()
        spans = any(segment.spans for segment in self._template.segments)
        self.constant: str = "" if spans else path
        """The one template of all requests of the route; empty where it depends on the path."""

    def of(self, path: bytes) -> str:
        """The template of a raw path that the route takes."""
        if self.constant:
            return self.constant
        decoded = decoded_path(path)
        values = None if decoded is None else self._template.match(decoded)
        if values is None:
            return OTHERS
        parts: list[str] = []
        for segment in self._template.segments:
            parts.append("/")
            for part in segment.parts:
                if not isinstance(part, Variable):
                    parts.append(part.text)
                elif part.converter == "path":
                    parts.append("/".join([_named(each) for each in values[part.name].split("/")]))
                else:
                    parts.append(f"<{part.converter}:{part.name}>")
        shape = "".join(parts) + ("/" if self._template.slash and self._template.text != "/" else "")
        if shape not in self._known:
            if len(self._known) >= _MOST or len(shape) > _LONGEST or not shape.isprintable():
                return OTHERS
            self._known.add(shape)
        return shape


def _named(segment: str) -> str:
    if _NUMBER.fullmatch(segment):
        return "<int>"
    if _UUID.fullmatch(segment):
        return "<uuid>"
    return "<hex>" if _HEX.fullmatch(segment) else segment
