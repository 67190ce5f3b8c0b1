"""What proxy and monolith say to each other when the monolith vouches for a client, and how each knows the other.

The proxy asks with the client's own method and credentials, at a URL that only it may call: it seals what it asks with
a secret that both know. The monolith seals its answer for that one question. Sealed means an HMAC-SHA256, which shows
the secret to nobody and is no use for another question or, `WINDOW` seconds later, for the same one.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

__all__ = ["PATH", "SEAL", "SHORTEST_SECRET", "TARGET", "WANTS", "WINDOW", "answer_seal", "ask_seal", "opened"]

PATH: Final = "/_strangler/vouch/"
SEAL: Final = "X-Strangler-Vouch"
TARGET: Final = "X-Strangler-Target"
WANTS: Final = "X-Strangler-Wants"
# How far the clocks of proxy and monolith may be apart, in seconds.
WINDOW: Final = 30
SHORTEST_SECRET: Final = 16

_VERSION: Final = "v1"


def ask_seal(secret: str, moment: int, nonce: str, method: str, target: str, wants: str) -> str:
    """The value of the header `SEAL` of a question asked at `moment` (seconds since the epoch).

    `nonce` is any word that is new each time; `method` is that of the question, `target` and `wants` are the values of
    the headers of that name.
    """
    mac = _mac(secret, "ask", str(moment), nonce, method, target, wants)
    return f"{_VERSION} {moment} {nonce} {mac}"


def opened(secret: str, seal: str, method: str, target: str, wants: str, now: float) -> str | None:
    """The nonce of a question whose seal is right and no older or newer than `WINDOW` seconds; None for any other."""
    parts = seal.split(" ")
    if len(parts) != 4 or parts[0] != _VERSION or not (parts[1].isascii() and parts[1].isdigit()):
        return None
    if len(parts[1]) > 15 or abs(now - int(parts[1])) > WINDOW:
        return None
    expected = _mac(secret, "ask", parts[1], parts[2], method, target, wants)
    return parts[2] if _same(parts[3], expected) else None


def answer_seal(secret: str, nonce: str, text: str) -> str:
    """The seal of the answer `text` to the question with that nonce: the first line of the answer's body."""
    return f"{_VERSION} {_mac(secret, 'answer', nonce, text)}"


def _mac(secret: str, *parts: str) -> str:
    # The lengths keep two parts from being read as one.
    message = "".join(f"{len(part)}:{part}" for part in parts)
    return hmac.new(secret.encode(), message.encode("utf-8", "surrogateescape"), sha256).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode())
