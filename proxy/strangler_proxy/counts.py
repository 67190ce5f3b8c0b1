"""What was answered by whom, counted between two reports to the control plane."""

from __future__ import annotations

from typing import Any

__all__ = ["Counts"]


class Counts:
    """Counts a worker's answers by route, side, upstream and status class. `total` never goes back."""

    __slots__ = ("_cells", "total")

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str, str, int], list[float]] = {}
        self.total = 0

    def add(self, route: str, side: str, upstream: str, status: int, fallback: bool, seconds: float) -> None:
        """Count one answer. `route` is `-` for a request that no route takes, `seconds` what the answer took."""
        self.total += 1
        key = (route, side, upstream, status // 100)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = [0, 0, 0.0]
        cell[0] += 1
        if fallback:
            cell[1] += 1
        cell[2] += seconds

    def take(self) -> list[dict[str, Any]]:
        """What was counted since the last take, as plain JSON types, one entry a route, side, upstream and class."""
        cells, self._cells = self._cells, {}
        return [
            {
                "route": route,
                "side": side,
                "upstream": upstream,
                "status_class": f"{status_class}xx",
                "count": int(count),
                "fallbacks": int(fallbacks),
                "seconds": round(seconds, 6),
            }
            for (route, side, upstream, status_class), (count, fallbacks, seconds) in cells.items()
        ]
