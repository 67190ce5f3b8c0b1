"""Reading strangler.rules.toml: what it can say, and every way to get it wrong with its line."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import (
    Grade,
    Ids,
    Ignore,
    ListOrder,
    Normal,
    NormalForm,
    Redaction,
    RedactionKind,
    Rule,
    SameClass,
    Severity,
    TimeTolerance,
    Tolerance,
    UrlHost,
    ValueClass,
    load_rules,
    parse_rules,
)
from strangler.compare.toml_lines import table_lines
from strangler.errors import ConfigError

EVERY_KIND = """\
# What may differ, and why.

[[rule]]
route = "catalog.*"
path = "$.results[*].rating"
tolerance = 0.01
why = "The service rounds half up."

[[ rule ]]
path = "$.score"
why = "float noise"
[rule.tolerance]
absolute = 0.01
relative = 1e-6

[[rule]]
path = "$..updated_at"
time = 2
why = '''two clocks
[[rule]]
path = "no rule at all"
'''

[[rule]] # a comment
path = "$.id"
class = "uuid"
why = "made by each side"

[[rule]]
path = "$.tags"
list = "set"
why = "no order promised"

[[rule]]
path = "$.lines"
list = "key:sku"
why = "no order promised"

[[rule]]
path = "$.next"
url_host = true
why = "asked by another name"

[[rule]]
header = "X-Powered-*"
ignore = true
why = "nobody reads it"

[[rule]]
path = "$.meta"
severity = "warning"
why = "for people only"

[[rule]]
path = "$.name"
normal = ["trim", "unicode"]
why = "typed by hand"

[[rule]]
path = "$.id"
ids = "product"
why = "made by each side"

[[rule]]
header = "Location"
ids = {space = "product", within = '/p/(\\d+)/'}
why = "made by each side"
"""


def problems(text: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(ConfigError) as caught:
        parse_rules(text, "strangler.rules.toml")
    for problem in caught.value.problems:
        assert problem.file == "strangler.rules.toml"
        assert problem.right
    return [(problem.line, problem.key, problem.wrong) for problem in caught.value.problems]


def test_every_kind_of_rule_is_read_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "strangler.rules.toml"
    path.write_text(EVERY_KIND, encoding="utf-8")
    rules = load_rules(path).rules
    assert rules == (
        Rule(Tolerance(Decimal("0.01")), "The service rounds half up.", "catalog.*", "$.results[*].rating"),
        Rule(Tolerance(Decimal("0.01"), Decimal("1e-6")), "float noise", "*", "$.score"),
        Rule(TimeTolerance(2.0), 'two clocks\n[[rule]]\npath = "no rule at all"\n', "*", "$..updated_at"),
        Rule(SameClass(ValueClass.UUID), "made by each side", "*", "$.id"),
        Rule(ListOrder("set"), "no order promised", "*", "$.tags"),
        Rule(ListOrder("key", "sku"), "no order promised", "*", "$.lines"),
        Rule(UrlHost(), "asked by another name", "*", "$.next"),
        Rule(Ignore(), "nobody reads it", "*", "", "X-Powered-*"),
        Rule(Grade(Severity.WARNING), "for people only", "*", "$.meta"),
        Rule(Normal((NormalForm.UNICODE, NormalForm.TRIM)), "typed by hand", "*", "$.name"),
        Rule(Ids("product"), "made by each side", "*", "$.id"),
        Rule(Ids("product", r"/p/(\d+)/"), "made by each side", "*", "", "Location"),
    )
    lines = EVERY_KIND.splitlines()
    assert [lines[(rule.line or 0) - 1].replace(" ", "")[:8] for rule in rules] == ["[[rule]]"] * 12


def test_an_empty_file_has_no_rules() -> None:
    assert parse_rules("# nothing yet\n", "rules.toml").rules == ()


def test_everything_wrong_is_said_at_once_with_line_and_key() -> None:
    text = """\
version = 1

[[rule]]
path = "results"
tolerence = 0.01
tolerance = -1
why = ""

[[rule]]
path = "$.a"
header = "Vary"
ignore = true
list = "set"
why = "both"

[[rule]]
why = "nothing"

