"""The cookies that one side has set for one client."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["Crumb", "Jar", "crumbs_of"]

_MOST: Final = 200
_LONGEST: Final = 8192


@dataclass(frozen=True, slots=True)
class Crumb:
    """One cookie as a request carries it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class _Cookie:
    value: str
    path: str
    ends: float


class Jar:
    """Keeps cookies as a browser would, for a side that is one host: `Domain` and `Secure` are not looked at, for a
    copy of the monolith seldom has its name or its certificate. Holds 200 cookies, then the oldest go."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str], _Cookie] = {}
        self._taken_back: set[str] = set()

    def keep(self, lines: Iterable[str], path: str, now: float) -> None:
        """Take up the Set-Cookie lines of an answer to a request for `path`, at `now` (seconds since 1970)."""
        for line in lines:
            first, *attributes = line[:_LONGEST].split(";")
            name, equals, value = first.partition("=")
            name = name.strip()
            if not equals or not name:
                continue
            named = {key.strip().lower(): text.strip() for key, _, text in (each.partition("=") for each in attributes)}
            where = named.get("path", "")
            where = where if where.startswith("/") else path.rpartition("/")[0] or "/"
            self._cookies.pop((name, where), None)
            self._taken_back.discard(name)
            ends = _end(named, now)
            if ends > now:
                self._cookies[name, where] = _Cookie(value.strip(), where, ends)
            elif not any(other == name for other, _ in self._cookies):
                self._taken_back.add(name)
        while len(self._cookies) > _MOST:
            del self._cookies[next(iter(self._cookies))]

    def value(self, name: str, path: str, now: float) -> str | None:
        """The value with which a request for `path` would carry that cookie."""
        return next((crumb.value for crumb in self.crumbs(path, now) if crumb.name == name), None)

    def has_taken_back(self, name: str) -> bool:
        """Whether the side has set that cookie once and has deleted it since."""
        return name in self._taken_back

    def crumbs(self, path: str, now: float) -> list[Crumb]:
        """What a request for `path` carries, the longest paths first."""
        fitting = [
            (len(where), name, cookie.value)
            for (name, where), cookie in self._cookies.items()
            if cookie.ends > now and _covers(where, path)
        ]
        return [Crumb(name, value) for _, name, value in sorted(fitting, key=lambda each: -each[0])]


def crumbs_of(lines: Iterable[str]) -> list[Crumb]:
    """The cookies in the values of Cookie headers."""
    pairs = (crumb.partition("=") for line in lines for crumb in line.split(";"))
    return [Crumb(name.strip(), value.strip()) for name, equals, value in pairs if equals and name.strip()]


def _end(attributes: dict[str, str], now: float) -> float:
    age = attributes.get("max-age", "")
    if age.removeprefix("-").isdecimal() and len(age) < 16:
        return now + int(age)
    try:
        return parsedate_to_datetime(attributes["expires"]).timestamp()
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):
        return math.inf


def _covers(where: str, path: str) -> bool:
    return path == where or path.startswith(where if where.endswith("/") else f"{where}/")
