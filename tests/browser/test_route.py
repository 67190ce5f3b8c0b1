"""A route's page, as a person has it: moving it under traffic, watching a rollout, being second, and being refused."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.hostile import HOSTILE, stays_text
from tests.browser.looks import PHONE, faults, fits
from tests.browser.screenshots import shoot
from tests.browser.shop import Shop, serving_shop
from tests.waiting import until

NAME = "catalog.product-detail"
PATH = f"/room/routes/{NAME}"
DETAILS = [f"/products/{each}/" for each in range(1, 200)]
# One station, at which it stays for as long as the test looks: what takes it away from there is a gate.
SCHEDULE = """
[rollouts.careful]
shares = ["25%", "50%", "100%"]
durations = "10m"
gates = { errors = 0.05, requests = 20 }
[shadow]
recheck = 0.2
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with serving_shop(tmp_path_factory.mktemp("shop") / "shop", more=SCHEDULE) as shop:
        yield shop


@pytest.fixture(autouse=True)
def left_alone(shop: Shop) -> Iterator[None]:
    """Every test finds all at the monolith and no rollout, and no trouble at the candidate."""
    yield
    shop.catalog.failing = False
    for each in shop.api("GET", "/api/v1/rollouts").json()["rollouts"]:
        if each["state"] not in ("finished", "aborted"):
            shop.api("POST", "/api/v1/rollouts/abort", json={"name": each["name"], "why": "the test is over"})
    shop.all_back()


def pill(page: Page) -> Locator:
    """Where the route stands."""
    return page.locator("#standing .pill")


def choose(page: Page, stage: str, why: str) -> None:
    moves = page.locator("#moves")
    moves.get_by_role("radio", name=re.compile(stage)).check()
    moves.get_by_label("Why").fill(why)


def stayed(page: Page) -> bool:
    """Whether the page is still the one that `mark` was called on."""
    return bool(page.evaluate("window.stayed === true"))


def mark(page: Page) -> None:
    page.evaluate("window.stayed = true")


def test_a_route_is_flipped_under_traffic_and_the_share_is_seen_to_move(sign_in: SignIn, shop: Shop) -> None:
    shop.move(NAME, "shadow")
    page = sign_in(PATH)
    expect(pill(page)).to_have_text(re.compile("shadow"))
    with shop.customers(*DETAILS, pause=0.01) as customers:
        expect(page.locator("#side-monolith td").first).to_have_text(re.compile(r"^\d+ %$"))
        choose(page, "canary", "half of them, and look")
        slider = page.get_by_label("Share of customers, roughly")
        exact = page.get_by_label("Share of customers", exact=True)
        slider.focus()
        page.keyboard.press("Home")
        expect(exact).to_have_value("0")
        page.keyboard.press("ArrowRight")
        expect(exact).to_have_value("1")
        exact.fill("50")
        expect(slider).to_have_value("50")
        page.get_by_role("button", name="Move it to canary 50 %").click()
        expect(page.locator("#notice")).to_contain_text(re.compile(rf"{NAME}: live on \d of 1 worker"))
        expect(pill(page)).to_have_text(re.compile(r"canary 50%"))
        mark(page)
        # About half, once the last minute has little else in it.
        expect(page.locator("#side-candidate td").first).to_have_text(
            re.compile(r"^(3\d|4\d|5\d|6\d) %$"), timeout=90_000
        )
        expect(page.locator("#rate-chart .u-over").first).to_be_visible()
        expect(page.locator("#rate-chart .chart-marks")).to_contain_text("canary 50%")
        expect(page.locator("#agreement-chart .chart-marks")).to_contain_text("canary 50%")
        assert stayed(page)
        assert faults(page) == []
        fits(page)
        page.keyboard.press("b")
        expect(page.get_by_role("dialog").get_by_role("radio", name=NAME)).to_be_checked()
        page.keyboard.press("b")
        expect(pill(page)).to_have_text(re.compile("monolith"))
    assert set(customers.answers) == {200}
    expect(page.locator("#history")).to_contain_text("half of them, and look")


