"""Which apps are one part."""

from __future__ import annotations

from strangler_proxy.plan_draft import parts_of
from strangler_proxy.plan_draft.part import libraries_of

from strangler.inventory import App
from tests.proxy.plan_draft.known import imports, relation, shop, view


def names(*arguments: object, **more: object) -> list[tuple[str, ...]]:
    return [part.labels for part in parts_of(shop(*arguments, **more))]  # type: ignore[arg-type]


def test_each_app_is_a_part_of_its_own() -> None:
    assert names(["cart", "catalog"], relations=[relation("cart", "catalog")]) == [("cart",), ("catalog",)]


def test_apps_whose_keys_point_at_each_other_are_one() -> None:
    both = [relation("cart", "catalog"), relation("catalog", "cart")]
    assert names(["cart", "catalog", "mail"], relations=both) == [("cart", "catalog"), ("mail",)]
    [part, _] = parts_of(shop(["cart", "catalog", "mail"], relations=both))
    assert "point at each other" in part.because


def test_many_to_many_ties_do_not_make_apps_one() -> None:
    both = [relation("cart", "catalog"), relation("catalog", "cart", kind="many-to-many")]
    assert names(["cart", "catalog"], relations=both) == [("cart",), ("catalog",)]


def test_a_model_that_is_a_row_of_anothers_table_makes_apps_one() -> None:
    assert names(["books", "catalog"], relations=[relation("books", "catalog", kind="parent")]) == [
        ("books", "catalog")
    ]


def test_three_apps_become_one_through_the_one_in_the_middle() -> None:
    ties = [relation("a", "b", kind="parent"), relation("c", "b", kind="proxy")]
    [part] = parts_of(shop(["a", "b", "c"], relations=ties))
    assert part.labels == ("a", "b", "c")
    assert part.because.count(";") == 1


def test_pages_without_tables_belong_to_whose_tables_they_work_on() -> None:
    edges = [imports("desk", "catalog", 8), imports("desk", "cart", 1)]
    [_, catalog] = parts_of(shop(["cart", "catalog", "desk"], edges=edges, without_tables=["desk"]))
    assert catalog.labels == ("catalog", "desk")
    assert catalog.name == "catalog"
    assert "desk has no tables" in catalog.because


def test_pages_over_everybodys_tables_belong_to_nobody() -> None:
    edges = [imports("desk", label) for label in ("cart", "catalog", "mail")]
    assert ("desk",) in names(["cart", "catalog", "desk", "mail"], edges=edges, without_tables=["desk"])


def test_code_without_tables_and_urls_is_no_part() -> None:
    inventory = shop(["cart", "core"], views=[view("cart", "list")], without_tables=["core"])
    assert [part.name for part in parts_of(inventory)] == ["cart"]
    assert [app.label for app in libraries_of(inventory)] == ["core"]


def test_installed_apps_are_no_parts() -> None:
    inventory = shop(["cart"])
    inventory = type(inventory)(
        site=inventory.site, apps=(*inventory.apps, App("auth", "django.contrib.auth", "django"))
    )
    assert [part.name for part in parts_of(inventory)] == ["cart"]
    assert libraries_of(inventory) == []


def test_a_label_becomes_a_name_that_steps_can_have() -> None:
    [part] = parts_of(shop(["My.Shop"]))
    assert part.name == "my-shop"
