"""What every page must be, whoever looks at it and on what."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

__all__ = ["faults", "fits", "is_whole"]

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


def is_whole(meter: Locator) -> bool:
    """Whether what a meter has is drawn in all of its height: looks at what is drawn, for no style tells."""
    drawn = b64encode(meter.screenshot(animations="disabled")).decode()
    value = float(meter.get_attribute("value") or 0)
    blank = meter.page.context.new_page()
    # In a page of its own, for ours take no picture from anywhere.
    alike = blank.evaluate(
        """async ([drawn, value]) => {
            const image = new Image();
            image.src = `data:image/png;base64,${drawn}`;
            await image.decode();
            const canvas = Object.assign(document.createElement("canvas"), {width: image.width, height: image.height});
            const ground = canvas.getContext("2d");
            ground.drawImage(image, 0, 0);
            const at = (x, y) => ground.getImageData(x, y, 1, 1).data.join();
            const within = Math.round(image.width * value / 2);
            const rows = [...Array(image.height - 2).keys()].map((y) => at(within, y + 1));
            return new Set(rows).size === 1 && rows[0] !== at(image.width - 6, Math.round(image.height / 2));
        }""",
        [drawn, value],
    )
    blank.close()
    return bool(alike)
