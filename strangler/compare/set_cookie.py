"""Set-Cookie, read for comparing: which cookies are set, with which attributes, for how long. Never their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["ATTRIBUTES", "Cookie", "http_date", "read_cookies"]

ATTRIBUTES: Final = ("Path", "Domain", "Max-Age", "SameSite", "Secure", "HttpOnly", "Partitioned", "Expires")
"""Those that count; `Expires` by whether it is past."""

_FLAGS: Final = ("httponly", "partitioned", "secure")


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie that an answer sets: its attributes by lower-case name, as they count."""

    name: str
    attributes: Mapping[str, str]

    @property
    def place(self) -> str:
        """Where the browser keeps it: cookies of one name with other places are other cookies."""
        return self.attributes.get("domain", "") + self.attributes.get("path", "")


def read_cookies(lines: Iterable[str], moment: datetime | None) -> dict[str, Cookie]:
    """The cookies of an answer given at `moment` (its Date, None where it has none), by name.

    A name that is set for several places stands once for each, with the place behind it: `sessionid(/api)`. What is set
    twice for one place counts as it was set last, as browsers have it. The order of lines has no meaning.
    """
    by_name: dict[str, dict[str, Cookie]] = {}
    for line in lines:
        cookie = _read(line, moment)
        by_name.setdefault(cookie.name, {})[cookie.place] = cookie
    cookies: dict[str, Cookie] = {}
    for name, places in by_name.items():
        for place, cookie in places.items():
            cookies[name if len(places) == 1 else f"{name}({place})"] = cookie
    return cookies


def http_date(text: str | None) -> datetime | None:
    """The moment that a header names, None for what is no date."""
    try:
        found = parsedate_to_datetime(text or "")
        return found if found.tzinfo is not None else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _read(line: str, moment: datetime | None) -> Cookie:
    first, *rest = line.split(";")
    attributes: dict[str, str] = {}
    for each in rest:
        name, _, value = each.strip().partition("=")
        key, text = name.strip().lower(), value.strip().strip('"')
        if key in _FLAGS:
            text = "set"
        elif key == "expires":
            text = _expiry(text, moment)
        elif key == "samesite":
            text = text.lower()
        elif key == "domain":
            text = text.lower().removeprefix(".")
        elif key == "max-age":
            text = _age(text)
        attributes[key] = text
    return Cookie(first.partition("=")[0].strip(), attributes)


def _expiry(text: str, moment: datetime | None) -> str:
    until = http_date(text)
    if until is None:
        return "no date"
    past = until <= moment if moment is not None else until.year < 2000
    return "past" if past else "to come"


def _age(text: str) -> str:
    """Seconds as a number; all that take a cookie away are 0."""
    if not text.removeprefix("-").isdecimal() or len(text) > 18:
        return text
    return str(max(0, int(text)))
