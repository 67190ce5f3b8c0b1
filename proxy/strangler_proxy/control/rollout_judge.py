"""Judging the gates of a rollout by what the control plane has seen."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from pydantic import ValidationError

from strangler.errors import StoreUnavailable
from strangler.evidence import EvidenceStore, GateVerdict
from strangler.evidence.scope import OTHERS
from strangler.evidence.sequential import alarm_of
from strangler.gates import GateJudgement, Gates, judge
from strangler_proxy.config.gates_table import GatesTable
from strangler_proxy.gates import Observes
from strangler_proxy.rollout import Judged, Rollout

__all__ = ["RolloutJudge"]

_HEARD_FOR: Final = 60.0
"""A release that answered nobody for so many seconds is gone."""

_log = logging.getLogger("strangler.rollout")


class RolloutJudge:
    """Judges by what `observer` sees and which releases answer by `evidence`; a `strangler_proxy.rollout.Judge`.

    The false alarms that a whole rollout may have are divided among its stations and toggles.
    """

    def __init__(self, observer: Observes, evidence: EvidenceStore, *, clock: Callable[[], float] = time.time) -> None:
        self._observer = observer
        self._evidence = evidence
        self._clock = clock

    async def judged(self, rollout: Rollout) -> Judged:
        """The judgements of each toggle, since the rollout's station began."""
        return await asyncio.to_thread(self._judged, rollout)

    def _judged(self, rollout: Rollout) -> Judged:
        try:
            gates = GatesTable.model_validate(rollout.schedule.gates).gates()
        except ValidationError as error:
            _log.error("the gates of the rollout %s cannot be read: %s", rollout.name, error)
            return Judged()
        alarm = alarm_of(len(rollout.schedule.stations) * len(rollout.toggles))
        judgements = {name: self._of(name, rollout, gates, alarm) for name in rollout.toggles}
        return Judged(judgements, {name: self._heard(name) for name in rollout.toggles})

    def _of(self, name: str, rollout: Rollout, gates: Gates, alarm: float) -> list[GateJudgement]:
        try:
            seen = self._observer.observe(name, gates, stage=rollout.place.stage, since=rollout.since)
        except StoreUnavailable as error:
            return [GateJudgement("evidence", GateVerdict.INCONCLUSIVE, f"Nothing can be looked at: {error}")]
        return judge(gates, seen, alarm=alarm)

    def _heard(self, name: str) -> frozenset[str]:
        """The releases of the candidate that have just answered, of those that say which they are."""
        try:
            windows = self._evidence.traffic(name, since=self._clock() - _HEARD_FOR)
        except StoreUnavailable:
            return frozenset()
        releases = (each.key.release for each in windows if each.key.side == "candidate")
        return frozenset(release for release in releases if release and release != OTHERS)
