from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from strangler.errors import ConfigError
from strangler.inventory import UrlForm, View, inventory_schema, read_inventory, write_inventory

EXAMPLE = Path(__file__).with_name("example.json")
SCHEMA = Path(__file__).parents[3] / "docs" / "reference" / "inventory.schema.json"


def example() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(EXAMPLE.read_text())
    return document


def refused(tmp_path: Path, text: str) -> str:
    file = tmp_path / "inventory.json"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_inventory(file)
    assert str(file) in str(caught.value)
    return str(caught.value)


def test_what_is_written_is_what_was_read(tmp_path: Path) -> None:
    inventory = read_inventory(EXAMPLE)
    write_inventory(tmp_path / "again.json", inventory)
    assert read_inventory(tmp_path / "again.json") == inventory
    assert json.loads((tmp_path / "again.json").read_text()) == example()
    assert [each.name for each in tmp_path.iterdir()] == ["again.json"]


def test_an_inventory_answers_whose_a_view_and_a_table_are() -> None:
    inventory = read_inventory(EXAMPLE)
    assert [view.title for view in inventory.views_of("catalog")] == [
        "product-list",
        "product-detail",
        "catalog:product",
    ]
    assert inventory.owners()["orders_line"] == "orders"
    assert "somebody_elses" not in inventory.owners()
    app = inventory.app("orders")
    assert app is not None
    assert app.lines == 930
    assert inventory.app("nothing") is None


def test_a_view_says_where_it_is_in_every_language() -> None:
    product, basket = read_inventory(EXAMPLE).views[3:]
    assert product.translated
    assert product.forms[0].localised == ("/products/<int:id>/", "/de/products/<int:id>/")
    assert [form.localised for form in basket.forms] == [("/basket/",), ("/de/warenkorb/",)]
    assert basket.key == "basket/"
    assert UrlForm("^odd", "/odd.*").localised == ()


def test_a_view_that_nothing_limits_takes_every_method() -> None:
    assert View((UrlForm("x", "/x"),), "shop.x").takes("PATCH")
    limited = View((UrlForm("x", "/x"),), "shop.x", methods=("GET", "HEAD"))
    assert limited.takes("HEAD")
    assert limited.takes("OPTIONS")
    assert not limited.takes("PATCH")
    assert not limited.writes
    assert View((UrlForm("x", "/x"),), "shop.x", mentions=("POST",)).writes


def test_members_of_a_later_writer_are_passed_over(tmp_path: Path) -> None:
    document = example()
    document["views"][0]["mood"] = "good"
    document["weather"] = [1]
    file = tmp_path / "inventory.json"
    file.write_text(json.dumps(document))
    assert read_inventory(file) == read_inventory(EXAMPLE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda document: document.update(version=2), "version: is of version 2 of the format"),
        (lambda document: document.update(format="else"), "is not an inventory"),
        (lambda document: document.pop("site"), "site: is missing"),
        (lambda document: document["site"].pop("project"), "site.project: is missing"),
        (lambda document: document.update(views={}), "views: is not a list"),
        (lambda document: document["views"].insert(1, 7), "views[1]: is not an object"),
        (lambda document: document["views"][2].update(forms=[]), "views[2].forms: is empty"),
        (lambda document: document["views"][2]["forms"][0].update(route=7), "views[2].forms[0].route: is not a text"),
        (lambda document: document["views"][1]["actions"].update(GET=1), "views[1].actions.GET: is not a text"),
        (lambda document: document["views"][1].update(actions=[]), "views[1].actions: is not an object"),
        (lambda document: document["views"][1].update(line=True), "views[1].line: is not a whole number"),
        (lambda document: document["views"][1].update(login=1), "views[1].login: is not true or false"),
        (lambda document: document["views"][1].update(cached="x"), "views[1].cached: is not a number"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_place(tmp_path: Path, change: Any, said: str) -> None:
    document = example()
    change(document)
    message = refused(tmp_path, json.dumps(document))
    assert said in message
    assert "strangler_inventory" in message or "same Strangler" in message


def test_a_file_that_is_no_json_is_refused_with_its_line(tmp_path: Path) -> None:
    assert "inventory.json:2: is not JSON" in refused(tmp_path, "{\n,}")
    assert "is not an inventory" in refused(tmp_path, "[]")
    assert "nested too deeply" in refused(tmp_path, "[" * 100_000)
    (tmp_path / "inventory.json").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_inventory(tmp_path / "inventory.json")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_inventory(tmp_path / "nowhere.json")


def test_a_file_that_cannot_be_written_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_inventory(tmp_path / "taken", read_inventory(EXAMPLE))
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


def test_the_schema_is_the_documented_one_and_knows_the_example() -> None:
    assert json.loads(SCHEMA.read_text()) == inventory_schema()
    validator = Draft202012Validator(inventory_schema())
    Draft202012Validator.check_schema(inventory_schema())
    assert list(validator.iter_errors(example())) == []
    spoiled = example()
    spoiled["views"][0]["forms"] = "none"
    assert list(validator.iter_errors(spoiled))
