"""What the table `[identity]` says, as a frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["IdentitySettings"]


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """How the monolith is asked who a client is, and what services are told.

    `path` is the URL of the monolith's vouching view and `timeout` (default 2) bounds its answer, which is believed for
    `cache` (default 5; 0 for never), for at most `sessions` clients in a worker (default 10,000). `issuer` and
    `lifetime` (default 60) are those of the signed identity, `rotate` the age at which its key is replaced (default a
    day; 0 for never), `keys_file` where public keys are written (None: into the state folder). `session`,
    `permissions` (globs) and `username` choose what it says. `headers` are what the monolith signs people in by besides
    Cookie and Authorization, `csrf_header` is where it looks for a CSRF token, and `form_bytes` how much of a form is
    looked through for one (default 64 KiB). `anonymous` is what a client is told that is nobody where somebody is
    required: `monolith` (what its own view would say), `redirect`, `401` or `403`.
    """

    path: str = "/_strangler/vouch/"
    timeout: float = 2.0
    cache: float = 5.0
    sessions: int = 10_000
    anonymous: str = "monolith"
    session: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ("*",)
    username: bool = False
    headers: tuple[str, ...] = ()
    csrf_header: str = "X-CSRFToken"
    form_bytes: int = 65536
    issuer: str = "strangler"
    lifetime: float = 60.0
    rotate: float = 86400.0
    keys_file: Path | None = None
