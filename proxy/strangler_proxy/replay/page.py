"""The text of an answer, as far as it is one that can be read for what it tells of later requests."""

from __future__ import annotations

from typing import Final

from strangler.compare import Answer
from strangler.compare.decoding import Undecodable, decoded
from strangler.compare.limits import TooMuch
from strangler_proxy.replay.bodies import media_type

__all__ = ["html_of", "json_of"]

_LONGEST: Final = 2 * 1024 * 1024


def html_of(answer: Answer) -> str:
    """An HTML page's text, empty for anything else. Names and values of forms are ASCII in whatever charset."""
    if media_type(answer.header("content-type") or "") not in ("text/html", "application/xhtml+xml"):
        return ""
    return _body_of(answer).decode("utf-8", "replace")


def json_of(answer: Answer) -> bytes:
    """A JSON body, unpacked; empty for anything else."""
    kind = media_type(answer.header("content-type") or "")
    return _body_of(answer) if kind == "application/json" or kind.endswith("+json") else b""


def _body_of(answer: Answer) -> bytes:
    try:
        return decoded(answer, _LONGEST)
    except (TooMuch, Undecodable):
        return b""
