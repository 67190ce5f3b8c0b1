"""What every page must be, whoever looks at it and on what."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

__all__ = ["faults", "fits"]

PHONE = {"width": 375, "height": 740}
DESK = {"width": 1280, "height": 800}


@cache
def _axe() -> str:
    return Path(__file__).with_name("axe.min.js").read_text(encoding="utf-8")


def faults(page: Page, *, least: tuple[str, ...] = ("serious", "critical")) -> list[str]:
    """What axe finds wrong with the page as it stands, of the impacts in `least`: the rule, and the elements."""
    # By the debugger, which the page's own policy does not bind: no page of ours would run it.
    page.evaluate(_axe())
    found: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']} ({each['impact']}): {each['help']}: "
        + "; ".join(node["html"][:160] for node in each["nodes"][:5])
        for each in found["violations"]
        if each["impact"] in least
    ]


def fits(page: Page) -> None:
    """See to it that on a telephone nothing of the page lies beside it. Leaves the page as wide as on a desk."""
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    beside = page.evaluate(
        """() => {
            const wide = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= wide) return [];
            // What scrolls within a box of its own is beside nothing.
            const within = (each) => {
                for (let above = each.parentElement; above && above !== document.body; above = above.parentElement) {
                    if (getComputedStyle(above).overflowX !== "visible") return true;
                }
                return false;
            };
            return [...document.querySelectorAll("body *")]
                .filter((each) => each.getBoundingClientRect().right > wide + 1 && !within(each))
                .map((each) => each.outerHTML.slice(0, 120)).slice(0, 8);
        }"""
    )
    page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
    assert beside == [], beside
