"""The draft that a team reads: held to golden files, of the shop and of two projects that are not ours.

After a change that is meant: `STRANGLER_GOLDEN=write python -m pytest tests/proxy/plan_draft`, then read what changed
as a team would.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from strangler_proxy.plan import read_plan
from strangler_proxy.plan_draft import Churn, Draft, Traffic, draft_text, parts_of, tangles_of, weigh

from strangler.inventory import Inventory, read_inventory
from tests.proxy.plan_draft.known import relation, shop, view

GOLDEN = Path(__file__).parent / "golden"


def draft(inventory: Inventory, traffic: Traffic | None = None, churn: Churn | None = None) -> str:
    parts = parts_of(inventory)
    weighed = tuple(weigh(parts, inventory, traffic, churn))
    return draft_text(Draft(inventory, weighed, tuple(tangles_of(inventory, parts)), traffic, churn))


def held_to(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("STRANGLER_GOLDEN") == "write":
        file.write_text(text)
    assert text == file.read_text()


def test_the_shops_draft_is_the_golden_one() -> None:
    inventory = read_inventory(GOLDEN / "shop.json")
    reads = Counter({view.key: 900 if view.app == "catalog" else 40 for view in inventory.views})
    churn = Churn(120, {"catalog": 19, "cart": 5, "orders": 8, "payments": 4, "inventory": 4, "checkout": 5})
    held_to("shop.md", draft(inventory, Traffic(reads=reads, elsewhere=7, days=7.0, sources=("access.log",)), churn))


@pytest.mark.parametrize("name", ["oscar", "pretalx"])
def test_the_order_for_a_project_that_is_not_ours_is_the_golden_one(name: str) -> None:
    text = draft(read_inventory(GOLDEN / f"{name}.json"))
    held_to(f"{name}.md", text[: text.index("## Tangles")])


@pytest.mark.parametrize("name", ["shop", "oscar", "pretalx"])
def test_every_draft_is_a_plan_that_the_grammar_reads(name: str) -> None:
    plan = read_plan(draft(read_inventory(GOLDEN / f"{name}.json")), Path("migration_plan.md"))
    assert "proxy.in-front" in plan.steps


def test_what_is_not_known_is_said() -> None:
    text = draft(shop(["cart"]))
    for unknown in ("**Traffic is not known.**", "**How often each part changes is not known**", "**Which tables"):
        assert unknown in text


def test_traffic_of_a_short_time_is_told_as_such() -> None:
    traffic = Traffic(reads=Counter({"cart/list/": 5}), days=0.25, sources=("access.log",))
    assert "**Traffic is of 6 hours alone**" in draft(shop(["cart"]), traffic)


def test_a_monolith_of_which_nothing_should_move_is_told_so_and_is_a_plan_all_the_same() -> None:
    inventory = shop(["accounts"], views=[view("accounts", "login")])
    text = draft(inventory)
    assert "Nothing here is worth a service of its own" in text
    assert "\n1 app of the project with " in text
    assert ", 1 URL pattern, " in text
    assert read_plan(text, Path("plan.md")).steps


def test_a_part_without_a_read_to_begin_with_has_no_step_and_holds_nobody_up() -> None:
    hooks = view("hooks", "in", writes=True)
    only = type(hooks)(hooks.forms, hooks.view, app="hooks", name=hooks.name, methods=("POST",))
    text = draft(shop(["cart", "hooks"], views=[only, view("cart", "list", writes=True, login=True)]))
    assert "**No step yet.**" in text
    steps = read_plan(text, Path("plan.md")).steps
    assert steps["cart.ready"].needs == ("proxy.in-front",)


def test_what_a_project_calls_its_things_breaks_no_table_and_no_line() -> None:
    odd = view("cart", "list", key="cart/(a|b)/")
    text = draft(shop(["cart", "mail"], views=[odd, view("mail", "list")], relations=[relation("cart", "mail")]))
    assert r"cart/(a\|b)/" in text
    assert read_plan(text, Path("plan.md")).steps
