"""Whether a difference stands: not where the monolith differs from itself, and not if it is gone a moment later."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

from strangler.compare import (
    Answer,
    Comparison,
    Difference,
    DifferenceKind,
    IdMap,
    Limits,
    Noise,
    NoiseVerdict,
    Pair,
    Rules,
    Severity,
    Verdict,
    changes,
    compare_pair,
    judge,
)
from strangler.evidence import Cause
from strangler_proxy.comparer.again import asks_for_login, is_safe
from strangler_proxy.comparer.finding import Finding, answer_of, pair_of, places
from strangler_proxy.comparer.sides import AskedAgain
from strangler_proxy.shadow.frame import Side, Unequal

__all__ = ["Examiner", "needs_more"]

# How many further answers of the monolith a difference is held against that is of values, or in an answer that is not
# repeated elsewhere; and one where the monolith was seen not to repeat itself, or which looks as if it did not. Of two
# things that stand in either order by chance, three answers show the same one time in eight; eleven do so one time in
# two thousand, which among many pairs is often, so that what looks like that is asked about more often still.
_REPEATS: Final = 3
_REPEATS_IF_NOISY: Final = 11
_REPEATS_IF_DRAWN: Final = 19
# How often both sides are looked at later, for what differs amid noise, and in another place of it each time; and for
# values that the monolith was seen not to repeat, though not beside this pair.
_LOOKS: Final = 3
# Beyond the first few so many at once, for each time all of them are compared.
_MORE: Final = 4
_MOST_ROUTES: Final = 4096
_MOST_FIELDS: Final = 1000
_BY_VALUE: Final = frozenset({DifferenceKind.VALUE, DifferenceKind.ID})
_REPLACED: Final = frozenset({DifferenceKind.MISSING, DifferenceKind.EXTRA})
_UNAUTHORIZED: Final = 401
_LIMITS: Final = Limits()


class Examiner:
    """Comes to a finding under `rules`: at once by the rules alone, then with what the sides say when asked again.
    `ids` are those known to belong together, and learns.

    Both are asked again `lag` seconds after it is known that the monolith repeats itself; `wait` waits. Where it once
    did not, it is asked more often the next time: that is remembered by route and field, and excuses nothing itself.
    """

    def __init__(
        self,
        rules: Rules,
        asks: AskedAgain,
        *,
        lag: float,
        ids: IdMap,
        limits: Limits = _LIMITS,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._rules = rules
        self._asks = asks
        self._lag = lag
        self._ids = ids
        self._limits = limits
        self._wait = wait
        # By route: the fields in which the monolith was seen not to repeat itself.
        self._noisy: OrderedDict[str, set[str]] = OrderedDict()

    def at_first(self, unequal: Unequal) -> tuple[Finding, Comparison]:
        """What the rules alone say. A difference of a safe method is to be examined further."""
        if asks_for_login(unequal):
            return Finding(Verdict.INCONCLUSIVE, cause=Cause.IDENTITY), Comparison(Verdict.INCONCLUSIVE)
        comparison = self._compared(pair_of(unequal))
        return Finding.of(comparison), comparison

    def changed(self, unequal: Unequal, repeat: Side) -> bool:
        """Whether the monolith, asked once more, has answered otherwise than before."""
        pair = pair_of(unequal)
        return bool(changes(pair.old, answer_of(repeat), self._rules, route=unequal.route, limits=self._limits))

    async def further(self, unequal: Unequal, comparison: Comparison) -> Finding:
        """What is left of the differences of `comparison`, of a safe method, once the sides were asked again."""
        pair = pair_of(unequal)
        repeats = [] if unequal.again is None else [answer_of(unequal.again)]
        judged = self._judged(pair, repeats) if repeats else NoiseVerdict(comparison)
        while self._may_be_noise(unequal, judged, len(repeats)):
            more = await self._repeats(unequal, 1 if len(repeats) < _REPEATS else _MORE)
            if not more:
                return _inconclusive(judged, Cause.UNCHECKED)
            repeats += more
            judged = self._judged(pair, repeats)
            self._remember(unequal, judged)
        if judged.comparison.verdict is not Verdict.DIFFER or _failed(unequal):
            return Finding.of(judged.comparison, judged.noise)
        for look in range(1, _LOOKS + 1):
            await self._wait(self._lag)
            old, new = await asyncio.gather(self._asks.monolith(unequal), self._asks.candidate(unequal))
            if old is None or new is None or (new.status == _UNAUTHORIZED != unequal.new.status):
                # An identity that was good for the copy may have run out by now: that is no answer to the question.
                return _inconclusive(judged, Cause.UNCHECKED)
            later = Pair(pair.request, answer_of(old), answer_of(new))
            finding = await self._later(unequal, judged, repeats, later)
            if finding is not None and (look == _LOOKS or not self._may_be_chance(unequal, finding)):
                return finding
        # Otherwise each time, and wrong amid the noise each time: that is no lag.
        return Finding.of(judged.comparison, judged.noise)

    async def _repeats(self, unequal: Unequal, count: int) -> list[Answer]:
        """So many further answers of the monolith, one after the other; none of them where one did not come."""
        found: list[Answer] = []
        for _ in range(count):
            side = await self._asks.monolith(unequal)
            if side is None:
                return []
            found.append(answer_of(side))
        return found

    async def _later(
        self, unequal: Unequal, judged: NoiseVerdict, repeats: Sequence[Answer], again: Pair
    ) -> Finding | None:
        """What two later answers say of what differs in a pair; None where they differ amid the same noise, but in
        another place of it: of what is drawn by chance, one look may show other things than the next."""
        pair = pair_of(unequal)
        later = self._compared(again)
        if later.verdict is Verdict.INCONCLUSIVE:
            return _inconclusive(judged, Cause.UNCHECKED)
        first = places(judged.comparison)
        lasting = {place for place in places(later) if not _within_noise(place[0], judged.noise)}
        if lasting & first and not self._stands_still(pair, again.old, judged, {field for field, _ in lasting & first}):
            # It has moved on, and then it is steady again; or what differs is noise that had not shown so far.
            since = await self._repeats(unequal, _REPEATS_IF_NOISY)
            if not since:
                return _inconclusive(judged, Cause.UNCHECKED)
            now = self._judged(again, since)
            self._remember(unequal, now)
            lasting = {place for place in places(now.comparison) if not _within_noise(place[0], judged.noise)}
            repeats = [*repeats, *since]
        amid: set[tuple[str, DifferenceKind]] = set()
        if not first <= lasting:
            # What is wrong amid noise lasts where it is wrong amid noise again; that there is noise may show only now.
            found = self._judged(again, [pair.old, *repeats])
            noise = [*judged.noise, *found.noise]
            if any(_within_noise(field, noise) for field, _ in first):
                amid = {place for place in places(found.comparison) if _within_noise(place[0], noise)}
        lasting |= amid
        same = lasting & first
        if lasting and not same and self._stands_still(pair, again.old, judged, {field for field, _ in lasting}):
            # The monolith stands still, and the candidate differs otherwise each time.
            same = first
        if not same:
            return None if amid else _inconclusive(judged, Cause.TRANSIENT)
        gone = {each for each in judged.comparison.breaking if (each.field, each.kind) not in same}
        standing = tuple(each for each in judged.comparison.differences if each not in gone)
        return Finding.of(replace(judged.comparison, differences=standing), judged.noise)

    def _may_be_chance(self, unequal: Unequal, finding: Finding) -> bool:
        """Whether all that differs are values that the monolith was seen not to repeat: then it may be the rarer one of
        two, which a dozen answers need not show. Of a difference every look has to find that."""
        noisy = self._noisy.get(unequal.route, set())
        breaking = [each for each in finding.differences if each.severity is Severity.BREAKING]
        return finding.verdict is Verdict.DIFFER and all(
            each.kind in _BY_VALUE and _within(each.field, noisy) for each in breaking
        )

    def _stands_still(self, pair: Pair, later: Answer, judged: NoiseVerdict, fields: Collection[str]) -> bool:
        """Whether the monolith's later answer is like its first in these fields and what is in them, noise aside."""
        changed = changes(pair.old, later, self._rules, route=pair.request.route, limits=self._limits)
        return not any(
            _within(each.field, fields) or any(_within(field, [each.field]) for field in fields)
            for each in changed
            if not _within_noise(each.field, judged.noise)
        )

    def _may_be_noise(self, unequal: Unequal, judged: NoiseVerdict, repeats: int) -> bool:
        """Whether one more answer of the monolith could excuse something: any difference once; values that change only
        now and then, what looks like chance, and what stands beside or amid noise, may need more."""
        breaking = judged.comparison.breaking
        if judged.comparison.verdict is not Verdict.DIFFER:
            return False
        if repeats == 0 or (repeats < _REPEATS and (judged.noise or any(each.kind in _BY_VALUE for each in breaking))):
            return True
        if _by_chance(breaking):
            return repeats < _REPEATS_IF_DRAWN
        noisy = self._noisy.get(unequal.route, set()) | {each.field for each in judged.noise}
        return repeats < _REPEATS_IF_NOISY and any(_within(each.field, noisy) for each in breaking)

    def _remember(self, unequal: Unequal, judged: NoiseVerdict) -> None:
        if judged.noise:
            fields = self._noisy.setdefault(unequal.route, set())
            if len(fields) < _MOST_FIELDS:
                fields.update(each.field for each in judged.noise)
            self._noisy.move_to_end(unequal.route)
            while len(self._noisy) > _MOST_ROUTES:
                self._noisy.popitem(last=False)

    def _compared(self, pair: Pair) -> Comparison:
        return compare_pair(pair, self._rules, limits=self._limits, ids=self._ids)

    def _judged(self, pair: Pair, repeats: Sequence[Answer]) -> NoiseVerdict:
        route = pair.request.route
        return judge(pair.old, pair.new, repeats, self._rules, route=route, limits=self._limits, ids=self._ids)


