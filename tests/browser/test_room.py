"""The control room's frame, as a person has it: signing in, keys, going back, and what is told when it is not live."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.hostile import HOSTILE, stays_text
from tests.browser.looks import PHONE, faults, fits
from tests.browser.screenshots import shoot
from tests.browser.shop import Shop
from tests.proxy.supervisor.proxy import kill
from tests.waiting import until

SIGN_IN = "/room/sign-in"


@pytest.fixture
def extracted(shop: Shop) -> Iterator[str]:
    """A route that is extracted."""
    name = "catalog.product-detail"
    shop.move(name, "extracted")
    yield name
    shop.all_back()


def stage(shop: Shop, name: str) -> str:
    toggles = {each["name"]: each["stage"] for each in shop.status()["toggles"]}
    return str(toggles[name])


@pytest.mark.usefixtures("refusals")
def test_somebody_signs_in_comes_to_where_they_were_going_and_signs_out(
    shop: Shop, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context().new_page()
    page.goto("/room/back?name=orders.order-list")
    expect(page).to_have_url(re.compile(r"/room/sign-in\?next="))
    expect(page.get_by_label("Your name")).to_be_focused()
    assert faults(page) == []
    fits(page)
    shoot(page, "sign-in")
    page.get_by_label("Your name").fill("Zoë")
    page.get_by_label("Token").fill("a-guess")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("No such token is in force")
    expect(page.get_by_label("Your name")).to_have_value("Zoë")
    expect(page.get_by_label("Token")).to_have_value("")
    page.get_by_label("Token").fill(shop.token)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{shop.room}/room/back?name=orders.order-list")
    (cookie,) = [each for each in page.context.cookies() if each["name"] == "strangler_session"]
    assert (cookie["path"], cookie["httpOnly"], cookie["sameSite"]) == ("/room", True, "Strict")
    assert page.evaluate("document.cookie") == ""

    page.locator("#who-menu summary").click()
    expect(page.locator("#who-menu")).to_contain_text("role approve")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{shop.room}{SIGN_IN}")
    page.go_back()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.get_by_text("Zoë").count() == 0


def test_back_is_two_keys_away(page: Page, shop: Shop, extracted: str) -> None:
    page.keyboard.press("b")
    dialog = page.get_by_role("dialog", name="Back to the monolith")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Take it back")).to_be_focused()
    expect(dialog.get_by_label("Why")).to_have_value(re.compile("by hand"))
    assert faults(page) == []
    fits(page)
    shoot(page, "back", whole=False)
    assert stage(shop, extracted) == "extracted"
    page.keyboard.press("b")
    expect(page.get_by_role("status").filter(has_text="Back at the monolith")).to_contain_text(
        re.compile(r"live on \d of 1 worker")
    )
    assert stage(shop, extracted) == "monolith"
    page.reload()
    expect(page.get_by_text("Back at the monolith. ")).to_have_count(0)


def test_what_was_told_of_a_move_goes_once_something_else_has_moved(page: Page, shop: Shop, extracted: str) -> None:
    page.keyboard.press("b")
    page.keyboard.press("b")
    expect(page.locator("#notice")).to_contain_text("Back at the monolith")
    shop.move(extracted, "shadow")
    expect(page.locator("#notice")).to_have_count(0)


def test_back_says_why_and_only_what_is_chosen(page: Page, shop: Shop, extracted: str) -> None:
    shop.move("catalog.reviews", "extracted")
    page.goto(f"/room/back?name={extracted}&next=/room/")
    expect(page.get_by_role("radio", name=extracted)).to_be_checked()
    main = page.get_by_role("main")
    main.get_by_label("Why").fill(HOSTILE["script"] + HOSTILE["quote"])
    main.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("status").filter(has_text="Back at the monolith")).to_be_visible()
    assert (stage(shop, extracted), stage(shop, "catalog.reviews")) == ("monolith", "extracted")
    (entry, *_) = shop.api("GET", f"/api/v1/history?name={extracted}").json()["entries"]
    assert (entry["who"], entry["why"]) == ("ada (control.token)", HOSTILE["script"] + HOSTILE["quote"])
    stays_text(page)


def test_keys_go_places_and_rest_while_somebody_writes(page: Page) -> None:
    page.keyboard.press("?")
    help_dialog = page.get_by_role("dialog", name="Keys")
    expect(help_dialog).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(help_dialog).to_be_hidden()
    page.goto("/room/back")
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page.get_by_role("link", name="Overview")).to_have_attribute("aria-current", "page")
    page.goto("/room/back")
    why = page.get_by_role("main").get_by_label("Why")
    why.fill("")
    why.press_sequentially("go b?")
    expect(why).to_have_value("go b?")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_keys_can_be_switched_off_for_good(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_label("Keys work").uncheck()
    page.get_by_role("button", name="Close", exact=True).click()
    page.reload()
    page.keyboard.press("b")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator("a[data-opens=back-dialog]").click()
    expect(page.get_by_role("dialog", name="Back to the monolith")).to_be_visible()


def test_everything_is_reached_by_the_keyboard_beginning_with_a_way_past_the_top(page: Page) -> None:
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    assert skip.bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


@pytest.mark.usefixtures("refusals")
def test_whoever_may_only_look_sees_no_control_and_is_refused_all_the_same(
    sign_in: SignIn, shop: Shop, extracted: str
) -> None:
    page = sign_in(role="view", who="ben")
    expect(page.get_by_role("link", name="Back", exact=True)).to_have_count(0)
    page.keyboard.press("b")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.goto(f"/room/back?name={extracted}")
    expect(page.get_by_role("main")).to_contain_text("may only look: this wants the role operate")
    expect(page.get_by_role("button", name="Take it back")).to_have_count(0)
    assert faults(page) == []
    # A page that was open while the role was taken away still has its form.
    page.evaluate(
        """(name) => {
            const form = document.createElement("form");
            form.method = "post"; form.action = "/room/back";
            const token = document.querySelector("[name=form_token]").value;
            for (const [key, value] of Object.entries({name, why: "I should not", form_token: token})) {
                const field = document.createElement("input");
                field.name = key; field.value = value; form.append(field);
            }
            document.body.append(form); form.submit();
        }""",
        extracted,
    )
    expect(page.get_by_role("heading", name="Not with your role")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("has the role view, and this wants operate")
    expect(page.get_by_role("main")).to_contain_text("I should not")
    assert faults(page) == []
    fits(page)
    shoot(page, "refused")
    assert stage(shop, extracted) == "extracted"


@pytest.mark.usefixtures("refusals")
def test_a_control_plane_that_is_lost_is_told_and_comes_back_by_itself(page: Page, sign_in: SignIn, shop: Shop) -> None:
    expect(page.locator("body")).not_to_have_class(re.compile("not-live"))
    lost = shop.child("control")
    os.kill(lost, signal.SIGSTOP)
    banner = page.get_by_role("status").filter(has_text="Not live")
    try:
        expect(banner).to_be_visible()
        expect(banner).to_contain_text(re.compile(r"last heard of the control plane \d+ s ago"))
        expect(page.locator("body")).to_have_class(re.compile("not-live"))
        shoot(page, "not-live", whole=False)
        with shop.customers("/products/1/") as customers:
            until(lambda: len(customers.answers) > 5)
        assert set(customers.answers) == {200}, "traffic needs no control plane"
    finally:
        kill(lost)
    expect(banner).to_be_hidden()
    expect(page.locator("body")).not_to_have_class(re.compile("not-live"))
    shop.move("catalog.reviews", "shadow")
    expect(page.locator("[data-revision-shown]")).to_have_text(str(shop.status()["revision"]))
    shop.all_back()
    page.reload()
    expect(page.locator("#who-menu")).to_contain_text("ada")
    assert shop.child("control") != lost


def test_a_session_that_is_over_leads_to_signing_in_and_back(sign_in: SignIn, shop: Shop) -> None:
    page = sign_in("/room/back", role="operate")
    token = page.locator("#who-menu code").text_content()
    assert shop.api("POST", "/api/v1/tokens/revoke", json={"name": token, "why": "a test"}).is_success
    expect(page).to_have_url(f"{shop.room}{SIGN_IN}?next=%2Froom%2Fback")


@pytest.mark.usefixtures("refusals")
def test_what_somebody_writes_is_still_there_when_their_session_is_over(sign_in: SignIn, shop: Shop) -> None:
    page = sign_in("/room/back", role="operate")
    why = page.get_by_role("main").get_by_label("Why")
    why.fill("a long why")
    token = page.locator("#who-menu code").text_content()
    assert shop.api("POST", "/api/v1/tokens/revoke", json={"name": token, "why": "a test"}).is_success
    expect(page.get_by_role("status").filter(has_text="Your session is over")).to_be_visible()
    expect(page).to_have_url(f"{shop.room}/room/back")
    expect(why).to_have_value("a long why")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", name="You have been signed out")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("a long why")


def test_somebody_who_gives_out_tokens_sees_who_has_signed_in_and_ends_a_session(sign_in: SignIn) -> None:
    other = sign_in("/room/", role="view", who="vera")
    page = sign_in("/room/")
    page.locator("#who-menu summary").click()
    page.get_by_role("link", name="Sessions").click()
    hers = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="vera")).first
    expect(page.get_by_role("row").filter(has_text="this one")).to_contain_text("ada")
    assert faults(page) == []
    fits(page)
    hers.get_by_text("End it").click()
    hers.get_by_label("Why").fill("she has gone home")
    shoot(page, "sessions", whole=False)
    hers.get_by_role("button", name="End the session").click()
    expect(page.get_by_role("status").filter(has_text="The session is over.")).to_be_visible()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.usefixtures("refusals")
def test_a_page_that_there_is_not_says_so(page: Page) -> None:
    page.goto(f"/room/{'nowhere' * 30}/{HOSTILE['script']}")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    assert faults(page) == []
    fits(page)
    stays_text(page)


def test_without_a_script_it_all_works_too(
    shop: Shop, new_context: Callable[..., BrowserContext], extracted: str
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/room/")
    page.get_by_label("Your name").fill("ada")
    page.get_by_label("Token").fill(shop.token)
    page.get_by_role("button", name="Sign in").click()
    # The browser of a test has scripts switched off too late for its parser to show what stands in <noscript>.
    assert "Without JavaScript this page does not follow by itself" in page.content()
    page.get_by_role("link", name="Back", exact=True).click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Back at the monolith. ")).to_be_visible()
    assert stage(shop, extracted) == "monolith"
    page.locator("#who-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_shop_beside_it_cannot_ride_on_it(sign_in: SignIn, shop: Shop, extracted: str, wrong: list[str]) -> None:
    """The shop's pages are of the same site, by the browser's reckoning, and may be anybody's."""
    shop.monolith.bodies["/evil/"] = "text/html", _EVIL.replace("ROOM", shop.room).encode()
    page = sign_in()
    evil = page.context.new_page()
    evil.goto(f"{shop.url}/evil/")
    expect(evil.locator("#done")).to_have_text("tried")
    assert evil.evaluate("document.cookie") == ""
    assert evil.frames[1].url in {"chrome-error://chromewebdata/", "about:blank", f"{shop.room}/room/back"}
    assert "Take it back" not in evil.frames[1].content()
    evil.locator("#send").click()
    expect(evil.get_by_role("heading", name="From another site")).to_be_visible()
    assert stage(shop, extracted) == "extracted"
    wrong.clear()


