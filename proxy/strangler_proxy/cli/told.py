"""What the operating commands tell of toggles and moves, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from strangler.toggles import Kind
from strangler_proxy.plain import plain
from strangler_proxy.words import stage_of

__all__ = ["UNCHANGED", "told_outcome"]

UNCHANGED: Final = "Nothing to change: it stands so already"


def told_outcome(outcome: Mapping[str, Any], *, unmoved: str = UNCHANGED) -> str:
    """What a move came to: each toggle, the revision, and on how many workers it is live.

    `unmoved` is what to say when no toggle has moved. Of a dry run it is what would move.
    """
    moved = [f"{each['name']}: {stage_of(each['from'])} -> {stage_of(each['to'])}" for each in outcome["moved"]]
    if outcome.get("dry_run"):
        return "\n".join((*moved, f"{len(moved)} would move, nothing did" if moved else unmoved))
    there, missing = len(outcome["acknowledged"]), list(outcome["missing"])
    workers = there + len(missing)
    live = f"live on {there}/{workers} {'worker' if workers == 1 else 'workers'}"
    if not moved:
        lines = [f"{unmoved}, {live}, revision {outcome['revision']}"]
    else:
        end = f"{live} in {outcome['seconds'] * 1000:.0f} ms, revision {outcome['revision']}"
        lines = [f"{moved[0]}, {end}"] if len(moved) == 1 else [*moved, f"{len(moved)} moved, {end}"]
    lines += [
        f"{each['name']}: NOT MOVED. {each['message']} {each['remedy']}".rstrip() for each in outcome.get("refused", ())
    ]
    orphans = [each["name"] for each in outcome["moved"] if not each["to"].get("configured", True)]
    if orphans:
        lines.append(
            f"No route or seam of the running proxy is named {', '.join(orphans)}: that moves nobody."
            " `strangler reload` puts an edited strangler.toml into force."
        )
    if any(each["to"].get("kind") == Kind.SEAM for each in outcome["moved"]):
        lines.append("A seam lives in the monolith's processes, which are no workers: each follows within a moment.")
    if missing:
        lines.append(
            f"Not acknowledged in time by worker {plain(', '.join(missing))}: until it is, that worker may decide by"
            " the revision it had. `strangler status` shows when it is there."
        )
    if lost := outcome.get("lost"):
        lines.append(
            f"Not waited for: replica {plain(', '.join(lost))}, which is not heard of. If it serves, then by what it"
            " had: start it, or take it out of the balance."
        )
    return "\n".join(lines)
