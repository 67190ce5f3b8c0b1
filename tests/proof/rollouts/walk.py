"""A whole rollout on a virtual clock, by the real decisions and the real gates."""

from __future__ import annotations

from dataclasses import dataclass

from strangler_proxy.config.gates_table import GatesTable
from strangler_proxy.rollout import DEFAULT, Act, ActKind, Place, Rollout, RolloutState, Schedule, Seen, Station, decide
from strangler_proxy.rollout.follow import followed, intended
from strangler_proxy.rollout.orders import begun
from strangler_proxy.rollout.rollout import OVER, START

from strangler.evidence.sequential import alarm_of
from strangler.evidence.traffic import BOUNDS
from strangler.gates import Answered, Observed, judge
from strangler.toggles import BUCKETS, Stage, Toggle
from tests.proof.rollouts.badness import Badness
from tests.proof.rollouts.shop import SECONDS, Shop

__all__ = ["BRISK", "LASTING", "Walked", "walk"]

_TEN_MINUTES = 600.0
BRISK = Schedule(
    "brisk",
    tuple(Station(each.place, _TEN_MINUTES) for each in DEFAULT.stations),
    {key: value for key, value in DEFAULT.gates.items() if key != "breaker"},
)
"""The default schedule and its gates, ten minutes at each station. The breaker, which would only help, is left out."""
LASTING = Schedule("lasting", (Station(Place(Stage.CANARY, 5_000), 3 * 3600.0), *BRISK.stations[2:]), BRISK.gates)
"""From 5 % on, with three hours there, so that what goes bad late is still seen at 5 %."""
_BEFORE = Answered(720_000, 720)
_LONGEST = 24 * 3600.0
_SELDOM = 12


@dataclass(frozen=True, slots=True)
class Walked:
    """How it ended: the state, why, at which place, after how many of the candidate's customers' requests and how many
    seconds, both since it was no longer good."""

    state: RolloutState
    reason: str
    place: str
    requests: int
    seconds: float

    @property
    def taken_back(self) -> bool:
        """Whether a gate failed."""
        return self.state is RolloutState.STEPPED_BACK


def walk(schedule: Schedule, candidate: Badness, seed: int, *, begin: Place, look_every: int = 1) -> Walked:
    """One rollout of that candidate from `begin` until it is finished, taken back or paused; looked at after so many
    windows of five seconds."""
    shop, now = Shop(seed), 0.0
    rollout = begun("catalog.list", [_toggle(begin)], schedule, who="proof", why="proof", now=now)
    gates = GatesTable.model_validate(schedule.gates).gates()
    alarm = alarm_of(len(rollout.schedule.stations))
    while rollout.state is RolloutState.RUNNING and now < _LONGEST:
        place = rollout.place
        if rollout.at != START:
            share = place.share / BUCKETS if place.stage is Stage.CANARY else 1.0
            # While it is good there is nothing to be found, and each look takes some milliseconds.
            for _ in range(_SELDOM if now < candidate.good else look_every):
                if now == candidate.good:
                    shop.asked = 0
                shop.pass_window(now, share, place.stage.value, candidate.at(now))
                now += SECONDS
        seen = Observed(
            route="catalog.list",
            since=rollout.since,
            now=now,
            stage=place.stage.value,
            evidence=shop.evidence,
            methods=frozenset({"GET"}),
            templates=("/products/",),
            spans=shop.spans,
            bounds=BOUNDS,
            before=_BEFORE,
            opened=0,
        )
        judgements = {} if rollout.at == START else {"catalog.list": judge(gates, seen, alarm=alarm)}
        rollout, act = _next(rollout, Seen({"catalog.list": _toggle(place)}, judgements), now)
        if act.kind is ActKind.ADVANCE:
            shop.begin()
    assert rollout.state in OVER | {RolloutState.PAUSED, RolloutState.STEPPED_BACK, RolloutState.RUNNING}
    return Walked(rollout.state, rollout.reason, str(place), shop.asked, now - candidate.good)


def _next(rollout: Rollout, seen: Seen, now: float) -> tuple[Rollout, Act]:
    act = decide(rollout, seen, now)
    return followed(intended(rollout, act) if act.intent else rollout, act, now), act


def _toggle(place: Place) -> Toggle:
    return Toggle("catalog.list", stage=place.stage, share=place.share)
