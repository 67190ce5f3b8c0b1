"""Writing rules: what is written parses to the rule that was meant, and what stood in the file stays."""

from __future__ import annotations

from decimal import Decimal

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
    Rule,
    SameClass,
    Severity,
    TimeTolerance,
    Tolerance,
    UrlHost,
    ValueClass,
    parse_rules,
)
from strangler.compare.actions import Action
from strangler.compare.paths import key_step
from strangler.compare.rule_text import rule_text, with_rule
from strangler.errors import ConfigError

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(str.strip)
NUMBERS = st.decimals(0, Decimal("1e30"), allow_nan=False, allow_infinity=False)
FORMS = st.lists(st.sampled_from(NormalForm), min_size=1, unique=True)
ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.sampled_from([Ignore(), UrlHost(), ListOrder("set"), ListOrder("sequence")]),
    st.sampled_from(Severity).map(Grade),
    st.sampled_from(ValueClass).map(SameClass),
    TEXTS.map(lambda key: ListOrder("key", key)),
    st.builds(Tolerance, NUMBERS, NUMBERS),
    st.floats(0, 1e9).map(TimeTolerance),
    FORMS.map(lambda forms: Normal(tuple(form for form in NormalForm if form in forms))),
    st.builds(Ids, st.just("product"), st.sampled_from(["", r"/p/(\d+)/", r"a'(\d+)\"", "/(\\w+)\t"])),
)
STEPS = st.one_of(TEXTS.map(key_step), st.sampled_from(["[*]", "[3]", ".*", "..name"]))
PATHS = st.lists(STEPS, max_size=5).map(lambda steps: "$" + "".join(steps))
FILES = st.sampled_from(
    [
        "",
        "# nothing yet",
        '# Ours.\n\n[[rule]] # one\npath = "$.a"\nignore = true\nwhy = """\ntwo\nlines"""\n',
        '[[redact]]\nquery = "token"\nwhy = "Secret."\n\n[ids.product]\npairs = {"1" = "a"}',
        '[[rule]]\r\npath = "$.a"\r\nlist = "set"\r\nwhy = "x"\r\n',
    ]
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    action, route = draw(ACTIONS), draw(st.sampled_from(["*", "catalog.*", "catalog.product-list"]))
    if isinstance(action, ListOrder) or draw(st.booleans()):
        return Rule(action, draw(TEXTS), route, path=draw(PATHS))
    return Rule(action, draw(TEXTS), route, header=draw(TEXTS))


@given(FILES, rules())
def test_what_is_written_is_the_rule_that_was_meant_and_all_else_stays(text: str, rule: Rule) -> None:
    made = with_rule(text, rule)
    before, after = parse_rules(text, "r.toml"), parse_rules(made, "r.toml")
    assert made.startswith(text)
    assert after.rules == (*before.rules, rule)
    assert (after.tables, after.redactions) == (before.tables, before.redactions)


def test_a_rule_is_written_as_people_write_one() -> None:
    rule = Rule(Tolerance(Decimal("0.01")), "Half up.", "catalog.*", '$.results[*]["a b"]')
    assert rule_text(rule) == (
        '[[rule]]\nroute = "catalog.*"\npath = \'$.results[*]["a b"]\'\ntolerance = 0.01\nwhy = "Half up."\n'
    )


def test_a_file_keeps_the_line_ends_that_it_has() -> None:
    made = with_rule("# Ours.\r\n", Rule(Ignore(), "x", path="$"))
    assert made == '# Ours.\r\n\r\n[[rule]]\r\npath = "$"\r\nignore = true\r\nwhy = "x"\r\n'


def test_half_a_character_is_refused_and_not_written() -> None:
    with pytest.raises(ValueError, match="half a character"):
        rule_text(Rule(Ignore(), "\ud800", path="$"))


def test_a_rule_that_makes_no_sense_is_refused_and_not_written() -> None:
    with pytest.raises(ConfigError, match=r"rule\[0\]\.path: .*makes no sense"):
        with_rule("", Rule(Ignore(), "x", path="$.a["))
