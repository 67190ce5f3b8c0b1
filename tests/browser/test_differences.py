"""Differences, pairs and rules, as a person meets them: a planted difference is found, excused by a rule, and agreement
rises; and whatever answers hold stays text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from strangler.compare import load_rules
from tests.browser.hostile import HOSTILE, stays_text
from tests.browser.looks import faults, fits
from tests.browser.screenshots import shoot
from tests.browser.shop import Shop, serving_shop
from tests.waiting import until

SignIn = Callable[..., Page]
DETAIL = "/room/differences/catalog.product-detail"
REVIEWS = "/room/differences/catalog.reviews"
PAGE = "<!doctype html><title>Reviews</title><h1>Reviews</h1><ul><li>{}</li><li>as described</li></ul>{}"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose service says a currency that the monolith does not, and whose reviews are hostile; its control plane
    may write rules."""
    # A style may hide what is in the frame, which is all that it may do.
    reviews, hostile = "/products/3/reviews/", "".join(text for name, text in HOSTILE.items() if name != "style")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRANGLER_EDIT_RULES", "1")
        with serving_shop(tmp_path_factory.mktemp("differing") / "shop") as shop:
            (shop.folder / "strangler.rules.toml").write_text("# What may differ, and why.\n")
            shop.catalog.changed = {"currency": "EUR", "price": "12.50"}
            for side, word in ((shop.monolith, "fine"), (shop.catalog, "good")):
                side.bodies[reviews] = "text/html; charset=utf-8", PAGE.format(word, hostile).encode()
            for name in ("catalog.product-detail", "catalog.reviews"):
                shop.move(name, "shadow")
            asked = f"{reviews}?q=<script>window.pwned=1</script>"
            # Not too many at once: what cannot be asked again for want of room is inconclusive.
            with shop.customers("/products/1/", "/products/2/?page=1", asked, pause=0.1):
                until(
                    lambda: len(rows := differing(shop)) == 2 and all(each["differ"] > 5 for each in rows), seconds=90
                )
            yield shop


def differing(shop: Shop) -> list[dict[str, Any]]:
    """The routes that differ, as the API has them."""
    found: list[dict[str, Any]] = shop.api("GET", "/api/v1/differences").json()["routes"]
    return found


def rules_in_force(shop: Shop) -> str:
    """The revision of the rules in force; empty between one control plane and the next."""
    try:
        return str(shop.api("GET", "/api/v1/rules").json()["in_force"])
    except httpx.TransportError:
        return ""


def pair_of(shop: Shop, route: str) -> str:
    """The page of a pair that is kept of a route."""
    asked = {"route": route, "verdict": "differ", "limit": 1, "brief": "true"}
    (found,) = shop.api("GET", "/api/v1/pairs", params=asked).json()["pairs"]
    return f"/room/pairs/{found['id']}"


def test_every_page_is_fit_for_everybody(shop: Shop, sign_in: SignIn) -> None:
    page = sign_in("/room/differences")
    reviews = pair_of(shop, "catalog.reviews")
    asked = {"field": "$.html.body.ul[*].li[*].#text", "pair": reviews.removeprefix("/room/pairs/")}
    pages = {
        "differences": "/room/differences",
        "differences-route": DETAIL,
        "pair": pair_of(shop, "catalog.product-detail"),
        "pair-html": reviews,
        "rule": f"{REVIEWS}/rule?{urlencode(asked)}",
    }
    for name, path in pages.items():
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if name == "rule":
            page.get_by_label("Ignore it").check()
            page.get_by_label("Why this may differ").fill("Reviews are written anew, and nobody compares them.")
            page.get_by_role("button", name="See what it would change").click()
            expect(page.get_by_text("Patch to")).to_be_visible()
        assert faults(page) == [], name
        fits(page)
        stays_text(page)
        if name != "pair-html":
            shoot(page, name)


def test_counts_follow_by_themselves(shop: Shop, sign_in: SignIn) -> None:
    page = sign_in("/room/differences")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="catalog.product-detail", exact=True))
    before = row.locator("[data-label='Pairs that differ']").inner_text()
    page.evaluate("window.stays = true")
    with shop.customers("/products/1/", pause=0.1):
        expect(row.locator("[data-label='Pairs that differ']")).not_to_have_text(before)
    assert page.evaluate("window.stays") is True


