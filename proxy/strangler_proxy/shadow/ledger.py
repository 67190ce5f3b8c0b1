"""What a worker counts of its copies between two tellings, each place looked up once a second and then kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strangler.compare.values import Verdict
from strangler.evidence import Batch, Histogram, Scope, Sketch, Tally, hash64
from strangler_proxy.shadow.visitors import Visitors

if TYPE_CHECKING:
    from strangler_proxy.shadow.copies import Copy
    from strangler_proxy.shadow.plan import Plan

__all__ = ["Ledger", "Place"]

_AGREE: Final = Verdict.AGREE
_MOST_RELEASES: Final = 256
_LONGEST_RELEASE: Final = 64


class Place:
    """Where the copies of one scope, template, method and status of the monolith's are counted."""

    __slots__ = ("agreed", "first", "scope", "second", "subjects", "targets", "template")

    def __init__(
        self,
        scope: Scope,
        template: str,
        agreed: Tally,
        first: Histogram,
        second: Histogram,
        seen: tuple[Sketch, Sketch],
    ) -> None:
        self.scope = scope
        self.template: str = template
        self.agreed = agreed
        self.first = first
        self.second = second
        self.subjects, self.targets = seen


class Ledger:
    """Counts into a batch until that is taken. `revision` is that of the compare rules.

    `pairs` are the pairs that were judged here, by route, verdict and cause; they never go back.
    """

    __slots__ = ("_batch", "_releases", "_revision", "_touched", "_visitors", "pairs")

    def __init__(self, revision: str, visitors: Visitors) -> None:
        self._revision = revision
        self._visitors = visitors
        self._batch = Batch()
        self._touched: list[Plan] = []
        # Remembered as they came, with what is made of them. Candidates choose them, so their number is bounded.
        self._releases: dict[bytes, str] = {}
        self.pairs: dict[tuple[str, str, str], int] = {}

    def observed(self, copy: Copy, seconds: float) -> None:
        """Both sides have answered, the other one within `seconds`, whatever comes of it."""
        place = self._place(copy)
        place.first.add(copy.seconds)
        place.second.add(seconds)
        place.targets.add(hash64(copy.head.target))
        mark = self._visitors.mark(copy.head)
        if mark:
            place.subjects.add(int(mark, 16))
        if copy.head.query:
            names = {each.partition(b"=")[0] for each in copy.head.query.split(b"&") if each}
            texts = [name.decode("utf-8", "backslashreplace") for name in names]
            self._batch.parameters(place.scope, template=place.template, names=texts)

    def pair(self, copy: Copy, verdict: Verdict, cause: str) -> None:
        """A pair was judged."""
        place = self._place(copy)
        if verdict is _AGREE:
            place.agreed.add(copy.at)
        else:
            plan = copy.plan
            self._batch.pair(
                place.scope,
                template=place.template,
                method=copy.head.method.decode("ascii"),
                status=copy.old_status(),
                stage=plan.stage,
                answering=plan.answering,
                verdict=verdict,
                cause=cause,
                group=copy.group,
                at=copy.at,
            )
        key = (copy.plan.route, verdict.value, cause)
        self.pairs[key] = self.pairs.get(key, 0) + 1

    def repeated(self, copy: Copy, seconds: float, *, changed: bool, later: bool) -> None:
        """The monolith has answered twice where both sides agree; `later` once more, and not at the same time."""
        scope = self._place(copy).scope
        self._batch.changed(scope, asked=1, changed=int(changed))
        if later:
            self._batch.latency(scope, side="monolith", position="again", seconds=seconds)

    def fell_back(self, plan: Plan, method: bytes, path: bytes, status: int, at: float) -> None:
        """The candidate failed, and the monolith answered the customer."""
        cause = "fallback"
        self._batch.pair(
            Scope(plan.route, plan.release, self._revision),
            template=plan.shapes.of(path),
            method=method.decode("ascii"),
            status=status,
            stage=plan.stage,
            answering="candidate",
            verdict=Verdict.INCONCLUSIVE,
            cause=cause,
            at=at,
        )
        key = (plan.route, Verdict.INCONCLUSIVE.value, cause)
        self.pairs[key] = self.pairs.get(key, 0) + 1

    def missed(self, route: str, cause: str) -> None:
        """A sampled exchange became no pair."""
        self._batch.missed(route, cause)

    def release_of(self, copy: Copy) -> str:
        """The candidate's release: as its answer has it, else as the configuration does."""
        raw = copy.release
        if not raw:
            return copy.plan.release
        release = self._releases.get(raw)
        if release is None:
            text = raw.decode("latin-1")
            sound = len(text) <= _LONGEST_RELEASE and text.isascii() and text.isprintable()
            release = text if sound else copy.plan.release
            if len(self._releases) >= _MOST_RELEASES:
                self._releases.clear()
            self._releases[raw] = release
        return release

    def take(self) -> Batch:
        """What was counted since the last take."""
        taken, self._batch = self._batch, Batch()
        for plan in self._touched:
            plan.places.clear()
        self._touched.clear()
        return taken

    def _place(self, copy: Copy) -> Place:
        plan, head = copy.plan, copy.head
        template = plan.shapes.of(head.path)
        key = (template, copy.group, copy.release, head.method, copy.old_status())
        place = plan.places.get(key)
        if place is None:
            if not plan.places:
                self._touched.append(plan)
            place = plan.places[key] = self._new_place(copy, template)
        return place

    def _new_place(self, copy: Copy, template: str) -> Place:
        plan, batch = copy.plan, self._batch
        scope = Scope(plan.route, self.release_of(copy), self._revision)
        agreed = batch.pairs(
            scope,
            template=template,
            method=copy.head.method.decode("ascii"),
            status=copy.old_status(),
            stage=plan.stage,
            answering=plan.answering,
            verdict=_AGREE,
            group=copy.group,
        )
        first = batch.durations(scope, side="candidate" if plan.candidate_answers else "monolith", position="first")
        second = batch.durations(scope, side="monolith" if plan.candidate_answers else "candidate", position="second")
        seen = batch.seen(scope, what="subjects"), batch.seen(scope, what="targets")
        return Place(scope, template, agreed, first, second, seen)
