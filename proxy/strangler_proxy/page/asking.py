"""Asking the control API for a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request

from strangler_proxy.client import ControlClient
from strangler_proxy.page.room import room_of
from strangler_proxy.page.visitor import visitor_of

__all__ = ["ask"]

T = TypeVar("T")


async def ask(request: Request, function: Callable[[ControlClient], T]) -> T:
    """What `function` gives of the API as this visitor has it, in a thread: several questions go into one function.
    Raises what it raises: ControlRefused where the API says no."""
    room, visitor = room_of(request), visitor_of(request)
    address = None if request.client is None else (request.client.host, request.client.port)

    def asked() -> T:
        with room.client(visitor, address) as client:
            return function(client)

    return await room.run(asked, acts=request.method == "POST")
