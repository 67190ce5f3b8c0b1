"""Regular expressions that cannot run away: of those that people write into a file, only these are taken.

Python's `re` goes back and tries again. What goes back within what goes back (`(a+)+`) takes time that doubles with
each character, and several in a row (`.*.*=`) take a power of the length. So nothing that varies may stand within
something that repeats, nor anything that repeats without end before another such thing that could take the same
characters, unless something that it cannot take stands between; and in how many ways all else can be tried is bounded.
What is left takes at worst the square of a text's length: bound the text too.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LONGEST_PATTERN", "check_pattern"]

LONGEST_PATTERN: Final = 200
_WITHOUT_END: Final = 1_000_000
_NEARLY_ENDLESS: Final = 20
_MOST_WAYS: Final = 1_000
_FLAGS: Final = re.compile(r"\(\?[aims]+\)")
_ATOM: Final = re.compile(
    r"""(?P<open>\((?:\?(?::|P<\w+>))?)
      | (?P<close>\))
      | (?P<bar>\|)
      | (?P<class>\[\^?\]?(?:[^\]\\]|\\.)*\])
      | (?P<odd>\\[1-9]|\(\?)
      | (?P<zero>\\[bBAZ]|\^|\$)
      | (?P<one>\\.|[^()\[\\*+?{|]|\{(?!\d*,?\d*\}))""",
    re.VERBOSE | re.DOTALL,
)
_TIMES: Final = re.compile(r"(?:\*|\+|\?|\{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\})[?+]?")
# Every ASCII character, and some that stand for all the others.
_ALPHABET: Final = [*map(chr, range(128)), "é", "ß", "中", "٣", "\u2003", "€"]


def check_pattern(text: str) -> re.Pattern[str]:
    """The expression compiled. Raises ValueError, which says what to do instead, for one that is none or not safe."""
    if len(text) > LONGEST_PATTERN:
        raise ValueError(f"is longer than {LONGEST_PATTERN} characters: write several")
    try:
        compiled = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from None
    _Scan(text, compiled.flags).check()
    return compiled


class _Scan:
    """One pass over an expression.

    `_open` holds what characters the parts that repeat without end can take, until something came that stops them.
    `_ways` counts in how many ways all else can be tried. `_groups` has for each open group whether it varies, and how
    many choices it has.
    """

    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags
        self._open: list[frozenset[str]] = []
        self._ways = 1
        self._groups: list[list[int]] = [[0, 1]]

    def check(self) -> None:
        flags = _FLAGS.match(self._text)
        at = flags.end() if flags else 0
        while at < len(self._text):
            atom = _ATOM.match(self._text, at)
            if atom is None or atom["odd"]:
                raise ValueError(f"{self._text!r} has {self._text[at : at + 6]!r}, which is not taken: do without it")
            at = atom.end()
            if atom["open"]:
                self._groups.append([0, 1])
            elif atom["bar"]:
                self._choice()
            else:
                times = _TIMES.match(self._text, at)
                at = times.end() if times else at
                self._part(atom, *_how_often(times))

    def _choice(self) -> None:
        if len(self._groups) == 1:
            # Expressions of their own, one tried after the other.
            self._open, self._ways = [], 1
        self._groups[-1][1] += 1

    def _part(self, atom: re.Match[str], least: int, most: int) -> None:
        varies, choices = self._groups.pop() if atom["close"] else (0, 1)
        if most > 1 and (varies or choices > 1):
            raise ValueError(f"{self._text!r} repeats a group that itself repeats or chooses: write it flat")
        endless = most - least >= _NEARLY_ENDLESS
        if varies or choices > 1 or least != most:
            self._groups[-1][0] = 1
        self._ways *= choices * (1 if endless else most - least + 1)
        if self._ways > _MOST_WAYS:
            raise ValueError(f"{self._text!r} can be tried in more than {_MOST_WAYS} ways: write several shorter ones")
        if not atom["zero"] and (endless or not atom["close"]):
            self._take("." if atom["close"] else atom.group(), endless=endless, optional=least == 0)

    def _take(self, atom: str, *, endless: bool, optional: bool) -> None:
        one = re.compile(atom, self._flags | re.DOTALL)
        taken = frozenset(each for each in _ALPHABET if one.fullmatch(each))
        if endless and any(taken & before for before in self._open):
            raise ValueError(
                f"{self._text!r} has two parts that repeat and can take the same characters: "
                "put something between that the first cannot take"
            )
        if not optional:
            self._open = [before for before in self._open if taken & before]
        if endless:
            self._open.append(taken)


def _how_often(times: re.Match[str] | None) -> tuple[int, int]:
    """The least and the most times that a part may stand there."""
    if times is None:
        return 1, 1
    sign = times.group()[0]
    if sign != "{":
        return int(sign == "+"), 1 if sign == "?" else _WITHOUT_END
    least = int(times["least"] or 0)
    if not times["comma"]:
        return least, least
    return least, int(times["most"]) if times["most"] else _WITHOUT_END
