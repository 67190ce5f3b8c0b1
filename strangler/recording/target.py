"""Request targets as they can be sent again."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, quote

__all__ = ["sendable", "target_of"]

# All of ASCII that can be seen: what was sent unencoded is sent so again.
_AS_IT_IS: Final = "/%:@!$&'()*+,;=-._~?[]|^`{}\"\\<>"


def sendable(text: str) -> str:
    """A target with everything percent-encoded that cannot stand in a request line: exports and logs show some as
    people read them. Surrogates are the bytes that they stand for."""
    return quote(text.encode("utf-8", "surrogateescape"), safe=_AS_IT_IS)


def target_of(url: SplitResult) -> str:
    """The target of an absolute address: its path and query."""
    return sendable(url._replace(scheme="", netloc="", fragment="", path=url.path or "/").geturl())
