"""How numbers and places are told to people: counts, shares, times, durations, stages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from strangler.evidence.percent import percent
from strangler.toggles import format_share

__all__ = ["counted", "milliseconds", "moment", "percent", "stage_of"]


def counted(count: int, word: str) -> str:
    """How many there are of what `word` names one of."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def moment(at: float | str) -> str:
    """A time, in seconds since 1970 or as the control API writes it, as a local one."""
    when = datetime.fromisoformat(at) if isinstance(at, str) else datetime.fromtimestamp(at, UTC)
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def milliseconds(seconds: float | None) -> str:
    """A duration in seconds as milliseconds, from a second on as seconds: `12.3 ms`, `4.71 s`; a dash where there is
    none."""
    if seconds is None:
        return "-"
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:.0f} s"


def stage_of(toggle: Mapping[str, Any]) -> str:
    """A toggle's stage, with its share where it has one: `canary 10%`."""
    stage = str(toggle["stage"])
    overrides = len(toggle["overrides"])
    if stage != "canary":
        return stage
    by_hand = "" if not overrides else f" + {overrides} by hand"
    return f"{stage} {format_share(toggle['share'])}{by_hand}"
