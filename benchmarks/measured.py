"""What a round has measured, and what several rounds come to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Measured", "known_median", "percentile", "ratio", "table"]


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one peer: requests a second, latency in ms at two quantiles, and processor µs a request.

    `busy` is how much of one core the peer's processes used: below 1 it was not the peer that held the rate down.
    """

    rate: float
    p50: float
    p99: float
    cpu: float
    busy: float


def known_median(values: Sequence[float]) -> tuple[float, float]:
    """Between which two of the values their median lies with 95 % confidence, whatever their distribution.

    By the exact binomial ranks (Conover, Practical Nonparametric Statistics, 3.2). Fewer than six values cannot say as
    much: of them it is the least and the greatest. Raises ValueError for no values.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("there is no median of no values")
    count = len(ordered)
    rank, below = 0, 1
    while below <= 0.025 * 2**count:
        rank += 1
        below += math.comb(count, rank)
    rank = max(rank, 1)
    return ordered[rank - 1], ordered[-rank]


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that `share` (0 to 1) of the ordered values do not exceed; raises ValueError for no values."""
    if not ordered:
        raise ValueError("there is no percentile of no values")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median, over the rounds, of ours by theirs: what slows down one whole round changes nothing."""
    return median(mine / other if other else math.inf for mine, other in zip(ours, theirs, strict=True))


def table(seen: Mapping[str, Sequence[Measured]], ours: str, peaks: Mapping[str, float] | None = None) -> str:
    """Medians of the rounds, a line a peer; the ratio is its processor time a request to that of `ours`.

    `peaks` are MiB; without them that column is left out.
    """
    head = ["req/s", "p50 ms", "p99 ms", "CPU µs/req", "of a core", "CPU ratio"]
    lines = ["".join([f"{'':<20}", *(f"{each:>12}" for each in head), *([f"{'peak MiB':>12}"] if peaks else [])])]
    base = [each.cpu for each in seen[ours]]
    for name, rounds in seen.items():
        rate, p50, p99, cpu, busy = (
            median(getattr(each, field) for each in rounds) for field in ("rate", "p50", "p99", "cpu", "busy")
        )
        line = f"{name:<20}{rate:>12,.0f}{p50:>12.2f}{p99:>12.2f}{cpu:>12.1f}{busy:>12.2f}"
        line += f"{ratio([each.cpu for each in rounds], base):>12.2f}"
        if peaks:
            line += f"{peaks[name]:>12.1f}" if name in peaks else ""
        lines.append(line)
    return "\n".join(lines)
