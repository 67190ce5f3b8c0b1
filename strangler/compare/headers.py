"""Comparing headers: those that matter, in the form in which they matter.

Headers that change from answer to answer, or that belong to the connection, are left out (`VOLATILE`). What both sides
must have in equal form is in `_FORMS`, by header. Every other header is compared as written, but its difference is only
a warning: nobody knows whether a client reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from strangler.compare.actions import Excuse, Grade, Ignore
from strangler.compare.rules import RouteRules
from strangler.compare.values import Answer, Difference, DifferenceKind, Severity

__all__ = ["VOLATILE", "compare_headers"]

VOLATILE: Final = frozenset(
    [
        "age",
        "alt-svc",
        "cf-ray",
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "keep-alive",
        "nel",
        "proxy-connection",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "report-to",
        "request-id",
        "server",
        "server-timing",
        "strict-dynamic",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-amzn-requestid",
        "x-amzn-trace-id",
        "x-b3-spanid",
        "x-b3-traceid",
        "x-cache",
        "x-cache-hits",
        "x-correlation-id",
        "x-powered-by",
        "x-process-time",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-request-id",
        "x-response-time",
        "x-runtime",
        "x-served-by",
        "x-timer",
        "x-trace-id",
    ]
)
"""Headers that are never compared: they name one answer, one machine, one connection or one moment."""

_Form = Callable[[tuple[str, ...]], str]


def _as_written(values: tuple[str, ...]) -> str:
    return ", ".join(values)


def _as_set(values: tuple[str, ...]) -> str:
    """Names in a list whose order and case mean nothing."""
    return ", ".join(sorted({each.strip().lower() for value in values for each in value.split(",") if each.strip()}))


def _as_methods(values: tuple[str, ...]) -> str:
    return _as_set(values).upper()


def _as_directives(values: tuple[str, ...]) -> str:
    """`max-age=0, private`: directives in any order, spaces and case of their names without meaning."""
    found = set()
    for each in re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+', ", ".join(values)):
        name, equals, value = each.strip().partition("=")
        if name.strip():
            found.add(f"{name.strip().lower()}{equals}{value.strip()}")
    return ", ".join(sorted(found))


def _as_media_type(values: tuple[str, ...]) -> str:
    """`text/html; charset=utf-8`: case, spaces, quotes and the order of parameters without meaning."""
    first, *parameters = ", ".join(values).split(";")
    named = []
    for each in parameters:
        name, equals, value = each.strip().partition("=")
        value = value.strip().strip('"')
        named.append(f"{name.strip().lower()}{equals}{value.lower() if name.strip().lower() == 'charset' else value}")
    return "; ".join([first.strip().lower(), *sorted(each for each in named if each)])


def _as_presence(values: tuple[str, ...]) -> str:
    """That it is there; its value follows the clock."""
    return "present"


def _as_etag(values: tuple[str, ...]) -> str:
    """That it is there, and whether it is weak; its value follows the body, which is compared itself."""
    return "weak" if values[0].startswith("W/") else "strong"


_FORMS: Final[Mapping[str, _Form]] = {
    "accept-ranges": _as_set,
    "access-control-allow-credentials": _as_set,
    "access-control-allow-headers": _as_set,
    "access-control-allow-methods": _as_methods,
    "access-control-allow-origin": _as_written,
    "access-control-expose-headers": _as_set,
    "access-control-max-age": _as_written,
    "allow": _as_methods,
    "cache-control": _as_directives,
    "content-disposition": _as_written,
    "content-language": _as_set,
    "content-location": _as_written,
    "content-range": _as_written,
    "content-security-policy": _as_written,
    "content-type": _as_media_type,
    "cross-origin-opener-policy": _as_set,
    "etag": _as_etag,
    "expires": _as_presence,
    "last-modified": _as_presence,
    "link": _as_written,
    "location": _as_written,
    "pragma": _as_set,
    "referrer-policy": _as_set,
    "retry-after": _as_presence,
    "strict-transport-security": _as_directives,
    "vary": _as_set,
    "www-authenticate": _as_written,
    "x-content-type-options": _as_set,
    "x-frame-options": _as_methods,
}

# Of a cookie these attributes count; its value and its Expires do not, but whether it has one does.
_COOKIE_ATTRIBUTES: Final = ("Path", "Domain", "Max-Age", "SameSite", "Secure", "HttpOnly", "Partitioned", "Expires")


def compare_headers(old: Answer, new: Answer, rules: RouteRules) -> tuple[list[Difference], set[int]]:
    """The differences of two answers' headers, by name, and the numbers of the rules that were asked."""
    differences: list[Difference] = []
    matched: set[int] = set()
    names = sorted({name.lower() for name, _ in (*old.headers, *new.headers)} - VOLATILE)
    for name in names:
        if name == "set-cookie":
            found = _cookie_spots(old, new)
        else:
            found = [(_title(name), old.all(name), new.all(name), _FORMS.get(name, _as_written))]
        severity = Severity.BREAKING if name in _FORMS or name == "set-cookie" else Severity.WARNING
        for place, before, after, form in found:
            difference = _judged(name, place, before, after, form, severity, rules, matched)
            if difference is not None:
                differences.append(difference)
    return differences, matched


