"""What the control plane of a running stack says: evidence by route, kept pairs, how much is under way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

__all__ = ["Control", "Reports"]


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of all routes, as documents."""

    routes: list[dict[str, Any]]

    def total(self, verdict: str) -> int:
        """How many pairs came to a verdict, or `pairs`: how many there are."""
        return sum(each["agreement"][verdict] for each in self.routes)

    def summed(self, key: str) -> dict[str, int]:
        """`causes` or `missed` of all routes, the most frequent first."""
        counts: dict[str, int] = {}
        for each in self.routes:
            for cause, count in each[key].items():
                counts[cause] = counts.get(cause, 0) + count
        return dict(sorted(counts.items(), key=lambda item: -item[1]))


class Control:
    """Asks the control API at `url` with the token that stands in `token`."""

    def __init__(self, url: str, token: Path) -> None:
        headers = {"Authorization": f"Bearer {token.read_text().strip()}"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=30)

    def reports(self) -> Reports:
        """What was observed so far."""
        return Reports(self._get("/api/v1/evidence")["reports"])

    def differing(self) -> list[dict[str, Any]]:
        """Kept pairs that differ."""
        pairs: list[dict[str, Any]] = self._get("/api/v1/pairs?verdict=differ&limit=50")["pairs"]
        return pairs

    def measured(self, *names: str) -> float:
        """The sum of these metrics, over all their labels."""
        text = self._client.get("/metrics").raise_for_status().text
        lines = [line for line in text.splitlines() if line.partition("{")[0].partition(" ")[0] in names]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _get(self, path: str) -> dict[str, Any]:
        document: dict[str, Any] = self._client.get(path).raise_for_status().json()
        return document
