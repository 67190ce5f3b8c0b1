"""JSON bodies: what is equal, what differs, and where."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Limits, Rules, Verdict, compare_answers, parse_rules
from strangler.compare.paths import key_step
from tests.strangler.compare.documents import DOCUMENTS, Spoiled, answer, compared, compared_documents, spoiled
from tests.work import calls


def kinds(old: Any, new: Any, rules: Rules | None = None) -> list[tuple[str, str]]:
    return [(each.path, each.kind.value) for each in compared(old, new, rules or Rules()).differences]


def rules(*tables: str) -> Rules:
    return parse_rules("\n".join(f"[[rule]]\n{table}\nwhy = 'a test'" for table in tables), "rules.toml")


SET = rules('path = "$..list"\nlist = "set"')


@given(DOCUMENTS)
def test_a_document_agrees_with_itself(document: Any) -> None:
    found = compared_documents(document, document)
    assert (found.verdict, found.differences, found.cause) == (Verdict.AGREE, (), "")


@given(st.data())
def test_any_single_mutation_is_found_at_its_place(data: st.DataObject) -> None:
    document = data.draw(DOCUMENTS)
    change: Spoiled = data.draw(spoiled(document))
    found = compared_documents(document, change.document)
    assert found.verdict is Verdict.DIFFER
    (difference,) = found.differences
    steps = [step if isinstance(step, int) else key_step(step) for step in change.place]
    assert difference.field == "$" + "".join("[*]" if isinstance(step, int) else step for step in steps)
    if change.how == "remove last":
        # Among equal elements nobody can tell which one is gone.
        assert difference.kind == "missing"
    else:
        assert difference.path == "$" + "".join(f"[{step}]" if isinstance(step, int) else step for step in steps)


@given(DOCUMENTS, DOCUMENTS)
def test_the_verdict_is_the_same_from_both_sides(one: Any, other: Any) -> None:
    forth, back = compared_documents(one, other), compared_documents(other, one)
    assert forth.verdict is back.verdict
    assert sorted(each.path for each in forth.differences) == sorted(each.path for each in back.differences)


@given(st.lists(DOCUMENTS, max_size=8), st.randoms(use_true_random=False))
def test_under_the_set_rule_order_means_nothing(elements: list[Any], shuffler: random.Random) -> None:
    shuffled = list(elements)
    shuffler.shuffle(shuffled)
    assert compared({"list": elements}, {"list": shuffled}, SET).verdict is Verdict.AGREE


@given(st.lists(DOCUMENTS, max_size=6), st.lists(DOCUMENTS, max_size=6))
def test_under_the_set_rule_the_verdict_is_the_same_from_both_sides(one: list[Any], other: list[Any]) -> None:
    forth = compared({"list": one}, {"list": other}, SET)
    back = compared({"list": other}, {"list": one}, SET)
    assert forth.verdict is back.verdict


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("1", "1.0", "type"),
        ("1", "true", "type"),
        ("1", '"1"', "type"),
        ("0", "false", "type"),
        ("0", "null", "type"),
        ('""', "null", "type"),
        ("[]", "{}", "type"),
        ("[]", "null", "type"),
        ("{}", '""', "type"),
        ("1.0", "1.00", "notation"),
        ("1e2", "100.0", "notation"),
        ("1E2", "1e2", "notation"),
        ("0.0", "-0.0", "notation"),
        ("0", "-0", "notation"),
        ("1.0", "1.01", "value"),
        ("0.1", "0.10000000000000001", "value"),
        ("9007199254740993", "9007199254740992", "value"),
        ("1" + "0" * 6000, "1" + "0" * 5999 + "1", "value"),
        ("1e400", "1e401", "value"),
        ("1e99999999999999999999", "2e99999999999999999999", "value"),
        ("NaN", "Infinity", "value"),
        ("NaN", "null", "type"),
        ("NaN", '"NaN"', "type"),
        ('"é"', '"e\\u0301"', "value"),
        ('"\\ud800"', '"\\ud801"', "value"),
        ("true", "false", "value"),
    ],
)
def test_values_differ_by_type_first_then_by_notation_then_by_value(old: str, new: str, kind: str) -> None:
    assert kinds(old, new) == [("$", kind)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"a": 1, "b": 2}', '{"b":2,"a":1}'),
        ('"\\u00e9"', '"é"'),
        ("NaN", " NaN"),
        ("1" + "0" * 6000, " 1" + "0" * 6000),
        ('{"a":1,"a":2}', '{"a":1, "a":2}'),
    ],
)
def test_what_json_means_the_same_agrees(old: str, new: str) -> None:
    assert compared(old, new).verdict is Verdict.AGREE


def test_keys_that_stand_twice_are_seen() -> None:
    assert kinds('{"a":1,"a":2}', '{"a":2}') == [("$.a", "duplicate")]
    assert kinds('{"a":1,"a":2}', '{"a":2,"a":1}') == [("$.a", "value"), ("$.a", "value")]
    assert kinds('{"a":1,"a":2}', '{"b":1}') == [("$.a", "missing"), ("$.b", "extra")]
    assert kinds('{"a":1}', '{"b":1,"b":2}') == [("$.a", "missing"), ("$.b", "extra")]


def test_one_element_more_or_less_does_not_make_the_rest_differ() -> None:
    old = [{"id": number} for number in range(50)]
    assert kinds(old, old[1:]) == [("$[0]", "missing")]
    assert kinds(old, old[:20] + old[21:]) == [("$[20]", "missing")]
    assert kinds(old, [*old[:20], {"id": 99}, *old[20:]]) == [("$[20]", "extra")]
    assert kinds(old, []) == [(f"$[{number}]", "missing") for number in range(50)]


def test_paths_are_spelled_so_that_rules_can_use_them() -> None:
    old = {"results": [{"a b": {"1": 1}, 'say "hi"': {"é": 1}}]}
    new = {"results": [{"a b": {"1": 2}, 'say "hi"': {"é": 2}}]}
    found = compared(old, new).differences
    assert [each.path for each in found] == [
        '$.results[0]["a b"]["1"]',
        '$.results[0]["say \\"hi\\""].é',
    ]
    assert [each.field for each in found] == [each.path.replace("[0]", "[*]") for each in found]
    for each in found:
        for path in (each.path, each.field):
            assert compared(old, new, rules(f"path = '{path}'\nignore = true")).differences != found


def test_differences_come_in_the_order_of_the_document() -> None:
    old = {"a": 1, "b": [1, {"c": 1}], "d": 1}
    new = {"d": 2, "b": [2, {"c": 2}], "a": 2}
    assert [path for path, _ in kinds(old, new)] == ["$.a", "$.b[0]", "$.b[1].c", "$.d"]


# Hostile input.


@pytest.mark.parametrize("nest", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [200, 900, 2_000, 200_000])
def test_what_is_nested_without_end_is_inconclusive(nest: str, depth: int) -> None:
    close = "]" if nest == "[" else "}"
    found = compared(nest * depth + "1" + close * depth, nest * depth + "2" + close * depth)
    assert (found.verdict, found.differences) == (Verdict.INCONCLUSIVE, ())
    assert (found.cause, "nested" in found.detail) == ("limits", True)


def test_a_difference_above_the_depth_is_still_a_difference() -> None:
    deep = "[" * 300 + "1" + "]" * 300
    found = compared(f'{{"a":1,"z":{deep}}}', f'{{"a":2,"z":{deep.replace("1", "2")}}}')
    assert (found.verdict, found.cause) == (Verdict.DIFFER, "")
    assert [each.path for each in found.differences] == ["$.a"]


def test_too_many_values_are_inconclusive() -> None:
    old, new = answer([1] * 1000), answer([1] * 999 + [2])
    found = compare_answers(old, new, limits=Limits(nodes=1500))
    assert (found.verdict, found.detail) == (Verdict.INCONCLUSIVE, "more than 1500 values to look at")


def test_sets_without_twins_are_not_aligned_without_end() -> None:
    old, new = [{"a": number} for number in range(3000)], [{"b": number} for number in range(3000)]
    found = compared({"list": old}, {"list": new}, SET)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "3000 and 3000" in found.detail


def test_differences_are_listed_up_to_a_limit() -> None:
    found = compared([1] * 5000, [2] * 5000)
    assert (found.verdict, len(found.differences), found.truncated) == (Verdict.DIFFER, 500, True)


def test_a_flood_of_warnings_does_not_hide_what_is_breaking() -> None:
    graded = rules('path = "$.w"\nseverity = "warning"')
    found = compared({"w": [1] * 5000, "z": 1}, {"w": [2] * 5000, "z": 2}, graded)
    assert (found.verdict, found.truncated) == (Verdict.DIFFER, True)
    assert [each.path for each in found.breaking] == ["$.z"]
    assert compared({"w": [1] * 5000}, {"w": [2] * 5000}, graded).verdict is Verdict.AGREE


def test_lists_of_unequal_length_within_one_another_cost_no_power_of_their_depth() -> None:
    def nested(*rest: int) -> Any:
        node: Any = list(rest)
        for _ in range(100):
            node = [node, *rest]
        return node

    # 2 to the power of 100 steps would outlast the time limit of every test.
    assert compared(nested(1), nested(1, 1)).verdict is not Verdict.AGREE


def test_the_work_grows_with_the_size_and_not_with_its_square() -> None:
    def work(size: int) -> int:
        old = [{"id": number, "name": f"product {number}", "price": "1.00"} for number in range(size)]
        new = [{**each} for each in old]
        new[-1]["price"] = "2.00"
        one, other = answer(old), answer(new)
        return calls(lambda: compare_answers(one, other))

    assert work(1_600) <= 16 * work(100)


def test_text_that_cannot_be_printed_is_shown_escaped() -> None:
    (difference,) = compared('"\\ud800"', '"x"').differences
    assert difference.old == '"\\ud800"'
    str(difference).encode("utf-8")


def test_long_values_are_cut_and_big_ones_are_told_by_their_size() -> None:
    found = compared({"a": "x" * 500, "b": [1] * 9}, {"a": "y", "c": {"d": 1}})
    assert [(each.path, each.old, each.new) for each in found.differences] == [
        ("$.b", "a list of 9", None),
        ("$.c", None, "an object of 1 keys"),
        ("$.a", '"' + "x" * 199 + "…", '"y"'),
    ]
