"""What a worker counts of its copies between two tellings: places to count in are looked up once, and then kept."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from strangler.compare import Verdict
from strangler.evidence import Batch, Cause, Histogram, Scope, Sketch, Tally
from strangler.evidence.batch import Position
from strangler.toggles import Stage
from strangler_proxy.shadow.visitors import Visitors

if TYPE_CHECKING:
    from strangler_proxy.shadow.copies import Copy
    from strangler_proxy.shadow.plan import Plan

__all__ = ["SHARDS", "Ledger", "Place"]

SHARDS: Final = 64
"""Routes are counted in so many batches, and told one batch after the other: to write all of them down at once would
hold the event loop up."""

_AGREE: Final = Verdict.AGREE
_INCONCLUSIVE: Final = Verdict.INCONCLUSIVE
_MOST_RELEASES: Final = 256
_LONGEST_RELEASE: Final = 64
_TOGETHER: Final = 32


class Place:
    """Where the copies of one scope, template, method, group and status of the monolith's are counted.

    What each of them adds is noted at first, and counted some at a time: with many routes each copy finds another
    place, whose histograms and sketches are in no cache.
    """

    __slots__ = (
        "_asked",
        "_first",
        "_key",
        "_second",
        "_subjects",
        "_targets",
        "_times",
        "_who",
        "agreed",
        "batch",
        "scope",
        "template",
    )

    def __init__(self, copy: Copy, batch: Batch, scope: Scope, template: str, key: bytes) -> None:
        plan = copy.plan
        self._key = key
        self._times: list[float] = []
        self._asked: list[bytes] = []
        self._who: list[bytes] = []
        self.batch = batch
        self.scope = scope
        self.template: str = template
        self.agreed: Tally = batch.pairs(
            scope,
            template=template,
            method=copy.head.method.decode("ascii"),
            status=copy.old_status(),
            stage=plan.stage,
            answering=plan.answering,
            verdict=_AGREE,
            group=copy.group,
        )
        self._first: Histogram
        self._second: Histogram
        # Elsewhere no customer gets the other side's answer, and times of other hours are no measure.
        first: Position = "first" if plan.stage == Stage.CANARY else "alone"
        if plan.candidate_answers:
            self._first = batch.durations(scope, side="candidate", position=first)
            self._second = batch.durations(scope, side="monolith", position="second")
        else:
            self._first = batch.durations(scope, side="monolith", position=first)
            self._second = batch.durations(scope, side="candidate", position="second")
        self._subjects: Sketch = batch.seen(scope, what="subjects")
        self._targets: Sketch = batch.seen(scope, what="targets")

    def note(self, first: float, second: float, target: bytes, subject: bytes) -> None:
        """Both sides have answered `subject` (empty for nobody known) what is at `target`, within so many seconds."""
        self._times.append(first)
        self._times.append(second)
        self._asked.append(target)
        if subject:
            self._who.append(subject)
        if len(self._asked) >= _TOGETHER:
            self.count()

    def count(self) -> None:
        """Count what was noted."""
        times, asked, who = self._times, self._asked, self._who
        if not asked:
            return
        self._times, self._asked, self._who = [], [], []
        for index, seconds in enumerate(times):
            if index & 1:
                self._second.add(seconds)
            else:
                self._first.add(seconds)
        for target in asked:
            self._targets.add(int.from_bytes(blake2b(target, digest_size=8).digest(), "big"))
        for subject in who:
            self._subjects.add(int.from_bytes(blake2b(subject, key=self._key, digest_size=8).digest(), "big"))


class Ledger:
    """Counts into batches until they are taken. `revision` is that of the compare rules.

    `inconclusive` are the pairs that told nothing, by route and cause, and never go back.
    """

    __slots__ = ("_batches", "_latest", "_next", "_releases", "_revision", "_touched", "_visitors", "inconclusive")

    def __init__(self, revision: str, visitors: Visitors) -> None:
        self._revision = revision
        self._visitors = visitors
        self._batches = [Batch() for _ in range(SHARDS)]
        self._touched: list[list[Plan]] = [[] for _ in range(SHARDS)]
        self._next: int = 0
        # Remembered as they came, with what is made of them. Candidates choose them, so their number is bounded.
        self._releases: dict[bytes, str] = {}
        # By route, the release that was reported last. What fails often says none: a server that answers 500 in the
        # application's place, a proxy that answers 502. Counted elsewhere, failures would be in nobody's verdict.
        self._latest: dict[str, str] = {}
        self.inconclusive: dict[tuple[str, str], int] = {}

    @property
    def waiting(self) -> int:
        """In how many batches pairs were counted that are not taken yet."""
        return sum(1 for touched in self._touched if touched)

    def observed(self, copy: Copy, seconds: float) -> None:
        """Both sides have answered, the other one within `seconds`, whatever comes of it."""
        place = copy.place = self._place(copy)
        head = copy.head
        place.note(copy.seconds, seconds, head.target, self._visitors.subject(head))
        if head.query:
            names = {each.partition(b"=")[0] for each in head.query.split(b"&") if each}
            texts = [name.decode("utf-8", "backslashreplace") for name in names]
            place.batch.parameters(place.scope, template=place.template, names=texts)

    def agreed(self, copy: Copy) -> None:
        """The pair agrees."""
        place = copy.place
        if place is not None:
            place.agreed.add(copy.at)
            copy.plan.agreed += 1

    def unidentified(self, copy: Copy) -> None:
        """The monolith does not vouch for who asked, so that the candidate could not be asked."""
        head = copy.head
        self._tells_nothing(copy.plan, head.method, head.path, copy.status, Cause.IDENTITY.value, copy.at, copy.group)

    def failed(self, copy: Copy) -> None:
        """The candidate had the request and gave no answer to it, where the monolith answered the customer."""
        head = copy.head
        self._tells_nothing(copy.plan, head.method, head.path, copy.status, Cause.FALLBACK.value, copy.at, copy.group)

    def fell_back(self, plan: Plan, method: bytes, path: bytes, status: int, at: float) -> None:
        """The candidate failed, and the monolith answered the customer."""
        self._tells_nothing(plan, method, path, status, Cause.FALLBACK.value, at, "")

    def _tells_nothing(
        self, plan: Plan, method: bytes, path: bytes, status: int, cause: str, at: float, group: str
    ) -> None:
        self._batches[plan.shard].pair(
            Scope(plan.route, self._release_without(plan), self._revision),
            template=plan.template or plan.shapes.of(path),
            method=method.decode("ascii"),
            status=status,
            stage=plan.stage,
            answering=plan.answering,
            verdict=_INCONCLUSIVE,
            cause=cause,
            group=group,
            at=at,
        )
        key = (plan.route, cause)
        self.inconclusive[key] = self.inconclusive.get(key, 0) + 1

    def repeated(self, copy: Copy, seconds: float, *, changed: bool, later: bool) -> None:
        """The monolith has answered twice where both sides agree; `later` once more, and not at the same time."""
        place = self._place(copy)
        place.batch.changed(place.scope, asked=1, changed=int(changed))
        if later:
            place.batch.latency(place.scope, side="monolith", position="again", seconds=seconds)

    def missed(self, plan: Plan, cause: str) -> None:
        """A sampled exchange became no pair."""
        self._batches[plan.shard].missed(plan.route, cause)

    def release_of(self, copy: Copy) -> str:
        """The candidate's release: as its answer has it, else as the configuration does, else as one before had it."""
        raw = copy.release
        if not raw:
            return self._release_without(copy.plan)
        release = self._releases.get(raw)
        if release is None:
            text = raw.decode("latin-1")
            sound = len(text) <= _LONGEST_RELEASE and text.isascii() and text.isprintable()
            release = text if sound else ""
            if len(self._releases) >= _MOST_RELEASES:
                self._releases.clear()
            self._releases[raw] = release
        if not release:
            return self._release_without(copy.plan)
        self._latest[copy.plan.route] = release
        return release

    def _release_without(self, plan: Plan) -> str:
        """The release of a candidate that does not say it."""
        return plan.release or self._latest.get(plan.route, "")

    def take(self) -> Batch:
        """The next batch in which something was counted since it was last taken; an empty one where there is none."""
        for _ in range(SHARDS):
            shard = self._next
            self._next = (shard + 1) % SHARDS
            taken = self._batches[shard]
            for plan in self._touched[shard]:
                for place in plan.places.values():
                    place.count()
            if taken:
                self._batches[shard] = Batch()
                for plan in self._touched[shard]:
                    plan.places.clear()
                self._touched[shard].clear()
                return taken
        return Batch()

    def _place(self, copy: Copy) -> Place:
        plan, head = copy.plan, copy.head
        template = plan.template or plan.shapes.of(head.path)
        release = self.release_of(copy)
        key = (template, copy.group, release, head.method, copy.old_status())
        place = plan.places.get(key)
        if place is None:
            if not plan.places:
                self._touched[plan.shard].append(plan)
            scope = Scope(plan.route, release, self._revision)
            place = plan.places[key] = Place(copy, self._batches[plan.shard], scope, template, self._visitors.key)
        return place
