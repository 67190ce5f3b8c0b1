"""Comparing headers: those that matter, in the form in which they matter.

Headers that change from answer to answer, or that belong to the connection, are left out (`VOLATILE`). What both sides
must have in equal form is in `_FORMS`, by header. Every other header is compared as written (a few in the forms of
`_LESSER`), but its difference is only a warning: nobody knows whether a client reads it.

An ETag inherits the verdict of the body: only whether there is one, and whether it is weak, counts of itself. Of a
cookie its name and attributes count and its value never. What follows the clock counts by being there, and what expires
by whether that is past.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from strangler.compare.id_sight import IdSight
from strangler.compare.masks import mask_nonces, mask_text
from strangler.compare.media_type import BodyKind, MediaType, split_outside_quotes
from strangler.compare.rules import RouteRules
from strangler.compare.set_cookie import ATTRIBUTES, Cookie, http_date, read_cookies
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
        "x-strangler-release",
        "x-timer",
        "x-trace-id",
    ]
)
"""Headers that are never compared: they name one answer, one machine, one connection or one moment."""

_QUOTE: Final = '"'
_Form = Callable[[tuple[str, ...]], str]


def _as_written(values: tuple[str, ...]) -> str:
    return ", ".join(values)


def _as_set(values: tuple[str, ...]) -> str:
    """Names in a list whose order and case mean nothing; `*` takes in all others."""
    names = {each.strip().lower() for value in values for each in value.split(",") if each.strip()}
    return "*" if "*" in names else ", ".join(sorted(names))


def _as_methods(values: tuple[str, ...]) -> str:
    return _as_set(values).upper()


def _as_directives(values: tuple[str, ...]) -> str:
    """`max-age=0, private`: directives in any order, spaces, quotes and case of their names without meaning."""
    found = set()
    for each in split_outside_quotes(", ".join(values), ","):
        name, equals, value = each.strip().partition("=")
        if name.strip():
            found.add(f"{name.strip().lower()}{equals.strip()}{value.strip().strip(_QUOTE)}")
    return ", ".join(sorted(found))


def _as_media_type(values: tuple[str, ...]) -> str:
    """`text/html; charset=utf-8`: case, spaces, quotes and the order of parameters without meaning. Nor has any the
    boundary between parts, or that JSON is in UTF-8, for it can be in nothing else."""
    read = MediaType.read(", ".join(values))
    parameters = {name: value for name, value in read.parameters.items() if name != "boundary"}
    if "charset" in parameters:
        parameters["charset"] = parameters["charset"].lower()
        if read.kind is BodyKind.JSON and parameters["charset"] in ("utf-8", "utf8"):
            del parameters["charset"]
    return "; ".join([read.name, *(f"{name}={value}" for name, value in sorted(parameters.items()))])


def _as_disposition(values: tuple[str, ...]) -> str:
    """`attachment; filename="a.csv"`: spaces, quotes and the order of parameters without meaning."""
    read = MediaType.read(", ".join(values))
    return "; ".join([read.name, *(f"{name}={value}" for name, value in sorted(read.parameters.items()))])


def _as_policy(values: tuple[str, ...]) -> str:
    """A Content-Security-Policy: the order of directives and of what they allow without meaning, nonces masked."""
    policies = []
    for policy in ", ".join(values).split(","):
        directives: dict[str, str] = {}
        for each in policy.split(";"):
            name, *allowed = mask_nonces(each).split() or [""]
            if name:
                # Of two directives of one name browsers take the first.
                directives.setdefault(name.lower(), " ".join([name.lower(), *sorted(set(allowed))]))
        policies.append("; ".join(sorted(directives.values())))
    return ", ".join(sorted(policies))


def _as_links(values: tuple[str, ...]) -> str:
    """Links as written, hashes in the names of assets masked."""
    return mask_text(", ".join(values))


def _as_presence(values: tuple[str, ...]) -> str:
    """That it is there; its value follows the clock."""
    return "present"


def _as_etag(values: tuple[str, ...]) -> str:
    """That it is there, and whether it is weak; its value follows the body, which is compared itself."""
    return "weak" if values[0].strip().startswith("W/") else "strong"


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
    "content-disposition": _as_disposition,
    "content-language": _as_set,
    "content-location": _as_written,
    "content-range": _as_written,
    "content-security-policy": _as_policy,
    "content-type": _as_media_type,
    "cross-origin-embedder-policy": _as_set,
    "cross-origin-opener-policy": _as_set,
    "cross-origin-resource-policy": _as_set,
    "etag": _as_etag,
    "expires": _as_written,
    "last-modified": _as_presence,
    "link": _as_links,
    "location": _as_written,
    "pragma": _as_set,
    "permissions-policy": _as_directives,
    "refresh": _as_written,
    "referrer-policy": _as_set,
    "retry-after": _as_presence,
    "strict-transport-security": _as_directives,
    "vary": _as_set,
    "www-authenticate": _as_written,
    "x-content-type-options": _as_set,
    "x-frame-options": _as_methods,
    "x-robots-tag": _as_set,
}

_LESSER: Final[Mapping[str, _Form]] = {
    "content-security-policy-report-only": _as_policy,
    "accept-patch": _as_set,
    "accept-post": _as_set,
    "timing-allow-origin": _as_set,
}


def compare_headers(old: Answer, new: Answer, rules: RouteRules, ids: IdSight) -> tuple[list[Difference], set[int]]:
    """The differences of two answers' headers, by name, and the numbers of the rules that were asked."""
    differences: list[Difference] = []
    matched: set[int] = set()
    mine, theirs = _by_name(old), _by_name(new)
    for name in sorted((mine.keys() | theirs.keys()) - VOLATILE):
        if name == "set-cookie":
            found = _cookie_spots(old, new)
        elif name == "expires":
            found = [(_title(name), _expiry(old), _expiry(new), _as_written)]
        elif not rules.for_headers and mine.get(name) == theirs.get(name):
            continue
        else:
            form = _FORMS.get(name) or _LESSER.get(name, _as_written)
            found = [(_title(name), mine.get(name, ()), theirs.get(name, ()), form)]
        severity = Severity.BREAKING if name in _FORMS or name == "set-cookie" else Severity.WARNING
        for place, before, after, form in found:
            difference = _judged(name, place, before, after, form, severity, rules, ids, matched)
            if difference is not None:
                differences.append(difference)
    return differences, matched


