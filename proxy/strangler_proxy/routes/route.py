"""One route, as the configuration gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from strangler.gates import Gates
from strangler.toggles import Stage

__all__ = ["Route"]


@dataclass(frozen=True, slots=True)
class Route:
    """Requests that can move together: methods and a path template, with a candidate upstream.

    `path` is in Django's `path()` syntax and owns its form with and without the last slash. `headers` and `query` are
    required names with their values; None means any value. `rewrite` is the template of the path that the candidate is
    asked for (None: the raw path as it came). `timeout` replaces the candidate's first-byte time limit. `twin` is False
    for functionality that the monolith never had. `private_cookies` says that the candidate sees the monolith's own
    cookies on this route and may set them. `salt` seeds the buckets (default: the name up to its first dot).
    `identity` says whether the candidate is told who asks: `none`, `optional` or `required`; `anonymous` what a client
    is told that is nobody where somebody is required (None: what `[identity]` says). `captures` are the monolith's
    views that it is meant to take (empty: one). `sample` is the share of its requests that are copied to the other side
    (None: what `[shadow]` says), `writes` what is done with the copy of an unsafe one: `skip` it, or ask for a
    `sandbox` or a `dry-run`. `gates` are what must pass before it may enter a stage; for a stage that is not in it,
    what `[gates]` says. `line` is where the route stands in the file.
    """

    name: str
    methods: frozenset[str]
    path: str
    candidate: str
    headers: Mapping[str, str | None] = field(default_factory=dict)
    query: Mapping[str, str | None] = field(default_factory=dict)
    rewrite: str | None = None
    timeout: float | None = None
    twin: bool = True
    salt: str = ""
    identity: str = "none"
    private_cookies: bool = False
    anonymous: str | None = None
    captures: tuple[str, ...] = ()
    sample: float | None = None
    writes: str = "skip"
    gates: Mapping[Stage, Gates] = field(default_factory=dict)
    line: int | None = None

    def document(self) -> dict[str, Any]:
        """What the route says of requests and of their candidate, as plain JSON types."""
        return {
            "name": self.name,
            "methods": sorted(self.methods),
            "path": self.path,
            "headers": dict(self.headers),
            "query": dict(self.query),
            "candidate": self.candidate,
            "rewrite": self.rewrite,
            "twin": self.twin,
        }
