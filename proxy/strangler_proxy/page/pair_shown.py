"""What the page of a kept pair shows: headers and bodies beside each other, marked where the sides differ. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from strangler.compare import Answer, Cause, Difference, DifferenceKind, Severity
from strangler.compare.headers import VOLATILE
from strangler.compare.media_type import BodyKind, MediaType
from strangler.compare.outline import Outline, OutlineRow
from strangler.evidence import KeptPair

__all__ = [
    "EXCUSED",
    "BodyRow",
    "Fold",
    "HeaderRow",
    "Parts",
    "body_rows",
    "can_render",
    "header_rows",
    "text_of",
    "was_compared",
]

EXCUSED: Final = "excused"
"""The mark of what is unequal and no difference: a rule allows it, or it was noise."""

_NOT_COMPARED: Final = frozenset({Cause.LIMITS, Cause.ENCODING, Cause.IDENTITY, Cause.FALLBACK, Cause.WRITE})
_CONTEXT: Final = 2
_MOST_SHOWN: Final = 3_000
_LONGEST_TEXT: Final = 20_000
_HEADER: Final = "header:"
# A body that is no text differs as a whole, and its outline is its root alone.
_BODY: Final = "body"
_ROOT: Final = "$"


class Parts(NamedTuple):
    """A text, in three: what both sides begin with, what only this one has, and what both end with."""

    head: str
    own: str
    tail: str


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """A header of both sides, None where one has none. `mark` is the severity of a difference there, `excused`, or
    empty; one that is `volatile` is never compared."""

    name: str
    old: str | None
    new: str | None
    mark: str
    volatile: bool

    @property
    def is_equal(self) -> bool:
        """Whether nobody need look at it: the sides are equal there, or it is never compared."""
        return self.volatile or self.old == self.new


@dataclass(frozen=True, slots=True)
class BodyRow:
    """A row of both bodies. `anchor` is the number of the difference that it is the place of, None where it is none's.
    Of what is unequal `old` and `new` say in which part."""

    depth: int
    label: str
    path: str
    old: Parts | None
    new: Parts | None
    mark: str
    anchor: int | None


@dataclass(frozen=True, slots=True)
class Fold:
    """So many rows that are left out, for the sides are equal there."""

    rows: int


def was_compared(kept: KeptPair) -> bool:
    """Whether what is unequal in a pair and no difference was found to be none: another status, and what is too long or
    cannot be read, ends a comparison before that."""
    return kept.pair.old.status == kept.pair.new.status and kept.cause not in _NOT_COMPARED


def header_rows(
    old: Answer, new: Answer, differences: Sequence[Difference], *, compared: bool = True
) -> list[HeaderRow]:
    """The headers of both answers by name; those that are compared first. Without `compared` nothing is excused."""
    places = [
        (each.path.removeprefix(_HEADER).lower(), each.severity)
        for each in differences
        if each.path.startswith(_HEADER)
    ]
    names = dict.fromkeys(name.lower() for answer in (old, new) for name, _ in answer.headers)
    rows = []
    for name in sorted(names, key=lambda name: (name in VOLATILE, name)):
        before, after = ("\n".join(answer.all(name)) or None for answer in (old, new))
        found = [severity for place, severity in places if place == name or place.startswith(f"{name}.")]
        volatile = name in VOLATILE
        excused = EXCUSED if compared and before != after and not volatile else ""
        rows.append(HeaderRow(name, before, after, _worst(found) or excused, volatile))
    return rows


def body_rows(
    outlined: Outline, differences: Sequence[Difference], *, whole: bool, compared: bool = True
) -> tuple[list[BodyRow | Fold], bool]:
    """The rows of both bodies, with what is equal left out but for two rows around what is not, unless all is wanted
    (`whole`); and whether there are more than can be shown. Without `compared` nothing is excused."""
    rows = list(_marked(outlined.rows, differences, compared))
    shown = set(range(len(rows))) if whole else _near(rows, outlined.rows)
    folded: list[BodyRow | Fold] = []
    left_out = count = 0
    for at, row in enumerate(rows):
        if at not in shown:
            left_out += 1
            continue
        if count == _MOST_SHOWN:
            return folded, True
        if left_out:
            folded.append(Fold(left_out))
            left_out = 0
        folded.append(row)
        count += 1
    if left_out:
        folded.append(Fold(left_out))
    return folded, outlined.cut


def text_of(body: bytes) -> str:
    """A body as text to be looked at, cut where it is long; of what is none, its size."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return f"({len(body)} bytes that are no text)"
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def can_render(answer: Answer) -> bool:
    """Whether a browser would show the answer's body as a page."""
    return bool(answer.body) and MediaType.of(answer).kind is BodyKind.HTML