def test_a_bad_canary_comes_back_by_itself_and_says_why(sign_in: SignIn, shop: Shop) -> None:
    shop.move(NAME, "shadow")
    page = sign_in(PATH)
    with shop.customers(*DETAILS, pause=0.01) as customers:
        rollout = page.locator("#rollout")
        rollout.get_by_label("Schedule").select_option("careful")
        rollout.get_by_label("Why").fill("it agrees in shadow")
        rollout.get_by_role("button", name="Begin the rollout").click()
        expect(page.locator("#notice")).to_contain_text(f"Rollout {NAME}: begun")
        mark(page)
        expect(pill(page)).to_have_text(re.compile("canary 25%"))
        expect(rollout.locator(".walk [aria-current=step]")).to_contain_text("canary 25%")
        expect(rollout.locator("table.gates")).to_contain_text("pass")
        expect(page.locator("#moves .rung-here")).to_contain_text("canary 25%")
        expect(page.locator("#moves")).to_contain_text("A move by hand takes it over")
        shoot(page, "route-rollout")
        shop.catalog.failing = True
        expect(page.locator("#wants-person")).to_contain_text("stepped back", timeout=90_000)
        expect(pill(page)).to_have_text(re.compile("shadow"))
        expect(page.locator("#wants-person")).to_contain_text("A gate fails at canary 25%, so back to shadow")
        expect(rollout.get_by_role("button", name="Resume")).to_be_visible()
        expect(page.locator("#history")).to_contain_text(f"strangler rollout {NAME}")
        assert stayed(page), "it was all told without a reload"
        shop.catalog.failing = False
        expect(page.locator("#moves .rung-here")).to_contain_text("shadow")
        expect(page.locator("#gates")).to_contain_text("before canary")
        expect(page.locator(".while-writing")).to_be_hidden()
        shoot(page, "route-stepped-back")
        assert faults(page) == []
        fits(page)
        # The one that is under way may have begun before.
        since = len(customers.answers) + 1
        until(lambda: len(customers.answers) >= since + 20)
    assert set(customers.answers[since:]) == {200}, "since then everybody is well"
    rollout.get_by_label("Why").fill("the service is not ready")
    rollout.get_by_role("button", name="Abort").click()
    expect(page.locator("#rollout")).to_contain_text("is aborted")


@pytest.mark.usefixtures("refusals")
def test_who_comes_second_is_told_what_happened_and_keeps_what_they_wrote(sign_in: SignIn, shop: Shop) -> None:
    page = sign_in(PATH)
    choose(page, "shadow", "my own reason")
    shop.move(NAME, "canary", share="5%", why=HOSTILE["script"])
    expect(page.locator("#standing")).to_contain_text("Moved since you began to write")
    expect(page.locator("#moves").get_by_label("Why")).to_have_value("my own reason")
    page.get_by_role("button", name="Move it to shadow").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody was first, and nothing was moved.")
    expect(page.locator("#moves .meanwhile")).to_contain_text("moved it monolith → canary 5%")
    expect(page.locator("#moves .meanwhile")).to_contain_text(HOSTILE["script"])
    stays_text(page)
    expect(page.locator("#moves").get_by_label("Why")).to_have_value("my own reason")
    assert faults(page) == []
    page.get_by_role("button", name="Move it to shadow").click()
    expect(pill(page)).to_have_text(re.compile("shadow"))


def test_what_somebody_writes_stays_in_every_form_while_all_around_it_moves(sign_in: SignIn, shop: Shop) -> None:
    shop.move(NAME, "shadow")
    page = sign_in(PATH)
    move, rollout = page.locator("#moves").get_by_label("Why"), page.locator("#rollout").get_by_label("Why")
    page.get_by_text("Say a person's yes").click()
    consent = page.locator("#gates").get_by_label("Why")
    fields = {move: "my reason to move", rollout: "my reason to begin", consent: "my reason to say yes"}
    for field, text in fields.items():
        field.fill(text)
    page.get_by_role("heading", level=1).click()
    expect(page.locator("input:focus")).to_have_count(0)
    shop.move(NAME, "canary", share="5%", why="meanwhile")
    expect(pill(page)).to_have_text(re.compile("canary 5%"))
    expect(page.locator("#history")).to_contain_text("meanwhile")
    expect(page.locator("#gates")).to_contain_text("before extracted")
    shop.move(NAME, "monolith", why="and back")
    expect(page.locator("#history")).to_contain_text("and back")
    # Of a route in stage monolith there is no rollout to begin.
    expect(page.locator("#rollout")).to_contain_text("No rollout walks this")
    for field, text in fields.items():
        expect(field).to_have_value(text)
    move.fill("")
    move.press("Tab")
    shop.move(NAME, "shadow")
    expect(page.locator("#moves .rung-here")).to_contain_text("shadow")