def _judged(
    name: str,
    place: str,
    old: tuple[str, ...],
    new: tuple[str, ...],
    form: _Form,
    severity: Severity,
    rules: RouteRules,
    matched: set[int],
) -> Difference | None:
    before, after = form(old) if old else None, form(new) if new else None
    applicable = rules.at_header(name, place.lower()) if rules.headers else []
    matched.update(number for number, _ in applicable)
    if before == after:
        return None
    for _, action in applicable:
        if isinstance(action, Ignore):
            return None
        if isinstance(action, Grade):
            severity = action.severity
        elif isinstance(action, Excuse) and before is not None and after is not None and action.allows(before, after):
            return None
    kind = DifferenceKind.VALUE
    if before is None or after is None:
        kind = DifferenceKind.EXTRA if before is None else DifferenceKind.MISSING
    return Difference(f"header:{place}", kind, _short(before), _short(after), severity)


def _cookie_spots(old: Answer, new: Answer) -> list[tuple[str, tuple[str, ...], tuple[str, ...], _Form]]:
    """Each cookie's presence, and each attribute of those that both sides set."""
    before, after = _cookies(old.all("set-cookie")), _cookies(new.all("set-cookie"))
    spots: list[tuple[str, tuple[str, ...], tuple[str, ...], _Form]] = []
    for name in sorted(before | after):
        mine, theirs = before.get(name), after.get(name)
        if mine is None or theirs is None:
            spots.append((f"Set-Cookie.{name}", _present(mine), _present(theirs), _as_written))
            continue
        for attribute in _COOKIE_ATTRIBUTES:
            key = attribute.lower()
            spots.append((f"Set-Cookie.{name}.{attribute}", mine.get(key, ()), theirs.get(key, ()), _as_written))
    return spots


def _present(cookie: Mapping[str, tuple[str, ...]] | None) -> tuple[str, ...]:
    return () if cookie is None else ("set",)


def _cookies(lines: Iterable[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """By cookie name the attributes by lower-case name. Of the value only whether it is empty is kept."""
    cookies: dict[str, dict[str, tuple[str, ...]]] = {}
    for line in lines:
        first, *rest = line.split(";")
        attributes: dict[str, tuple[str, ...]] = {}
        for each in rest:
            name, _, value = each.strip().partition("=")
            key, text = name.strip().lower(), value.strip().strip('"')
            if key == "expires":
                text = "present"
            elif key in ("samesite", "domain"):
                text = text.lower()
            attributes[key] = (text,)
        cookies[first.partition("=")[0].strip()] = attributes
    return cookies


def _title(name: str) -> str:
    special = {"etag": "ETag", "www-authenticate": "WWW-Authenticate"}
    return special.get(name) or "-".join(part.capitalize() for part in name.split("-"))


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= 200 else f"{text[:200]}…"
