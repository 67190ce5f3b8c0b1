"""Keys and tokens as a proxy would make them, and as somebody else might."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from strangler.identity.binding import bound_to
from strangler.identity.identity import TYPE

__all__ = ["NOW", "Signer", "write_keys"]

NOW = 1_800_000_000


class Signer:
    """One key of one proxy."""

    def __init__(self, kid: str = "k1") -> None:
        self.kid = kid
        self.private = Ed25519PrivateKey.generate()

    @property
    def jwk(self) -> dict[str, str]:
        document: dict[str, str] = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(self.private.public_key()))
        return {**document, "kid": self.kid, "use": "sig", "alg": "EdDSA"}

    def claims(self, method: str = "GET", path: str = "/orders/", query: str = "", **more: Any) -> dict[str, Any]:
        return {
            "iss": "strangler",
            "aud": "orders",
            "sub": "7",
            "iat": NOW,
            "exp": NOW + 60,
            "jti": "r-1",
            "binding": bound_to(method.encode(), path.encode(), query.encode()),
            **more,
        }

    def token(
        self, claims: dict[str, Any] | None = None, *, without: str = "", head: dict[str, Any] | None = None
    ) -> str:
        content = self.claims() if claims is None else claims
        content.pop(without, None)
        return jwt.encode(content, self.private, "EdDSA", headers={"kid": self.kid, "typ": TYPE, **(head or {})})


def write_keys(path: Path, *signers: Signer) -> Path:
    path.write_text(json.dumps({"keys": [signer.jwk for signer in signers]}))
    return path
