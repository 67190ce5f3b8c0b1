"""Rollouts: scheduled walks through shares, each station held by gates, and taken back when one fails."""

from strangler_proxy.rollout.archive import Archive
from strangler_proxy.rollout.decide import Act, ActKind, Seen, decide
from strangler_proxy.rollout.place import Place
from strangler_proxy.rollout.rollout import Rollout, RolloutState
from strangler_proxy.rollout.runner import Rollouts
from strangler_proxy.rollout.schedule import DEFAULT, BackTo, Schedule, Station
from strangler_proxy.rollout.world import Judge, Judged, Mover

__all__ = [
    "DEFAULT",
    "Act",
    "ActKind",
    "Archive",
    "BackTo",
    "Judge",
    "Judged",
    "Mover",
    "Place",
    "Rollout",
    "RolloutState",
    "Rollouts",
    "Schedule",
    "Seen",
    "Station",
    "decide",
]
