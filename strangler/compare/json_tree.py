"""Comparing two JSON documents: type-strict, by rules, in time linear in their size, and never past the limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from strangler.compare.actions import Excuse, Grade, Ignore, ListOrder, SameClass
from strangler.compare.alignment import Alignments, by_key, matching, unlike
from strangler.compare.json_text import (
    Duplicates,
    Integer,
    Node,
    Real,
    TooDeep,
    decimal,
    excerpt,
)
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.paths import State, key_step
from strangler.compare.rules import RouteRules
from strangler.compare.values import Difference, DifferenceKind, Severity

__all__ = ["JsonWalk", "unequal"]

_SCALARS: Final = (str, Integer, Real, bool, type(None))


class _Place:
    """Where a value stands: a chain up to the root, spelled out only for a difference."""

    __slots__ = ("above", "field", "step")

    def __init__(self, above: _Place | None, step: str, field: str) -> None:
        self.above = above
        self.step = step
        self.field = field

    def spelled(self) -> tuple[str, str]:
        """The path, and the path with every index as [*]."""
        steps: list[str] = []
        fields: list[str] = []
        place: _Place | None = self
        while place is not None:
            steps.append(place.step)
            fields.append(place.field)
            place = place.above
        return "".join(reversed(steps)), "".join(reversed(fields))


_ROOT: Final = _Place(None, "$", "$")
_Task = tuple[Node, Node, _Place, State, Severity, int]


class JsonWalk:
    """One walk through two documents. `differences` and `matched` (numbers of the rules met) fill up as it goes.

    `compare` raises TooMuch at a limit; what was found until then stands. `known` says of lists, by their identities,
    which of their elements belong together: pairs of indexes in order, None where an element has no counterpart.
    """

    def __init__(
        self, rules: RouteRules, limits: Limits, *, known: Alignments | None = None, probing: JsonWalk | None = None
    ) -> None:
        self._known: Alignments = (known or {}) if probing is None else probing._known
        self._rules = rules
        self._matcher = rules.matcher
        self._limits = limits
        # A probe only asks whether two elements agree: it stops at the first breaking difference.
        self._probe = probing is not None
        self._broken = False
        self._full = False
        self._left: int = limits.nodes if probing is None else probing._left
        self.differences: list[Difference] = []
        self.matched: set[int] = set() if probing is None else probing.matched
        self.truncated = False

    def compare(self, old: Node, new: Node) -> None:
        """Walk both documents from their roots."""
        try:
            self._walk((old, new, _ROOT, self._matcher.start, Severity.BREAKING, self._limits.depth))
        except (TooDeep, RecursionError):
            raise TooMuch(f"nested deeper than {self._limits.depth}") from None

    def _walk(self, task: _Task) -> None:
        stack = [task]
        while stack and not (self._probe and self._broken):
            if self._full:
                return
            old, new, place, state, severity, depth = stack.pop()
            order: ListOrder | None = None
            excuses: list[Excuse] = []
            if state:
                numbers = self._matcher.matched(state)
                if numbers:
                    self.matched.update(self._rules.paths[number][0] for number in numbers)
                    ignored, severity, order, excuses = self._ruled(numbers, severity)
                    if ignored:
                        continue
            if isinstance(old, _SCALARS) or isinstance(new, _SCALARS) or isinstance(old, list) != isinstance(new, list):
                self._values(old, new, place, severity, excuses)
                continue
            if depth <= 0:
                raise TooDeep
            self._spend(len(old) + len(new) if isinstance(old, list) else _size(old) + _size(new))
            if not isinstance(old, list):
                children = self._objects(old, new, place, state, severity, depth - 1)
            elif order is None or order.how == "sequence":
                children = self._sequences(old, new, place, state, severity, depth - 1)
            elif order.how == "set":
                children = self._sets(old, new, place, state, severity, depth - 1)
            else:
                children = self._keyed(old, new, order.key, place, state, severity, depth - 1)
            children.reverse()
            stack += children

    def _spend(self, nodes: int) -> None:
        self._left -= nodes
        if self._left < 0:
            raise TooMuch(f"more than {self._limits.nodes} values to look at")

    def _ruled(
        self, numbers: Sequence[int], severity: Severity
    ) -> tuple[bool, Severity, ListOrder | None, list[Excuse]]:
        ignored, order, excuses = False, None, []
        for number in numbers:
            action = self._rules.paths[number][1]
            if isinstance(action, Ignore):
                ignored = True
            elif isinstance(action, Grade):
                severity = action.severity
            elif isinstance(action, ListOrder):
                order = action
            else:
                excuses.append(action)
        return ignored, severity, order, excuses

    def _values(self, old: Node, new: Node, place: _Place, severity: Severity, excuses: list[Excuse]) -> None:
        kind = unequal(old, new)
        if kind is None or any(excuse.allows(old, new) for excuse in excuses):
            return
        if kind is DifferenceKind.VALUE and any(isinstance(excuse, SameClass) for excuse in excuses):
            kind = DifferenceKind.CLASS
        self._differ(kind, place, old, new, severity)

    def _objects(
        self, old: Node, new: Node, place: _Place, state: State, severity: Severity, depth: int
    ) -> list[_Task]:
        if isinstance(old, Duplicates) or isinstance(new, Duplicates):
            return self._with_duplicates(_groups(old), _groups(new), place, state, severity, depth)
        children: list[_Task] = []
        for key, value in old.items():
            if key in new:
                other = new[key]
                # Most values are equal scalars under no rule: they are not worth a task.
                if not state and type(value) is type(other) and isinstance(value, _SCALARS) and value == other:
                    continue
                below = self._matcher.under_key(state, key)
                step = key_step(key)
                children.append((value, other, _Place(place, step, step), below, severity, depth))
            else:
                self._alone(DifferenceKind.MISSING, value, key, place, state, severity)
        for key, value in new.items():
            if key not in old:
                self._alone(DifferenceKind.EXTRA, value, key, place, state, severity)
        return children

    def _alone(
        self, kind: DifferenceKind, value: Node, key: str, place: _Place, state: State, severity: Severity
    ) -> None:
        step = key_step(key)
        self._one_sided(kind, value, _Place(place, step, step), self._matcher.under_key(state, key), severity)

    def _one_sided(self, kind: DifferenceKind, value: Node, place: _Place, state: State, severity: Severity) -> None:
        numbers = self._matcher.matched(state) if state else ()
        self.matched.update(self._rules.paths[number][0] for number in numbers)
        ignored, severity, _, _ = self._ruled(numbers, severity)
        if ignored:
            return
        old, new = (value, None) if kind is DifferenceKind.MISSING else (None, value)
        self._record(
            kind,
            place,
            excerpt(old) if kind is DifferenceKind.MISSING else None,
            excerpt(new) if kind is DifferenceKind.EXTRA else None,
            severity,
        )

    def _with_duplicates(
        self,
        old: dict[str, list[Node]],
        new: dict[str, list[Node]],
        place: _Place,
        state: State,
        severity: Severity,
        depth: int,
    ) -> list[_Task]:
        children: list[_Task] = []
        for key in old | new:
            before, after = old.get(key, []), new.get(key, [])
            if not before or not after:
                kind = DifferenceKind.MISSING if before else DifferenceKind.EXTRA
                self._alone(kind, (before or after)[0], key, place, state, severity)
                continue
            step = key_step(key)
            here, below = _Place(place, step, step), self._matcher.under_key(state, key)
            if len(before) != len(after):
                numbers = self._matcher.matched(below)
                self.matched.update(self._rules.paths[number][0] for number in numbers)
                ignored, graded, _, _ = self._ruled(numbers, severity)
                if not ignored:
                    times = f"{len(before)} times", f"{len(after)} times"
                    self._record(DifferenceKind.DUPLICATE, here, *times, graded)
                continue
            children += [(a, b, here, below, severity, depth) for a, b in zip(before, after, strict=True)]
        return children

    def _sequences(
        self, old: list[Node], new: list[Node], place: _Place, state: State, severity: Severity, depth: int
    ) -> list[_Task]:
        def task(at: int, to: int) -> _Task:
            below = self._matcher.under_index(state, at)
            return old[at], new[to], _Place(place, f"[{at}]", "[*]"), below, severity, depth

        known = self._known.get((id(old), id(new))) if self._known else None
        if known is not None:
            both_there = [task(at, to) for at, to in known if at is not None and to is not None]
            for at, to in known:
                if to is None and at is not None:
                    self._element(DifferenceKind.MISSING, old[at], f"[{at}]", at, place, state, severity)
                elif at is None and to is not None:
                    self._element(DifferenceKind.EXTRA, new[to], f"[{to}]", to, place, state, severity)
            return both_there
        if len(old) == len(new):
            if not state:
                pairs = zip(old, new, strict=True)
                unlike = [at for at, (a, b) in enumerate(pairs) if not _same_scalar(a, b)]
                return [task(at, at) for at in unlike]
            return [task(at, at) for at in range(len(old))]
        if self._probe:
            self._broken = self._broken or severity is Severity.BREAKING
            return []
        # One element more or less must not make all that follow it differ: what agrees at both ends is set aside.
        shorter = min(len(old), len(new))
        head = 0
        while head < shorter and self._agree(task(head, head)):
            head += 1
        tail = 0
        while tail < shorter - head and self._agree(task(len(old) - 1 - tail, len(new) - 1 - tail)):
            tail += 1
        both = shorter - head - tail
        children = [task(head + at, head + at) for at in range(both)]
        for at in range(head + both, len(old) - tail):
            self._element(DifferenceKind.MISSING, old[at], f"[{at}]", at, place, state, severity)
        for at in range(head + both, len(new) - tail):
            self._element(DifferenceKind.EXTRA, new[at], f"[{at}]", at, place, state, severity)
        return children

    def _element(
        self,
        kind: DifferenceKind,
        value: Node,
        step: str,
        index: int | None,
        place: _Place,
        state: State,
        severity: Severity,
    ) -> None:
        below = self._matcher.under_index(state, index)
        self._one_sided(kind, value, _Place(place, step, "[*]"), below, severity)

    def _sets(
        self, old: list[Node], new: list[Node], place: _Place, state: State, severity: Severity, depth: int
    ) -> list[_Task]:
        left, right = unlike(old, new, depth)
        below = self._matcher.under_index(state, None)
        here = _Place(place, "[*]", "[*]")
        if left and right:
            if len(left) * len(right) > self._limits.alignments:
                raise TooMuch(f"a list compared as a set has {len(left)} and {len(right)} elements without a twin")
            paired = matching(
                len(left), len(right), lambda a, b: self._agree((left[a], right[b], here, below, severity, depth))
            )
            left = [each for at, each in enumerate(left) if at not in paired]
            right = [each for at, each in enumerate(right) if at not in set(paired.values())]
        if len(left) == 1 == len(right):
            return [(left[0], right[0], here, below, severity, depth)]
        for each in left:
            self._element(DifferenceKind.MISSING, each, "[*]", None, place, state, severity)
        for each in right:
            self._element(DifferenceKind.EXTRA, each, "[*]", None, place, state, severity)
        return []

    def _keyed(
        self, old: list[Node], new: list[Node], key: str, place: _Place, state: State, severity: Severity, depth: int
    ) -> list[_Task]:
        before, after = by_key(old, key), by_key(new, key)
        below = self._matcher.under_index(state, None)
        children: list[_Task] = []
        for value in before | after:
            step = f"[{key}={value[:80]}]" if value else f"[{key}?]"
            left, right = before.get(value, []), after.get(value, [])
            here = _Place(place, step, "[*]")
            children += [(a, b, here, below, severity, depth) for a, b in zip(left, right, strict=False)]
            for each in left[len(right) :]:
                self._element(DifferenceKind.MISSING, each, step, None, place, state, severity)
            for each in right[len(left) :]:
                self._element(DifferenceKind.EXTRA, each, step, None, place, state, severity)
        return children

    def _agree(self, task: _Task) -> bool:
        probe = JsonWalk(self._rules, self._limits, probing=self)
        try:
            probe._walk(task)
        finally:
            self._left = probe._left
        return not probe._broken

    def _differ(self, kind: DifferenceKind, place: _Place, old: Node, new: Node, severity: Severity) -> None:
        if self._probe:
            self._broken = self._broken or severity is Severity.BREAKING
        else:
            self._record(kind, place, excerpt(old), excerpt(new), severity)

    def _record(
        self, kind: DifferenceKind, place: _Place, old: str | None, new: str | None, severity: Severity
    ) -> None:
        breaking = severity is Severity.BREAKING
        if self._probe:
            self._broken = self._broken or breaking
            return
        if len(self.differences) >= self._limits.differences:
            self.truncated = True
            # Warnings must not hide the first breaking one; once that is known there is nothing left to find out.
            self._full = breaking or self._broken
            if self._broken or not breaking:
                return
        self._broken = self._broken or breaking
        path, field = place.spelled()
        self.differences.append(Difference(path, kind, old, new, severity, field))


def unequal(old: Node, new: Node) -> DifferenceKind | None:
    """In what two values differ, at least one of them a scalar; None when they are equal."""
    if type(old) is not type(new):
        return DifferenceKind.TYPE
    if old == new:
        return None
    if type(old) is Real or type(old) is Integer:
        left, right = decimal(old), decimal(new)
        if left is not None and left == right:
            return DifferenceKind.NOTATION
    return DifferenceKind.VALUE


def _same_scalar(old: Node, new: Node) -> bool:
    return type(old) is type(new) and isinstance(old, _SCALARS) and bool(old == new)


def _size(node: Node) -> int:
    return len(node) if isinstance(node, dict) else len(node.groups)


def _groups(node: Node) -> dict[str, list[Node]]:
    return node.groups if isinstance(node, Duplicates) else {key: [value] for key, value in node.items()}
