from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Mapping
from email.utils import parsedate
from typing import Literal

__all__ = ["Outcome", "outcome"]

Outcome = Literal["answer", "not modified", "precondition failed"]

_ETAG = re.compile(r'((?:W/)?"[^"]*")\Z')


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
    parsed = parsedate(header) if header.endswith("GMT") or header[-4:].isdecimal() else None
    try:
        return parsed is not None and timegm(parsed) != 0
    except (ValueError, OverflowError):
        return False
