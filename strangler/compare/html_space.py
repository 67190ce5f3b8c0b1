"""Which white space of HTML can be seen: as a browser lays out text, without style sheets.

Runs of white space are one space. At the edges of blocks and around line breaks it is nothing; between two words or
elements of one line it is a space, on whichever side of a tag it stands. Within `pre` and `textarea` all counts.
"""

from __future__ import annotations

import re
from typing import Final

from strangler.compare.markup import Element

__all__ = ["Line"]

_WHITE: Final = " \t\n\f\r"
_RUN: Final = re.compile(r"[ \t\n\f\r]+")


class Line:
    """One line of text as it grows, over the borders of inline elements.

    A space is put down when something follows it in the line, and as far out as it can stand: before an element rather
    than at the start of its text, behind one rather than at its end. Before an element that no text precedes it is
    `#space`.
    """

    def __init__(self) -> None:
        self._begun = False
        self._space = False
        # The outermost of the inline elements entered since there was something to see: of its parts it is the last.
        self._entered: Element | None = None

    def add(self, text: str, to: Element) -> None:
        """Put a text into an element, as far as it can be seen."""
        words = text.strip(_WHITE)
        if self._begun and (not words or not text.startswith(words)):
            self._space = True
        if words:
            self._put_space(to, behind=True)
            to.parts.append(_RUN.sub(" ", words))
            self._space = not text.endswith(words)

    def enter(self, parent: Element) -> None:
        """An inline element, the last part of `parent`, starts here."""
        if self._space and self._entered is None:
            self._put_space(parent, behind=False)
        elif self._entered is None:
            self._entered = parent

    def leave(self, parent: Element) -> None:
        """The inline element that is the last part of `parent` ends here."""
        last = parent.parts[-1]
        if isinstance(last, Element) and not last.parts:
            self.word(parent)
        elif self._entered is parent:
            self._entered = None

    def word(self, parent: Element) -> None:
        """The last part of `parent` is an element that stands in the line like a word."""
        self._put_space(parent, behind=False)

    def end(self) -> None:
        """The line ends here."""
        self._begun, self._space, self._entered = False, False, None

    def _put_space(self, to: Element, *, behind: bool) -> None:
        """Put down the space that is due: as the last part of `to`, or before its last part."""
        if self._entered is not None:
            to, behind = self._entered, False
        if self._space:
            if behind:
                to.parts.append(" ")
            elif len(to.parts) > 1 and isinstance(to.parts[-2], str):
                to.parts.insert(len(to.parts) - 1, " ")
            elif isinstance(before := to.parts[-1], Element):
                before.node["#space"] = True
        self._begun, self._space, self._entered = True, False, None