_EVIL = """<!doctype html><title>evil</title>
<iframe src="ROOM/room/back"></iframe>
<form action="ROOM/room/back" method="post">
<input name="name" value=""><input name="why" value="evil"><button id="send">!</button>
</form>
<p id="done"></p>
<script>
(async () => {
  const tries = [
    fetch("ROOM/room/back", {credentials: "include"}).then((answer) => answer.text()),
    fetch("ROOM/room/back", {method: "POST", credentials: "include", body: new URLSearchParams({why: "evil"})})
      .then((answer) => answer.text()),
    fetch("ROOM/api/v1/status", {credentials: "include"}).then((answer) => answer.text()),
  ];
  const told = await Promise.allSettled(tries);
  document.getElementById("done").textContent = told.every((each) => each.status === "rejected") ? "tried" : "got in";
})();
</script>"""


def test_on_a_telephone_it_is_all_there(sign_in: SignIn) -> None:
    page = sign_in(viewport=PHONE, has_touch=True)
    page.get_by_role("link", name="Back", exact=True).tap()
    expect(page.get_by_role("dialog", name="Back to the monolith")).to_be_visible()
    box = page.locator("#back-dialog").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    page.get_by_role("button", name="Leave it").tap()
    page.locator("#who-menu summary").tap()
    menu = page.locator(".menu-body").bounding_box()
    assert menu is not None
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= PHONE["width"]