@pytest.mark.usefixtures("refusals")
def test_nothing_is_sent_while_nobody_answers_and_then_it_is(sign_in: SignIn, shop: Shop) -> None:
    page = sign_in(PATH)
    choose(page, "shadow", "a long why")
    lost = shop.child("control")
    os.kill(lost, signal.SIGSTOP)
    try:
        banner = page.get_by_role("status").filter(has_text="Not live")
        expect(banner).to_be_visible()
        page.get_by_role("button", name="Move it to shadow").click()
        expect(banner).to_contain_text("Nothing was sent")
    finally:
        os.kill(lost, signal.SIGCONT)
    expect(banner).to_be_hidden()
    expect(page.locator("#moves").get_by_label("Why")).to_have_value("a long why")
    page.get_by_role("button", name="Move it to shadow").click()
    expect(pill(page)).to_have_text(re.compile("shadow"))


@pytest.mark.usefixtures("refusals")
def test_the_one_way_door_wants_an_approver_and_the_name(sign_in: SignIn, shop: Shop) -> None:
    shop.move("orders.order-list", "extracted")
    operator = sign_in("/room/routes/orders.order-list", role="operate", who="otto")
    moves = operator.locator("#moves")
    expect(moves).to_contain_text("wants the role approve")
    expect(moves.get_by_role("radio", name=re.compile("retired"))).to_be_disabled()
    approver = sign_in("/room/routes/orders.order-list")
    choose(approver, "retired", "nobody asks the monolith any more")
    confirm = approver.get_by_label("A one-way door")
    confirm.fill("orders.order-lost")
    approver.get_by_role("button", name="Move it to retired").click()
    expect(approver.get_by_role("alert")).to_contain_text("one-way door")
    approver.get_by_label("A one-way door").fill("orders.order-list")
    approver.get_by_role("button", name="Move it to retired").click()
    expect(pill(approver)).to_have_text(re.compile("retired"))
    expect(approver.locator("#moves")).to_contain_text("there is no way back to the monolith")


def test_who_may_only_look_sees_why_nothing_can_be_pressed(sign_in: SignIn, shop: Shop) -> None:
    page = sign_in(PATH, role="view", who="vera")
    expect(page.locator("#moves")).to_contain_text("may only look")
    expect(page.locator("#moves")).to_contain_text("would skip from monolith to canary")
    expect(page.locator("#gates")).to_contain_text("No gate is asked for before shadow")
    assert page.locator("main form").count() == 0
    assert faults(page) == []


def test_what_holds_a_move_is_told_before_anybody_presses(sign_in: SignIn, shop: Shop) -> None:
    shop.move(NAME, "shadow")
    shop.move(NAME, "canary", share="1%")
    page = sign_in(PATH, viewport=PHONE)
    expect(page.locator("#moves .loading")).to_have_count(0)
    expect(page.locator("#moves").get_by_role("radio", name=re.compile("extracted"))).to_be_enabled()
    expect(page.locator("#moves").get_by_role("radio", name=re.compile("retired"))).to_be_disabled()
    expect(page.locator("#rung-retired")).to_contain_text("can be retired from extracted only")
    shoot(page, "route-phone", whole=False)


def test_what_cannot_be_looked_at_says_why_instead_of_looking_for_ever(
    sign_in: SignIn, shop: Shop, wrong: list[str]
) -> None:
    page = sign_in("/room/")
    refusal = '<div class="refusal" role="alert"><p><b>Not now.</b> The store does not answer.</p></div>'
    page.route("**/gates", lambda asked: asked.fulfill(status=503, content_type="text/html", body=refusal))
    page.goto(PATH)
    gates = page.locator("#gates")
    expect(gates.get_by_role("alert")).to_have_text("Not now. The store does not answer.")
    expect(gates.locator(".loading")).to_have_count(0)
    page.unroute("**/gates")
    # It comes back with the next move.
    shop.move(NAME, "shadow")
    expect(gates).to_contain_text("Gates before canary")
    wrong.clear()
