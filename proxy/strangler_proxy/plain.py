"""Text of others' making, kept from playing with a terminal and fit for people."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["is_plain", "plain", "reason"]

_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTIONS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def _is_plain_letter(letter: str) -> bool:
    return unicodedata.category(letter) not in _CONTROLS and unicodedata.bidirectional(letter) not in _DIRECTIONS


def is_plain(text: str) -> bool:
    """Whether `text` is one line without control characters, escapes or marks that reverse its direction."""
    return all(_is_plain_letter(letter) for letter in text)


def plain(text: str) -> str:
    """`text` with whatever is not plain written out, as in `\\x1b`."""
    if is_plain(text):
        return text
    return "".join(
        letter if _is_plain_letter(letter) else letter.encode("unicode_escape").decode("ascii") for letter in text
    )


def reason(error: Exception) -> str:
    """What an error says, without its number: `Connection refused`."""
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__
