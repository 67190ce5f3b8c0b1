"""Calls in the name of somebody who has long gone on."""

from __future__ import annotations

import asyncio

import httpx
from starlette.requests import Request

from strangler.errors import ControlRefused
from strangler_proxy.client import ControlClient
from strangler_proxy.config.values import Address
from strangler_proxy.control.asked import who_asks
from strangler_proxy.control.inside import Inside
from strangler_proxy.control.token import Caller
from strangler_proxy.control.tokens import Tokens

__all__ = ["InName", "client_in_name"]

_PLACE = Address("localhost", 80)


class InName(httpx.BaseTransport):
    """Carries requests to the API that a `request` came to, as calls of whoever made that: with the role that their
    token has at each call. One whose token is gone meanwhile raises ControlRefused."""

    def __init__(self, request: Request, tokens: Tokens) -> None:
        caller: Caller = request.state.caller
        self._token = caller.token
        self._tokens = tokens
        self._app = request.app
        self._loop = asyncio.get_running_loop()
        self._who = who_asks(request).removesuffix(f" ({caller.token})")
        self._address = None if request.client is None else (request.client.host, request.client.port)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, whole. Raises as Inside."""
        caller = self._tokens.named(self._token)
        if caller is None:
            raise ControlRefused(403, "forbidden", f"The token {self._token} is no longer in force.")
        return Inside(self._app, self._loop, caller, self._who, self._address).handle_request(request)


def client_in_name(request: Request, tokens: Tokens) -> ControlClient:
    """The API as whoever made `request` has it, for a thread that is not the control plane's own."""
    return ControlClient(_PLACE, "", transport=InName(request, tokens))
