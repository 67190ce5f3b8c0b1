"""The port behind which evidence is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from strangler.compare.values import Verdict
from strangler.evidence.batch import Batch
from strangler.evidence.compared import Compared
from strangler.evidence.evidence import Evidence
from strangler.evidence.kept import KeptPair
from strangler.evidence.scope import Scope
from strangler.evidence.traffic import Opened, Traffic, TrafficKey, Window

__all__ = ["EvidenceStore", "SeenScope"]


@dataclass(frozen=True, slots=True)
class SeenScope:
    """A scope of which there is evidence: how many pairs, and when the first and the last of them were (seconds since
    1970; 0.0 where nothing but differences or pairs to look at is left)."""

    scope: Scope
    pairs: int
    first: float
    last: float


class EvidenceStore(Protocol):
    """Evidence by scope and day (UTC), exchanges missed by route and day, whole pairs as examples, and what customers
    got, by windows of time.

    Every method raises StoreUnavailable when the store does not answer; then nothing of what it was to do is done. A
    store can be shared between threads, and several processes can write to one. Of pairs to keep it keeps those that
    `strangler.evidence.samples` chooses, a number that it is made with. Names are bounded as in `Evidence`, a day at a
    time; of more than 1,000 releases and rule revisions of a route the rest is counted under the release `…`.
    """

    def add(self, batch: Batch, *, at: float) -> bool:
        """Add a batch to what is there, on the day and in the minute of `at` (seconds since 1970); all of it or
        nothing. False when it was added before, by its id; then nothing changes. Ids are forgotten by `prune`, a day
        after."""
        ...

    def scopes(self, route: str | None = None) -> list[SeenScope]:
        """The scopes of a route, or of all, that were seen; those with the newest pairs first."""
        ...

    def read(self, scope: Scope, *, since: float = 0.0, until: float | None = None) -> Evidence:
        """What was counted of a scope from the day of `since` on, and before that of `until`; empty for one that was
        never seen."""
        ...

    def compared(self, route: str, *, since: float, until: float | None = None) -> list[Compared]:
        """The pairs of a route by their verdicts, in the minutes that began at `since` or later, and before `until`; by
        when they began, and then by scope. `prune` forgets minutes after two days, and sooner what is more than a
        number that a store is made with."""
        ...

    def missed(self, route: str, *, since: float = 0.0) -> dict[str, int]:
        """How many sampled exchanges of a route were never pairs, by cause, from the day of `since` on."""
        ...

    def kept(
        self,
        *,
        route: str | None = None,
        scope: Scope | None = None,
        template: str | None = None,
        field: str | None = None,
        kind: str | None = None,
        verdict: Verdict | None = None,
        cause: str | None = None,
        subject: str | None = None,
        limit: int = 100,
    ) -> list[KeptPair]:
        """Kept pairs that are all that is asked for, newest first. `field` and `kind` are those of a difference which
        the pair is an example of; `subject` is a keyed hash."""
        ...

    def kept_pair(self, pair_id: str) -> KeptPair | None:
        """The kept pair of that id."""
        ...

    def examples(self, scope: Scope) -> dict[tuple[str, str], list[str]]:
        """By field and kind of a difference, the ids of the pairs of a scope that are kept as its examples, newest
        first."""
        ...

    def replace(self, pairs: Iterable[KeptPair]) -> int:
        """Put pairs judged anew in the place of those with the same ids; of others nothing is kept. Gives how many
        are kept now."""
        ...

    def add_traffic(
        self,
        rows: Mapping[TrafficKey, Traffic],
        *,
        at: float,
        opened: Mapping[str, int] | None = None,
        told: str = "",
    ) -> bool:
        """Add what customers got to the window of 5 seconds that `at` (seconds since 1970) is in, and how often the
        breakers of which upstreams `opened`; all of it or nothing. False when it was added before under the name
        `told`; then nothing changes. A name is forgotten as a batch's id is, and the empty one never known. Of 256
        releases of a route the rest is counted under the release `…`."""
        ...

    def traffic(
        self,
        route: str | None = None,
        *,
        since: float,
        until: float | None = None,
        step: int = 0,
        most: int | None = None,
    ) -> list[Window]:
        """What customers got of a route, or of all, in the windows that began at `since` or later, and before `until`;
        in the order of their start, and then by key. So nothing from before `since` is in it, and of the window that
        `since` is within, nothing at all. Windows are of 5 seconds for an hour, then of a minute for 90 days, then of
        an hour for two years, as `prune` joins them; what came late may stand beside a longer one until it does.

        Those shorter than `step` seconds are joined into windows of that length, of which the first may begin before
        `since`. Of more than `most` windows (None: of any number) the first so many are given."""
        ...

    def requests_by_side(self, *, since: float, until: float | None = None, step: int) -> dict[tuple[int, str], int]:
        """How many requests of all routes together each side was to answer: by when a window of `step` seconds began
        (a multiple of them), and by side. Of the windows that began at `since` or later, and before `until`; a longer
        one counts where it began."""
        ...

    def opened(self, upstream: str, *, since: float, until: float | None = None) -> list[Opened]:
        """In which of these windows breakers of an upstream opened, and how often; as `traffic`."""
        ...

    def clear(self, route: str, *, release: str | None = None) -> None:
        """Forget everything of a route, or of one release of it; missed exchanges, which have no release, stay then.
        What customers got stays in any case."""
        ...

    def erase(self, subject: str) -> int:
        """Forget every kept pair of a subject (a keyed hash); gives how many there were. Counts name nobody."""
        ...

    def prune(self, *, now: float, keep_seconds: float, most_bytes: int) -> int:
        """Forget days and kept pairs older than `keep_seconds`, and then kept pairs until they take at most
        `most_bytes`: where most others show the same thing, there the oldest first. Gives how many pairs went.

        Join windows of traffic that are old enough into longer ones. Of each length a store keeps at most a number that
        it is made with: past it the oldest are joined sooner, and of the longest forgotten."""
        ...

    def close(self) -> None:
        """Let go of whatever is held. Calling it again does nothing."""
        ...
