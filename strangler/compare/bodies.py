"""Comparing bodies: decoded within bounds, then by what they are: JSON, text or plain bytes."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from strangler.compare.cause import Cause
from strangler.compare.id_sight import IdSight
from strangler.compare.json_text import TooDeep, parse
from strangler.compare.json_tree import JsonWalk
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.rules import RouteRules
from strangler.compare.values import Answer, Difference, DifferenceKind

__all__ = ["BodyFindings", "compare_bodies"]

_AROUND: Final = 40
_MOST_CODINGS: Final = 3
_CHARSET: Final = re.compile(
    r"utf-?(8|16|16le|16be|32)|(us-)?ascii|latin-?1|iso-8859-\d{1,2}|(windows-|cp)\d{3,4}|koi8-[ru]"
    r"|shift_jis|euc-(jp|kr)|iso-2022-jp|gb2312|gbk|gb18030|big5"
)
_TEXTUAL: Final = ("+xml", "+json", "/xml", "/json", "/javascript", "/x-www-form-urlencoded")


class _Undecodable(Exception):
    """A body that is not what its own headers say."""


@dataclass(slots=True)
class BodyFindings:
    """What was found: differences, the numbers of rules met, and why it is inconclusive (empty: it is not), as one of
    the words of `Cause` and for people."""

    differences: list[Difference] = field(default_factory=list)
    matched: set[int] = field(default_factory=set)
    cause: str = ""
    detail: str = ""
    truncated: bool = False


def compare_bodies(old: Answer, new: Answer, rules: RouteRules, limits: Limits, ids: IdSight) -> BodyFindings:
    """Compare two bodies under one route's rules."""
    found = BodyFindings()
    if old.body == new.body and _codings(old) == _codings(new):
        return found
    try:
        before, after = _decoded(old, limits), _decoded(new, limits)
        if isinstance(before, _Undecodable) or isinstance(after, _Undecodable):
            _one_undecodable(before, after, found)
        elif before != after:
            _compare_decoded(old, new, before, after, rules, limits, ids, found)
    except TooMuch as error:
        found.cause, found.detail = error.cause, str(error)
    return found


def _one_undecodable(before: bytes | _Undecodable, after: bytes | _Undecodable, found: BodyFindings) -> None:
    if isinstance(before, _Undecodable) and isinstance(after, _Undecodable):
        raise TooMuch(f"neither body can be decoded: {before}", Cause.ENCODING)
    old = str(before) if isinstance(before, _Undecodable) else _digest(before)
    new = str(after) if isinstance(after, _Undecodable) else _digest(after)
    found.differences.append(Difference("body", DifferenceKind.ENCODING, old, new))


def _compare_decoded(
    old: Answer,
    new: Answer,
    before: bytes,
    after: bytes,
    rules: RouteRules,
    limits: Limits,
    ids: IdSight,
    found: BodyFindings,
) -> None:
    if _is_json(old) and _is_json(new) and before and after:
        try:
            left, right = _json(before), _json(after)
        except TooDeep:
            raise TooMuch("nested too deeply to be read") from None
        if not isinstance(left, _Undecodable) and not isinstance(right, _Undecodable):
            walk = JsonWalk(rules, limits, ids=ids)
            found.differences, found.matched = walk.differences, walk.matched
            try:
                walk.compare(left, right)
            finally:
                found.truncated = walk.truncated
            return
        if isinstance(left, _Undecodable) != isinstance(right, _Undecodable):
            old_side, new_side = (str(each) if isinstance(each, _Undecodable) else "JSON" for each in (left, right))
            found.differences.append(Difference("body", DifferenceKind.ENCODING, old_side, new_side))
            return
    if not before or not after:
        kind = DifferenceKind.EXTRA if after else DifferenceKind.MISSING
        shown = [_digest(each) if each else None for each in (before, after)]
        found.differences.append(Difference("body", kind, shown[0], shown[1]))
        return
    texts = _texts(old, new, before, after)
    if texts is None:
        found.differences.append(Difference("body", DifferenceKind.VALUE, _digest(before), _digest(after)))
    elif texts[0] != texts[1]:
        found.differences.append(Difference("body", DifferenceKind.VALUE, *_where(*texts)))


