"""Reading the plan's steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.plan import read_steps

ROOT = Path(__file__).resolve().parents[2]


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.md"
    path.write_text(text)
    return path


def test_a_step_has_its_heading_its_commands_and_its_line(tmp_path: Path) -> None:
    steps = read_steps(
        written(tmp_path, "# Plan\n\n### 1.1 Look\n\nProse.\n\n```sh step=a.look\n# why\none\n\ntwo 2\n```\n")
    )
    step = steps["a.look"]
    assert (step.title, step.commands, step.line) == ("1.1 Look", ("one", "two 2"), 7)


def test_blocks_without_a_step_are_prose(tmp_path: Path) -> None:
    assert read_steps(written(tmp_path, "```sh\nrm -rf everything\n```\n")) == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("```sh step=a\nls\n", "no end"),
        ("```sh step=a\n# nothing\n```\n", "no command"),
        ("```sh step=a\nls\n```\n```sh step=a\nls\n```\n", "line 1 already"),
    ],
)
def test_a_broken_step_is_refused_with_its_line(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as raised:
        read_steps(written(tmp_path, text))
    assert "plan.md:" in str(raised.value)


def test_the_shops_plan_moves_the_catalogues_reads_there_and_back() -> None:
    steps = read_steps(ROOT / "migration_plan.md")
    order = [name.removeprefix("catalog-reads.") for name in steps if name.startswith("catalog-reads.")]
    expected = ["check", "filled", "parity", "shadow", "report", "canary-10", "canary-50", "extracted", "back"]
    assert order[:9] == expected


def test_every_chapter_of_the_shops_plan_says_what_a_reader_needs() -> None:
    chapters = (ROOT / "migration_plan.md").read_text().split("\n## ")
    numbered = [chapter for chapter in chapters if chapter[0].isdigit()]
    assert len(numbered) == 6
    for chapter in numbered:
        for word in (
            "**Why here.**",
            "**Context.**",
            "**Data",
            "**Tangles",
            "**Watch.**",
            "**Go back.**",
            "eleted at the end",
        ):
            assert word in chapter, f"{chapter.splitlines()[0]} does not say: {word}"
        assert "**Steps.**" in chapter or "\n### " in chapter
        assert "strangler flip" in chapter
        assert "strangler back" in chapter
