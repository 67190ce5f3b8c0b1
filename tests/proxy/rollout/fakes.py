"""Toggles that are moved without a control plane, gates that say what they are told, and a world of both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from strangler_proxy.notify import MemoryNotifier
from strangler_proxy.rollout import Archive, Judged, Place, Rollout, Rollouts, Schedule, Station

from strangler.documents import DocumentStore
from strangler.errors import RevisionConflict
from strangler.evidence import GateVerdict
from strangler.gates import GateJudgement
from strangler.testing import ManualClock, MemoryDocumentStore, MemoryToggleStore
from strangler.toggles import Change, Kind, Move, Snapshot, Stage, Toggle, plan_moves

PASS, FAIL, INCONCLUSIVE = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INCONCLUSIVE
LIST, DETAIL, FACTS = "catalog.list", "catalog.detail", "catalog.facts"


def schedule(*shares: str, seconds: float = 60.0, **changes: Any) -> Schedule:
    """A schedule of shares, each for a minute, with patience for five."""
    stations = tuple(Station(Place.from_share(each), seconds) for each in shares or ("1%", "5%", "25%", "100%"))
    return Schedule("brisk", stations, **{"gates": {"errors": 0.005}, "patience": 300.0, **changes})


def gate(verdict: GateVerdict, name: str = "errors") -> GateJudgement:
    """What that gate says."""
    return GateJudgement(name, verdict, f"It is {verdict}.")


class FakeMover:
    """Moves toggles in a store, as a control plane does. `before_commit` is called when a move is about to be made,
    `after_commit` when it was; either may raise."""

    def __init__(self, store: MemoryToggleStore) -> None:
        self.store = store
        self.snapshot = store.load()
        self.moves: list[tuple[str, str, str]] = []
        self.evidence: list[Mapping[str, Any]] = []
        self.before_commit: Callable[[], None] = lambda: None
        self.after_commit: Callable[[], None] = lambda: None

    async def refreshed(self) -> Snapshot:
        """The store's snapshot."""
        self.snapshot = self.store.load()
        return self.snapshot

    async def flip(
        self,
        names: Sequence[str],
        move: Move,
        *,
        who: str,
        why: str,
        expected_revision: int | None = None,
        evidence: Mapping[str, Any] | None = None,
    ) -> object:
        """Move them, all or none."""
        if expected_revision is not None and expected_revision != self.snapshot.revision:
            raise RevisionConflict(expected_revision, self.snapshot.revision)
        toggles = plan_moves(self.snapshot, names, move)
        self.before_commit()
        change = Change(toggles, who, why, datetime.now(UTC))
        if toggles:
            self.store.commit(change, expected_revision=self.snapshot.revision)
        self.after_commit()
        await self.refreshed()
        self.moves.append((who, ",".join(names), str(Place(move.stage, move.share or 0))))
        self.evidence.append(evidence or {})
        return None


class FakeJudge:
    """Says `verdict` of each gate in `gates` of each toggle, unless `says` has something else for that toggle."""

    def __init__(self) -> None:
        self.verdict = INCONCLUSIVE
        self.gates = ["errors"]
        self.says: dict[str, GateVerdict] = {}
        self.heard: dict[str, frozenset[str]] = {}

    async def judged(self, rollout: Rollout) -> Judged:
        """What it was told to say."""
        judgements = {
            name: [gate(self.says.get(name, self.verdict), each) for each in self.gates] for name in rollout.toggles
        }
        return Judged(judgements, self.heard)


class World:
    """Two routes and a seam in stage `shadow`, a clock that stands, and a runner that another may take over from."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.toggles = MemoryToggleStore()
        at_first = [Toggle(LIST, stage=Stage.SHADOW), Toggle(DETAIL, stage=Stage.SHADOW)]
        self.put(*at_first, Toggle(FACTS, Kind.SEAM, stage=Stage.SHADOW))
        self.documents = MemoryDocumentStore()
        self.notifier = MemoryNotifier()
        self.judge = FakeJudge()
        self.mover = FakeMover(self.toggles)
        self.rollouts = self.runner(self.documents)

    def runner(self, documents: DocumentStore, *, pause: Callable[[float], Awaitable[None]] | None = None) -> Rollouts:
        """Somebody who may walk rollouts."""
        archive, clock = Archive(documents), self.clock
        return Rollouts(archive, self.mover, self.judge, self.notifier, now=clock, pause=pause or clock.sleep_async)

    def put(self, *toggles: Toggle) -> None:
        """Move toggles by hand."""
        revision = self.toggles.load().revision
        self.toggles.commit(Change(toggles, "ana", "by hand", datetime.now(UTC)), expected_revision=revision)

    def place(self, name: str = LIST) -> str:
        """Where a toggle stands."""
        return str(Place.of(self.toggles.load()[name]))

    def rollout(self, name: str = LIST) -> Rollout:
        """A rollout, as it is kept."""
        document = self.documents.read("rollout", name)
        assert document is not None
        return Rollout.from_json(document.content)

    def actions(self) -> list[str]:
        """What the audit says was done, the oldest first."""
        return [event.action for event in reversed(self.documents.events())]

    def told(self) -> list[str]:
        """Which kinds of notices there were."""
        return [str(notice.kind) for notice in self.notifier.told]

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and look."""
        self.clock.advance(seconds)
        await self.rollouts.tick()