[[rule]]
path = "$.a["
[rule.tolerance]
around = 1
"""
    assert problems(text) == [
        (None, "version", "is not known here"),
        (4, "rule[0].path", "'results' does not start with $"),
        (5, "rule[0].tolerence", "is not known"),
        (6, "rule[0].tolerance", "cannot be -1"),
        (7, "rule[0].why", "cannot be ''"),
        (9, "rule[1]", "needs a place: either path or header"),
        (9, "rule[1]", "has ignore and list"),
        (16, "rule[2]", "needs a place: either path or header"),
        (16, "rule[2]", "does nothing"),
        (19, "rule[3].why", "is missing"),
        (20, "rule[3].path", "'$.a[' makes no sense from '[' on"),
        (21, "rule[3].tolerance", "cannot be {'around': 1}"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "ignore = false",
        'ignore = "yes"',
        "url_host = 1",
        "tolerance = true",
        'tolerance = "1"',
        "tolerance = nan",
        "tolerance = inf",
        "tolerance = {}",
        "tolerance = {absolute = -1}",
        "time = -0.5",
        "time = 1e400",
        'time = "2s"',
        'class = "number"',
        "class = 1",
        'list = "bag"',
        'list = "key:"',
        "list = true",
        'normal = "upper"',
        "normal = []",
        'normal = ["trim", "trim"]',
        "normal = true",
        'severity = "fatal"',
        "severity = 1",
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_its_line(line: str) -> None:
    ((number, key, wrong),) = problems(f'[[rule]]\npath = "$"\n{line}\nwhy = "x"')
    assert (number, key) == (3, f"rule[0].{line.split()[0]}")
    assert wrong.startswith("cannot be ")
    assert "Decimal" not in wrong


@pytest.mark.parametrize("key", ["route", "path", "header", "why"])
@pytest.mark.parametrize("value", ["1", "[]", '" "', "true"])
def test_a_text_that_is_none_is_refused(key: str, value: str) -> None:
    others = {"path": '"$"', "why": '"x"'} if key != "header" else {"why": '"x"'}
    text = "\n".join(f"{name} = {each}" for name, each in {**others, key: value}.items())
    assert f"rule[0].{key}" in [each for _, each, _ in problems(f"[[rule]]\nignore = true\n{text}")]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "$.",
        "$..",
        "$.a.",
        "$[a]",
        "$[-1]",
        "$['a']",
        "a.b",
        "$.a b",
        '$["a]',
        "$.a..",
        "$..[0]",
        "$[1",
        "$$",
        '$["\\q"]',
    ],
)
def test_a_path_that_is_none_is_refused(path: str) -> None:
    found = problems(f"[[rule]]\npath = {json.dumps(path)}\nignore = true\nwhy = 'x'")
    assert "rule[0].path" in [key for _, key, _ in found]


def test_lists_are_no_affair_of_headers() -> None:
    assert problems('[[rule]]\nheader = "Vary"\nlist = "set"\nwhy = "x"') == [(3, "rule[0].list", "is not for headers")]


def test_what_is_not_toml_is_said_with_its_line() -> None:
    ((line, _, wrong),) = problems('[[rule]]\npath = "$\n')
    assert (line, wrong) == (2, "is not TOML: Illegal character '\\n'")


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("[" * 3000 + "]" * 3000, "is nested too deeply"),
        ("9" * 5000, "has a number with too many digits"),
        ("1e99999999999999999999", "has a number with too many digits"),
    ],
)
def test_what_no_reader_can_hold_is_said_and_raises_nothing_else(value: str, wrong: str) -> None:
    assert problems(f'[[rule]]\npath = "$"\ntolerance = {value}\nwhy = "x"') == [(None, "", wrong)]


@pytest.mark.parametrize("text", ["rule = 1", "[rule]\npath = '$'", "rule = [1]"])
def test_rules_that_are_no_tables_are_refused(text: str) -> None:
    assert [key for _, key, _ in problems(text)] == ["rule"]


def test_rules_written_inline_are_read_though_without_lines() -> None:
    assert parse_rules('rule = [{path = "$", ignore = true, why = "x"}]', "f").rules[0].line is None
    assert problems('rule = [{path = "$", ignore = true}]') == [(None, "rule[0].why", "is missing")]


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_rules(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_rules(tmp_path / "latin.toml")


def test_the_revision_follows_what_rules_do_and_not_how_they_are_written() -> None:
    one = parse_rules('[[rule]]\npath = "$.a"\nignore = true\nwhy = "x"', "f")
    same = parse_rules('# new\n\n[[rule]]\nwhy = "y"\nignore = true\npath = "$.a"', "g")
    other = parse_rules('[[rule]]\npath = "$.b"\nignore = true\nwhy = "x"', "f")
    assert one.revision == same.revision != other.revision
    assert len(one.revision) == 12


def test_a_fingerprint_stays_when_rules_change_their_order_and_reasons() -> None:
    one = parse_rules(EVERY_KIND, "f").rules
    tables = EVERY_KIND.split("\n\n")
    other = parse_rules("\n\n".join(reversed(tables)).replace("made by each side", "x"), "f").rules
    assert [rule.fingerprint for rule in one] == [rule.fingerprint for rule in reversed(other)]
    assert len({rule.fingerprint for rule in one}) == len(one)


REDACTIONS = r"""
[[redact]]
path = "$..email"
why = "personal"

