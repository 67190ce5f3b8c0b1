"""The header line by which the monolith knows that a request came through this proxy: made once an hour."""

from __future__ import annotations

import time
from collections.abc import Callable

from strangler.proxied import HOUR, PROXIED, proxied_value
from strangler_proxy.config import Config, Upstream

__all__ = ["ProxiedLine", "knows_us"]


class ProxiedLine:
    """The line of the hour, by the `secret` that the monolith knows too."""

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._now = now
        self._hour = -1
        self._line = b""

    def line(self) -> bytes:
        """The whole line, ended by CRLF."""
        now = self._now()
        hour = int(now // HOUR)
        if hour != self._hour:
            self._hour = hour
            self._line = f"{PROXIED}: {proxied_value(self._secret, now)}\r\n".encode("ascii")
        return self._line


def knows_us(config: Config, upstream: Upstream) -> bool:
    """Whether an upstream runs the monolith's code: itself, its second instance, or one of its own trust domain.

    No other may see the line: a service that did could pass its own requests off as customers'.
    """
    return upstream.name in (config.monolith, config.shadow.second) or upstream.trusted
