from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

__all__ = ["Outcome", "outcome"]

Outcome = Literal["answer", "not modified", "precondition failed"]

_ETAG = re.compile(r'((?:W/)?"[^"]*")\Z')
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
# The three forms of a time in HTTP: of today, of RFC 850, and of C's asctime.
_TIMES = (
    re.compile(rf"\w{{3}}, (?P<day>[0-9]{{2}}) (?P<month>\w{{3}}) (?P<year>[0-9]{{4}}) {_TIME} GMT\Z"),
    re.compile(rf"\w{{6,9}}, (?P<day>[0-9]{{2}})-(?P<month>\w{{3}})-(?P<year>[0-9]{{2}}) {_TIME} GMT\Z"),
    re.compile(rf"\w{{3}} (?P<month>\w{{3}}) (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})\Z"),
)


def outcome(headers: Mapping[str, str], etag: str) -> Outcome:
    """What becomes of a good GET under its conditions, for an answer that has an ETag and no Last-Modified."""
    demanded = _etags(headers.get("if-match", ""))
    if demanded and demanded != ["*"] and etag not in demanded:
        return "precondition failed"
    if not demanded and _is_time(headers.get("if-unmodified-since", "")):
        return "precondition failed"
    known = _etags(headers.get("if-none-match", ""))
    if known == ["*"] or etag in [one.strip("W/") for one in known]:
        return "not modified"
    return "answer"


def _etags(header: str) -> list[str]:
    if header.strip() == "*":
        return ["*"]
    matches = (_ETAG.match(part.strip()) for part in header.split(","))
    return [match[1] for match in matches if match]


def _is_time(header: str) -> bool:
    """Whether it is a time other than the very beginning, which the monolith takes for none."""
    match = next((found for form in _TIMES if (found := form.match(header))), None)
    if match is None or match["month"].lower() not in _MONTHS:
        return False
    year = int(match["year"])
    if len(match["year"]) == 2:
        # Within the last or the next fifty years; which century it is decides nothing here.
        year += 2000
    month = _MONTHS.index(match["month"].lower()) + 1
    hour, minute, second = (int(match[part]) for part in ("hour", "minute", "second"))
    try:
        return datetime(year, month, int(match["day"]), hour, minute, second, tzinfo=UTC).timestamp() != 0
    except (ValueError, OverflowError):
        return False
