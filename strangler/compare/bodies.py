"""Comparing bodies: decoded within bounds, then as what both sides say they are.

Bodies of one kind (`media_type.BodyKind`) are read into nodes (`document`) and walked by the rules, JSON and HTML, XML,
forms, tables and text alike. What only one side can be read as is a difference; what neither can, or what is of two
kinds, is compared as text where both are that, else byte by byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from strangler.compare.cause import Cause
from strangler.compare.decoding import Undecodable, codings, decoded
from strangler.compare.document import Document, alignments, digest, read_document
from strangler.compare.id_sight import IdSight
from strangler.compare.json_tree import JsonWalk
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.media_type import BodyKind, MediaType
from strangler.compare.rules import RouteRules
from strangler.compare.values import Answer, Difference, DifferenceKind

__all__ = ["BodyFindings", "compare_bodies"]


@dataclass(slots=True)
class BodyFindings:
    """What was found: differences, the numbers of rules met, and why it is inconclusive (empty: it is not), as one of
    the words of `Cause` and for people."""

    differences: list[Difference] = field(default_factory=list)
    matched: set[int] = field(default_factory=set)
    cause: str = ""
    detail: str = ""
    truncated: bool = False


def compare_bodies(old: Answer, new: Answer, rules: RouteRules, limits: Limits, ids: IdSight) -> BodyFindings:
    """Compare two bodies under one route's rules."""
    if old.body == new.body and codings(old) == codings(new):
        return BodyFindings()
    bodies = _Bodies(rules, limits, ids)
    try:
        bodies.compare(old, new)
    except TooMuch as error:
        bodies.found.cause, bodies.found.detail = error.cause, str(error)
    except RecursionError:
        bodies.found.cause, bodies.found.detail = Cause.LIMITS, "nested too deeply to be compared"
    return bodies.found


class _Bodies:
    """One comparison of two bodies."""

    def __init__(self, rules: RouteRules, limits: Limits, ids: IdSight) -> None:
        self._rules = rules
        self._limits = limits
        self._ids = ids
        self.found = BodyFindings()

    def compare(self, old: Answer, new: Answer) -> None:
        before, after = self._decoded(old), self._decoded(new)
        if isinstance(before, Undecodable) or isinstance(after, Undecodable):
            if isinstance(before, Undecodable) and isinstance(after, Undecodable):
                raise TooMuch(f"neither body can be decoded: {before}", Cause.ENCODING)
            shown = [str(each) if isinstance(each, Undecodable) else digest(each) for each in (before, after)]
            self._differ(DifferenceKind.ENCODING, *shown)
        elif not before or not after:
            if before != after:
                kind = DifferenceKind.EXTRA if after else DifferenceKind.MISSING
                self._differ(kind, *(digest(each) if each else None for each in (before, after)))
        elif before != after:
            self._compare_decoded(before, after, MediaType.of(old), MediaType.of(new))

    def _decoded(self, answer: Answer) -> bytes | Undecodable:
        try:
            return decoded(answer, self._limits.body_bytes)
        except Undecodable as error:
            return error

    def _compare_decoded(self, before: bytes, after: bytes, old: MediaType, new: MediaType) -> None:
        if old.kind is new.kind and old.kind is not BodyKind.BINARY:
            left, right = self._read(before, old), self._read(after, new)
            if self._walked(left, right):
                return
            if isinstance(left, Document) or isinstance(right, Document):
                shown = [
                    old.kind if isinstance(each, Document) else f"not {old.kind}: {each}" for each in (left, right)
                ]
                self._differ(DifferenceKind.ENCODING, *shown)
                return
        if (
            old.is_text
            and new.is_text
            and self._walked(self._read(before, old.as_text()), self._read(after, new.as_text()))
        ):
            return
        self._differ(DifferenceKind.VALUE, digest(before), digest(after))

    def _read(self, body: bytes, media_type: MediaType) -> Document | str:
        """The document, or why it is none."""
        try:
            return read_document(body, media_type, self._limits)
        except (ValueError, LookupError) as error:
            return str(error)[:100]

    def _walked(self, old: Document | str, new: Document | str) -> bool:
        """Walk two documents; False where one is none."""
        if isinstance(old, str) or isinstance(new, str):
            return False
        limits = self._limits
        if old.element is not None:
            # An element is an object in a list, and a script in it can hold JSON.
            limits = replace(limits, depth=3 * limits.depth)
        walk = JsonWalk(self._rules, limits, alignments=alignments(old, new), sparse=old.sparse, ids=self._ids)
        self.found.differences, self.found.matched = walk.differences, walk.matched
        try:
            walk.compare(old.node, new.node)
        finally:
            self.found.truncated = walk.truncated
        return True

    def _differ(self, kind: DifferenceKind, old: str | None, new: str | None) -> None:
        self.found.differences.append(Difference("body", kind, old, new))
