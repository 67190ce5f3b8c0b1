"""Taking out of pairs what must not be kept, before anything is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from strangler.compare.decoding import Undecodable, decoded
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.media_type import BodyKind, MediaType
from strangler.compare.redaction import Redaction, RedactionKind
from strangler.compare.values import Answer, Difference, Pair, Request
from strangler.evidence.json_secrets import JsonSecrets
from strangler.evidence.kept import KeptPair
from strangler.evidence.marks import Marks
from strangler.evidence.secret_names import COOKIE_HEADERS, DIGEST_HEADERS, SECRET_HEADERS, Names, is_secret
from strangler.evidence.text_secrets import (
    assigned_taken_out,
    fields_taken_out,
    multipart_taken_out,
    page_taken_out,
    tokens_taken_out,
    urls_taken_out,
)

__all__ = ["Redactor"]

Headers = tuple[tuple[str, str], ...]

_LIMITS: Final = Limits()
_CREDENTIALS: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9-]{0,30}) +(?P<secret>\S.*)", re.DOTALL)
# A quoted value may hold semicolons; one whose quote is never closed ends at the next.
_CRUMBS: Final = re.compile(r'(?:^|(?<=;))((?:[^;"]|"[^"]*"|")*?)(?=;|$)')
_PAGES: Final = frozenset([BodyKind.HTML, BodyKind.XML])


class Redactor:
    """Takes secrets out of pairs: what the rules name, and unasked what `secret_names` lists, credentials above all.

    In the place of each comes a mark, made of it with `key` (at least 16 bytes; ValueError below), so that what was
    equal, on one side or the other or in another pair, stays equal. A secret of eight letters or more is then looked
    for in all of the pair, escaped or not. Bodies are kept decoded; one that cannot be looked into is kept as a mark
    and its length: one in a content coding that is not what its headers say, or in no known charset, JSON that is none,
    a multipart form that its boundary does not divide.

    Call it with a pair; `kept` is for one with its verdict and differences. Safe to share between threads.
    """

    def __init__(self, redactions: Iterable[Redaction] = (), *, key: bytes) -> None:
        Marks(key)
        self._key = key
        by_kind: dict[RedactionKind, list[str]] = {kind: [] for kind in RedactionKind}
        for each in redactions:
            by_kind[each.kind].append(each.what)
        self._json = JsonSecrets(by_kind[RedactionKind.PATH])
        self._headers = Names(by_kind[RedactionKind.HEADER])
        self._parameters = Names(by_kind[RedactionKind.QUERY])
        self._fields = Names(by_kind[RedactionKind.FORM])
        self._patterns = [re.compile(each) for each in by_kind[RedactionKind.PATTERN]]

    def __call__(self, pair: Pair) -> Pair:
        """The pair without its secrets."""
        return self._pair(pair, Marks(self._key))

    def kept(self, kept: KeptPair) -> KeptPair:
        """The kept pair without secrets, its differences too."""
        marks = Marks(self._key)
        pair = self._pair(kept.pair, marks)
        return replace(kept, pair=pair, differences=tuple(self._difference(each, marks) for each in kept.differences))

    def field(self, field: str) -> str:
        """The field of a difference without what patterns find in it and without what lies below a redacted place: what
        it may be counted by. Such a field of a kept pair is the same, unless a secret of that very pair is a key."""
        path, _ = self._place(field)
        return self._read_name(path, Marks(self._key))

    def _pair(self, pair: Pair, marks: Marks) -> Pair:
        cleaned = self._once(pair, marks)
        # What was found in the last place may have stood in the first one too.
        return self._once(pair, marks) if _stained(cleaned, marks) else cleaned

    def _once(self, pair: Pair, marks: Marks) -> Pair:
        return Pair(self._request(pair.request, marks), self._answer(pair.old, marks), self._answer(pair.new, marks))

    def _request(self, request: Request, marks: Marks) -> Request:
        path, mark, query = request.target.partition("?")
        cleaned = marks.sweep(fields_taken_out(query, self._is_parameter, marks, lambda each: self._read(each, marks)))
        body, redacted = self._body(request.headers, request.body, marks)
        return replace(
            request,
            target=self._read(path, marks) + mark + cleaned,
            headers=self._lines(request.headers, marks, coded=body == request.body, redacted=redacted),
            body=body,
        )

    def _answer(self, answer: Answer, marks: Marks) -> Answer:
        body, redacted = self._body(answer.headers, answer.body, marks)
        headers = self._lines(answer.headers, marks, coded=body == answer.body, redacted=redacted)
        return Answer(answer.status, headers, body)

    def _lines(self, headers: Headers, marks: Marks, *, coded: bool, redacted: bool) -> Headers:
        """`coded`: the body is as it came, in its content coding; `redacted`: something was taken out of it."""
        lines = []
        for name, value in headers:
            low = name.lower()
            if not coded and low in ("content-encoding", "content-length", "transfer-encoding"):
                continue
            if redacted and low in DIGEST_HEADERS:
                value = marks.of(value) if low != "etag" else _etag(value, marks)
            lines.append((self._read(name, marks), self._header(low, value, marks)))
        return tuple(lines)

    def _header(self, name: str, value: str, marks: Marks) -> str:
        if name in self._headers:
            return marks.of(value)
        if name in COOKIE_HEADERS:
            return marks.sweep(_cookies(value, marks, every=name == "cookie"))
        if name in SECRET_HEADERS or is_secret(name):
            credentials = _CREDENTIALS.fullmatch(value) if "authorization" in name else None
            if credentials is None:
                return marks.of(value)
            return f"{credentials['scheme']} {marks.of(credentials['secret'])}"
        return self._read(value, marks)

    def _body(self, headers: Headers, body: bytes, marks: Marks) -> tuple[bytes, bool]:
        """The body as it may be kept, and whether anything was taken out of it."""
        if not body:
            return body, False
        answer = Answer(200, headers, body)
        media = MediaType.read(answer.header("content-type") or "")
        try:
            plain = decoded(answer, _LIMITS.body_bytes)
            if media.kind is BodyKind.MULTIPART:
                boundary = media.parameters.get("boundary", "")
                kept = multipart_taken_out(plain, boundary, self._is_field, marks, lambda part: self._part(part, marks))
            else:
                kept = self._text_body(media, plain, marks)
        except (Undecodable, TooMuch, ValueError, LookupError):
            return marks.body(body), True
        return kept, kept != plain

    def _text_body(self, media: MediaType, body: bytes, marks: Marks) -> bytes:
        def read(text: str) -> str:
            return self._read(text, marks)

        def read_name(text: str) -> str:
            return self._read_name(text, marks)

        kind = media.kind
        if kind is BodyKind.BINARY and not _looks_like_json(body):
            return self._part(body, marks)
        # JSON is UTF-8, whatever its charset claims.
        charset = "utf-8" if kind in (BodyKind.JSON, BodyKind.JSON_LINES) else media.charset or _guessed(body)
        text = body.decode(charset)
        if kind is BodyKind.JSON:
            text = self._json.take_out(text, marks, read, read_name)
        elif kind is BodyKind.JSON_LINES:
            text = "\n".join(
                [
                    self._json.take_out(line, marks, read, read_name) if line.strip() else line
                    for line in text.split("\n")
                ]
            )
        elif kind is BodyKind.URLENCODED:
            text = marks.sweep(fields_taken_out(text, self._is_field, marks, read))
        elif _looks_like_json(body):
            try:
                text = self._json.take_out(text, marks, read, read_name)
            except ValueError:
                text = read(text)
        else:
            if kind in _PAGES:
                text = page_taken_out(text, self._is_field, marks)
            text = read(text)
        return text.encode(charset)

    def _part(self, part: bytes, marks: Marks) -> bytes:
        """Bytes of no known kind."""
        try:
            charset = "utf-8"
            text = part.decode(charset)
        except UnicodeDecodeError:
            charset = "latin-1"
            text = part.decode(charset)
        return self._read(text, marks).encode(charset)

    def _read(self, text: str, marks: Marks) -> str:
        """A text without the secrets that patterns find in it, that it names, or that were found elsewhere before."""
        text = tokens_taken_out(self._without_patterns(text, marks), marks)
        return marks.sweep(
            assigned_taken_out(urls_taken_out(text, self._is_parameter, marks), self._is_parameter, marks)
        )

    def _read_name(self, text: str, marks: Marks) -> str:
        return marks.sweep_name(self._without_patterns(text, marks))

    def _without_patterns(self, text: str, marks: Marks) -> str:
        for pattern in self._patterns:
            text = pattern.sub(lambda found: _match_taken_out(found, marks), text)
        return text

    def _is_parameter(self, name: str) -> bool:
        return is_secret(name) or name in self._parameters

    def _is_field(self, name: str) -> bool:
        return is_secret(name) or name in self._fields

    def _difference(self, difference: Difference, marks: Marks) -> Difference:
        path, covered = self._place(difference.path)
        cleaned = self._read_name(path, marks)
        return replace(
            difference,
            path=cleaned,
            field=_every_index(cleaned) if cleaned != difference.path else self._read_name(difference.field, marks),
            old=self._excerpt(difference.old, covered, marks),
            new=self._excerpt(difference.new, covered, marks),
        )

    def _place(self, path: str) -> tuple[str, bool]:
        """The place of a difference, or the one above it that is replaced whole; and whether either is."""
        if path.startswith("$"):
            try:
                place = self._json.covers(path)
            except ValueError:
                # Not a path that we can follow, so nobody knows what its values are.
                place = path
            return place or path, place is not None
        name = path.removeprefix("header:").lower()
        covered = name in SECRET_HEADERS or is_secret(name) or name in self._headers or name in DIGEST_HEADERS
        return path, covered and path.startswith("header:")

    def _excerpt(self, text: str | None, covered: bool, marks: Marks) -> str | None:
        if text is None or (covered and text in ("", '""', "null", "{}", "[]")):
            return text
        if covered:
            # As it stands in the pair, where the excerpt is whole.
            try:
                value = json.loads(text)
            except ValueError:
                value = None
            return json.dumps(marks.aside(value)) if isinstance(value, str) else marks.aside(text)
        cleaned = self._read(text, marks)
        return marks.aside(cleaned) if marks.part_of_one(cleaned) else cleaned


def _stained(pair: Pair, marks: Marks) -> bool:
    """Whether anything that was found is left somewhere, or may be."""
    parts = (pair.request, pair.old, pair.new)
    texts = [pair.request.target, *(text for part in parts for line in part.headers for text in line)]
    for part in parts:
        try:
            texts.append(part.body.decode("utf-8"))
        except UnicodeDecodeError:
            return True
        if b"\0" in part.body:
            # Of two bytes a letter, perhaps.
            return True
    return any(marks.stains(text) for text in texts)


def _match_taken_out(found: re.Match[str], marks: Marks) -> str:
    if not found.re.groups or found[1] is None:
        return marks.of(found[0])
    start, end = found.start(1) - found.start(), found.end(1) - found.start()
    return found[0][:start] + marks.of(found[1]) + found[0][end:]


def _cookies(value: str, marks: Marks, *, every: bool) -> str:
    """`every`: a Cookie header, all of which are cookies; in Set-Cookie only the first is one."""
    parts = _CRUMBS.findall(value)
    for number, part in enumerate(parts if every else parts[:1]):
        name, equals, text = part.partition("=")
        plain = text.strip().strip('"')
        if equals:
            parts[number] = f"{name}={marks.of(plain)}"
        else:
            parts[number] = marks.of(part.strip())
    return ";".join(parts)


def _etag(value: str, marks: Marks) -> str:
    weak, _, tag = value.rpartition("W/")
    return f'{weak}W/"{marks.of(tag)}"' if value.startswith("W/") else f'"{marks.of(value)}"'


def _looks_like_json(body: bytes) -> bool:
    return body.lstrip()[:1] in (b"{", b"[")


def _guessed(body: bytes) -> str:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _every_index(path: str) -> str:
    return re.sub(r"\[\d+\]", "[*]", path)
