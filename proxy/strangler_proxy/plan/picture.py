"""The picture of how much has moved: SVG that says the same to those who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from strangler_proxy.plan.progress import Part

__all__ = ["picture", "told_part"]

_WIDTH: Final = 720
_ROW: Final = 52
_BAR: Final = 18
_TOP: Final = 12
# Dark enough for text beside it in light and dark: told apart by more than their hue.
_MOVED: Final = "#1a7f5a"
_REST: Final = "#c9d3d0"


def told_part(part: Part) -> str:
    """A part in words: `40 % of routes and seams (2 of 5)`."""
    if not part.whole:
        return f"{part.name}: nothing was counted yet"
    return f"{part.name}: {int(part.share * 100)} % moved ({part.moved:,.4g} of {part.whole:,.12g})"


def picture(parts: Sequence[Part], title: str) -> str:
    """A bar for each part, from nothing to all, with its words above it."""
    height = _TOP + _ROW * len(parts)
    told = [told_part(part) for part in parts]
    rows: list[str] = []
    for index, part in enumerate(parts):
        top = _TOP + index * _ROW
        rows.append(
            f'<text x="0" y="{top + 14}" font-size="14" fill="currentColor">{escape(told[index])}</text>'
            f'<rect x="0" y="{top + 22}" width="{_WIDTH}" height="{_BAR}" rx="3" fill="{_REST}"/>'
            f'<rect x="0" y="{top + 22}" width="{_WIDTH * part.share:.1f}" height="{_BAR}" rx="3" fill="{_MOVED}"/>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' aria-labelledby="moved-title moved-desc" font-family="system-ui, sans-serif">'
        f'<title id="moved-title">{escape(title)}</title><desc id="moved-desc">{escape("; ".join(told))}</desc>'
        f"{''.join(rows)}</svg>"
    )
