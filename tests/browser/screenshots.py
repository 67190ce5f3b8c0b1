"""Pictures of pages, light and dark, for the documentation: made by the tests, when they are asked to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

__all__ = ["FOLDER", "shoot"]

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
_ASKED: Final = "STRANGLER_SCREENSHOTS"


def shoot(page: Page, name: str, *, whole: bool = True) -> None:
    """Write `docs/screenshots/NAME-light.png` and `-dark.png` where STRANGLER_SCREENSHOTS=1: of the whole page, or of
    what is seen of it. Leaves the page light."""
    if os.environ.get(_ASKED) != "1":
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        # Charts are drawn anew in the other colours.
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        page.screenshot(path=FOLDER / f"{name}-{scheme}.png", full_page=whole, animations="disabled", caret="hide")
