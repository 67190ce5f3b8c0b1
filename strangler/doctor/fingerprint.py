"""A secret's fingerprint: equal secrets have equal ones, and nobody finds the secret by it."""

from __future__ import annotations

from hashlib import pbkdf2_hmac
from typing import Final

__all__ = ["fingerprint"]

# A weak secret shall not be found by trying many.
_ROUNDS: Final = 60_000


def fingerprint(secret: str) -> str:
    """Sixteen hex digits; empty for an empty secret."""
    if not secret:
        return ""
    return pbkdf2_hmac("sha256", secret.encode("utf-8", "surrogatepass"), b"strangler-doctor", _ROUNDS).hex()[:16]
