"""The most memory that the busiest process of each peer has had."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.memory import peak
from benchmarks.peers.site import Serving
from benchmarks.processes import tree, worker

__all__ = ["Watch"]


class Watch:
    """Watches peers from now on."""

    def __init__(self, peers: Sequence[Serving]) -> None:
        self._before = {peer: tree(peer.pid) for peer in peers}

    def peaks(self) -> dict[str, float]:
        """By name, the MiB of the process of each that has worked most since."""
        return {peer.name: peak(worker(peer.pid, before)) for peer, before in self._before.items()}
