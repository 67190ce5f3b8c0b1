"""A browser, a shop for each module, and pages that somebody has signed in to."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Playwright, expect, sync_playwright

from tests.browser.looks import DESK
from tests.browser.shop import Shop, serving_shop

SignIn = Callable[..., Page]

expect.set_options(timeout=30_000)

_FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    # No longer than a module: while it is there its loop runs in this thread, and no other test can run one.
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(chromium: str, playwright: Playwright) -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop that this module's tests share, each of which leaves its routes at stage `monolith`. A module that wants
    another configuration has a fixture of this name itself."""
    with serving_shop(tmp_path_factory.mktemp("shop") / "shop") as shop:
        yield shop


@pytest.fixture
def wrong(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """What went wrong in the browser; a test that has something go wrong on purpose clears it. Of one that has failed
    by itself it is only told, for it may have failed before it could clear anything."""
    found: list[str] = []
    yield found
    if request.node.stash.get(_FAILED, False):
        print("In the browser:", *found, sep="\n")
    else:
        assert found == []


@pytest.fixture
def refusals(wrong: list[str]) -> Iterator[None]:
    """For a test in which somebody is refused, or nobody answers, on purpose: the browser writes that to its console as
    it does a failure."""
    yield
    wrong[:] = [each for each in wrong if not re.search(r"status of 4(0[349]|22)|ERR_", each)]


@pytest.fixture
def new_context(browser: Browser, shop: Shop, wrong: list[str]) -> Iterator[Callable[..., BrowserContext]]:
    """Makes a browser of its own, without cookies, for somebody."""
    made: list[BrowserContext] = []

    def dismissed(dialog: Dialog) -> None:
        wrong.append(dialog.message)
        dialog.dismiss()

    def make(**options: object) -> BrowserContext:
        usual = {"base_url": shop.room, "locale": "en-GB", "timezone_id": "Europe/Berlin", "color_scheme": "light"}
        context = browser.new_context(**{"viewport": DESK, **usual, **options})  # type: ignore[arg-type]
        context.set_default_timeout(30_000)
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        # Whatever the policy of our pages stops is said there, too.
        context.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        context.on("dialog", dismissed)
        context.on("request", lambda asked: _elsewhere(asked.url, shop, wrong))
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


def _elsewhere(url: str, shop: Shop, wrong: list[str]) -> None:
    if not url.startswith((f"{shop.room}/", "data:", "about:", "blob:")):
        wrong.append(f"a request to somebody else: {url}")


@pytest.fixture
def sign_in(shop: Shop, new_context: Callable[..., BrowserContext]) -> SignIn:
    """Signs somebody in, by default with the first token, and gives the page at `path`. Options are the browser's."""

    def signed_in(path: str = "/room/", *, role: str = "", who: str = "ada", **options: object) -> Page:
        page = new_context(**options).new_page()
        page.goto(f"/room/sign-in?next={path}")
        page.get_by_label("Your name").fill(who)
        page.get_by_label("Token").fill(shop.token_of(role) if role else shop.token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
        # Only then its scripts have run, and keys mean something.
        page.wait_for_load_state()
        return page

    return signed_in


@pytest.fixture
def page(sign_in: SignIn) -> Page:
    """The overview, as somebody who may do everything has it."""
    return sign_in()