def _near(rows: Sequence[BodyRow], outlined: Sequence[OutlineRow]) -> set[int]:
    """The rows that are to be seen: those with a mark, what they are in, and two around them."""
    marked = [at for at, row in enumerate(rows) if row.mark or (outlined[at].unequal and outlined[at].leaf)]
    near = {at + step for at in marked for step in range(-_CONTEXT, _CONTEXT + 1)}
    return near | {at for at, row in enumerate(outlined) if row.unequal and not row.leaf}


def _marked(rows: Sequence[OutlineRow], differences: Sequence[Difference], compared: bool) -> Iterable[BodyRow]:
    known = {row.path for row in rows}
    at_path: dict[str, list[int]] = {}
    at_field: dict[str, list[int]] = {}
    for number, each in enumerate(differences):
        path = _ROOT if each.path == _BODY else each.path
        # Rules can align elements that have no index in common: of those the field is known, and what stands there.
        table, key = (at_path, path) if path in known else (at_field, each.field)
        table.setdefault(key, []).append(number)
    # Whatever is in an element that only one side has is marked as that is.
    inherited: list[tuple[int, str]] = []
    anchored: set[int] = set()
    for row in rows:
        while inherited and inherited[-1][0] >= row.depth:
            inherited.pop()
        found = [number for number in at_path.get(row.path, ()) if _is_of(differences[number], row)]
        if not found and row.unequal:
            found = [number for number in at_field.get(row.field, ()) if _stands(differences[number], row)]
        mark = _worst(differences[number].severity for number in found)
        if not mark and inherited:
            mark = inherited[-1][1]
        elif not mark and row.unequal and row.leaf and compared:
            mark = EXCUSED
        if mark and not row.leaf and (row.old is None or row.new is None):
            inherited.append((row.depth, mark))
        old, new = _parts(row)
        anchor = next((number for number in found if number not in anchored), None)
        if anchor is not None:
            anchored.add(anchor)
        yield BodyRow(row.depth, row.label, row.path, old, new, mark, anchor)


def _is_of(difference: Difference, row: OutlineRow) -> bool:
    """Whether a difference with the path of a row is there: an element that one side lacks can have the index of
    another."""
    if difference.kind is DifferenceKind.MISSING:
        return row.new is None
    if difference.kind is DifferenceKind.EXTRA:
        return row.old is None
    return row.old is not None and row.new is not None


def _stands(difference: Difference, row: OutlineRow) -> bool:
    sides = ((difference.old, row.old), (difference.new, row.new))
    return any(value is not None and value == there for value, there in sides)


def _worst(severities: Iterable[Severity]) -> str:
    found = set(severities)
    return next((each.value for each in (Severity.BREAKING, Severity.WARNING) if each in found), "")


def _parts(row: OutlineRow) -> tuple[Parts | None, Parts | None]:
    if row.old is None or row.new is None or not row.unequal or not row.leaf:
        return _whole(row.old), _whole(row.new)
    shorter = min(len(row.old), len(row.new))
    head = next((at for at in range(shorter) if row.old[at] != row.new[at]), shorter)
    tail = next((at for at in range(shorter - head) if row.old[-1 - at] != row.new[-1 - at]), shorter - head)
    return _cut(row.old, head, tail), _cut(row.new, head, tail)


def _whole(text: str | None) -> Parts | None:
    return None if text is None else Parts(text, "", "")


def _cut(text: str, head: int, tail: int) -> Parts:
    return Parts(text[:head], text[head : len(text) - tail], text[len(text) - tail :])
