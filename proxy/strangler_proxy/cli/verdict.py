"""The exit code of a verdict, and what commands that compare have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from strangler.compare import Difference, Rule, Verdict
from strangler_proxy.inquiry import parse_header

__all__ = ["EXIT_CODES", "difference_json", "header_lines", "rule_json", "side_words"]

EXIT_CODES: Final = {Verdict.AGREE: 0, Verdict.DIFFER: 1, Verdict.INCONCLUSIVE: 3}
"""0 both sides agree, 1 they differ, 3 nothing can be said."""


def header_lines(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Headers given as `Name: value`, read as on the wire. Raises RequestError."""
    pairs = (parse_header(text) for text in texts)
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs)


def difference_json(difference: Difference) -> dict[str, Any]:
    """A difference as plain JSON types."""
    return {
        "path": difference.path,
        "field": difference.field,
        "kind": difference.kind.value,
        "severity": difference.severity.value,
        "old": difference.old,
        "new": difference.new,
    }


def rule_json(rule: Rule) -> dict[str, Any]:
    """A rule as plain JSON types."""
    return {"line": rule.line, "route": rule.route, "path": rule.path, "header": rule.header, "why": rule.why}


def side_words(value: str | None) -> str:
    """A value of one side, for people."""
    return "(nothing)" if value is None else value