def needs_more(unequal: Unequal, finding: Finding) -> bool:
    """Whether a first finding is to be examined further."""
    return finding.verdict is Verdict.DIFFER and is_safe(unequal)


def _by_chance(differences: Sequence[Difference]) -> bool:
    """Whether they look like a list that is drawn or shuffled: as if elements had been replaced."""
    kinds: dict[str, set[DifferenceKind]] = {}
    for each in differences:
        kinds.setdefault(each.field, set()).add(each.kind)
    return any(found >= _REPLACED for found in kinds.values())


def _within_noise(field: str, noise: Sequence[Noise]) -> bool:
    """Whether a field is one that the monolith does not repeat, or a part of one."""
    return _within(field, {each.field for each in noise})


def _within(field: str, noisy: Collection[str]) -> bool:
    return any(field == each or field.startswith((f"{each}.", f"{each}[")) for each in noisy)


def _failed(unequal: Unequal) -> bool:
    """Whether the candidate failed where the monolith did not: that is no lag, also when it succeeds the next time."""
    return unequal.new.status >= 500 > unequal.old.status


def _inconclusive(judged: NoiseVerdict, cause: Cause) -> Finding:
    return replace(Finding.of(judged.comparison, judged.noise), verdict=Verdict.INCONCLUSIVE, cause=cause)
