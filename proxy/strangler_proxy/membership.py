"""Which groups a client belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from strangler_proxy.config.groups import Group

__all__ = ["Membership"]


class Membership:
    """Finds the groups of a request, among `groups`, in their order."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = [
            (
                group.name,
                group.subjects,
                [
                    (name.lower().encode(), None if value is None else value.encode())
                    for name, value in group.headers.items()
                ],
            )
            for group in groups
        ]

    def of(self, subject: str, lines: Sequence[bytes], *, trusted: bool) -> list[str]:
        """The names of the groups of `subject`, whose request came with these header lines; they count where an edge
        that is `trusted` sent them."""
        return [
            name
            for name, subjects, headers in self._groups
            if subject in subjects or (trusted and headers and _has_one(lines, headers))
        ]

    def first(self, subject: str, lines: Sequence[bytes], *, trusted: bool) -> str:
        """The first of these; empty for none."""
        found = self.of(subject, lines, trusted=trusted)
        return found[0] if found else ""


def _has_one(lines: Sequence[bytes], wanted: Sequence[tuple[bytes, bytes | None]]) -> bool:
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.lower()
        for each, condition in wanted:
            if each == name and (condition is None or condition == value.strip(b" \t")):
                return True
    return False
