"""What a move came to, in a sentence or two for people. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from strangler_proxy.plain import plain
from strangler_proxy.words import counted

__all__ = ["told_move"]

_MOST: Final = 5


def told_move(outcome: Mapping[str, Any], *, unmoved: str = "Nothing to change: it stands so already") -> str:
    """An outcome as the control API tells it: what moved, where it is live, what was kept back and why."""
    moved = [plain(each["name"]) for each in outcome["moved"]]
    there, missing = len(outcome["acknowledged"]), outcome["missing"]
    live = f"live on {there} of {counted(there + len(missing), 'worker')}, revision {outcome['revision']}"
    more = f" and {len(moved) - _MOST} more" if len(moved) > _MOST else ""
    sentences = [f"{', '.join(moved[:_MOST])}{more}: {live}." if moved else f"{unmoved}; {live}."]
    if missing:
        sentences.append(f"Not acknowledged in time by {plain(', '.join(missing[:_MOST]))}.")
    if outcome.get("lost"):
        sentences.append(f"Not heard of, and not waited for: replica {plain(', '.join(outcome['lost'][:_MOST]))}.")
    sentences += [f"Kept back: {plain(each['message'])}" for each in outcome.get("refused", ())[:_MOST]]
    return " ".join(sentences)
