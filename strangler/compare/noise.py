"""Noise: what the monolith cannot itself repeat is no difference.

A pair that differs is judged again beside one or more further answers of the monolith to the same request. Where those
are not alike, the new answer need not be either; it has to be like one of them in what they do show:

- a value is of a kind that the monolith showed in that field (`strangler.compare.shape`);
- a field is there, or is not, as the monolith showed it: both only where it showed both;
- a list in another order has the same elements; one of other elements (a random choice) has elements that are like
  those shown, field by field, as many as in one of the answers, and those that are in all of them unchanged;
- everything else is compared under the rules as ever, and so is all that rules excuse between the monolith's answers.

Text is not looked into so far: where the monolith does not repeat it, it is inconclusive, unless lines differ that the
monolith does repeat.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from strangler.compare.answers import compare_answers
from strangler.compare.cause import Cause
from strangler.compare.decoding import Undecodable, decoded
from strangler.compare.document import Document, alignments, read_document
from strangler.compare.headers import compare_headers
from strangler.compare.id_map import IdMap, IdPair, Meeting
from strangler.compare.id_sight import IdSight
from strangler.compare.json_tree import JsonWalk
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.media_type import BodyKind, MediaType
from strangler.compare.rules import RouteRules, Rules
from strangler.compare.settle import Noise, NoiseKind, Settling
from strangler.compare.shape import admits
from strangler.compare.values import Answer, Comparison, Difference, Severity, Verdict

__all__ = ["NoiseVerdict", "changes", "judge"]

_NO_RULES = Rules()
_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class NoiseVerdict:
    """What came of a pair when noise is taken off: the comparison under the excuses, and what was noise."""

    comparison: Comparison
    noise: tuple[Noise, ...] = ()


def judge(
    old: Answer,
    new: Answer,
    again: Sequence[Answer],
    rules: Rules = _NO_RULES,
    *,
    route: str = "",
    limits: Limits = _LIMITS,
    ids: IdMap | None = None,
) -> NoiseVerdict:
    """Compare the answers of a pair, and where they differ, take off what is noise: `again` are further answers of the
    monolith to the same request. Never raises.

    A comparison that does not differ, and one without further answers, comes back as it is. Ids of a pair in which
    there was noise are not learned. Where the monolith answers with several statuses, one of them the new one's,
    nothing can be said.
    """
    plain = compare_answers(old, new, rules, route=route, limits=limits, ids=ids)
    if plain.verdict is not Verdict.DIFFER or not again:
        return NoiseVerdict(plain)
    statuses = [answer.status for answer in (old, *again)]
    if len(set(statuses)) > 1:
        if new.status not in statuses:
            return NoiseVerdict(plain)
        shown = ", then ".join(map(str, statuses))
        noise = (Noise("status", NoiseKind.VALUE, "status"),)
        return NoiseVerdict(_inconclusive(plain, Cause.NOISE, f"the monolith answered {shown}"), noise)
    if old.status != new.status:
        return NoiseVerdict(plain)
    trial = _Trial(old, new, again, plain, rules.of_route(route), limits, IdSight(rules.known if ids is None else ids))
    try:
        return trial.verdict()
    except TooMuch as error:
        return NoiseVerdict(_inconclusive(plain, error.cause, str(error)), tuple(trial.noise))


def changes(
    first: Answer, again: Answer, rules: Rules = _NO_RULES, *, route: str = "", limits: Limits = _LIMITS
) -> tuple[Noise, ...]:
    """In what two answers of the monolith to one request differ: how much of it changes by itself. Empty where all of
    it is repeated."""
    return judge(first, again, [again], rules, route=route, limits=limits).noise


class _OneSide:
    """The id map of two answers of one side: each id is its own."""

    def meet(self, pair: IdPair) -> Meeting:
        return Meeting.KNOWN if pair.old.text == pair.new.text else Meeting.CONTRADICTED

    def learn(self, pairs: Iterable[IdPair]) -> None:
        """There is nothing to learn."""


class _Trial:
    """One pair that differs, beside what the monolith showed."""

    def __init__(
        self,
        old: Answer,
        new: Answer,
        again: Sequence[Answer],
        plain: Comparison,
        rules: RouteRules,
        limits: Limits,
        ids: IdSight,
    ) -> None:
        self._old = old
        self._new = new
        self._again = again
        self._plain = plain
        self._rules = rules
        self._limits = limits
        self._ids = ids
        self.noise: list[Noise] = []

    def verdict(self) -> NoiseVerdict:
        """Raises TooMuch at a limit."""
        in_headers = [each for each in self._plain.differences if each.path.startswith("header:")]
        in_body = [each for each in self._plain.differences if not each.path.startswith("header:")]
        found = self._headers(in_headers)
        truncated, unclear = False, ""
        if in_body or self._plain.truncated:
            rest = self._body(in_body)
            if rest is None:
                unclear = "the monolith does not repeat this body"
            else:
                found, truncated = found + rest[0], rest[1]
        if any(each.severity is Severity.BREAKING for each in found):
            verdict = Verdict.DIFFER
        else:
            verdict = Verdict.INCONCLUSIVE if unclear else Verdict.AGREE
        comparison = replace(
            self._plain,
            verdict=verdict,
            differences=tuple(found),
            truncated=truncated,
            cause=Cause.NOISE if verdict is Verdict.INCONCLUSIVE else "",
            detail=unclear if verdict is Verdict.INCONCLUSIVE else "",
        )
        return NoiseVerdict(comparison, tuple(self.noise))

    def _headers(self, differences: list[Difference]) -> list[Difference]:
        """Those that are no noise."""
        if not differences:
            return []
        drawn: list[dict[str, Difference]] = []
        for each in self._again:
            found, _ = compare_headers(self._old, each, self._rules, IdSight(_OneSide()))
            drawn.append({difference.path: difference for difference in found})
        left = []
        for difference in differences:
            own = [each.get(difference.path) for each in drawn]
            shown = [difference.old, *(difference.old if each is None else each.new for each in own)]
            values = [each for each in shown if each is not None]
            if difference.new is None:
                excused, kind = None in shown, NoiseKind.PRESENCE
            else:
                excused = any(own) and bool(values) and admits(values, difference.new, exact=self._rules.exact)
                kind = NoiseKind.PRESENCE if difference.old is None else NoiseKind.VALUE
            if excused:
                self.noise.append(Noise(difference.path, kind, difference.field))
            else:
                left.append(difference)
        return left

    def _body(self, differences: list[Difference]) -> tuple[list[Difference], bool] | None:
        """The differences of the bodies that are no noise, and whether there are more; None where nobody can say."""
        bodies = [self._read(each) for each in (self._old, self._new, *self._again)]
        kinds = {MediaType.of(each).kind for each in (self._old, self._new, *self._again)}
        documents = [each for each in bodies if isinstance(each, Document)]
        if len(kinds) > 1 or kinds == {BodyKind.BINARY} or len(documents) < len(bodies):
            before, after, *others = bodies
            repeated = all(_raw(each) == _raw(before) for each in others)
            if not repeated:
                self.noise.append(Noise("body", NoiseKind.VALUE, "body"))
            # An empty body and one that cannot be read are no noise unless the monolith showed one.
            like = type(after) in {type(each) for each in (before, *others)}
            return None if like and not repeated else (differences, self._plain.truncated)
        old, new, *again = documents
        if kinds == {BodyKind.TEXT}:
            return self._text(differences, old.rows, new.rows, [each.rows for each in again])
        limits = self._limits if old.element is None else replace(self._limits, depth=3 * self._limits.depth)
        settling = Settling(
            self._rules,
            limits,
            alignments=alignments(old, new),
            drawn=[alignments(old, each) for each in again],
            markup=old.element is not None,
        )
        settled = settling.settled(old.node, [each.node for each in again], new.node)
        self.noise += settling.noise
        walk = JsonWalk(self._rules, limits, alignments=settling.alignments, sparse=old.sparse, ids=self._ids)
        walk.compare(settled, new.node)
        # An id that is noise stands on both sides by now, and belongs to none of the ids that the map knows.
        plain = set(self._plain.differences)
        return [each for each in walk.differences if each.old != each.new or each in plain], walk.truncated

    def _read(self, answer: Answer) -> Document | bytes | str:
        """The body as a document, or as it is, or why it is not to be had."""
        try:
            body = decoded(answer, self._limits.body_bytes)
        except Undecodable as error:
            return str(error)
        if not body:
            return body
        try:
            return read_document(body, MediaType.of(answer), self._limits)
        except (ValueError, LookupError):
            return body
        except RecursionError:
            raise TooMuch("nested too deeply to be read") from None

    def _text(
        self, differences: list[Difference], old: list[str], new: list[str], again: list[list[str]]
    ) -> tuple[list[Difference], bool] | None:
        if all(each == old for each in again):
            return differences, self._plain.truncated
        self.noise.append(Noise("body", NoiseKind.VALUE, "body"))
        return (differences, self._plain.truncated) if _beside_noise(old, new, again) else None


def _beside_noise(old: list[str], new: list[str], again: list[list[str]]) -> bool:
    """Whether lines differ that the monolith repeats."""
    if all(len(each) == len(old) for each in again):
        return len(new) != len(old) or any(
            new[at] != line for at, line in enumerate(old) if all(each[at] == line for each in again)
        )
    # Of texts with more and fewer lines only what is equal from either end is known to be repeated.
    head = min(_common(old, each) for each in again)
    tail = min(_common(old[head:][::-1], each[head:][::-1]) for each in again)
    return new[:head] != old[:head] or len(new) < head + tail or new[len(new) - tail :] != old[len(old) - tail :]


def _common(one: list[str], other: list[str]) -> int:
    """How many lines are equal from the start."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _raw(body: Document | bytes | str) -> object:
    return body.node if isinstance(body, Document) else body


def _inconclusive(plain: Comparison, cause: Cause, detail: str) -> Comparison:
    return replace(plain, verdict=Verdict.INCONCLUSIVE, differences=(), cause=cause, detail=detail, truncated=False)
