"""The fields of a request's body, given new values while everything else stays as it was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

__all__ = ["fields_of", "is_form", "media_type", "rewritten_form", "rewritten_json", "rewritten_query"]

_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_BOUNDARY: Final = re.compile(r'boundary="?([^";,\s]{1,200})"?', re.IGNORECASE)
_NAME: Final = re.compile(rb'[;\s]name="([^"\r\n]*)"', re.IGNORECASE)
_FILE: Final = re.compile(rb"[;\s]filename\*?=", re.IGNORECASE)

Rewrite = Callable[[str, str], str]
"""Gives a field's new value, by its name and its value; the same value leaves the field as it was sent."""


def media_type(content_type: str) -> str:
    """The type alone, in lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_form(content_type: str) -> bool:
    """Whether a body of this type has form fields."""
    return media_type(content_type) in (_URLENCODED, _MULTIPART)


def fields_of(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """A form's fields with their values; files are none."""
    found: list[tuple[str, str]] = []

    def note(name: str, value: str) -> str:
        found.append((name, value))
        return value

    rewritten_form(content_type, body, note)
    return found


def rewritten_form(content_type: str, body: bytes, rewrite: Rewrite) -> bytes:
    """A form with new values; a body that is no form as it stands."""
    kind = media_type(content_type)
    if kind == _URLENCODED:
        return rewritten_query(body.decode("latin-1"), rewrite).encode("latin-1")
    boundary = _BOUNDARY.search(content_type)
    if kind != _MULTIPART or boundary is None:
        return body
    mark = b"--" + boundary[1].encode("latin-1")
    return mark.join(_rewritten_part(part, rewrite) for part in body.split(mark))


def rewritten_query(text: str, rewrite: Rewrite) -> str:
    """A query or an urlencoded form with new values."""
    return "&".join(_rewritten_pair(pair, rewrite) for pair in text.split("&"))


def rewritten_json(body: bytes, rewrite: Callable[[Any], Any]) -> bytes:
    """A JSON body with what `rewrite` makes of its document; as it stands where that is the same, or it is no JSON."""
    try:
        document = json.loads(body)
        changed = rewrite(document)
    except (ValueError, RecursionError):
        return body
    return body if changed == document else json.dumps(changed, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _rewritten_pair(pair: str, rewrite: Rewrite) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return pair
    before = unquote_plus(value)
    after = rewrite(unquote_plus(name), before)
    return pair if after == before else f"{name}={quote_plus(after)}"


def _rewritten_part(part: bytes, rewrite: Rewrite) -> bytes:
    head, gap, value = part.partition(b"\r\n\r\n")
    name = _NAME.search(head)
    if not gap or name is None or _FILE.search(head) or not value.endswith(b"\r\n"):
        return part
    before = value[:-2].decode("utf-8", "surrogateescape")
    after = rewrite(name[1].decode("utf-8", "replace"), before)
    return part if after == before else head + gap + after.encode("utf-8", "surrogateescape") + b"\r\n"
