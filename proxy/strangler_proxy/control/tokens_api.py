"""The control API's verbs of tokens."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from strangler_proxy.control.answers import answer
from strangler_proxy.control.asked import audited, parsed, who_asks
from strangler_proxy.control.roles import Role
from strangler_proxy.control.token_requests import TokenCreateRequest, TokenRevokeRequest, TokenRotateRequest
from strangler_proxy.control.tokens import Tokens
from strangler_proxy.control.verbs import Verb

__all__ = ["TokensApi"]


class TokensApi:
    """The handlers, on `tokens`."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def routes(self) -> list[Verb]:
        """Where the verbs are served."""
        return [
            Verb("/api/v1/tokens", self.listed, "GET", least=Role.APPROVE),
            Verb("/api/v1/tokens", self.create, "POST", least=Role.APPROVE),
            Verb("/api/v1/tokens/revoke", self.revoke, "POST", least=Role.APPROVE),
            Verb("/api/v1/tokens/rotate", self.rotate, "POST", least=Role.APPROVE),
        ]

    async def listed(self, _: Request) -> Response:
        """All tokens but the first."""
        await self._tokens.look()
        return answer({"tokens": self._tokens.listed()})

    async def create(self, request: Request) -> Response:
        """Make a token, and tell its secret this once."""
        body = await parsed(request, TokenCreateRequest)
        token, secret = await self._tokens.create(
            body.name, body.role, seconds=body.expires_seconds, who=who_asks(request), why=body.why
        )
        audited(request)
        return answer({"token": token.to_json(), "secret": secret})

    async def revoke(self, request: Request) -> Response:
        """Let a token be good no more."""
        body = await parsed(request, TokenRevokeRequest)
        await self._tokens.revoke(body.name, who=who_asks(request), why=body.why)
        audited(request)
        return answer({"revoked": body.name})

    async def rotate(self, request: Request) -> Response:
        """Give a token another secret, and tell it this once."""
        body = await parsed(request, TokenRotateRequest)
        secret = await self._tokens.rotate(body.name, grace=body.grace_seconds, who=who_asks(request), why=body.why)
        audited(request)
        return answer({"rotated": body.name, "secret": secret})
