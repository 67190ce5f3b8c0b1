"""The order, and what should not move at all."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strangler_proxy.plan_draft import Advice, Churn, Traffic, Weighed, parts_of, ties, weigh, weight

from strangler.inventory import Inventory
from tests.proxy.plan_draft.known import imports, relation, shop, together, view


def order(inventory: Inventory, traffic: Traffic | None = None, churn: Churn | None = None) -> list[Weighed]:
    return weigh(parts_of(inventory), inventory, traffic, churn)


def names(found: list[Weighed]) -> list[str]:
    return [each.part.name for each in found]


def advice(found: list[Weighed]) -> dict[str, Advice]:
    return {each.part.name: each.advice for each in found}


def requests(**counts: int) -> Traffic:
    return Traffic(reads=Counter({f"{app}/list/": count for app, count in counts.items()}), days=7)


def test_what_is_asked_most_goes_first() -> None:
    inventory = shop(["cart", "catalog", "mail"])
    assert names(order(inventory, requests(mail=100, cart=50, catalog=500))) == ["catalog", "mail", "cart"]


def test_what_changes_most_goes_first() -> None:
    inventory = shop(["cart", "catalog"])
    assert names(order(inventory, churn=Churn(100, {"cart": 90, "catalog": 10}))) == ["cart", "catalog"]


def test_what_is_bound_tightly_goes_later_and_what_points_at_it_counts_half() -> None:
    inventory = shop(["cart", "catalog", "mail"], relations=[relation("cart", "catalog")])
    found = order(inventory)
    assert names(found) == ["mail", "catalog", "cart"]
    by_name = {each.part.name: each for each in found}
    assert by_name["cart"].outward == by_name["catalog"].inward == 3
    assert by_name["catalog"].coupling == by_name["cart"].coupling / 2


def test_what_writes_and_wants_a_sign_in_goes_later() -> None:
    views = [view("cart", "list", writes=True, login=True), view("catalog", "list")]
    found = order(shop(["cart", "catalog"], views=views))
    assert names(found) == ["catalog", "cart"]
    assert found[1].risk == pytest.approx(0.8)


def test_a_hundred_imports_are_not_a_hundred_reasons() -> None:
    found = order(shop(["a", "b"], edges=[imports("a", "b", 500)]))
    assert next(each for each in found if each.part.name == "a").outward == 10


def test_where_people_sign_in_stays() -> None:
    inventory = shop(["accounts", "cart"], views=[view("accounts", "login", writes=True), view("cart", "list")])
    assert advice(order(inventory)) == {"accounts": Advice.STAY, "cart": Advice.MOVE}


def test_what_has_no_url_stays() -> None:
    assert advice(order(shop(["cart", "mail"], views=[view("cart", "list")])))["mail"] is Advice.STAY


def test_what_nobody_asks_and_nobody_changes_stays() -> None:
    inventory = shop(["cart", "catalog"])
    found = order(inventory, requests(cart=1, catalog=1000), Churn(100, {"cart": 1, "catalog": 60}))
    assert advice(found) == {"catalog": Advice.MOVE, "cart": Advice.STAY}
    assert "1 requests in 7 days" in found[1].reason
    changed = order(inventory, requests(cart=1, catalog=1000), Churn(100, {"cart": 40, "catalog": 60}))
    assert advice(changed)["cart"] is Advice.MOVE


def test_what_nobody_asked_for_in_some_hours_is_not_called_unused() -> None:
    traffic = requests(cart=0, catalog=1000)
    traffic.days = 0.2
    assert advice(order(shop(["cart", "catalog"]), traffic)) == {"catalog": Advice.MOVE, "cart": Advice.MOVE}


def test_without_traffic_nothing_is_said_of_traffic() -> None:
    [each] = order(shop(["cart"]))
    assert (each.requests, each.share, each.traffic, each.advice) == (None, None, None, Advice.MOVE)


def test_pages_over_others_tables_stay_where_they_write_and_may_move_where_they_read() -> None:
    edges = [imports("desk", label) for label in ("cart", "catalog", "mail")]
    labels = ["cart", "catalog", "desk", "mail"]
    for writes, wanted in ((True, Advice.STAY), (False, Advice.MOVE)):
        views = [view("desk", "list", writes=writes), *(view(each, "list") for each in labels if each != "desk")]
        found = order(shop(labels, views=views, edges=edges, without_tables=["desk"]))
        assert advice(found)["desk"] is wanted


def test_what_writes_with_three_others_in_one_transaction_is_last() -> None:
    labels = ["cart", "orders", "payments", "stock"]
    inventory = shop(labels, observed=[together("orders/list/", "orders", "cart", "payments", "stock")])
    found = order(inventory)
    assert found[-1].part.name == "orders"
    assert found[-1].advice is Advice.LAST
    assert "saga" in found[-1].reason


def test_what_needs_half_of_the_others_is_last() -> None:
    labels = ["a", "b", "c", "d", "orders"]
    found = order(shop(labels, edges=[imports("orders", each) for each in labels[:-1]]))
    assert (found[-1].part.name, found[-1].advice) == ("orders", Advice.LAST)


def test_the_core_is_last() -> None:
    inventory = shop(["a", "b", "c", "core"])
    models = inventory.models + tuple(
        type(inventory.models[0])(f"core.Thing{number}", f"core_{number}", "core") for number in range(5)
    )
    fat = Inventory(**{**{field: getattr(inventory, field) for field in inventory.__slots__}, "models": models})
    found = order(fat)
    assert (found[-1].part.name, found[-1].advice) == ("core", Advice.LAST)
    assert "6 of 9 tables" in found[-1].reason


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde"), st.integers(1, 60)), max_size=12),
    st.dictionaries(st.sampled_from("abcde"), st.integers(0, 1000)),
)
def test_the_order_has_every_part_once_and_one_more_tie_never_makes_it_worth_more(
    ties: list[tuple[str, str, int]], counts: dict[str, int]
) -> None:
    edges = [imports(source, target, count) for source, target, count in ties]
    inventory = shop("abcde", edges=edges)
    found = order(inventory, requests(**counts))
    assert sorted(names(found)) == list("abcde")
    for each in found:
        assert 0 <= each.coupling <= 1
        assert 0 <= each.risk <= 1
        assert -1 <= each.worth <= 1


def test_the_reference_has_the_formula_that_is_used() -> None:
    text = (Path(__file__).parents[3] / "docs/reference/plan-draft.md").read_text()
    assert sorted(re.findall(r"^\| .* \| ([\d.]+) \| (\d+) \|$", text, re.MULTILINE)) == sorted(
        (f"{weight:g}", str(most)) for weight, most in ties._WEIGHTS.values()
    )
    assert f"({weight._COUPLING:g} × coupling + {weight._RISK:g} × risk)" in text
    assert f"{weight._WRITES:g} × share of its URLs that write + {weight._SIGN_IN:g} × share" in text
    assert f"below {weight._LITTLE_TRAFFIC * 100:g} % of all requests" in text
    assert f"below {weight._LITTLE_CHANGE * 100:g} % of all commits" in text
