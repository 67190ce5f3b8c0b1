"""The figures of rollouts, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.proof.rollouts.shop import RATE

__all__ = ["rollout_lines"]


def rollout_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """The section on rollouts of the proof's report."""
    yield f"Rollouts on a virtual clock, by the real decisions and gates, in {figures['seconds']:.0f} s"
    yield f"  {RATE:g} requests a second, of which 5 % go to the candidate; taken back after how many of them:"
    yield f"  {'candidate':<48} {'rollouts':>8} {'median':>8} {'p95':>8} {'bar':>8} {'p95 in':>8}"
    for each in figures["bad"]:
        mark = "" if each["good"] else f"  WRONG ({each['missed']} not taken back)"
        yield (
            f"  {each['name']:<48} {each['rollouts']:>8} {each['median']:>8,.0f} {each['p95']:>8,.0f}"
            f" {each['bar']:>8,} {each['seconds_p95']:>6,.0f} s{mark}"
        )
    good = figures["candidate_as_good"]
    if not good["rollouts"]:
        return
    yield (
        f"  one as good as the monolith: {good['taken_back']} of {good['rollouts']:,} whole rollouts taken back,"
        f" {good['finished']:,} finished"
    )
    yield (
        f"  so with {good['confidence']:.0%} confidence at most {good['share_at_most']:.2%} are; {good['wanted']:.1%}"
        f" may be, which takes {good['rollouts_needed']:,} rollouts without one to state"
    )
    yield from (f"    {each}" for each in good["reasons"])
