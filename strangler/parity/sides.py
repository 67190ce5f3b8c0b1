"""The two sides of a parity test: whatever answers a request, over HTTP, in this process, or made up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from strangler.compare import Answer, Request
from strangler.errors import ConfigError, Problem

__all__ = ["Ask", "Sides", "place_of"]

Ask: TypeAlias = Callable[[Request], Answer]
"""Answers a request, or raises NoAnswer. `HttpSide`, `WsgiSide` and `AsgiSide` are such; so is any function."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Who is asked. Each side is a URL or an `Ask`; `old` may be None where kept answers are compared with alone.

    `headers` are sent with every request, in the place of its own of that name. Both sides are told the same Host: the
    one given there, else the old side's own, for a customer's Host is one too. Raises ConfigError for a URL that is
    none.
    """

    old: Ask | str | None
    new: Ask | str
    headers: Sequence[tuple[str, str]] = ()

    def __post_init__(self) -> None:
        for name in ("old", "new"):
            side = getattr(self, name)
            if isinstance(side, str):
                _check(name, side)

    @property
    def host(self) -> str:
        """What both sides are told as Host; empty where no side has an address."""
        given = next((value for name, value in self.headers if name.lower() == "host"), "")
        addresses = (urlsplit(side).netloc for side in (self.old, self.new) if isinstance(side, str))
        return given or next(addresses, "")


def place_of(side: Ask | str | None) -> str:
    """Where a side is, for people; empty for one that nobody else can ask."""
    return side if isinstance(side, str) else str(getattr(side, "url", ""))


def _check(name: str, url: str) -> None:
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        split, port = urlsplit(""), None
    if split.scheme not in ("http", "https") or not split.hostname or port == 0 or split.query or split.fragment:
        right = "Write one such as http://127.0.0.1:8000."
        raise ConfigError([Problem(f"--parity-{name}", None, "", f"{url!r} is not the address of a server", right)])
