"""What two answers may differ in though both are right: each rule has a name and a reason, and is applied to both."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from tests.someone_else.wire import Answer

__all__ = ["MASKS", "Mask", "Masked", "masked"]

_DATE = r"[A-Z][a-z]{2}, \d\d[ -][A-Z][a-z]{2}[ -]\d{4} \d\d:\d\d:\d\d GMT"


@dataclass(slots=True)
class Masked:
    """An answer on its way to be compared: its parts as far as rules have replaced them; `used` names those."""

    line: str
    fields: list[tuple[str, str]]
    body: bytes
    used: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mask:
    """One rule: its name, why it is fair, and what it does to an answer."""

    name: str
    why: str
    apply: Callable[[Masked], None]


def _values(names: Sequence[str], pattern: str, replacement: str) -> Callable[[Masked], None]:
    expression = re.compile(pattern)

    def apply(answer: Masked) -> None:
        answer.fields = [
            (name, expression.sub(replacement, value) if name.lower() in names else value)
            for name, value in answer.fields
        ]

    return apply


def _body(pattern: bytes, replacement: bytes) -> Callable[[Masked], None]:
    expression = re.compile(pattern)

    def apply(answer: Masked) -> None:
        answer.body = expression.sub(replacement, answer.body)

    return apply


def _without(names: frozenset[str]) -> Callable[[Masked], None]:
    def apply(answer: Masked) -> None:
        answer.fields = [(name, value) for name, value in answer.fields if name.lower() not in names]

    return apply


def _unpacked(answer: Masked) -> None:
    if ("content-encoding", "gzip") in [(name.lower(), value) for name, value in answer.fields] and answer.body:
        answer.body = gzip.decompress(answer.body)


def _secret_cookie(answer: Masked) -> None:
    # Its length stays: a token cut short is a difference.
    answer.fields = [
        (
            name,
            re.sub(
                r"^(csrftoken|sessionid)=([^;]*)",
                lambda found: f"{found[1]}=<{len(found[2])} characters>",
                value,
            )
            if name.lower() == "set-cookie"
            else value,
        )
        for name, value in answer.fields
    ]


def _fresh(answer: Masked) -> None:
    def seen(value: str) -> str:
        try:
            age = datetime.now(UTC) - parsedate_to_datetime(value)
        except ValueError:
            return value
        return "<a moment ago>" if timedelta(minutes=-1) < age < timedelta(minutes=30) else value

    answer.fields = [(name, seen(value) if name.lower() == "last-modified" else value) for name, value in answer.fields]


def _expires(answer: Masked) -> None:
    dates = [value for name, value in answer.fields if name.lower() == "date"]

    def seen(value: str) -> str:
        try:
            apart = parsedate_to_datetime(value) - parsedate_to_datetime(dates[0])
        except (ValueError, IndexError):
            return value
        return "<at once>" if abs(apart) <= timedelta(seconds=2) else value

    answer.fields = [(name, seen(value) if name.lower() == "expires" else value) for name, value in answer.fields]


def _version(answer: Masked) -> None:
    answer.line = re.sub(r"^HTTP/1\.[01](?= )", "HTTP/1.x", answer.line)


MASKS = (
    Mask("version", "RFC 9112 2.3: whoever passes a message on tells its own version", _version),
    Mask("Expires", "at once, so it follows the date; one in the future is compared", _expires),
    Mask("date", "the second in which it was answered", _values(["date"], f"^{_DATE}$", "<date>")),
    Mask(
        "hop-by-hop",
        "RFC 9110 7.6.1: they belong to one connection; how the body's end is told is compared by itself",
        _without(frozenset({"connection", "keep-alive", "transfer-encoding"})),
    ),
    Mask("secret cookie", "session and CSRF secret are drawn at random; their length is compared", _secret_cookie),
    Mask(
        "cookie's end",
        "counted from the second in which it was answered; Max-Age is compared",
        _values(["set-cookie"], f"expires={_DATE}", "expires=<date>"),
    ),
    Mask(
        "signed moment",
        "a cookie that Django signs carries the second in which it did; what is signed is compared",
        _values(["set-cookie"], r"^(\w+=[^;]+):\w{6}:[\w-]{43}(?=;|$)", r"\1:<moment>:<signature>"),
    ),
    Mask(
        "fresh Last-Modified",
        "what was made a moment ago on each side; that of installed files is compared",
        _fresh,
    ),
    Mask("gzip", "Django pads what it compresses by a random number of bytes (BREACH)", _unpacked),
    Mask(
        "CSRF token",
        "masked anew by Django in each answer",
        _body(rb'(?<=["\'])[A-Za-z0-9]{64}(?=\\?["\'])', b"<a token of 64 characters>"),
    ),
    Mask(
        "moment",
        "when something was made, written out in a page",
        _body(
            rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"
            rb"|[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4},? (at )?(\d{1,2}(:\d\d)? [ap]\.m\.|noon|midnight)"
            rb"|(?<=>)\d\d:\d\d(?= by |\s*<)"
            rb"|(?:\d+\xc2\xa0\w+(?:, \d+\xc2\xa0\w+)?|[Jj]ust now)(?: ago)?(?=\s*<)",
            b"<moment>",
        ),
    ),
)


def masked(answer: Answer, masks: Sequence[Mask] = MASKS) -> Masked:
    """The answer with every rule applied."""
    result = Masked(answer.line, list(answer.fields), answer.body)
    for mask in masks:
        before = (result.line, result.fields, result.body)
        mask.apply(result)
        if (result.line, result.fields, result.body) != before:
            result.used.append(mask.name)
    if len(result.body) != len(answer.body):
        # Wire has held the length to the body that came: it says nothing more of a body with words replaced.
        result.fields = [
            (name, "<the body's>" if name.lower() == "content-length" else value) for name, value in result.fields
        ]
    return result
