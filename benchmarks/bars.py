"""The bars that a measurement is held to, and whether they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Bar", "told", "verdict"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A measured `value` and the most that it may be, in `unit`.

    `strict` asks for less than `most`. A bar that is not `binding` is told and decides nothing: a target, or a build
    that the bars do not hold for.
    """

    name: str
    value: float
    most: float
    unit: str = ""
    binding: bool = True
    strict: bool = False

    @property
    def holds(self) -> bool:
        """Whether the value is low enough; a value that is not a number never is."""
        return self.value < self.most if self.strict else self.value <= self.most


def told(bars: Sequence[Bar]) -> str:
    """One line a bar: its name, its value, the most, and yes or no."""
    width = max((len(bar.name) for bar in bars), default=0)
    lines = []
    for bar in bars:
        yes = "yes" if bar.holds else "NO" if bar.binding else "no (not binding)"
        most = f"{'<' if bar.strict else '<='} {bar.most:g} {bar.unit}".rstrip()
        lines.append(f"{bar.name:<{width}}  {bar.value:>9.3f}  {most:<13} {yes}")
    return "\n".join(lines)


def verdict(bars: Sequence[Bar]) -> int:
    """1 when a binding bar does not hold, else 0."""
    return int(any(bar.binding and not bar.holds for bar in bars))
