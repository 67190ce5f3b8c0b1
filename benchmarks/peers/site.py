"""What each peer is set up for, and a peer that runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["CONNECTIONS", "INSTALLED", "ROUTES", "Serving", "Site"]

ROUTES = 50
# Unused connections to the upstream that each peer may keep: more than there are customers, so none makes new ones.
CONNECTIONS = 512
# Where `scripts/setup --bench` puts the peers that are wheels.
INSTALLED = Path(__file__).resolve().parents[2] / ".venv" / "peers"


@dataclass(frozen=True, slots=True)
class Site:
    """What stands behind a peer and how much it is told: the upstream's port, the routes, the workers.

    `mirror` is the port of a second upstream of the same kind, which is sent a copy of every request; 0 for no copies.
    `folder` is the peer's own: its configuration, its access log and what it prints.
    """

    folder: Path
    upstream: int
    routes: int = ROUTES
    workers: int = 1
    mirror: int = 0

    def within(self, name: str) -> Site:
        """The same with a folder of that name below, which is made."""
        folder = self.folder / name
        folder.mkdir()
        return replace(self, folder=folder)

    def prefixes(self) -> list[str]:
        """What the paths of each route begin with."""
        return [f"/api/v1/c{number}/" for number in range(self.routes)]


@dataclass(frozen=True, slots=True)
class Serving:
    """A peer that runs: where customers reach it, and its first process."""

    name: str
    port: int
    pid: int
