"""The cookie of the control room's sessions, as customers' traffic knows it."""

from __future__ import annotations

from typing import Final

__all__ = ["ROOM_COOKIE"]

# Browsers tell cookies of one host's ports not apart: on the customers' port it may come along, and be set. There it is
# kept from services as the monolith's own are.
ROOM_COOKIE: Final = "strangler_session"
