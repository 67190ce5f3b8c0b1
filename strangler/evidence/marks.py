"""What stands in the place of a secret: a keyed hash, so that equal stays equal and nothing can be read."""

from __future__ import annotations

import html
import json
import re
from hmac import digest
from typing import Final
from urllib.parse import quote, quote_plus

__all__ = ["Marks", "subject_hash"]

_SHORTEST_KEY: Final = 16
_SHORTEST_SWEPT: Final = 8
_LONGEST_SWEPT: Final = 4096
_MOST_SWEPT: Final = 256
_GRAM: Final = 6
_MOST_GRAMS: Final = 200_000
_SHORT_TEXT: Final = 4096
_FEW_FORMS: Final = 100
_NUMBERS_FROM: Final = 8 * 10**15
_MARK: Final = re.compile(r"redacted-[0-9a-f]{12}")
_BODY_MARK: Final = re.compile(rb"redacted-body-[0-9a-f]{12} \d{1,20} bytes")
_WORD: Final = re.compile(r"[A-Za-z_-]+")


def subject_hash(key: bytes, subject: str) -> str:
    """A subject as it may be kept: 16 hex digits that tell nobody who it is without the key; empty for none."""
    if not subject:
        return ""
    return digest(key, b"subject\0" + subject.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]


class Marks:
    """The marks of one pair's secrets: it remembers which values it has replaced (the first 256 of 8 to 4,096 letters),
    so that they can be found elsewhere.

    A mark is `redacted-` and twelve hex digits: letters that need no escape in JSON, headers, cookies, URLs and HTML.
    Raises ValueError for a key of less than 16 bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < _SHORTEST_KEY:
            raise ValueError(f"the key to redact with has {len(key)} bytes; it needs at least {_SHORTEST_KEY}")
        self._key = key
        self._forms: dict[str, str] = {}
        self._odd_forms: dict[str, str] = {}
        self._starts: set[str] = set()
        self._swept: set[str] = set()
        self._grams: set[str] = set()
        self._too_many_grams = False

    def of(self, value: str) -> str:
        """The mark of a value; nothing for nothing, and a mark for itself."""
        mark = self.aside(value)
        if mark != value:
            self._remember(value, mark)
        return mark

    def aside(self, value: str) -> str:
        """As `of`, but the value will not be looked for elsewhere: it is no secret as a whole."""
        if not value or _MARK.fullmatch(value):
            return value
        return f"redacted-{self._hash(value)}"

    def number(self, text: str) -> str:
        """The mark of a number as written: a number too, of 16 digits that begin with 8, and with a fraction where
        there was one."""
        self._remember(text, f"redacted-{self._hash(text)}")
        return f"{_NUMBERS_FROM + int(self._hash(text), 16)}" + (".5" if set(text) & set(".eEnN") else "")

    def body(self, body: bytes) -> bytes:
        """What is kept of a body that cannot be looked into."""
        if _BODY_MARK.fullmatch(body):
            return body
        return f"redacted-body-{digest(self._key, b'body' + body, 'sha256').hex()[:12]} {len(body)} bytes".encode()

    def sweep(self, text: str) -> str:
        """The text without any value that was replaced so far, as it stands or escaped; values of less than eight
        letters would be found everywhere, and are not looked for."""
        return _replaced(text, self._forms) if self._may_hold_one(text) else text

    def sweep_name(self, text: str) -> str:
        """As `sweep`, for a key or a path: where a replaced value was one plain word, a name that is the same word is
        no secret."""
        return _replaced(text, self._odd_forms) if self._may_hold_one(text) else text

    def stains(self, text: str) -> bool:
        """Whether `sweep` would change the text."""
        return self._may_hold_one(text) and any(form in text for form in self._forms)

    def part_of_one(self, text: str) -> bool:
        """Whether six letters in a row are those of a value that was replaced: an excerpt may hold half of one. Where
        so much was replaced that nobody can say, it may."""
        if self._too_many_grams:
            return True
        return any(text[at : at + _GRAM] in self._grams for at in range(len(text) - _GRAM + 1))

    def _may_hold_one(self, text: str) -> bool:
        starts = self._starts
        # Few values are found faster in a long text one after another; many, and in many short texts, by one look.
        if not starts or (len(text) > _SHORT_TEXT and len(self._forms) < _FEW_FORMS):
            return bool(starts)
        return any(text[at : at + _SHORTEST_SWEPT] in starts for at in range(len(text) - _SHORTEST_SWEPT + 1))

    def _hash(self, value: str) -> str:
        return digest(self._key, b"value\0" + value.encode("utf-8", "surrogatepass"), "sha256").hex()[:12]

    def _remember(self, value: str, mark: str) -> None:
        full = len(value) > _LONGEST_SWEPT or len(self._swept) >= _MOST_SWEPT
        if len(value) < _SHORTEST_SWEPT or value in self._swept or (full and self._too_many_grams):
            return
        forms = _forms(value) if len(value) <= _LONGEST_SWEPT else {value}
        for form in forms:
            if len(self._grams) + len(form) > _MOST_GRAMS:
                self._too_many_grams = True
                break
            self._grams.update(form[at : at + _GRAM] for at in range(len(form) - _GRAM + 1))
        if full:
            return
        self._swept.add(value)
        self._starts.update(form[:_SHORTEST_SWEPT] for form in forms)
        # The longer first: a value may stand within another.
        found = {**self._forms, **dict.fromkeys(forms, mark)}
        self._forms = dict(sorted(found.items(), key=lambda item: -len(item[0])))
        self._odd_forms = {form: mark for form, mark in self._forms.items() if not _WORD.fullmatch(form)}


def _replaced(text: str, forms: dict[str, str]) -> str:
    for form, mark in forms.items():
        if form in text:
            text = text.replace(form, mark)
    return text


def _forms(value: str) -> set[str]:
    """A value as it may stand in a text, escaped or not."""
    raw = value.encode("utf-8", "surrogatepass")
    forms = {value, html.escape(value), raw.decode("latin-1"), repr(value)[1:-1]}
    forms |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    for escaped in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        forms |= {escaped, _lower_escapes(escaped)}
    return forms


def _lower_escapes(text: str) -> str:
    first, *rest = text.split("%")
    return "%".join([first, *(each[:2].lower() + each[2:] for each in rest)])
