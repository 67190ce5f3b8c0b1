"""How a notice is signed, so that whoever takes it knows from whom it is and when it was sent."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

__all__ = ["HEADER", "signature"]

HEADER: Final = "Strangler-Signature"


def signature(secret: bytes, body: bytes, at: int) -> str:
    """The header's value: `t=SECONDS,v1=HEX`, HEX being HMAC-SHA256 under `secret` of `SECONDS.BODY`."""
    return f"t={at},v1={hmac.new(secret, b'%d.' % at + body, sha256).hexdigest()}"
