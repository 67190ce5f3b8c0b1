"""Toggles for tests: they stand as the test says, with no thread and no source behind them."""

from __future__ import annotations

from collections.abc import Mapping

from strangler.toggles import BUCKETS, Kind, Side, Snapshot, Stage, Toggle

__all__ = ["FixedToggles"]


class FixedToggles:
    """Stands in for `Toggles`, for seams under test.

        toggles = FixedToggles({"catalog.facts": Stage.SHADOW})
        seam = Seam("catalog.facts", old=..., new=..., toggles=toggles)
        toggles.set("catalog.facts", Stage.CANARY, share=5_000)

    `share` counts in buckets (0 to 100,000); without one a canary takes everybody.
    """

    def __init__(self, stages: Mapping[str, Stage] | None = None) -> None:
        self._snapshot = Snapshot()
        for name, stage in (stages or {}).items():
            self.set(name, stage)

    def set(
        self, name: str, stage: Stage, *, share: int = BUCKETS, overrides: Mapping[str, Side] | None = None
    ) -> None:
        """Put the toggle at `stage`, whatever stage it had: tests need no way there."""
        before = self._snapshot
        kept = share if stage is Stage.CANARY else 0
        toggle = Toggle(name, Kind.SEAM, stage, kept, overrides or {}, revision=before.revision + 1)
        self._snapshot = Snapshot(before.revision + 1, {**before.toggles, name: toggle}, before.at)

    def toggle(self, name: str) -> Toggle | None:
        """The toggle of that name, None where the test has set none."""
        return self._snapshot.toggles.get(name)

    def side(self, name: str, subject: str = "") -> Side:
        """As `Toggles.side`."""
        toggle = self.toggle(name)
        return Side.MONOLITH if toggle is None else toggle.side(subject)

    def stage(self, name: str) -> Stage:
        """As `Toggles.stage`."""
        toggle = self.toggle(name)
        return Stage.MONOLITH if toggle is None else toggle.stage

    @property
    def snapshot(self) -> Snapshot:
        """All toggles as the test has set them."""
        return self._snapshot
