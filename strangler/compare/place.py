"""Where a value stands in a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from strangler.compare.paths import key_step

__all__ = ["ROOT", "Label", "Place", "spelled"]


@dataclass(frozen=True, slots=True)
class Label:
    """A step to an element that is known by something else than its index, as paths show it: `[sku="A1"]`."""

    text: str


Place = tuple["Place | None", "str | int | Label | None"]
"""The place above and the step from there: a key, an index, or a label. Spelled out only for a difference."""

ROOT: Final[Place] = (None, None)


def spelled(place: Place) -> tuple[str, str]:
    """The path, and the path with every index as [*]."""
    steps: list[str] = []
    fields: list[str] = []
    above, step = place
    while above is not None:
        if isinstance(step, str):
            steps.append(key_step(step))
            fields.append(steps[-1])
        else:
            steps.append(step.text if isinstance(step, Label) else f"[{step}]")
            fields.append("[*]")
        above, step = above
    return "$" + "".join(reversed(steps)), "$" + "".join(reversed(fields))
