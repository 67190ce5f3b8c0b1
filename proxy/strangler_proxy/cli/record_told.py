"""A recording in words: how it stands, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from strangler_proxy.words import moment, percent

__all__ = ["size", "told_drops", "told_end", "told_running"]

_ENDS: Final = {
    "time": "its time was over",
    "requests": "there were enough requests",
    "stopped": "it was stopped",
    "restarted": "the proxy was reloaded, or its control plane started anew",
}


def size(number: int) -> str:
    """A size, in one unit."""
    value, units = float(number), ["bytes", "KiB", "MiB", "GiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:.0f} {units[0]}" if units[0] == "bytes" else f"{value:.1f} {units[0]}"


def told_drops(recording: Mapping[str, Any]) -> str:
    """What was not recorded, by cause."""
    dropped: Mapping[str, int] = recording["dropped"]
    causes = ", ".join(f"{cause} {number}" for cause, number in dropped.items())
    return f"{sum(dropped.values())} dropped ({causes})" if dropped else "none dropped"


def told_running(recording: Mapping[str, Any]) -> Iterator[str]:
    """What is being recorded, by whom and until when."""
    yield (
        f"recording to {recording['file']}: since {moment(recording['since'])}, until"
        f" {moment(recording['until'])} at the latest, by {recording['who']}: {recording['why']}"
    )
    yield f"  {_what(recording)}; {_numbers(recording)}"
    if recording["problem"]:
        yield f"  problem: {recording['problem']}"


def told_end(recording: Mapping[str, Any]) -> Iterator[str]:
    """What was written, and what was not."""
    yield f"Recorded to {recording['file']}: {_numbers(recording)}."
    yield f"It ended because {_ENDS.get(str(recording['end']), recording['end'])}."
    if recording["problem"]:
        yield f"problem: {recording['problem']}"


def _what(recording: Mapping[str, Any]) -> str:
    what = ", ".join(recording["routes"]) or "everything"
    if recording["sample"] < 1:
        what += f", {percent(recording['sample'])} of clients"
    return what if recording["bodies"] else f"{what}, without bodies"


def _numbers(recording: Mapping[str, Any]) -> str:
    written, out = recording["written"], recording["sampled_out"]
    drawn = f", {out} sampled out" if out else ""
    return f"{written} request{'' if written == 1 else 's'}, {size(recording['bytes'])}{drawn}, {told_drops(recording)}"
