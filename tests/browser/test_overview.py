"""The overview and the upstreams, as a team looks at them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser import past
from tests.browser.conftest import SignIn
from tests.browser.looks import faults, fits, is_whole
from tests.browser.screenshots import shoot
from tests.browser.shop import Shop, serving_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop in the middle of its migration, with customers for as long as this module looks."""
    folder = tmp_path_factory.mktemp("shop") / "shop"
    past.live(folder / ".strangler")
    (folder / "migration_plan.md").write_text(past.PLAN)
    # A busy machine answers slowly at times, which is no trouble of the shop's.
    with serving_shop(folder, more=f"{past.MORE}\n[shadow]\nslowdown = 20\n") as shop:
        past.name_code(folder)
        assert shop.run("reload").returncode == 0
        with shop.customers(*past.PATHS):
            yield shop


def test_the_overview_shows_what_has_moved_and_follows_a_flip_without_a_reload(shop: Shop, sign_in: SignIn) -> None:
    shop.move("catalog.product-detail", "monolith")
    page = sign_in()
    moved = page.get_by_role("region", name="What has moved")
    expect(moved).to_contain_text("of requests")
    expect(moved).to_contain_text("of the monolith's code")
    assert is_whole(moved.locator("meter").first)
    expect(moved).to_contain_text("4\u202f100 of 64\u202f100 lines that only retired routes lead to")
    routes = page.get_by_role("table", name="Routes and seams by bounded context")
    detail = routes.get_by_role("row").filter(has=page.get_by_role("link", name="catalog.product-detail"))
    expect(detail).to_contain_text("monolith")
    # Both sides of a canary answer customers.
    reviews = routes.get_by_role("row").filter(has=page.get_by_role("link", name="catalog.reviews"))
    expect(reviews.locator(".side-candidate").first).to_contain_text("/")
    page.evaluate("window.unloaded = false; addEventListener('beforeunload', () => { window.unloaded = true })")
    shop.move("catalog.product-detail", "shadow")
    expect(detail).to_contain_text("shadow")
    expect(detail.locator(".agreement")).to_contain_text("of ")
    assert page.evaluate("window.unloaded") is False
    page.get_by_role("button", name="30 days").click()
    expect(page.get_by_role("button", name="30 days")).to_have_attribute("aria-pressed", "true")
    # The moves are marked on the picture of time, and the same is told as a table.
    expect(page.locator("#progress canvas")).to_be_visible()
    expect(page.locator("#progress .chart-marks")).to_contain_text("orders.order-list: canary 10%")
    page.locator("#progress summary").click()
    expect(page.locator("#progress .chart-rows table")).to_contain_text("routes and seams")
    page.locator("#progress summary").click()
    assert faults(page) == []
    fits(page)


def test_whoever_watches_a_canary_sees_rates_times_and_agreement_move_with_its_flips_and_releases(
    sign_in: SignIn,
) -> None:
    page = sign_in(f"/room/routes/{past.WATCHED}")
    for kind in ("rate", "latency", "agreement"):
        chart = page.locator(f"#{kind}-chart")
        expect(chart.locator("canvas")).to_be_visible()
        page.locator(f"[data-chart-for={kind}-chart]", has_text="1 hour").click()
        for mark in ("canary 25%", "canary 50%", "release v1"):
            expect(chart.locator(".chart-marks")).to_contain_text(mark)
    agreement = page.locator("#agreement-chart")
    agreement.locator("summary").click()
    rows = agreement.locator(".chart-rows tbody")
    # Before the release that mended it, and since.
    expect(rows).to_contain_text(re.compile(r"9[56]\.\d+ %"))
    expect(rows).to_contain_text("100 %")
    agreement.locator("summary").click()
    assert faults(page) == []
    fits(page)
    page.evaluate("scrollTo(0, 0)")
    shoot(page, "route")


def test_what_does_not_agree_needs_a_person_and_leads_to_the_differences(shop: Shop, sign_in: SignIn) -> None:
    shop.move("catalog.product-detail", "shadow")
    shop.catalog.changed = {"price": "0.00"}
    page = sign_in()
    need = page.get_by_role("region", name="What needs a person").get_by_role("listitem")
    need = need.filter(has_text="catalog.product-detail")
    expect(need).to_contain_text("pairs differ")
    waits = page.get_by_role("region", name="What needs a person").get_by_role("listitem")
    expect(waits.filter(has_text="payments.shadow")).to_contain_text("the approval of the payment provider")
    page.get_by_role("button", name="30 days").click()
    expect(page.locator("#progress .chart-marks")).to_contain_text("orders.order-list: canary 10%")
    page.evaluate("scrollTo(0, 0)")
    shoot(page, "overview")
    expect(need.get_by_role("link")).to_have_attribute("href", "/room/differences/catalog.product-detail")
    shop.catalog.changed = {}


def test_routes_are_found_by_name_and_stage(sign_in: SignIn) -> None:
    page = sign_in()
    page.get_by_role("searchbox", name="Route").fill("ORDER")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="Routes and seams 2 of 10")).to_be_visible()
    page.get_by_role("searchbox", name="Route").fill("nothing like it")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("No route is like that")).to_be_visible()


def test_the_upstreams_show_how_full_they_are_and_what_becomes_of_copies(sign_in: SignIn) -> None:
    page = sign_in("/room/upstreams")
    catalog = page.get_by_role("region", name="catalog candidate of 10 routes")
    expect(catalog).to_contain_text("well")
    expect(catalog).to_contain_text("requests in flight")
    copies = page.get_by_role("region", name="Copies for comparing")
    expect(copies).to_contain_text("copies that wait")
    assert faults(page) == []
    fits(page)
    shoot(page, "upstreams")