[[redact]]
header = "X-Customer-*"
why = "personal"

[[redact]]
query = "token"
why = "secret"

[[redact]]
form = "card_*"
why = "secret"

[[redact]]
pattern = '\d{13,16}'
why = "secret"
"""


def test_redactions_are_read_and_change_no_revision() -> None:
    found = parse_rules(REDACTIONS + EVERY_KIND, "f")
    assert found.redactions == (
        Redaction(RedactionKind.PATH, "$..email", "personal"),
        Redaction(RedactionKind.HEADER, "X-Customer-*", "personal"),
        Redaction(RedactionKind.QUERY, "token", "secret"),
        Redaction(RedactionKind.FORM, "card_*", "secret"),
        Redaction(RedactionKind.PATTERN, r"\d{13,16}", "secret"),
    )
    assert [each.line for each in found.redactions] == [2, 6, 10, 14, 18]
    assert found.revision == parse_rules(EVERY_KIND, "f").revision


@pytest.mark.parametrize(
    ("table", "line", "key", "said"),
    [
        ("why = 'x'", 1, "redact[0]", "says no place"),
        ("why = 'x'\npath = '$'\nform = 'a'", 1, "redact[0]", "has path and form"),
        ("path = '$.a'", 1, "redact[0].why", "is missing"),
        ("why = 'x'\npath = 'a'", 3, "redact[0].path", "does not start with $"),
        ("why = 'x'\nheader = 1", 3, "redact[0].header", "cannot be 1"),
        ("why = 'x'\nform = ''", 3, "redact[0].form", "cannot be ''"),
        ("why = 'x'\npattern = '('", 3, "redact[0].pattern", "is not a regular expression"),
        ("why = 'x'\npattern = '(a+)+'", 3, "redact[0].pattern", "repeats a group"),
        ("why = 'x'\npattern = 'a*'", 3, "redact[0].pattern", "matches nothing at all"),
        ("why = 'x'\nquery = 'a'\nroute = 'b'", 4, "redact[0].route", "is not known"),
    ],
)
def test_a_redaction_that_makes_no_sense_is_refused_with_its_line(table: str, line: int, key: str, said: str) -> None:
    ((number, name, wrong),) = problems(f"[[redact]]\n{table}")
    assert (number, name) == (line, key)
    assert said in wrong


def test_a_rule_says_in_short_where_it_holds_and_what_it_does() -> None:
    rules = parse_rules(EVERY_KIND, "f").rules
    assert str(rules[4]) == '* $.tags: list = "set"'
    assert str(rules[7]) == "* header X-Powered-*: ignore = true"


KEYS = st.sampled_from(["path", "why", "tolerance", "a-b", "x_1"])
VALUES = st.sampled_from(
    ['"text"', "1", "[1,\n 2]", '"""a\n[[rule]]\nwhy = 1\n"""', "'''\n\n'''", '"# no"', "'[[rule]]'"]
)
TABLES = st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=5)
GAPS = st.sampled_from(["", "\n", "# [[rule]]\n", "\n# why = 1\n\n"])


@given(TABLES, st.lists(GAPS, min_size=5, max_size=5))
def test_the_lines_of_tables_and_keys_are_found(tables: list[dict[str, str]], gaps: list[str]) -> None:
    text = ""
    expected: list[tuple[int, dict[str, int]]] = []
    for table, gap in zip(tables, gaps, strict=False):
        text += gap
        here: dict[str, int] = {}
        expected.append((text.count("\n") + 1, here))
        text += "[[rule]]\n"
        for key, value in table.items():
            here[key] = text.count("\n") + 1
            text += f"{key} = {value}\n"
    assert [(table.line, table.keys) for table in table_lines(text, "rule")] == expected


def test_a_rule_as_text_has_its_action_as_a_file_has_it() -> None:
    for rule in parse_rules(EVERY_KIND, "r.toml").rules:
        place, _, action = str(rule).partition(": ")
        assert place == f"{rule.route} {rule.path or f'header {rule.header}'}"
        where = f"path = {json.dumps(rule.path)}" if rule.path else f"header = {json.dumps(rule.header)}"
        (again,) = parse_rules(f'[[rule]]\n{where}\n{action}\nwhy = "x"\n', "again.toml").rules
        assert again.action == rule.action, action
