"""What of a new document the monolith's own answers excuse: the old one, with the new values where they are noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from strangler.compare.alignment import Alignments, matching
from strangler.compare.json_text import Duplicates, Node, TooDeep, canonical, excerpt
from strangler.compare.json_tree import JsonWalk
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.paths import State
from strangler.compare.place import ROOT, Label, Place, spelled
from strangler.compare.pool import Pool
from strangler.compare.rules import RouteRules, Ruling
from strangler.compare.sameness import identifying_key, mostly_replaced, same_elements, same_things

__all__ = ["Noise", "NoiseKind", "Settling"]


class NoiseKind(StrEnum):
    """What the monolith does not repeat at one place."""

    VALUE = "value"
    """The value; its kind it does."""
    PRESENCE = "presence"
    """Whether it is there."""
    ORDER = "order"
    """The order of a list."""
    CHOICE = "choice"
    """Which elements a list has; what they are like it does, and how many they are."""


@dataclass(frozen=True, slots=True)
class Noise:
    """One place that the monolith does not repeat, and where the new answer differs or might. `path` and `field` are as
    those of a `Difference`."""

    path: str
    kind: NoiseKind
    field: str


class Settling:
    """Puts one new document against what the monolith showed. `noise` and `alignments` fill up as it goes.

    `drawn` are the alignments of the old document with each of the further ones, `alignments` those with the new one.
    With `markup` lists belong together by these alone.
    """

    def __init__(
        self,
        rules: RouteRules,
        limits: Limits,
        *,
        alignments: Alignments,
        drawn: Sequence[Alignments],
        markup: bool,
    ) -> None:
        self._rules = rules
        self._drawn = drawn
        self._markup = markup
        self._limits = limits
        self._left = limits.nodes
        # What is in lists within lists is looked at once for each.
        self._leaves_left = limits.nodes
        self._noise: dict[tuple[str, NoiseKind], Noise] = {}
        self.alignments: Alignments = dict(alignments)

    @property
    def noise(self) -> tuple[Noise, ...]:
        """What was excused, each place once."""
        return tuple(self._noise.values())

    def settled(self, old: Node, shown: Sequence[Node], new: Node) -> Node:
        """The old document as the new one may be: equal to it where it shows no more than noise. `shown` are the
        monolith's further answers. Raises TooMuch at a limit."""
        try:
            return self._settled(old, shown, new, ROOT, self._rules.matcher.start)
        except (RecursionError, TooDeep):
            raise TooMuch("nested too deeply to tell noise") from None
        except BytesWarning:
            raise TooMuch("python -bb does not let a number be compared with a text") from None

    def _settled(self, old: Node, shown: Sequence[Node], new: Node, place: Place, state: State) -> Node:
        ruling = self._rules.ruling(state.matched)
        if ruling.ignored or old == new or all(each == old for each in shown):
            return old
        types = {type(each) for each in (old, new, *shown)}
        if types == {dict}:
            return self._object(old, shown, new, place, state)
        if types == {list}:
            return self._list(old, shown, new, place, state, ruling)
        if type(new) is Duplicates and {type(each) for each in (old, *shown)} == {dict}:
            # A key that stands twice is no noise, and what stands beside it is as noisy as ever.
            once = {
                key: old[key] if len(values) > 1 and key in old else values[0] for key, values in new.groups.items()
            }
            return self._object(old, shown, once, place, state)
        # What rules excuse about the monolith's own answers is no noise: the rules hold for the new one too.
        if all(old == each or any(excuse.allows(old, each) for excuse in ruling.excuses) for each in shown):
            return old
        return self._blended([old, *shown], new, place, NoiseKind.VALUE)

    def _blended(self, shown: Sequence[Node], new: Node, place: Place, kind: NoiseKind) -> Node:
        self._spend(len(shown))
        blended = self._pool(shown).blend(new)
        if blended == new:
            self._note(place, kind)
        return blended

    def _object(
        self, old: dict[str, Node], shown: Sequence[dict[str, Node]], new: dict[str, Node], place: Place, state: State
    ) -> Node:
        self._spend(len(old) + len(new))
        named, rest = state.keys()
        settled: dict[str, Node] = {}
        for key in old | new:
            here = (place, key)
            having = [each[key] for each in shown if key in each]
            if key in old and len(having) == len(shown):
                settled[key] = old[key]
                if key in new:
                    settled[key] = self._settled(old[key], having, new[key], here, named.get(key, rest))
            elif key not in new:
                self._note(here, NoiseKind.PRESENCE)
            elif key in old or having:
                self._note(here, NoiseKind.PRESENCE)
                settled[key] = self._pool([old[key], *having] if key in old else having).blend(new[key])
        same = settled.keys() == old.keys() and all(value is old[key] for key, value in settled.items())
        return old if same else settled

    def _list(
        self,
        old: list[Node],
        shown: Sequence[list[Node]],
        new: list[Node],
        place: Place,
        state: State,
        ruling: Ruling,
    ) -> Node:
        lists = [old, *shown]
        self._spend(sum(map(len, lists)) + len(new))
        if self._markup:
            aligned = any((id(old), id(each)) in drawn for drawn, each in zip(self._drawn, shown, strict=True))
            if (
                not aligned
                and all(len(each) == len(old) for each in shown)
                and not mostly_replaced(lists, self._spread)
            ):
                return self._by_index(old, shown, new, place, state)
            return self._chosen(lists, new, place)
        keyed = ruling.order is not None and ruling.order.how == "key"
        key = identifying_key(lists, [ruling.order.key] if ruling.order and keyed else ())
        if key is not None:
            return self._by_key(lists, new, key, place, state, ruling)
        if same_elements(lists):
            if ruling.order is None or ruling.order.how == "sequence":
                self._note(place, NoiseKind.ORDER)
            return self._reordered(old, new, state)
        if same_things(lists):
            return self._by_index(old, shown, new, place, state)
        return self._chosen(lists, new, place)

    def _by_index(
        self, old: list[Node], shown: Sequence[list[Node]], new: list[Node], place: Place, state: State
    ) -> Node:
        indexes, rest = state.indexes()
        known = self.alignments.get((id(old), id(new)))
        settled = list(old)
        for at, to in known or [(at, at) for at in range(min(len(old), len(new)))]:
            if at is not None and to is not None:
                drawn = [each[at] for each in shown]
                settled[at] = self._settled(old[at], drawn, new[to], (place, at), indexes.get(at, rest))
        if known is not None:
            self.alignments[id(settled), id(new)] = known
        return settled

    def _by_key(
        self, lists: Sequence[list[Node]], new: list[Node], key: str, place: Place, state: State, ruling: Ruling
    ) -> Node:
        """Elements that all lists have are settled one by one; others must be like those of any list."""
        orders = [[each[key] for each in elements] for elements in lists]
        found = [dict(zip(order, elements, strict=True)) for order, elements in zip(orders, lists, strict=True)]
        everywhere = [value for value in orders[0] if all(value in each for each in found)]
        closed = all(len(order) == len(everywhere) for order in orders)
        wanted = {value: found[0][value] for value in everywhere}
        _, below = state.indexes()
        mine: dict[Node, Node] = {}
        for each in new:
            value = _value(each, key)
            if value in wanted and value not in mine:
                drawn = [elements[value] for elements in found[1:]]
                here = (place, Label(f"[{key}={excerpt(value)[:80]}]"))
                mine[value] = self._settled(wanted[value], drawn, each, here, below)
        steady = all([value for value in order if value in wanted] == everywhere for order in orders)
        free = ruling.order is not None and ruling.order.how != "sequence"
        if not steady and not free:
            self._note(place, NoiseKind.ORDER)
        in_turn = iter([value for value in everywhere if value in mine] if steady and not free else [*mine])
        lacking = iter([value for value in everywhere if value not in mine])
        others = None if closed else self._pool([each for elements in lists for each in elements])
        settled: list[Node] = []
        for each in new:
            if _value(each, key) in mine and (value := next(in_turn, None)) is not None:
                settled.append(mine[value])
            elif others is not None:
                settled.append(others.blend(each))
            elif (value := next(lacking, None)) is not None:
                settled.append(wanted[value])
        if others is None:
            return settled + [wanted[value] for value in lacking]
        self._note(place, NoiseKind.CHOICE)
        return _to_length(settled, lists)

    def _reordered(self, old: list[Node], new: list[Node], state: State) -> Node:
        """The old elements in the order of the new ones that they agree with."""
        waiting: dict[str, list[int]] = {}
        for at, each in enumerate(old):
            waiting.setdefault(canonical(each), []).append(at)
        twins: dict[int, int] = {}
        for to, each in enumerate(new):
            same = waiting.get(canonical(each))
            if same:
                twins[to] = same.pop(0)
        left = sorted(at for same in waiting.values() for at in same)
        right = [to for to in range(len(new)) if to not in twins]
        if len(left) * len(right) <= self._limits.alignments:
            _, below = state.indexes()
            walk = JsonWalk(self._rules, self._limits)
            agreeing = [[b for b, to in enumerate(right) if walk.agrees(old[at], new[to], below)] for at in left]
            for a, b in matching(agreeing).items():
                twins[right[b]] = left[a]
        taken = set(twins.values())
        rest = iter([at for at in left if at not in taken])
        order = [twins[to] if to in twins else next(rest, None) for to in range(len(new))]
        return [old[at] for at in [*order, *rest] if at is not None]

    def _chosen(self, lists: Sequence[list[Node]], new: list[Node], place: Place) -> Node:
        self._note(place, NoiseKind.CHOICE)
        elements = [each for shown in lists for each in shown]
        pool = self._pool(elements) if elements else None
        return _to_length([pool.blend(each) for each in new] if pool else [], lists)

    def _pool(self, shown: Sequence[Node]) -> Pool:
        return Pool(shown, exact=self._rules.exact)

    def _spend(self, nodes: int) -> None:
        self._left -= nodes
        if self._left < 0:
            raise TooMuch(f"more than {self._limits.nodes} values to look at")

    def _spread(self, leaves: int) -> None:
        self._leaves_left -= leaves
        if self._leaves_left < 0:
            raise TooMuch("too much is nested in lists that the monolith does not repeat")

    def _note(self, place: Place, kind: NoiseKind) -> None:
        path, field = spelled(place)
        self._noise.setdefault((path, kind), Noise(path, kind, field))


def _value(element: Node, key: str) -> str | bytes | None:
    """What an element is known by; None where it has nothing of the kind."""
    value = element.get(key) if type(element) is dict else None
    return value if isinstance(value, str | bytes) else None


def _to_length(settled: list[Node], lists: Sequence[list[Node]]) -> list[Node]:
    """Elements of a list that may be as long as one of those shown: cut or filled up where it is not."""
    lengths = sorted({len(each) for each in lists})
    if len(settled) in lengths:
        return settled
    longer = [length for length in lengths if length > len(settled)]
    if not longer:
        return settled[: lengths[-1]]
    example = next(each for shown in lists for each in shown)
    return settled + [example] * (longer[0] - len(settled))