def _json(body: bytes) -> object:
    try:
        return parse(body.decode("utf-8"))
    except ValueError as error:
        return _Undecodable(f"not JSON: {str(error)[:100]}")


def _media_type(answer: Answer) -> str:
    return (answer.header("content-type") or "").partition(";")[0].strip().lower()


def _is_json(answer: Answer) -> bool:
    media_type = _media_type(answer)
    return media_type == "application/json" or media_type.endswith("+json")


def _texts(old: Answer, new: Answer, before: bytes, after: bytes) -> tuple[str, str] | None:
    """Both bodies as text, each in its own charset; None when either is not text."""
    texts = []
    for answer, body in ((old, before), (new, after)):
        media_type = _media_type(answer)
        if not media_type.startswith("text/") and not media_type.endswith(_TEXTUAL):
            return None
        try:
            texts.append(body.decode(_charset(answer)))
        except (LookupError, UnicodeError):
            return None
    return texts[0], texts[1]


def _charset(answer: Answer) -> str:
    """The body's charset as its headers say. One that only Python knows is no charset: some of those take long."""
    for parameter in (answer.header("content-type") or "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
            if _CHARSET.fullmatch(charset) is None:
                raise LookupError(charset)
            return charset
    return "utf-8"


def _where(old: str, new: str) -> tuple[str, str]:
    """Both texts around the first character that differs."""
    shorter = min(len(old), len(new))
    low, high = 0, shorter
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if old[:middle] == new[:middle] else (low, middle - 1)
    around = slice(max(0, low - _AROUND), low + _AROUND)
    return f"at {low}: {old[around]!r}", f"at {low}: {new[around]!r}"


def _digest(body: bytes) -> str:
    return f"{len(body)} bytes, sha256 {sha256(body).hexdigest()[:16]}"


def _codings(answer: Answer) -> list[str]:
    """Content codings in the order in which they were applied."""
    listed = ",".join(answer.all("content-encoding")).lower().split(",")
    return [each.strip() for each in listed if each.strip() not in ("", "identity")]


def _decoded(answer: Answer, limits: Limits) -> bytes | _Undecodable:
    """The body without its content codings. Raises TooMuch for codings that we cannot read and for bombs."""
    body = answer.body
    codings = _codings(answer)
    if len(codings) > _MOST_CODINGS:
        raise TooMuch(f"{len(codings)} content codings, one over another", Cause.ENCODING)
    if not body:
        return body
    for coding in reversed(codings):
        if coding in ("gzip", "x-gzip"):
            windows = [16 + zlib.MAX_WBITS]
        elif coding == "deflate":
            # The standard says zlib, and half the world sends it bare.
            windows = [zlib.MAX_WBITS, -zlib.MAX_WBITS]
        else:
            raise TooMuch(f"content coding {coding} is not read", Cause.ENCODING)
        unpacked = _unpacked(body, windows, limits.body_bytes)
        if unpacked is None:
            return _Undecodable(f"not {coding}")
        body = unpacked
    if len(body) > limits.body_bytes:
        raise TooMuch(f"a body of more than {limits.body_bytes} bytes")
    return body


def _unpacked(body: bytes, windows: list[int], most: int) -> bytes | None:
    for window in windows:
        parts: list[bytes] = []
        room, rest = most + 1, body
        try:
            while rest and room > 0:
                stream = zlib.decompressobj(window)
                part = stream.decompress(rest, room)
                room -= len(part)
                parts.append(part)
                if not stream.eof:
                    if room <= 0:
                        raise TooMuch(f"a body of more than {most} bytes")
                    break
                rest = stream.unused_data
            else:
                return b"".join(parts)
        except zlib.error:
            continue
    return None
