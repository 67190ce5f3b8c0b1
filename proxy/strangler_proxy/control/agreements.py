"""How surely the sides of every route agree, at hand without reading all evidence each time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from strangler.evidence import AgreementWanted, Evidence, EvidenceStore, Judgement, SeenScope
from strangler.evidence.agreement import Agreement, agreement_of
from strangler.toggles import Stage
from strangler_proxy.config.values import Config

__all__ = ["Agreed", "Agreements"]

_WANTED: Final = AgreementWanted(bound=0.99)
_QUANTILES: Final = {"p50": 0.5, "p99": 0.99}
# Only these can be compared: see `strangler.evidence.latency`.
_POSITIONS: Final = (("first", "first"), ("second", "again"))


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the newest evidence of a route says, as of the store's pairs `seen`: the agreement, what is `wanted` of it
    before the next stage and whether it is that much, and by quantile the times of both sides in comparable positions
    (seconds; empty for none)."""

    seen: SeenScope
    agreement: Agreement
    wanted: AgreementWanted
    judgement: Judgement
    times: Mapping[str, Mapping[str, float | None]]
    at: float

    def to_json(self) -> dict[str, Any]:
        """The agreement as a JSON document."""
        return {
            "release": self.seen.scope.release,
            "rules": self.seen.scope.rules,
            "at": self.at,
            "last": self.seen.last,
            **self.agreement.to_json(),
            "wanted": self.wanted.bound,
            **self.judgement.to_json(),
            "times": {name: dict(sides) for name, sides in self.times.items()},
        }


class Agreements:
    """Reads `store` for the routes of `config` with two sides, of each the release and rules with the newest pairs.

    Reading the evidence of a route takes milliseconds, so what has not changed is not read again, and `look` reads for
    a while only: of what has changed what was read longest ago first. Safe to share between threads; it may block, and
    raises StoreUnavailable.
    """

    def __init__(self, config: Config, store: EvidenceStore, *, clock: Callable[[], float] = time.time) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._routes = {route.name: route for route in config.routes if route.twin}
        self._lock = threading.Lock()
        self._known: dict[str, Agreed] = {}

    def look(self, stages: Mapping[str, Stage], *, seconds: float) -> tuple[dict[str, Agreed], int]:
        """The agreement of each route that there is evidence of, and of how many routes there is newer evidence than
        that, after reading for about so many `seconds`. `stages` are those that the routes stand in."""
        with self._lock:
            newest = self._newest()
            for gone in self._known.keys() - newest.keys():
                del self._known[gone]
            wanted = {name: self._wanted(name, stages.get(name, Stage.MONOLITH)) for name in newest}
            behind = [name for name, seen in newest.items() if not self._stands(name, seen, wanted[name])]
            behind.sort(key=lambda name: self._known[name].at if name in self._known else 0.0)
            end = time.monotonic() + seconds
            read = 0
            for name in behind:
                if time.monotonic() >= end:
                    break
                self._known[name] = self._read(newest[name], wanted[name])
                read += 1
            return dict(self._known), len(behind) - read

    def _newest(self) -> dict[str, SeenScope]:
        """By route, of the scopes that were seen the one with the newest pairs."""
        found: dict[str, SeenScope] = {}
        for seen in self._store.scopes():
            if seen.scope.route in self._routes:
                found.setdefault(seen.scope.route, seen)
        return found

    def _wanted(self, name: str, stage: Stage) -> AgreementWanted:
        """What the gates before the next stage want, else that 99 % surely agree."""
        following = stage.following
        gates = (
            None if following is None else self._routes[name].gates.get(following, self._config.gates.get(following))
        )
        return (None if gates is None else gates.agreement) or _WANTED

    def _stands(self, name: str, seen: SeenScope, wanted: AgreementWanted) -> bool:
        known = self._known.get(name)
        return known is not None and (known.seen, known.wanted) == (seen, wanted)

    def _read(self, seen: SeenScope, wanted: AgreementWanted) -> Agreed:
        evidence = self._store.read(seen.scope)
        agreement = agreement_of(evidence, wanted.confidence)
        return Agreed(seen, agreement, wanted, agreement.judged(wanted), _times(evidence), self._clock())


def _times(evidence: Evidence) -> dict[str, dict[str, float | None]]:
    for candidate, monolith in _POSITIONS:
        ours, theirs = evidence.latency.get(("candidate", candidate)), evidence.latency.get(("monolith", monolith))
        if ours is not None and theirs is not None and ours.count and theirs.count:
            return {
                name: {"monolith": theirs.quantile(share), "candidate": ours.quantile(share)}
                for name, share in _QUANTILES.items()
            }
    # Of copies alone it is known at least how long the candidate takes.
    copies = evidence.latency.get(("candidate", "second"))
    if copies is None or not copies.count:
        return {}
    return {name: {"monolith": None, "candidate": copies.quantile(share)} for name, share in _QUANTILES.items()}
