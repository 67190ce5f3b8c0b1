"""A redactor, and a pair for it to clean."""

from __future__ import annotations

import json

from strangler.compare import Answer, Pair, Redaction, RedactionKind, Request
from strangler.compare.form import pair_to_json
from strangler.evidence import Redactor

__all__ = ["FORM", "HTML", "JSON", "KEY", "SECRET", "kept_text", "pair", "redactor"]

KEY = b"0123456789abcdef"
JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
HTML = ("Content-Type", "text/html; charset=utf-8")
SECRET = 's3cr3t/+&=é"<x>'


def redactor(*redactions: tuple[str, str]) -> Redactor:
    return Redactor([Redaction(RedactionKind(kind), what, "because") for kind, what in redactions], key=KEY)


def pair(request: Request | None = None, old: Answer | None = None, new: Answer | None = None) -> Pair:
    return Pair(request or Request("GET", "/"), old or Answer(200), new or Answer(200))


def kept_text(pair: Pair) -> str:
    """Everything that is kept."""
    return json.dumps(pair_to_json(pair), ensure_ascii=False)
