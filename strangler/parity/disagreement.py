"""What a parity test fails with: the differences, both answers side by side, and a command for each side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from strangler.compare import Comparison, Pair, Verdict
from strangler.compare.side_by_side import curl, lines_of, side_by_side
from strangler.parity.compared import Compared

__all__ = ["Disagreement", "explain"]

_WIDEST_CELL: Final = 40
_WIDEST_SIDE: Final = 66
_MOST_DIFFERENCES: Final = 20
_MOST_ROWS: Final = 40


class Disagreement(AssertionError):
    """The sides differ, or whether they do cannot be said: the verdict of `compared.comparison` tells which of both."""

    def __init__(self, message: str, compared: Compared) -> None:
        self.compared = compared
        super().__init__(message)


def explain(
    pair: Pair,
    comparison: Comparison,
    *,
    places: tuple[str, str],
    host: str,
    rules_file: str,
    notes: Sequence[str] = (),
) -> str:
    """All that a person needs to act on a pair that does not agree. `places` are the sides' addresses, empty for those
    that cannot be asked from outside; `notes` are further sentences."""
    request = pair.request
    route = f" (route {request.route})" if request.route else ""
    lines = [f"{_said(comparison)}: {request.method} {request.target}{route}"]
    if comparison.differences:
        lines += ["", *_differences(comparison)]
    lines += ["", *_sides(pair), ""]
    for name, place in zip(("old", "new"), places, strict=True):
        lines.append(f"  {name}: {curl(request, place, host=host) if place else 'asked in this process'}")
    lines += [f"  {each}" for each in notes]
    if comparison.verdict is Verdict.DIFFER:
        where = rules_file or "a file of rules, given as --parity-rules"
        lines.append(f"  A difference that is meant is written, with its why, into {where}.")
    return "\n".join(lines)


def _said(comparison: Comparison) -> str:
    if comparison.verdict is Verdict.DIFFER:
        return "the sides differ"
    return f"inconclusive, {comparison.cause}" + (f" ({comparison.detail})" if comparison.detail else "")


def _differences(comparison: Comparison) -> list[str]:
    shown = sorted(comparison.differences, key=lambda each: each.severity)[:_MOST_DIFFERENCES]
    rows = [("path", "kind", "severity", "old", "new")]
    rows += [(each.path, each.kind, each.severity, _nothing(each.old), _nothing(each.new)) for each in shown]
    more = len(comparison.differences) - len(shown)
    return [*_table(rows), *([f"  … and {more} more"] if more or comparison.truncated else [])]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[_cut(cell, _WIDEST_CELL) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]


def _sides(pair: Pair) -> Iterable[str]:
    rows = side_by_side(lines_of(pair.old), lines_of(pair.new))
    shown = [("old", "new", " ")]
    for row in rows[:_MOST_ROWS]:
        left, right = ("…", "…") if row.old is None and row.new is None else (row.old or "", row.new or "")
        shown.append((_cut(left, _WIDEST_SIDE), _cut(right, _WIDEST_SIDE), "≠" if row.differs else " "))
    width = max(len(left) for left, _, _ in shown)
    yield from (f"{mark} {left.ljust(width)} | {right}".rstrip() for left, right, mark in shown)
    if len(rows) > _MOST_ROWS:
        yield f"  … and {len(rows) - _MOST_ROWS} more lines"


def _nothing(text: str | None) -> str:
    return "nothing" if text is None else text


def _cut(text: str, width: int) -> str:
    plain = "".join(letter if letter.isprintable() else "·" for letter in text)
    return plain if len(plain) <= width else f"{plain[: width - 1]}…"
