"""The check before a flip: what a toggle must show before it may enter a stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from strangler.evidence import GateVerdict
from strangler.gates import Gates, Observed, judge, overall
from strangler.toggles import AuditEntry, Refusal, Stage, Toggle
from strangler_proxy.config.values import Config
from strangler_proxy.gates.began import began

__all__ = ["Gatekeeper", "Observes", "gates_before"]


class Observes(Protocol):
    """`Observer`, or whoever looks in its place."""

    def observe(self, name: str, gates: Gates, *, stage: Stage, since: float) -> Observed:
        """What was seen of a route or seam that has been in `stage` since then."""
        ...


def gates_before(config: Config, name: str, stage: Stage) -> Gates:
    """What the configuration wants of a route or seam before it may enter `stage`; nothing where it does not say."""
    route = next((each for each in config.routes if each.name == name), None)
    own = None if route is None else route.gates.get(stage)
    return config.gates.get(stage, Gates()) if own is None else own


class Gatekeeper:
    """Refuses a move into a stage whose gates in `config` do not all pass: a `strangler.toggles.MoveGuard` for forward
    moves. `history` is the toggles' audit by name, newest first. It blocks as long as an address that a gate asks takes
    to answer, at most its time."""

    def __init__(
        self,
        config: Config,
        observer: Observes,
        history: Callable[[str], Sequence[AuditEntry]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._observer = observer
        self._history = history
        self._clock = clock

    def may_move(self, before: Toggle, after: Toggle) -> Refusal | None:
        """None where the stage stays, nothing is asked for, or all gates pass. Raises StoreUnavailable."""
        name, stage = after.name, after.stage
        gates = gates_before(self._config, name, stage)
        if stage is before.stage or not gates:
            return None
        since = began(before, self._history(name))
        seen = self._observer.observe(name, gates, stage=before.stage, since=self._clock() if since is None else since)
        judgements = judge(gates, seen)
        if overall(judgements).verdict is GateVerdict.PASS:
            return None
        lacking = " ".join(
            f"{each.name} ({each.verdict}): {each.reason}"
            for each in judgements
            if each.verdict is not GateVerdict.PASS
        )
        remedy = f"`strangler gate {name} --watch` shows when they do."
        return Refusal(name, f"{name} may not enter `{stage}` before its gates pass. {lacking}", remedy)
