"""The plan and the audit, as a person follows them: reading, approving, applying, undoing, and looking who did what."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.hostile import HOSTILE, stays_text
from tests.browser.looks import faults, fits
from tests.browser.screenshots import shoot
from tests.browser.shop import Shop, serving_shop
from tests.waiting import until

PLAN = """# How the shop leaves its monolith

Read it as prose; the marked blocks are its steps. The [rules of the road](#rules-of-the-road) stand at the end.

## 1. Catalogue reads

Reads that need no user and write nothing can be asked twice, compared, and taken back at any moment.

| # | what moves | why at this place |
|---|---|---|
| 1 | product list | most traffic, no writes |
| 2 | reviews | follows the list |

### 1.1 Both sides are asked, one answers

From here on the service is asked with a copy of each request, once the customer has the monolith's answer.

```toml step=reads.shadow
owner = "catalogue team"
why = "both sides answer alike; now what customers ask"
moves = [{ flip = "catalog.product-list", stage = "shadow" }]
```

### 1.2 A tenth of the customers

> Nothing moves on without a look at what the last step did.

```toml step=reads.canary
owner = "catalogue team"
needs = ["reads.shadow"]
moves = [
  { approval = "the shop's owner" },
  { flip = "catalog.product-list", stage = "canary", share = "10%", force = true },
]
```

### 1.3 Reviews stay for ten days

```toml step=reads.reviews
owner = "review team"
moves = [{ flip = "catalog.reviews", stage = "shadow" }, { wait = "10d" }]
```

### 1.4 The caches are warmed

```toml step=reads.warm
needs = ["reads.shadow"]
moves = [{ command = "make warm" }]
```

### 1.5 What is deleted at the end

```toml step=reads.gone
needs = ["reads.canary"]
one_way = "catalog.product-list"
moves = [{ flip = "catalog.product-list", stage = "retired", force = true }]

[before]
errors = 0.005
requests = 500
```

## Rules of the road

1. One step at a time, one person at the wheel.
2. When in doubt, back.
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with a plan beside its configuration."""
    folder = tmp_path_factory.mktemp("planned") / "shop"
    folder.mkdir()
    (folder / "migration_plan.md").write_text(PLAN)
    with serving_shop(folder) as shop:
        yield shop


@pytest.fixture(autouse=True)
def from_the_start(shop: Shop) -> Iterator[None]:
    """Each test leaves nothing done; a yes that was said stays said, for the same words."""
    yield
    shop.api("DELETE", "/api/v1/plan/migration_plan/run")
    plan_of(shop).write_text(PLAN)
    until(lambda: shop.api("GET", "/api/v1/plan/migration_plan").json()["holder"] == "")
    shop.all_back()
    holder = {"holder": "tests"}
    shop.api("POST", "/api/v1/plan/migration_plan/lease", json=holder)
    for step, mark in shop.api("GET", "/api/v1/plan/migration_plan").json()["marks"].items():
        body = {
            **holder,
            "step": step,
            "mark": None,
            "version": mark["version"],
            "action": "plan.undo",
            "why": "a test",
        }
        assert shop.api("POST", "/api/v1/plan/migration_plan/mark", json=body).is_success
    shop.api("POST", "/api/v1/plan/migration_plan/lease", json={**holder, "release": True})


def plan_of(shop: Shop) -> Path:
    return shop.folder / "migration_plan.md"


def place(shop: Shop, name: str) -> tuple[str, int]:
    (found,) = [each for each in shop.status()["toggles"] if each["name"] == name]
    return found["stage"], found["share"]


def card(page: Page, step: str) -> Locator:
    return page.get_by_role("region", name=f"Step {step}")


def done(step: Locator) -> None:
    expect(step.locator("header")).to_contain_text("done")


def test_somebody_approves_and_applies_a_step_and_undoes_it(sign_in: SignIn, shop: Shop) -> None:
    page = sign_in("/room/plan")
    expect(page.get_by_role("heading", name="How the shop leaves its monolith")).to_be_visible()
    shadow, canary = card(page, "reads.shadow"), card(page, "reads.canary")
    expect(canary).to_contain_text("not ready")
    assert faults(page) == []
    fits(page)
    shadow.get_by_role("button", name="Apply").click()
    done(shadow)
    assert place(shop, "catalog.product-list") == ("shadow", 0)
    expect(canary).to_contain_text("It waits for the approval of the shop's owner")
    canary.get_by_label("Why it may go on").fill("looked at the report: not one difference")
    canary.get_by_role("button", name="Approve").click()
    expect(canary).to_contain_text("by ada (control.token): looked at the report: not one difference")
    page.goto("/room/plan")
    shoot(page, "plan")
    canary.get_by_role("button", name="Apply").click()
    done(canary)
    assert place(shop, "catalog.product-list") == ("canary", 10_000)
    canary.get_by_text("Undo", exact=True).click()
    canary.get_by_role("button", name="Undo").click()
    expect(canary).to_contain_text("ready")
    until(lambda: place(shop, "catalog.product-list") == ("shadow", 0))
    (entry, *_) = shop.api("GET", "/api/v1/history?name=catalog.product-list").json()["entries"]
    assert entry["who"] == "ada (control.token)"
    assert entry["evidence"]["step"] == "reads.canary"


def test_who_may_only_look_reads_the_plan_and_moves_nothing(sign_in: SignIn, shop: Shop) -> None:
    page = sign_in("/room/plan", role="view", who="eve")
    expect(card(page, "reads.shadow")).to_contain_text("this wants the role operate")
    expect(page.get_by_role("main").get_by_role("button", name="Apply")).to_have_count(0)
    expect(page.get_by_role("main").get_by_role("button", name="Approve")).to_have_count(0)
    assert faults(page) == []
    operating = sign_in("/room/plan", role="operate", who="olu")
    expect(card(operating, "reads.shadow").get_by_role("button", name="Apply")).to_be_visible()
    assert place(shop, "catalog.product-list") == ("monolith", 0)


def test_a_long_step_goes_on_without_its_page_and_everybody_sees_it(sign_in: SignIn, shop: Shop) -> None:
    page = sign_in("/room/plan", who="ada")
    card(page, "reads.reviews").get_by_role("button", name="Apply").click()
    expect(page.get_by_role("region", name="Where the plan stands")).to_contain_text("Applying reads.reviews")
    page.close()
    other = sign_in("/room/plan", who="ben")
    stands = other.get_by_role("region", name="Where the plan stands")
    expect(stands).to_contain_text("for ada (control.token)")
    expect(stands).to_contain_text("a wait of 10 d")
    expect(card(other, "reads.shadow")).to_contain_text("one at a time")
    assert "reads.reviews for ada (control.token)" in shop.run("plan", "status").stdout
    assert faults(other) == []
    fits(other)
    shoot(other, "plan-running", whole=False)
    stands.get_by_role("button", name="Stop here").click()
    expect(stands).to_contain_text("called off")
    expect(card(other, "reads.reviews").get_by_role("button", name="Apply")).to_be_visible()
    assert place(shop, "catalog.reviews") == ("shadow", 0)


def reading(sign_in: SignIn, shop: Shop, whose: str) -> tuple[Page, Locator, str]:
    """Somebody who writes why the step `reads.canary` may go on, which waits for `whose` word; the plan as it is."""
    written = PLAN.replace("the shop's owner", whose)
    plan_of(shop).write_text(written)
    page = sign_in("/room/plan")
    card(page, "reads.shadow").get_by_role("button", name="Apply").click()
    done(card(page, "reads.shadow"))
    canary = card(page, "reads.canary")
    canary.get_by_label("Why it may go on").fill("a tenth is little")
    return page, canary, written


def approvals(shop: Shop) -> list[Any]:
    found: list[Any] = shop.api("GET", "/api/v1/events?action=plan.approve&name=*canary").json()["events"]
    return found


def refused(canary: Locator) -> None:
    """See to it that nothing was approved, that this is said, and that what was written is there."""
    expect(canary.get_by_role("alert")).to_contain_text("is not written as it was shown to you")
    expect(canary).to_contain_text("canary 90%")
    expect(canary.get_by_label("Why it may go on")).to_have_value("a tenth is little")


@pytest.mark.usefixtures("refusals")
def test_nobody_approves_what_they_have_not_read(sign_in: SignIn, shop: Shop) -> None:
    _, canary, written = reading(sign_in, shop, "the board")
    said = approvals(shop)
    plan_of(shop).write_text(written.replace('share = "10%"', 'share = "90%"'))
    canary.get_by_role("button", name="Approve").click()
    refused(canary)
    assert approvals(shop) == said


@pytest.mark.usefixtures("refusals")
def test_nobody_approves_what_became_another_step_while_they_wrote(sign_in: SignIn, shop: Shop) -> None:
    _, canary, written = reading(sign_in, shop, "the council")
    said = approvals(shop)
    plan_of(shop).write_text(written.replace('share = "10%"', 'share = "90%"'))
    # The step is brought up to date around what they write.
    expect(canary).to_contain_text("canary 90%")
    expect(canary.get_by_label("Why it may go on")).to_have_value("a tenth is little")
    canary.get_by_role("button", name="Approve").click()
    refused(canary)
    assert approvals(shop) == said


@pytest.mark.usefixtures("refusals")
def test_what_was_refused_and_why_stays_while_the_plan_goes_on_changing(sign_in: SignIn, shop: Shop) -> None:
    page, canary, written = reading(sign_in, shop, "the elders")
    wider = written.replace('share = "10%"', 'share = "90%"')
    plan_of(shop).write_text(wider)
    canary.get_by_role("button", name="Approve").click()
    refused(canary)
    plan_of(shop).write_text(f"{wider}\n## Late\n")
    expect(page.get_by_role("heading", name="Late")).to_be_visible()
    refused(canary)
    canary.get_by_role("button", name="Approve").click()
    expect(canary).to_contain_text("by ada (control.token): a tenth is little")


@pytest.mark.usefixtures("refusals")
def test_what_was_written_about_a_step_that_is_gone_is_given_back(sign_in: SignIn, shop: Shop) -> None:
    page, canary, written = reading(sign_in, shop, "the many")
    plan_of(shop).write_text(written.replace("reads.canary", "reads.tenth"))
    expect(card(page, "reads.tenth")).to_be_visible()
    expect(canary.get_by_label("Why it may go on")).to_have_value("a tenth is little")
    canary.get_by_role("button", name="Approve").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("is not written as it was shown to you")
    expect(page.get_by_role("main")).to_contain_text("a tenth is little")
    assert faults(page) == []


def test_an_edited_plan_is_there_by_itself_and_a_wrong_one_says_all_that_is_wrong(sign_in: SignIn, shop: Shop) -> None:
    page = sign_in("/room/plan")
    hostile = "\n\n".join(HOSTILE.values())
    plan_of(shop).write_text(f"{PLAN}\n## Late\n\n{hostile}\n")
    expect(page.get_by_role("heading", name="Late")).to_be_visible()
    stays_text(page)
    wrong = PLAN.replace('stage = "shadow" }]', 'stage = "nowhere" }]').replace("needs = [", "needs = [1, ")
    plan_of(shop).write_text(wrong)
    problems = page.get_by_role("region", name="What is wrong in migration_plan.md")
    expect(problems.get_by_role("listitem").first).to_be_visible()
    expect(page.get_by_role("heading", name="1.2 A tenth of the customers")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("button", name="Apply")).to_have_count(0)
    assert faults(page) == []
    fits(page)
    shoot(page, "plan-wrong", whole=False)
    plan_of(shop).write_text(PLAN)
    expect(card(page, "reads.shadow").get_by_role("button", name="Apply")).to_be_visible()


def test_a_command_is_a_line_to_run_a_door_wants_its_name_and_gates_tell_what_they_see(sign_in: SignIn) -> None:
    page = sign_in("/room/plan")
    card(page, "reads.shadow").get_by_role("button", name="Apply").click()
    done(card(page, "reads.shadow"))
    # Nobody is at it any more, so nothing changes the page while it is read.
    expect(card(page, "reads.reviews").get_by_role("button", name="Apply")).to_be_visible()
    warm = card(page, "reads.warm")
    expect(warm).to_contain_text("strangler plan apply reads.warm")
    expect(warm.get_by_role("button", name="Apply")).to_have_count(0)
    gone = card(page, "reads.gone")
    gone.get_by_role("link", name="What its gates say now").click()
    expect(gone).to_contain_text("requests:")
    expect(gone).to_contain_text("none: a one-way door")


def test_the_plan_on_paper_has_states_and_dates_and_nothing_to_press(sign_in: SignIn) -> None:
    page = sign_in("/room/plan")
    card(page, "reads.shadow").get_by_role("button", name="Apply").click()
    done(card(page, "reads.shadow"))
    page.get_by_role("link", name="Print view").click()
    expect(page.get_by_role("heading", name="migration_plan.md")).to_be_visible()
    expect(page.get_by_role("row", name="reads.shadow")).to_contain_text("ada (control.token)")
    assert faults(page) == []
    fits(page)
    shoot(page, "plan-print")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Pages")).to_be_hidden()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    assert len(page.pdf(format="A4")) > 10_000


def test_the_audit_says_who_did_what_and_is_taken_along(sign_in: SignIn, shop: Shop) -> None:
    shop.move("catalog.reviews", "shadow", why="=1+1")
    page = sign_in("/room/plan")
    card(page, "reads.shadow").get_by_role("button", name="Apply").click()
    done(card(page, "reads.shadow"))
    page.get_by_role("link", name="Audit").click()
    entries = page.get_by_role("region", name="Entries of the audit")
    expect(entries.get_by_role("row").filter(has_text="plan.done").first).to_be_visible()
    page.get_by_label("By whom").fill("ADA")
    page.get_by_role("button", name="Show").click()
    expect(entries.get_by_text("=1+1")).to_have_count(0)
    entries.get_by_text("What was known").first.click()
    assert faults(page) == []
    fits(page)
    shoot(page, "audit", whole=False)
    page.goto("/room/audit")
    page.get_by_label("Of what").fill("catalog.*")
    page.get_by_label("Kind").select_option("moves")
    page.get_by_role("button", name="Show").click()
    expect(entries.get_by_text("plan.done")).to_have_count(0)
    expect(entries.get_by_role("link", name="catalog.product-list").first).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(taken.value.path().read_text(encoding="utf-8"))))
    assert {row["action"] for row in rows} == {"toggle.move"}
    assert "'=1+1" in {row["why"] for row in rows}
    stays_text(page)
