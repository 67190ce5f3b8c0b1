from __future__ import annotations

import re
from functools import lru_cache
from http import cookies

__all__ = ["LANGUAGES", "chosen_language"]

LANGUAGES = ("en", "de")
"""What the monolith speaks, its default first."""

_COOKIE = "django_language"
_LONGEST = 500
_CODE = re.compile(r"[a-z]{1,8}(?:-[a-z0-9]{1,8})*(?:@[a-z0-9]{1,20})?\Z", re.IGNORECASE)
_ACCEPTED = re.compile(
    r"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)(?:\s*;\s*q=(0(?:\.[0-9]{,3})?|1(?:\.0{,3})?))?(?:\s*,\s*|$)"
)


@lru_cache(maxsize=1000)
def chosen_language(cookie: str, accept_language: str) -> str:
    """The language of the answer: by the shop's cookie, else by Accept-Language, else the default."""
    if _COOKIE in cookie:
        found = _supported(_cookie_value(cookie))
        if found is not None:
            return found
    for code in _by_preference(accept_language):
        if code == "*":
            break
        found = _supported(code) if _CODE.match(code) else None
        if found is not None:
            return found
    return LANGUAGES[0]


def _cookie_value(header: str) -> str:
    value = ""
    for chunk in header.split(";"):
        name, equals, text = chunk.partition("=")
        if equals and name.strip() == _COOKIE:
            morsel: cookies.SimpleCookie = cookies.SimpleCookie()
            value = morsel.value_decode(text.strip())[0]
    return value


def _supported(code: str) -> str | None:
    """The code itself or the longest part of it that is spoken: `de` for `de-AT`."""
    if len(code) > _LONGEST:
        cut = code.rfind("-", 0, _LONGEST)
        if cut <= 0:
            return None
        code = code[:cut]
    while code:
        if code.lower() in LANGUAGES:
            return code.lower()
        code = code.rpartition("-")[0]
    return None


def _by_preference(header: str) -> list[str]:
    """The codes of an Accept-Language header, best first; none of them when any is malformed."""
    if len(header) > _LONGEST:
        cut = header.rfind(",", 0, _LONGEST)
        if cut <= 0:
            return []
        header = header[:cut]
    pieces = _ACCEPTED.split(header.lower())
    if pieces[-1]:
        return []
    found: list[tuple[str, float]] = []
    for at in range(0, len(pieces) - 1, 3):
        between, code, quality = pieces[at : at + 3]
        if between:
            return []
        found.append((code, float(quality) if quality else 1.0))
    return [code for code, _ in sorted(found, key=lambda pair: pair[1], reverse=True)]
