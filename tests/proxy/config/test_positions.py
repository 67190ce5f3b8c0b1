from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.config.positions import Path, Positions

KEYS = ("a", "b-c", "_d", '"e f"', "'g.h'", '"\\u00e9\\""', "1")
SCALARS = (
    "1",
    "1.5e3",
    "true",
    "2026-11-20 13:00:00",
    '"[x] # no = comment"',
    "'[[y]]'",
    '"\\\\"',
    '"""two\nlines "" \\" and [t]\n"""',
    "'''\nraw '' \\ [[u]]\n'''",
    '""',
    '""""four""""',
)


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    kind = draw(st.sampled_from(("scalar", "scalar", "array", "table"))) if depth else "scalar"
    if kind == "scalar":
        return draw(st.sampled_from(SCALARS))
    if kind == "array":
        items = draw(st.lists(values(depth - 1), max_size=3))
        gap = draw(st.sampled_from((", ", ",\n  ", " , # [c]\n")))
        return "[" + gap.join(items) + draw(st.sampled_from(("", "\n"))) + "]"
    names = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=3))
    return "{ " + ", ".join(f"{name} = {draw(values(0))}" for name in names) + " }"


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """A TOML text, and the line of each of its marked keys: `mN` has the number N as its value's comment."""
    lines: list[str] = []
    marks: dict[str, int] = {}

    def pairs() -> None:
        for _ in range(draw(st.integers(0, 3))):
            mark = f"m{len(marks)}"
            dotted = draw(st.sampled_from(("", "", f"p{len(marks)}.", f'"q r{len(marks)}" . ')))
            marks[mark] = sum(line.count("\n") + 1 for line in lines) + 1
            lines.append(f"{draw(st.sampled_from(('', '  ')))}{dotted}{mark} = {draw(values())}  # t")
            if draw(st.booleans()):
                lines.append(draw(st.sampled_from(("", "# [not.a.table]", "   # x = 1"))))

    pairs()
    for number in range(draw(st.integers(0, 4))):
        header = draw(
            st.sampled_from(("[t{}]", "[[list]]", "[[list.inner]]", "[[ 'list' ]]", '[s{}."x.y"]', "[list.u{}]"))
        )
        if "list." in header and not any(line.startswith(("[[list]]", "[[ 'list' ]]")) for line in lines):
            header = "[[list]]"
        lines.append(header.format(number))
        pairs()
    return draw(st.sampled_from(("\n", "\r\n"))).join("\n".join(lines).split("\n")), marks


def leaves(value: Any, path: Path = ()) -> list[Path]:
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return [path, *(leaf for key, child in children for leaf in leaves(child, (*path, key)))]


@given(documents())
def test_every_key_of_a_document_has_the_line_on_which_it_stands(document: tuple[str, dict[str, int]]) -> None:
    text, marks = document
    read = tomllib.loads(text)
    positions = Positions(text)
    known = positions.paths()
    assert set(known) == set(leaves(read)) - {()}
    found = {str(path[-1]): line for path, line in known.items() if str(path[-1]) in marks}
    assert found == marks


def test_lines_of_tables_lists_and_what_is_in_them() -> None:
    text = """\
a = 1
[b]
c.d = [
  1,
  { e = 2 },
]
[[f]]
g = '''
x'''
h = 1
[[f]]
[f.i]
j = 1
"""
    lines = Positions(text)
    assert [
        lines.of(path)
        for path in [
            ("a",),
            ("b",),
            ("b", "c", "d", 0),
            ("b", "c", "d", 1, "e"),
            ("f",),
            ("f", 0),
            ("f", 0, "h"),
            ("f", 1),
            ("f", 1, "i"),
            ("f", 1, "i", "j"),
            ("f", 1, "i", "missing"),
            ("missing",),
        ]
    ] == [1, 2, 4, 5, 7, 7, 10, 11, 12, 13, 12, None]
