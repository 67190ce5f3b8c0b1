"""Whether two answers are the same bytes, but for what differs from answer to answer anyway. Pure."""

from __future__ import annotations

from typing import Final

from strangler.compare.headers import VOLATILE

__all__ = ["same_lines"]

# What a body is coded in is told apart here, where bodies are compared as they came.
_VOLATILE: Final = frozenset(name.encode("ascii") for name in VOLATILE - {"content-encoding"})
_COLON: Final = ord(":")
_MOST_REMEMBERED: Final = 2048
_LONGEST_REMEMBERED: Final = 64

# By the bytes in which a name came: it in small letters, empty for one that is not compared. Servers choose them, so
# their number is bounded.
_names: Final[dict[bytes, bytes]] = {}


def same_lines(old: list[bytes], new: list[bytes]) -> bool:
    """Whether the header lines of two answers say the same, whatever their order and the case of their names."""
    if old == new:
        return True
    if len(old) == len(new):
        # Two of one kind say the same things in the same order.
        place, length = 0, len(old)
        while place < length and (old[place] == new[place] or not (_name(old[place]) or _name(new[place]))):
            place += 1
        if place == length:
            return True
    return _counted(old) == _counted(new)


def _counted(lines: list[bytes]) -> dict[bytes, int]:
    """How often each line is there that is compared, in one spelling."""
    counted: dict[bytes, int] = {}
    for line in lines:
        name = _name(line)
        if name:
            key = b"%b:%b" % (name, line[len(name) + 1 :].strip(b" \t"))
            counted[key] = counted.get(key, 0) + 1
    return counted


def _name(line: bytes) -> bytes:
    """The name of the field in small letters; empty where it is volatile."""
    raw = line[: line.find(_COLON)]
    name = _names.get(raw)
    if name is None:
        lowered = raw.lower()
        name = b"" if lowered in _VOLATILE else lowered
        if len(raw) <= _LONGEST_REMEMBERED:
            if len(_names) >= _MOST_REMEMBERED:
                _names.clear()
            _names[raw] = name
    return name
