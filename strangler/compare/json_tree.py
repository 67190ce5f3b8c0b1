"""Comparing two JSON documents: type-strict, by rules, in time linear in their size, and never past the limits.

What is equal is found to be so by `==`, in C, and not walked through; only where rules hold below it is it looked into,
for the rules that have not been met yet.
"""

from __future__ import annotations

from typing import Final

from strangler.compare.actions import SameClass
from strangler.compare.alignment import ABSENT, Alignments, by_key, matching, unlike
from strangler.compare.id_map import MemoryIdMap
from strangler.compare.id_sight import IdSight
from strangler.compare.inequality import unequal
from strangler.compare.json_text import Duplicates, Node, TooDeep, excerpt, excerpts
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.order import Order
from strangler.compare.paths import State
from strangler.compare.place import ROOT, Label, Place, spelled
from strangler.compare.rules import RouteRules, Ruling
from strangler.compare.values import Difference, DifferenceKind, Severity

__all__ = ["JsonWalk"]

_ANY: Final = Label("[*]")
_CONTAINERS: Final = frozenset([dict, list, Duplicates])
_Task = tuple[Node, Node, Place, State, Severity, int]


class JsonWalk:
    """One walk through two documents. `differences` and `matched` (numbers of the rules met) fill up as it goes.

    `alignments` says of lists, by their identities, which elements belong together, where that is not index by index.
    In `sparse` documents a list that is not there has lost its elements. `ids` is asked about ids.
    `compare` raises TooMuch at a limit; what was found until then stands.
    """

    def __init__(
        self,
        rules: RouteRules,
        limits: Limits,
        *,
        alignments: Alignments | None = None,
        sparse: bool = False,
        ids: IdSight | None = None,
        probing: JsonWalk | None = None,
    ) -> None:
        self._rules = rules
        self._limits = limits
        self._alignments = alignments or {}
        self._sparse = sparse
        self._ids = ids or IdSight(MemoryIdMap())
        # A probe only asks whether two elements agree: it stops at the first breaking difference.
        self._probe = probing is not None
        self._broken = False
        self._full = False
        self._left: int = limits.nodes if probing is None else probing._left
        self.differences: list[Difference] = []
        self.matched: set[int] = set() if probing is None else probing.matched
        # The same, as the matcher counts; where ids are, every place has to be looked at.
        self._met: set[int] = set() if probing is None else probing._met
        self.truncated = False

    def compare(self, old: Node, new: Node) -> None:
        """Walk both documents from their roots."""
        try:
            self._walk((old, new, ROOT, self._rules.matcher.start, Severity.BREAKING, self._limits.depth))
        except (TooDeep, RecursionError):
            raise TooMuch(f"nested deeper than {self._limits.depth}") from None
        except BytesWarning:
            raise TooMuch("python -bb does not let a number be compared with a text") from None

    def agrees(self, old: Node, new: Node, state: State) -> bool:
        """Whether two elements agree under the rules that hold from `state` on."""
        return self._agree((old, new, ROOT, state, Severity.BREAKING, self._limits.depth))

    def _walk(self, task: _Task) -> None:
        stack = [task]
        if task[0] == task[1]:
            self._look(task[0], task[2], task[3], task[4])
            return
        while stack and not self._full and not (self._probe and self._broken):
            old, new, place, state, severity, depth = stack.pop()
            ruling = self._rules.ruling(state.matched)
            if state.matched:
                self._meet(state)
                if ruling.ignored:
                    continue
                severity = ruling.severity or severity
            lists = type(old) is list
            if type(old) not in _CONTAINERS or type(new) not in _CONTAINERS or lists is not (type(new) is list):
                self._values(old, new, place, severity, ruling)
                continue
            if depth <= 0:
                raise TooDeep
            self._left -= _size(old) + _size(new)
            if self._left < 0:
                raise TooMuch(f"more than {self._limits.nodes} values to look at")
            if not lists:
                children = self._objects(old, new, place, state, severity, depth - 1)
            elif ruling.order is None or ruling.order.how == "sequence":
                children = self._sequences(old, new, place, state, severity, depth - 1)
            elif ruling.order.how == "set":
                children = self._sets(old, new, place, state, severity, depth - 1)
            else:
                children = self._keyed(old, new, ruling.order.key, place, state, severity, depth - 1)
            children.reverse()
            stack += children

    def _meet(self, state: State) -> None:
        self._met.update(state.matched)
        self.matched |= self._rules.ruling(state.matched).numbers

    def _look(self, node: Node, place: Place, state: State, severity: Severity) -> None:
        """Meet the rules of a value that is the same on both sides, and of all below it."""
        stack = [(node, place, state, severity)]
        while stack:
            node, place, state, severity = stack.pop()
            if state.reach <= self._met and not state.reach & self._rules.ids:
                continue
            if state.matched:
                self._meet(state)
                ruling = self._rules.ruling(state.matched)
                if ruling.ignored:
                    continue
                severity = ruling.severity or severity
                if ruling.ids:
                    _, wrong = self._ids.translated(ruling.ids, node, node, keep=not self._probe)
                    if wrong:
                        self._differ(wrong, place, node, node, severity)
            if not state.below or type(node) not in _CONTAINERS:
                continue
            if type(node) is list:
                indexes, rest = state.indexes()
                if not rest:
                    stack += [
                        (node[at], (place, at), below, severity) for at, below in indexes.items() if at < len(node)
                    ]
                    continue
                stack += [
                    (value, (place, at), indexes.get(at, rest), severity)
                    for at, value in enumerate(node)
                    if rest.matched or indexes or type(value) in _CONTAINERS
                ]
                continue
            named, rest = state.keys()
            if type(node) is Duplicates:
                pairs = ((key, value) for key, values in node.groups.items() for value in values)
            elif rest:
                pairs = node.items()
            else:
                pairs = ((key, node[key]) for key in named if key in node)
            for key, value in pairs:
                below = named.get(key, rest)
                if below.matched or (below and type(value) in _CONTAINERS):
                    stack.append((value, (place, key), below, severity))

    def _values(self, old: Node, new: Node, place: Place, severity: Severity, ruling: Ruling) -> None:
        wrong: DifferenceKind | None = None
        meant = new
        if ruling.ids:
            meant, wrong = self._ids.translated(ruling.ids, old, new, keep=not self._probe)
        kind = wrong or unequal(old, meant)
        if kind is None:
            return
        if ruling.excuses:
            if wrong is None and any(excuse.allows(old, meant) for excuse in ruling.excuses):
                return
            if kind is DifferenceKind.VALUE and any(isinstance(excuse, SameClass) for excuse in ruling.excuses):
                kind = DifferenceKind.CLASS
        self._differ(kind, place, old, new, severity)

    def _objects(self, old: Node, new: Node, place: Place, state: State, severity: Severity, depth: int) -> list[_Task]:
        if type(old) is Duplicates or type(new) is Duplicates:
            return self._with_duplicates(_groups(old), _groups(new), place, state, severity, depth)
        children: list[_Task] = []
        named, rest = state.keys()
        changed = {key: value for key, value in old.items() if new.get(key, ABSENT) != value}
        if named or rest:
            for key in old if rest else named:
                if key in old and key not in changed:
                    self._look(old[key], (place, key), named.get(key, rest), severity)
        extra = len(new) - len(old) + len(changed)
        for key, value in changed.items():
            other = new.get(key, ABSENT)
            if other is ABSENT:
                if self._sparse and value and type(value) is list:
                    children.append((value, [], (place, key), named.get(key, rest), severity, depth))
                else:
                    self._one_sided(DifferenceKind.MISSING, value, (place, key), named.get(key, rest), severity)
            else:
                extra -= 1
                children.append((value, other, (place, key), named.get(key, rest), severity, depth))
        if extra:
            for key, value in new.items():
                if key in old:
                    continue
                if self._sparse and value and type(value) is list:
                    children.append(([], value, (place, key), named.get(key, rest), severity, depth))
                else:
                    self._one_sided(DifferenceKind.EXTRA, value, (place, key), named.get(key, rest), severity)
        return children

    def _one_sided(self, kind: DifferenceKind, value: Node, place: Place, state: State, severity: Severity) -> None:
        if type(value) is Order:
            return
        if state.matched:
            self._meet(state)
        ruling = self._rules.ruling(state.matched)
        if not ruling.ignored:
            shown = excerpt(value)
            old, new = (shown, None) if kind is DifferenceKind.MISSING else (None, shown)
            self._record(kind, place, old, new, ruling.severity or severity)

    def _with_duplicates(
        self,
        old: dict[str, list[Node]],
        new: dict[str, list[Node]],
        place: Place,
        state: State,
        severity: Severity,
        depth: int,
    ) -> list[_Task]:
        children: list[_Task] = []
        named, rest = state.keys()
        for key in old | new:
            before, after = old.get(key, []), new.get(key, [])
            here, below = (place, key), named.get(key, rest)
            if not before or not after:
                kind = DifferenceKind.MISSING if before else DifferenceKind.EXTRA
                self._one_sided(kind, (before or after)[0], here, below, severity)
            elif len(before) != len(after):
                self._meet(below)
                ruling = self._rules.ruling(below.matched)
                if not ruling.ignored:
                    times = f"{len(before)} times", f"{len(after)} times"
                    self._record(DifferenceKind.DUPLICATE, here, *times, ruling.severity or severity)
            else:
                children += [(a, b, here, below, severity, depth) for a, b in zip(before, after, strict=True)]
        return children

    def _sequences(
        self, old: list[Node], new: list[Node], place: Place, state: State, severity: Severity, depth: int
    ) -> list[_Task]:
        indexes, rest = state.indexes()
        known = self._alignments.get((id(old), id(new)))
        if known is None and len(old) != len(new):
            if self._probe:
                self._broken = self._broken or severity is Severity.BREAKING
                return []
            known = self._trimmed(old, new, place, state, severity, depth)
        children: list[_Task] = []
        if known is None and not state:
            return [
                (a, b, (place, at), rest, severity, depth)
                for at, (a, b) in enumerate(zip(old, new, strict=True))
                if a != b
            ]
        for at, to in known or zip(range(len(old)), range(len(new)), strict=True):
            if at is None:
                if to is not None:
                    below = indexes.get(to, rest)
                    self._one_sided(DifferenceKind.EXTRA, new[to], (place, to), below, severity)
                continue
            below = indexes.get(at, rest)
            if to is None:
                self._one_sided(DifferenceKind.MISSING, old[at], (place, at), below, severity)
            elif old[at] != new[to]:
                children.append((old[at], new[to], (place, at), below, severity, depth))
            elif below:
                self._look(old[at], (place, at), below, severity)
        return children

    def _trimmed(
        self, old: list[Node], new: list[Node], place: Place, state: State, severity: Severity, depth: int
    ) -> list[tuple[int | None, int | None]]:
        """One element more or less must not make all that follow it differ: what agrees at both ends is set aside."""
        indexes, rest = state.indexes()

        def agree(at: int, to: int) -> bool:
            if old[at] == new[to]:
                return True
            return self._agree((old[at], new[to], (place, at), indexes.get(at, rest), severity, depth))

        shorter = min(len(old), len(new))
        head = 0
        while head < shorter and agree(head, head):
            head += 1
        tail = 0
        while tail < shorter - head and agree(len(old) - 1 - tail, len(new) - 1 - tail):
            tail += 1
        both = shorter - tail
        pairs: list[tuple[int | None, int | None]] = [(at, at) for at in range(both)]
        pairs += [(at, None) for at in range(both, len(old) - tail)]
        pairs += [(None, at) for at in range(both, len(new) - tail)]
        return pairs + [(len(old) - at, len(new) - at) for at in range(tail, 0, -1)]

    def _sets(
        self, old: list[Node], new: list[Node], place: Place, state: State, severity: Severity, depth: int
    ) -> list[_Task]:
        twins, left, right = unlike(old, new)
        _, below = state.indexes()
        here = (place, _ANY)
        if below:
            for twin, _ in twins:
                self._look(twin, here, below, severity)
        children: list[_Task] = []
        if left and right:
            if len(left) * len(right) > self._limits.alignments:
                raise TooMuch(f"a list compared as a set has {len(left)} and {len(right)} elements without a twin")
            agreeing = [
                [to for to, b in enumerate(right) if self._agree((a, b, here, below, severity, depth))] for a in left
            ]
            paired = matching(agreeing)
            if below.reach & self._rules.ids:
                # Ids are believed only of elements that belong together for certain.
                wanted = [to for each in agreeing for to in each]
                certain = [at for at, each in enumerate(agreeing) if len(each) == 1 and wanted.count(each[0]) == 1]
                children = [(left[at], right[paired[at]], here, below, severity, depth) for at in certain]
            left = [each for at, each in enumerate(left) if at not in paired]
            right = [each for at, each in enumerate(right) if at not in set(paired.values())]
        if len(left) == 1 == len(right):
            return [*children, (left[0], right[0], here, below, severity, depth)]
        for each in left:
            self._one_sided(DifferenceKind.MISSING, each, here, below, severity)
        for each in right:
            self._one_sided(DifferenceKind.EXTRA, each, here, below, severity)
        return children

    def _keyed(
        self, old: list[Node], new: list[Node], key: str, place: Place, state: State, severity: Severity, depth: int
    ) -> list[_Task]:
        before, after = by_key(old, key), by_key(new, key)
        _, below = state.indexes()
        children: list[_Task] = []
        for value in before | after:
            left, right = before.get(value, []), after.get(value, [])
            if left == right and not below:
                continue
            some = (left or right)[0]
            here = (place, Label(f"[{key}?]" if value is ABSENT else f"[{key}={excerpt(some[key])[:80]}]"))
            for a, b in zip(left, right, strict=False):
                if a != b:
                    children.append((a, b, here, below, severity, depth))
                else:
                    self._look(a, here, below, severity)
            for each in left[len(right) :]:
                self._one_sided(DifferenceKind.MISSING, each, here, below, severity)
            for each in right[len(left) :]:
                self._one_sided(DifferenceKind.EXTRA, each, here, below, severity)
        return children

    def _agree(self, task: _Task) -> bool:
        probe = JsonWalk(
            self._rules, self._limits, alignments=self._alignments, sparse=self._sparse, ids=self._ids, probing=self
        )
        try:
            probe._walk(task)
        finally:
            self._left = probe._left
        return not probe._broken

    def _differ(self, kind: DifferenceKind, place: Place, old: Node, new: Node, severity: Severity) -> None:
        if self._probe:
            self._broken = self._broken or severity is Severity.BREAKING
        else:
            self._record(kind, place, *excerpts(old, new), severity)

    def _record(self, kind: DifferenceKind, place: Place, old: str | None, new: str | None, severity: Severity) -> None:
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
        path, field = spelled(place)
        self.differences.append(Difference(path, kind, old, new, severity, field))


def _size(node: Node) -> int:
    return len(node.groups) if type(node) is Duplicates else len(node)


def _groups(node: Node) -> dict[str, list[Node]]:
    return node.groups if type(node) is Duplicates else {key: [value] for key, value in node.items()}
