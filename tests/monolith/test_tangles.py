"""The tangles are written down: every key between contexts on their page, every tangle in the plan and the contract."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = {"catalogue writes": "2", "inventory": "3", "payments": "4", "orders": "5", "notifications": "6"}
SHOP = {"accounts", "cart", "catalog", "checkout", "inventory", "notifications", "orders", "payments"}


@dataclass(frozen=True, slots=True)
class Tangle:
    """A row of TANGLES.md."""

    number: int
    what: str
    cut_by: str


def tangles() -> list[Tangle]:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", (ROOT / "monolith" / "TANGLES.md").read_text(), re.M)
    cells = [(int(number), rest.split(" | ")) for number, rest in rows]
    return [Tangle(number, rest[0], rest[-1]) for number, rest in cells]


def chapters() -> dict[str, str]:
    parts = (ROOT / "migration_plan.md").read_text().split("\n## ")
    return {part.partition(".")[0]: part for part in parts if part[0].isdigit()}


def names(text: str, number: int) -> bool:
    found = re.findall(r"[Tt]angles? (\d+(?:(?:,| and) \d+)*)", text)
    return any(str(number) in re.findall(r"\d+", numbers) for numbers in found)


def test_the_tangles_are_numbered_without_a_gap() -> None:
    assert [tangle.number for tangle in tangles()] == list(range(1, len(tangles()) + 1))


def test_every_key_from_one_context_into_another_is_a_tangle() -> None:
    rows = [tangle.what for tangle in tangles()]
    missing = [
        f"{model._meta.label} → {field.related_model._meta.label}"
        for model in apps.get_models()
        for field in [*model._meta.fields, *model._meta.many_to_many]
        if model._meta.app_label in SHOP
        and isinstance(field.related_model, type)
        and field.related_model._meta.app_label in SHOP - {model._meta.app_label}
        and not any(model._meta.label in row and field.related_model._meta.label in row for row in rows)
    ]
    assert missing == []


def test_the_plan_names_every_tangle_in_the_chapter_that_cuts_it() -> None:
    plan, parts = (ROOT / "migration_plan.md").read_text(), chapters()
    for tangle in tangles():
        assert names(plan, tangle.number), f"the plan does not name tangle {tangle.number}"
        who = tangle.cut_by.partition(":")[0]
        for word in (word for word in CHAPTERS if re.match(rf"{word}\b|.*then {word}\b", who)):
            where = f"chapter {CHAPTERS[word]} ({word})"
            assert names(parts[CHAPTERS[word]], tangle.number), f"{where} does not name tangle {tangle.number}"


def test_the_plan_and_the_import_contract_name_no_tangle_that_is_not_there() -> None:
    known = {tangle.number for tangle in tangles()}
    for file in ("migration_plan.md", "pyproject.toml"):
        numbers = re.findall(r"[Tt]angles? (\d+(?:(?:,| and) \d+)*)", (ROOT / file).read_text())
        assert {int(each) for some in numbers for each in re.findall(r"\d+", some)} <= known, file
