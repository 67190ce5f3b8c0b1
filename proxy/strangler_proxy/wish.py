"""What a route wants to know of its clients."""

from __future__ import annotations

import json
from typing import Any

from strangler_proxy.config.identity import IdentitySettings
from strangler_proxy.routes.route import Route

__all__ = ["Wish", "wish_of"]


class Wish:
    """Made once for a route. `required` says that an anonymous client is refused, `audience` is who is told.

    `wants` is the header's value that tells the monolith what is wanted; `wants_origin` is the same with a check of
    where a WebSocket's handshake comes from.
    """

    __slots__ = ("audience", "required", "wants", "wants_origin")

    def __init__(self, required: bool, audience: bytes, wants: bytes, wants_origin: bytes) -> None:
        self.required = required
        self.audience = audience
        self.wants = wants
        self.wants_origin = wants_origin


def wish_of(route: Route, settings: IdentitySettings) -> Wish | None:
    """The wish of `route`; None where its candidate is not told who asks."""
    if route.identity == "none":
        return None
    wanted: dict[str, Any] = {
        "route": route.name,
        "need": route.identity,
        "anonymous": route.anonymous or settings.anonymous,
        "permissions": list(settings.permissions),
        "session": list(settings.session),
        "username": settings.username,
        "origin": False,
    }
    plain = json.dumps(wanted, separators=(",", ":")).encode("ascii")
    checked = json.dumps({**wanted, "origin": True}, separators=(",", ":")).encode("ascii")
    return Wish(route.identity == "required", route.candidate.encode(), plain, checked)