def _by_name(answer: Answer) -> dict[str, tuple[str, ...]]:
    """The values of every header, by its name in lower case."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in answer.headers:
        key = name.lower()
        found[key] = (*found[key], value) if key in found else (value,)
    return found


def _judged(
    name: str,
    place: str,
    old: tuple[str, ...],
    new: tuple[str, ...],
    form: _Form,
    severity: Severity,
    rules: RouteRules,
    ids: IdSight,
    matched: set[int],
) -> Difference | None:
    before, after = form(old) if old else None, form(new) if new else None
    ruling = rules.at_header(name, place.lower())
    matched |= ruling.numbers
    if ruling.ignored:
        return None
    meant, kind = after, DifferenceKind.VALUE
    if before is None or after is None:
        if before == after:
            return None
        kind = DifferenceKind.EXTRA if before is None else DifferenceKind.MISSING
    else:
        wrong = None
        if ruling.ids:
            meant, wrong = ids.translated(ruling.ids, before, after)
        if wrong is None and (before == meant or any(excuse.allows(before, meant) for excuse in ruling.excuses)):
            return None
        kind = wrong or kind
    return Difference(f"header:{place}", kind, _short(before), _short(after), ruling.severity or severity)


def _cookie_spots(old: Answer, new: Answer) -> list[tuple[str, tuple[str, ...], tuple[str, ...], _Form]]:
    """Each cookie's presence, and each attribute of those that both sides set."""
    moments = http_date(old.header("date")), http_date(new.header("date"))
    before = read_cookies(old.all("set-cookie"), moments[0])
    after = read_cookies(new.all("set-cookie"), moments[1])
    spots: list[tuple[str, tuple[str, ...], tuple[str, ...], _Form]] = []
    for name in sorted(before.keys() | after.keys()):
        mine, theirs = before.get(name), after.get(name)
        if mine is None or theirs is None:
            spots.append((f"Set-Cookie.{name}", _present(mine), _present(theirs), _as_written))
            continue
        for attribute in ATTRIBUTES:
            key = attribute.lower()
            values = mine.attributes.get(key), theirs.attributes.get(key)
            if key == "max-age" and _as_long(values, moments):
                values = values[0], values[0]
            one, other = (() if value is None else (value,) for value in values)
            spots.append((f"Set-Cookie.{name}.{attribute}", one, other, _as_written))
    return spots


def _present(cookie: Cookie | None) -> tuple[str, ...]:
    return () if cookie is None else ("set",)


def _as_long(ages: tuple[str | None, str | None], moments: tuple[datetime | None, datetime | None]) -> bool:
    """Whether two ages that are left of a cookie end within a second of one another: Django counts the age of one that
    expires at a fixed time from the moment of its answer, and the sides answer at two moments."""
    if not all(age is not None and age.isdecimal() and age != "0" and len(age) <= 18 for age in ages):
        return False
    apart = int(ages[1] or 0) - int(ages[0] or 0)
    if abs(apart) <= 1:
        return True
    if moments[0] is None or moments[1] is None:
        return False
    return abs(apart + (moments[1] - moments[0]).total_seconds()) <= 1


def _expiry(answer: Answer) -> tuple[str, ...]:
    """Whether an answer is past its Expires from the start. What is no date, such as 0, is past."""
    values = answer.all("expires")
    if not values:
        return ()
    until, moment = http_date(values[0]), http_date(answer.header("date"))
    if until is None:
        return ("past",)
    return ("to come",) if moment is None or until > moment else ("past",)


def _title(name: str) -> str:
    special = {"etag": "ETag", "www-authenticate": "WWW-Authenticate"}
    return special.get(name) or "-".join(part.capitalize() for part in name.split("-"))


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= 200 else f"{text[:200]}…"
