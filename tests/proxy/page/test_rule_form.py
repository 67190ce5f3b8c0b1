"""The form that a rule is made by."""

from __future__ import annotations

import pytest
from strangler_proxy.page.rule_form import CHOICES, RuleForm, first_form

from strangler.compare import Difference, DifferenceKind, Grade, ListOrder, SameClass, Severity, ValueClass
from strangler.compare.action_forms import ACTIONS


def form(do: str, **fields: str) -> RuleForm:
    return RuleForm.of({"field": "$.lines[*].n", "do": do, **fields})


def test_everything_that_a_rule_can_do_is_offered() -> None:
    assert {each.key.partition("_")[0] if each.key.startswith("list_") else each.key for each in CHOICES} == set(
        ACTIONS
    )


def test_a_form_says_what_the_rule_does_and_where() -> None:
    assert form("class", value_class="uuid").action == SameClass(ValueClass.UUID)
    assert form("severity").action == Grade(Severity.WARNING)
    lists = form("list_key", value_list_key=" sku ", place="$.lines")
    assert (lists.action, lists.where) == (ListOrder("key", "sku"), "$.lines")
    assert form("ignore", place="$.lines").where == "$.lines[*].n"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"do": ""}, "Say what the rule is to do"),
        ({"do": "<script>"}, "Say what the rule is to do"),
        ({"do": "tolerance", "value_tolerance": "much"}, "tolerance cannot be 'much'"),
        ({"do": "list_set", "place": "$.other"}, "Say which list"),
        ({"do": "list_key", "value_list_key": " ", "place": "$.lines"}, "list cannot be 'key:'"),
    ],
)
def test_a_form_that_makes_no_sense_says_what_would(fields: dict[str, str], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        _ = form(**fields).action


def test_it_begins_with_the_narrowest_rule_that_excuses_what_was_seen() -> None:
    seen = Difference("$.lines[0].n", DifferenceKind.VALUE, "19.90", "19.85", field="$.lines[*].n")
    begun = first_form(seen.field, seen, "p1")
    assert (begun.key, begun.values, begun.place, begun.pair) == ("tolerance", {"tolerance": "0.05"}, "$.lines", "p1")
    assert first_form("$.a", None, "").key == ""
