from __future__ import annotations

from email.message import Message
from email.utils import collapse_rfc2231_value
from functools import lru_cache

from extracted.catalog.public.asked import Asked
from extracted.catalog.public.refusal import refusal

__all__ = ["indent_asked_for"]

_LONGEST_HEADER = 8192
_LONGEST_TYPE = 256
_MOST_TYPES = 64


def indent_asked_for(asked: Asked) -> int | None:
    """How far the JSON is to be indented; None for not at all. Raises Refusal where JSON is not acceptable."""
    if asked.parameter("format") not in {None, "", "json"}:
        raise refusal(404, "not_found", asked.language)
    accepted, indent = _json_accepted(asked.headers.get("accept", "*/*"))
    if not accepted:
        raise refusal(406, "not_acceptable", asked.language)
    return indent


@lru_cache(maxsize=1000)
def _json_accepted(header: str) -> tuple[bool, int | None]:
    ranges = [_parsed(token) for token in _tokens(header)]
    # The most specific range that JSON is in decides; qualities are not looked at.
    for precedence in (3, 2, 1, 0):
        for main, sub, params in ranges:
            if _precedence(main, sub, params) == precedence and main in {"*", "application"} and sub in {"*", "json"}:
                return True, _indent(params)
    return False, None


def _tokens(header: str) -> list[str]:
    if len(header) > _LONGEST_HEADER:
        cut = header.rfind(",", 0, _LONGEST_HEADER)
        header = header[: cut + 1]
    tokens = (token.strip() for token in header.split(","))
    return [token for token in tokens if token and len(token) <= _LONGEST_TYPE][:_MOST_TYPES]


def _parsed(token: str) -> tuple[str, str, dict[str, str]]:
    params: dict[str, str] = {}
    full = token.strip().lower()
    if ";" in token:
        message = Message()
        message["content-type"] = token
        (full, _), *pairs = message.get_params([("", "")])
        full = full.lower()
        params = {name: collapse_rfc2231_value(value) for name, value in pairs if name}
    main, _, sub = full.partition("/")
    return main, sub, params


def _precedence(main: str, sub: str, params: dict[str, str]) -> int:
    if main == "*":
        return 0
    if sub == "*":
        return 1
    return 2 if not params or list(params) == ["q"] else 3


def _indent(params: dict[str, str]) -> int | None:
    try:
        return max(min(int(params["indent"]), 8), 0) or None
    except (KeyError, ValueError):
        return None
