"""The grammar by examples: each Markdown beside what it is read as, or beside all that is wrong with it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from strangler_proxy.plan.blocks import step_blocks
from strangler_proxy.plan.reading import load_plan, read_plan
from strangler_proxy.plan.schema import plan_schema

from strangler.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = Path(__file__).parent / "golden"
WHOLE = sorted(path.stem for path in GOLDEN.glob("*.json"))
WRONG = sorted(path.stem for path in GOLDEN.glob("*.txt"))


def test_every_example_has_its_answer() -> None:
    assert {*WHOLE, *WRONG} == {path.stem for path in GOLDEN.glob("*.md")}


@pytest.mark.parametrize("name", WHOLE)
def test_a_plan_is_read_as_it_stands_beside_it(name: str) -> None:
    text = (GOLDEN / f"{name}.md").read_text()
    plan = read_plan(text, Path("plan.md"))
    read = [step.to_json() for step in plan.steps.values()]
    assert read == json.loads((GOLDEN / f"{name}.json").read_text())


@pytest.mark.parametrize("name", WRONG)
def test_all_that_is_wrong_is_told_at_once_with_its_lines(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_plan((GOLDEN / f"{name}.md").read_text(), Path("plan.md"))
    assert str(caught.value) + "\n" == (GOLDEN / f"{name}.txt").read_text()


def test_lines_end_as_they_like() -> None:
    text = (GOLDEN / "whole.md").read_text()
    read = [plan.steps for plan in (read_plan(each, Path("p.md")) for each in (text, text.replace("\n", "\r\n")))]
    assert read[0] == read[1]


@pytest.mark.parametrize("text", ["", "\n", "prose alone"])
def test_a_text_without_a_step_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match="step"):
        read_plan(text, Path("plan.md"))


def test_a_form_feed_in_the_prose_ends_no_line() -> None:
    text = (GOLDEN / "whole.md").read_text()
    assert (
        read_plan(f"Old\f\f\u2028page\n{text}", Path("p.md")).steps.keys() == read_plan(text, Path("p.md")).steps.keys()
    )


def test_a_file_that_is_not_there_or_not_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file(.|\n)*or draft one: strangler plan new .* -o .*plan\.md"):
        load_plan(tmp_path / "plan.md")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_plan(tmp_path)
    (tmp_path / "plan.md").write_bytes(b"# Plan\n\n\xff")
    with pytest.raises(ConfigError, match=r"plan\.md:3: is not UTF-8"):
        load_plan(tmp_path / "plan.md")


def test_the_published_grammar_is_the_one_that_is_read() -> None:
    published = json.loads((ROOT / "docs" / "reference" / "plan.schema.json").read_text())
    assert published == plan_schema(), (
        "write it anew: python -m strangler_proxy.plan.schema > docs/reference/plan.schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(published)


@pytest.mark.parametrize("path", [GOLDEN / "whole.md", ROOT / "migration_plan.md"], ids=lambda path: path.stem)
def test_what_is_read_is_right_by_the_published_grammar(path: Path) -> None:
    blocks, problems = step_blocks(path.read_text(), path.name)
    assert blocks
    assert not problems
    for block in blocks:
        jsonschema.validate(tomllib.loads(block.text), plan_schema(), jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "table",
    [
        "",
        'owner = "me"',
        "[checks]",
        'moves = [{ flip = "a", stage = "shadow", command = "x" }]',
        'moves = [{ flip = "a", stage = "sideways" }]',
        'moves = [{ stage = "shadow" }]',
        'moves = [{ wait = "soon" }]',
        'undo = [{ wait = "1h" }]\nmoves = []',
        "moves = []\nneed = []",
        'needs = ["Not An Id"]\nmoves = []',
        "[before]\nagrement = 0.9",
    ],
)
def test_the_published_grammar_refuses_what_is_refused(table: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(table), plan_schema(), jsonschema.Draft202012Validator)
