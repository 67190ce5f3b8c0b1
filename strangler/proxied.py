"""How the monolith knows that a request came through the proxy: by a header that only the proxy can write.

Its value is an HMAC-SHA256 of the hour by the secret that proxy and monolith share (the one of `strangler.vouch`), so
that it costs the proxy nothing per request: the line is made once an hour. The proxy drops whatever its clients send
under this name. Whoever sees a value can use it for two hours at most, to be counted wrongly and for nothing else.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from hashlib import sha256
from typing import Final

__all__ = ["HOUR", "PROXIED", "is_proxied", "proxied_value"]

PROXIED: Final = "X-Strangler-Proxied"
# For how long a value is sent, in seconds; it is believed in the hours before and after too, as clocks differ.
HOUR: Final = 3600

_VERSION: Final = "v1"


def proxied_value(secret: str, now: float) -> str:
    """What the proxy sends during the hour of `now` (seconds since the epoch)."""
    return _value(secret, int(now // HOUR))


def is_proxied(secret: str, value: str, now: float) -> bool:
    """Whether a request with that value came through a proxy that knows the secret."""
    if not secret:
        return False
    given, hour = value.encode("utf-8", "surrogateescape"), int(now // HOUR)
    return any(hmac.compare_digest(given, _value(secret, each).encode("ascii")) for each in (hour, hour - 1, hour + 1))


@lru_cache(maxsize=8)
def _value(secret: str, hour: int) -> str:
    mac = hmac.new(secret.encode(), f"proxied:{hour}".encode("ascii"), sha256).hexdigest()[:32]
    return f"{_VERSION}.{mac}"
