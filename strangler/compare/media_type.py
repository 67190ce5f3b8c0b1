"""What a body claims to be: its media type, parameters, charset, and the kind of comparison that follows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from strangler.compare.values import Answer

__all__ = ["BodyKind", "MediaType", "split_outside_quotes"]

_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_CHARSET: Final = re.compile(
    r"utf-?(8|16|16le|16be|32)|(us-)?ascii|latin-?1|iso-8859-\d{1,2}|(windows-|cp)\d{3,4}|koi8-[ru]"
    r"|shift_jis|euc-(jp|kr)|iso-2022-jp|gb2312|gbk|gb18030|big5"
)


class BodyKind(StrEnum):
    """As what a body is compared."""

    JSON = "JSON"
    JSON_LINES = "JSON lines"
    HTML = "HTML"
    XML = "XML"
    URLENCODED = "a form"
    MULTIPART = "multipart"
    TABLE = "a table"
    TEXT = "text"
    BINARY = "bytes"


_KINDS: Final[Mapping[str, BodyKind]] = {
    "application/ecmascript": BodyKind.TEXT,
    "application/graphql": BodyKind.TEXT,
    "application/javascript": BodyKind.TEXT,
    "application/json": BodyKind.JSON,
    "application/json-seq": BodyKind.TEXT,
    "application/jsonl": BodyKind.JSON_LINES,
    "application/jsonlines": BodyKind.JSON_LINES,
    "application/ndjson": BodyKind.JSON_LINES,
    "application/toml": BodyKind.TEXT,
    "application/x-javascript": BodyKind.TEXT,
    "application/x-json-stream": BodyKind.JSON_LINES,
    "application/x-ndjson": BodyKind.JSON_LINES,
    "application/x-www-form-urlencoded": BodyKind.URLENCODED,
    "application/xml": BodyKind.XML,
    "application/yaml": BodyKind.TEXT,
    "text/csv": BodyKind.TABLE,
    "text/html": BodyKind.HTML,
    "text/json": BodyKind.JSON,
    "text/tab-separated-values": BodyKind.TABLE,
    "text/xml": BodyKind.XML,
}


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type, read: `name` in lower case (empty where there is none), parameters by lower-case name."""

    name: str
    parameters: Mapping[str, str]

    @classmethod
    def read(cls, text: str) -> MediaType:
        """The media type in a header's value. Never raises."""
        first, *rest = split_outside_quotes(text, ";")
        parameters: dict[str, str] = {}
        for each in rest:
            name, _, value = each.partition("=")
            value = value.strip()
            quoted = _QUOTED.fullmatch(value)
            if name.strip():
                plain = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else value.strip('"')
                parameters.setdefault(name.strip().lower(), plain)
        return cls(first.strip().lower(), parameters)

    @classmethod
    def of(cls, answer: Answer) -> MediaType:
        """What an answer says its body is."""
        return _read(answer.header("content-type") or "")

    def as_text(self) -> MediaType:
        """Text in the same charset."""
        return MediaType("text/plain", self.parameters)

    @property
    def is_text(self) -> bool:
        """Whether a body that is not well-formed can still be compared as text."""
        return self.kind not in (BodyKind.BINARY, BodyKind.MULTIPART)

    @property
    def kind(self) -> BodyKind:
        """As what bodies of this media type are compared."""
        kind = _KINDS.get(self.name)
        if kind is not None:
            return kind
        if self.name.endswith("+json"):
            return BodyKind.JSON
        if self.name.endswith("+xml"):
            return BodyKind.XML
        if self.name.startswith("multipart/"):
            return BodyKind.MULTIPART
        return BodyKind.TEXT if self.name.startswith("text/") else BodyKind.BINARY

    @property
    def charset(self) -> str | None:
        """The charset that is named, in lower case; None where none is. Raises LookupError for one that is not known:
        what only Python knows is no charset, and some of that takes long."""
        charset = self.parameters.get("charset", "").lower()
        if not charset:
            return None
        if _CHARSET.fullmatch(charset) is None:
            raise LookupError(charset)
        return charset


@lru_cache(maxsize=256)
def _read(text: str) -> MediaType:
    return MediaType.read(text)


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """The parts of a header's value between separators (one character) that are not in quotes; in linear time."""
    if '"' not in text:
        return text.split(separator)
    parts: list[str] = []
    start, at, quoted = 0, 0, False
    while at < len(text):
        character = text[at]
        if quoted and character == "\\":
            at += 1
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]
