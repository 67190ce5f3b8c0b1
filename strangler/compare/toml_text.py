"""Texts as TOML writes them."""

from __future__ import annotations

import json
from typing import Final

__all__ = ["quoted"]

_DELETE: Final = "\x7f"


def quoted(text: str) -> str:
    """`text` in quotes: in single ones, which change nothing, where that is easier to read. Raises ValueError for what
    no TOML can hold: half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{text!r} has half a character in it, which no file in UTF-8 can hold") from None
    if any(letter in text for letter in '\\"') and "'" not in text and text.isprintable():
        return f"'{text}'"
    # JSON escapes what TOML does, but for one control character.
    return json.dumps(text, ensure_ascii=False).replace(_DELETE, "\\u007f")
