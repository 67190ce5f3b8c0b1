"""What a seam costs at stage `monolith`.

A direct call, the same call through a seam's facade, and through the facade of an object with methods, in interleaved
rounds, so that a machine that slows down slows all three. Toggles are real: read from a snapshot file by `Toggles`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time
from timeit import Timer

from benchmarks.bars import Bar
from benchmarks.pace import Pace
from strangler.seam import Seam
from strangler.toggles import Kind, Snapshot, Toggle, Toggles, write_snapshot

__all__ = ["measure"]

ROUNDS = 15
CALLS = 50_000
LIMIT_NS = 2_000.0


class Facts:
    """An interface object, as a monolith would have one."""

    def product(self, number: int, *, currency: str = "EUR") -> tuple[int, str]:
        return number, currency


def direct(number: int, *, currency: str = "EUR") -> tuple[int, str]:
    return number, currency


def nanoseconds(function: Callable[..., object]) -> float:
    return Timer(lambda: function(42, currency="EUR"), timer=process_time).timeit(CALLS) / CALLS * 1e9


def measure(pace: Pace) -> list[Bar]:
    """Print ns a call with and without the seam; the bar is on what the seam adds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "toggles.json"
        names = ["bench.function", "bench.facts", *(f"other.seam-{number}" for number in range(50))]
        write_snapshot(path, Snapshot(1, {name: Toggle(name, Kind.SEAM) for name in names}))
        toggles = Toggles(snapshot=path)
        function = Seam("bench.function", old=direct, new=lambda: direct, toggles=toggles).facade()
        facts = Seam("bench.facts", old=Facts(), new=Facts, toggles=toggles).facade()
        plain = Facts()
        measured: dict[str, list[float]] = {}
        for _ in range(pace.rounds(ROUNDS)):
            for name, each in (
                ("direct function", direct),
                ("function by seam", function),
                ("direct method", plain.product),
                ("method by seam", facts.product),
            ):
                measured.setdefault(name, []).append(nanoseconds(each))
        toggles.close()
    bars = []
    for kind in ("function", "method"):
        before, after = measured[f"direct {kind}"], measured[f"{kind} by seam"]
        extra = [seam - plain_call for plain_call, seam in zip(before, after, strict=True)]
        print(
            f"{kind:9} direct {median(before):6.0f} ns   seam at monolith {median(after):6.0f} ns   "
            f"difference {median(extra):6.0f} ns (rounds {min(extra):.0f} to {max(extra):.0f})"
        )
        bars.append(Bar(f"a {kind} behind a seam, added", median(extra), LIMIT_NS, "ns"))
    return bars
