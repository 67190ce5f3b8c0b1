"""Who answers a request: a route and its toggle's state give a side and an upstream. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from strangler.toggles import Side, Stage, Toggle
from strangler_proxy.routes.route import Route

__all__ = ["Decision", "decide", "decided"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The side that answers, its upstream's name, and whether the monolith may answer when that upstream fails.

    `fallback` says that the monolith stands behind this answer at all; whether one request may be asked again (its
    method, what was sent already) is for the data plane to judge.
    """

    side: Side
    upstream: str
    fallback: bool


_decision = lru_cache(maxsize=4096)(Decision)
_MONOLITH = Side.MONOLITH
_CANDIDATE = Side.CANDIDATE
_RETIRED = Stage.RETIRED


def decide(
    route: Route | None,
    toggle: Toggle | None,
    subject: str = "",
    groups: Iterable[str] = (),
    *,
    monolith: str = "monolith",
) -> Decision:
    """Which side answers `subject`, who belongs to `groups`, on `route`, by the stage of `toggle`.

    What no route takes goes to the monolith, as does a route whose toggle is not known yet. A route without a monolith
    twin is the candidate's in every stage, without fallback; so is a retired one. `monolith` is the name of the
    monolith's upstream.
    """
    if route is None:
        return _decision(_MONOLITH, monolith, False)
    if not route.twin:
        return _decision(_CANDIDATE, route.candidate, False)
    if toggle is None or toggle.side(subject, groups) is _MONOLITH:
        return _decision(_MONOLITH, monolith, False)
    return _decision(_CANDIDATE, route.candidate, toggle.stage is not _RETIRED)


def decided(route: Route, side: Side, *, monolith: str = "monolith") -> Decision:
    """The same in stage `canary` for somebody whose `side` is settled already."""
    if side is _MONOLITH:
        return _decision(_MONOLITH, monolith, False)
    return _decision(_CANDIDATE, route.candidate, True)