def test_kept_pairs_follow_by_themselves_but_not_while_somebody_points_at_them(shop: Shop, sign_in: SignIn) -> None:
    page = sign_in(DETAIL)
    newest = page.locator("#kept tbody tr").first
    differ = page.locator(".diff-facts div").filter(has_text="Differ").locator("dd")
    newest.hover()
    before = newest.get_attribute("id")
    with shop.customers("/products/1/", pause=0.1):
        for _ in range(3):
            counted = differ.inner_text()
            until(lambda: differ.inner_text() != counted, seconds=90)  # noqa: B023
        assert newest.get_attribute("id") == before
        page.mouse.move(0, 0)
        until(lambda: newest.get_attribute("id") != before, seconds=90)


def test_a_pair_is_copied_as_curl_with_the_keyboard_alone(
    shop: Shop, sign_in: SignIn, new_context: Callable[..., BrowserContext]
) -> None:
    page = sign_in(pair_of(shop, "catalog.product-detail"), permissions=["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy the curl command to the candidate")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#copied")).to_have_text("Copied.")
    assert re.match(r"curl -sS -i .*/products/\d/", page.evaluate("navigator.clipboard.readText()"))


def test_html_is_shown_in_a_frame_that_may_do_nothing(shop: Shop, sign_in: SignIn, wrong: list[str]) -> None:
    page = sign_in(pair_of(shop, "catalog.reviews"))
    page.get_by_text("As pages").click()
    frame = page.frame_locator("iframe").first
    expect(frame.get_by_role("heading", name="Reviews")).to_be_visible()
    assert page.evaluate("window.pwned") is None
    assert [each.evaluate("window.pwned") for each in page.frames[1:]] == [None] * len(page.frames[1:])
    # The frame's own policy says what it has stopped.
    assert all("sandbox" in each or "Content Security Policy" in each or "Blocked script" in each for each in wrong), (
        wrong
    )
    wrong.clear()


def test_whoever_may_only_look_is_offered_no_rule(shop: Shop, sign_in: SignIn, wrong: list[str]) -> None:
    page = sign_in(DETAIL, role="view")
    expect(page.get_by_role("link", name="Both answers at $.currency")).to_be_visible()
    expect(page.get_by_role("link", name="Make a rule for $.currency")).to_have_count(0)
    page.goto(f"{DETAIL}/rule?field=%24.currency")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Not with your role")
    wrong.clear()


def test_a_planted_difference_is_found_excused_by_a_rule_and_agreement_rises(
    shop: Shop, sign_in: SignIn, wrong: list[str]
) -> None:
    shop.catalog.changed = {"currency": "EUR"}
    page = sign_in("/room/")
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page.get_by_role("heading", name="Differences")).to_be_visible()
    page.get_by_role("link", name="catalog.product-detail").click()
    page.get_by_role("link", name="Both answers at $.currency").click()
    place = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="currency", exact=True)).last
    expect(place).to_contain_text("nothing")
    expect(place).to_contain_text('"EUR"')
    page.goto(DETAIL)
    page.get_by_role("link", name="Make a rule for $.currency").click()
    page.get_by_label("Ignore it").check()
    page.get_by_label("Why this may differ").fill("The service says more than the shop did, and nobody reads it.")
    page.get_by_role("button", name="See what it would change").click()
    expect(page.locator("#patch")).to_contain_text('+path = "$.currency"')
    page.get_by_role("button", name="Write it").click()
    expect(page.get_by_role("status").filter(has_text="The rule is written")).to_be_visible()
    in_force = load_rules(shop.folder / "strangler.rules.toml").revision
    until(lambda: rules_in_force(shop) == in_force)
    assert (shop.folder / "strangler.rules.toml").read_text().startswith("# What may differ, and why.\n")
    until(lambda: shop.status()["live"] == shop.all_live)
    with shop.customers("/products/1/", "/products/2/"):

        def agrees() -> bool:
            page.goto(DETAIL)
            facts = page.locator(".diff-facts").first
            return facts.count() > 0 and in_force in facts.inner_text() and "Agree\n0" not in facts.inner_text()

        until(agrees, seconds=90)
    facts = page.locator(".diff-facts").first.inner_text()
    assert "Differ\n0" in facts
    # The stream of news broke off with the control plane that was replaced.
    wrong.clear()
