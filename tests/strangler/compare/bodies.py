"""Answers with bodies of one kind, and what a comparison of two found."""

from __future__ import annotations

from strangler.compare import Answer, Comparison, Limits, Rules, Verdict, compare_answers, parse_rules

__all__ = ["agree", "compared_as", "places", "ruled"]

_NONE = Rules()
_LIMITS = Limits()


def compared_as(
    kind: str, old: str | bytes, new: str | bytes, rules: Rules = _NONE, limits: Limits = _LIMITS
) -> Comparison:
    """Two bodies of one media type, compared."""
    before, after = (
        Answer(200, (("Content-Type", kind),), body.encode() if isinstance(body, str) else body) for body in (old, new)
    )
    return compare_answers(before, after, rules, limits=limits)


def places(found: Comparison) -> list[tuple[str, str]]:
    """Where two bodies differ, and in what."""
    return [(each.path, each.kind.value) for each in found.differences]


def agree(kind: str, old: str | bytes, new: str | bytes, rules: Rules = _NONE) -> None:
    """Hold two bodies to mean the same."""
    found = compared_as(kind, old, new, rules)
    assert (found.verdict, [str(each) for each in found.differences]) == (Verdict.AGREE, []), found.detail


def ruled(*rules: str) -> Rules:
    """Rules, each as its lines without header and reason."""
    return parse_rules("\n".join(f"[[rule]]\n{each}\nwhy = 'a test'" for each in rules), "rules.toml")
