"""JSON bodies: what is equal, what differs, and where."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Limits, Rules, Severity, Verdict, compare_answers, parse_rules
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


# Rules.


def test_ignore_passes_over_a_place_and_all_below_even_its_absence() -> None:
    ignoring = rules('path = "$.a"\nignore = true')
    assert kinds({"a": {"b": [1]}, "c": 1}, {"a": 2, "c": 1}, ignoring) == []
    assert kinds({"c": 1}, {"a": 2, "c": 1}, ignoring) == []
    assert kinds({"a": 1, "c": 1}, {"c": 2}, ignoring) == [("$.c", "value")]


@pytest.mark.parametrize(
    ("old", "new", "within"),
    [
        ("1.00", "1.01", True),
        ("1.00", "1.02", False),
        ("1", "1.01", True),
        ("1", "1", True),
        ('"4.37"', '"4.38"', True),
        ('"4.37"', '"4.39"', False),
        ('"4.37"', "4.37", False),
        ('"free"', '"4.37"', False),
        ("NaN", "1.0", False),
        ("1e400", "1e400", True),
        ("1", "null", False),
        ("1", "true", False),
        ("0.1", "0.11", True),
    ],
)
def test_tolerance_is_decimal_and_keeps_types_apart(old: str, new: str, within: bool) -> None:
    found = compared(old, f" {new}", rules('path = "$"\ntolerance = 0.01'))
    assert (found.verdict is Verdict.AGREE) is within


def test_a_relative_tolerance_counts_from_the_greater_number() -> None:
    relative = rules('path = "$"\ntolerance = {relative = 0.01}')
    assert compared("100.0", "101.0", relative).verdict is Verdict.AGREE
    assert compared("100.0", "101.1", relative).verdict is Verdict.DIFFER
    assert compared("101.0", "100.0", relative).verdict is Verdict.AGREE


def test_a_tolerance_of_nought_allows_another_notation_only() -> None:
    nought = rules('path = "$"\ntolerance = 0')
    assert compared("1.0", "1.00", nought).verdict is Verdict.AGREE
    assert compared("1.0", "1.01", nought).verdict is Verdict.DIFFER


@pytest.mark.parametrize(
    ("old", "new", "within"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:02Z", True),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:02.001Z", False),
        ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", True),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00", False),
        ("Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:01 GMT", True),
        ("2026-01-01T00:00:00Z", "soon", False),
    ],
)
def test_time_tolerance_compares_instants(old: str, new: str, within: bool) -> None:
    found = compared({"at": old}, {"at": new}, rules('path = "$.at"\ntime = 2'))
    assert (found.verdict is Verdict.AGREE) is within


def test_time_tolerance_counts_seconds_in_numbers() -> None:
    assert compared("1767225600", "1767225602", rules('path = "$"\ntime = 2')).verdict is Verdict.AGREE
    assert compared("1767225600.5", "1767225603", rules('path = "$"\ntime = 2')).verdict is Verdict.DIFFER


UUID_1, UUID_2 = "c1b2a3d4-e5f6-0718-293a-4b5c6d7e8f90", "d1b2a3d4-e5f6-0718-293a-4b5c6d7e8f91"


@pytest.mark.parametrize(
    ("name", "old", "new", "verdict", "kind"),
    [
        ("uuid", UUID_1, UUID_2, "agree", ""),
        ("uuid", UUID_1, "42", "differ", "class"),
        ("uuid", UUID_1, 42, "differ", "type"),
        ("uuid", UUID_1, None, "differ", "type"),
        ("timestamp", "2026-01-01T00:00:00Z", "2025-06-01 10:00:00+02:00", "agree", ""),
        ("timestamp", "2026-01-01T00:00:00Z", "yesterday", "differ", "class"),
        ("url", "http://a/x", "https://b/y?z", "agree", ""),
        ("url", "http://a/x", "/x", "differ", "class"),
        ("url", "http://a/x", "http://[::1", "differ", "class"),
        ("timestamp", "2026-01-01T00:00:00Z", "the first of January", "differ", "class"),
        ("token", "abcdefgh12", "ZYXWVUTSRQ==", "agree", ""),
        ("token", "abcdefgh12", "", "differ", "class"),
        ("token", "abcdefgh12", "two words here", "differ", "class"),
    ],
)
def test_values_of_one_class_agree(name: str, old: Any, new: Any, verdict: str, kind: str) -> None:
    found = compared({"v": old}, {"v": new}, rules(f'path = "$.v"\nclass = "{name}"'))
    assert found.verdict == verdict
    assert [each.kind for each in found.differences] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("old", "new", "agree"),
    [
        ("http://shop:8000/a?b=1#c", "https://service/a?b=1#c", True),
        ("http://shop/a", "http://service/b", False),
        ("http://shop/a?page=2", "http://service/a?page=3", False),
        ("http://shop/a", "/a", False),
        ("/a", "/b", False),
    ],
)
def test_url_host_forgives_scheme_host_and_port_only(old: str, new: str, agree: bool) -> None:
    found = compared({"next": old}, {"next": new}, rules('path = "$.next"\nurl_host = true'))
    assert (found.verdict is Verdict.AGREE) is agree


def test_a_list_by_key_pairs_elements_whatever_their_order() -> None:
    keyed = rules('path = "$.items"\nlist = "key:id"')
    old = {"items": [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}, {"id": 3, "v": "c"}]}
    new = {"items": [{"id": 3, "v": "c"}, {"id": 1, "v": "x"}, {"id": "2", "v": "b"}]}
    assert kinds(old, new, keyed) == [
        ("$.items[id=2]", "missing"),
        ('$.items[id="2"]', "extra"),
        ("$.items[id=1].v", "value"),
    ]
    assert {each.field for each in compared(old, new, keyed).differences} == {"$.items[*]", "$.items[*].v"}


def test_elements_with_the_same_key_or_without_one_are_paired_in_order() -> None:
    keyed = rules('path = "$"\nlist = "key:id"')
    assert kinds([{"id": 1, "v": 1}, {"id": 1, "v": 2}], [{"id": 1, "v": 1}, {"id": 1, "v": 3}], keyed) == [
        ("$[id=1].v", "value")
    ]
    assert kinds([{"v": 1}, 5], [{"v": 1}], keyed) == [("$[id?]", "missing")]


def test_the_set_rule_counts_how_often_an_element_stands_there() -> None:
    assert kinds({"list": [1, 1, 2]}, {"list": [2, 1, 1]}, SET) == []
    assert kinds({"list": [1, 1, 2]}, {"list": [2, 2, 1]}, SET) == [("$.list[*]", "value")]
    assert kinds({"list": [1]}, {"list": [1, 1]}, SET) == [("$.list[*]", "extra")]
    assert kinds({"list": [1, "1"]}, {"list": ["1", 1.0]}, SET) == [("$.list[*]", "type")]


def test_other_rules_hold_within_the_elements_of_a_set() -> None:
    both = rules('path = "$"\nlist = "set"', 'path = "$[*].at"\nignore = true', 'path = "$[*].p"\ntolerance = 0.01')
    old = [{"id": 1, "at": 1, "p": 1.0}, {"id": 2, "at": 2, "p": 2.0}]
    new = [{"id": 2, "at": 9, "p": 2.01}, {"id": 1, "p": 1.01}]
    assert kinds(old, new, both) == []


def test_a_set_under_tolerance_finds_the_pairing_that_works() -> None:
    both = rules('path = "$"\nlist = "set"', 'path = "$[*]"\ntolerance = 1')
    assert kinds([1.5, 2.4], [2.2, 0.6], both) == []
    assert kinds([1.0, 2.0, 3.0], [3.9, 1.9, 2.9], both) == []


def test_severity_holds_at_a_place_and_below() -> None:
    graded = rules('path = "$.meta"\nseverity = "warning"', 'path = "$.meta.count"\nseverity = "breaking"')
    found = compared({"meta": {"took": 1, "count": 1}}, {"meta": {"took": 2, "count": 1}}, graded)
    assert (found.verdict, [each.severity for each in found.differences]) == (Verdict.AGREE, [Severity.WARNING])
    assert found.warnings == found.differences
    assert compared({"meta": {"count": 1}}, {"meta": {"count": 2}}, graded).verdict is Verdict.DIFFER
    assert compared({"meta": {"took": 1}}, {"meta": {}}, graded).verdict is Verdict.AGREE


def test_of_two_rules_of_a_kind_the_later_one_holds() -> None:
    assert kinds([1, 2], [2, 1], rules('path = "$"\nlist = "set"', 'path = "$"\nlist = "sequence"')) != []
    assert kinds([1, 2], [2, 1], rules('path = "$"\nlist = "sequence"', 'path = "$"\nlist = "set"')) == []


def test_rules_hold_for_the_routes_that_their_glob_names() -> None:
    some = rules('route = "catalog.*"\npath = "$.a"\nignore = true')
    old, new = answer({"a": 1}), answer({"a": 2})
    assert compare_answers(old, new, some, route="catalog.list").verdict is Verdict.AGREE
    assert compare_answers(old, new, some, route="orders.list").verdict is Verdict.DIFFER
    assert compare_answers(old, new, some).verdict is Verdict.DIFFER


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("$..at", {"a": [{"b": {"at": 1}}], "at": 1}, {"a": [{"b": {"at": 2}}], "at": 2}),
        ("$.*", {"a": 1, "b": 1}, {"a": 2, "b": 2}),
        ("$[1]", [1, 2], [1, 3]),
        ("$[*][0]", [[1], [2]], [[3], [4]]),
        ('$["a b"].c', {"a b": {"c": 1}}, {"a b": {"c": 2}}),
        ("$.by.*.n", {"by": {"x": {"n": 1}}}, {"by": {"x": {"n": 2}}}),
        ("$..a..b", {"a": {"x": [{"b": 1}]}}, {"a": {"x": [{"b": 2}]}}),
        ("$..*", {"a": {"x": [{"b": 1}]}}, {"a": {"x": [{"b": 2}]}}),
        ("$", 1, 2),
    ],
)
def test_a_path_finds_its_places(path: str, old: Any, new: Any) -> None:
    found = compared(old, new, rules(f"path = '{path}'\nignore = true"))
    assert (found.verdict, found.matched) == (Verdict.AGREE, frozenset({0}))


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("$.at", {"a": {"at": 1}}, {"a": {"at": 2}}),
        ("$.*", [1], [2]),
        ("$[*]", {"a": 1}, {"a": 2}),
        ("$[0]", [1, 2], [1, 3]),
        ("$[0]", {"0": 1}, {"0": 2}),
        ("$.a.b", {"a": 1}, {"a": 2}),
    ],
)
def test_a_path_finds_nothing_else(path: str, old: Any, new: Any) -> None:
    assert compared(old, new, rules(f"path = '{path}'\nignore = true")).verdict is Verdict.DIFFER


def test_a_rule_that_never_matched_is_reported() -> None:
    three = rules('path = "$.a"\nignore = true', 'path = "$.prise"\ntolerance = 1', 'header = "X-Gone"\nignore = true')
    comparisons = [compared({"a": 1, "price": number}, {"a": 2, "price": number}, three) for number in range(3)]
    assert [rule.path or rule.header for rule in three.unused(comparisons)] == ["$.prise", "X-Gone"]
    assert three.unused([]) == three.rules


def test_rules_that_matched_are_known_across_processes_by_their_fingerprints() -> None:
    some = rules('path = "$.a"\nignore = true', 'path = "$.prise"\ntolerance = 1')
    used = some.fingerprints(compared({"a": 1}, {"a": 2}, some))
    other = Rules(some.rules[::-1])
    assert [rule.path for rule in other.unmatched(used)] == ["$.prise"]
    assert used == {some.rules[0].fingerprint}


@pytest.mark.parametrize("path", ["$.a.b", "$..b", "$.a.*", "$.l[0]", "$.l[1].c", "$.l[*].c", "$..*"])
def test_a_rule_has_matched_whether_its_place_is_equal_or_lies_beside_what_differs(path: str) -> None:
    one = rules(f'path = "{path}"\nseverity = "warning"')
    old = {"a": {"b": 1}, "l": [{"c": 1}, {"c": 1}], "z": 1}
    assert compared(old, old, one).matched == {0}
    assert compared(old, {**old, "z": 2}, one).matched == {0}
    assert compared(old, {**old, "l": [{"c": 1}, {"c": 2}, 3]}, one).matched == {0}
    assert compared({"z": 1}, {"z": 1}, rules(f'path = "{path}.q"\nignore = true')).matched == frozenset()


@pytest.mark.parametrize(
    ("form", "old", "new", "agree"),
    [
        ("casefold", "STRASSE", "straße", True),
        ("casefold", "a", "b", False),
        ("space", "a  b\n", "a b\t", True),
        ("space", "a b", "ab", False),
        ("space", " a", "a", False),
        ("trim", " a\n", "a", True),
        ("trim", "a  b", "a b", False),
        ("unicode", "e\u0301", "é", True),
        ("unicode", "e", "é", False),
        (["space", "trim", "casefold"], " A  B", "a b ", True),
        ("trim", "1", 1, False),
        (["unicode", "casefold"], "\u0345\u0313", "\u0313\u0345", True),
    ],
)
def test_texts_in_one_normal_form_agree(form: Any, old: Any, new: Any, agree: bool) -> None:
    found = compared({"t": old}, {"t": new}, rules(f'path = "$.t"\nnormal = {form!r}'))
    assert (found.verdict is Verdict.AGREE) is agree


EVERY_ACTION = [
    "ignore = true",
    "tolerance = 0.01",
    "tolerance = {relative = 0.1}",
    "time = 5",
    *(f'class = "{name}"' for name in ("uuid", "timestamp", "url", "token")),
    *(f'list = "{how}"' for how in ("set", "sequence", "key:id")),
    "url_host = true",
    'normal = ["casefold", "space", "trim", "unicode"]',
    'ids = "one"',
    """ids = {space = "one", within = '(\\d+)'}""",
    'severity = "warning"',
]
ODD_STRINGS = st.sampled_from(
    [
        "2026-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "Thu, 01 Jan 2026 00:00:00 +9999999999",
        "Thu, 99 Jan 99999 99:99:99 GMT",
        "http://[::1",
        "http://a:b/c",
        "https://example.com:99999/x",
        "1e999999999999999999",
        "-0",
        "NaN",
        "Infinity",
        "\x00",
    ]
)
ODD = st.recursive(
    ODD_STRINGS | st.floats() | st.integers() | st.text(max_size=20) | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "a"]), inner),
    max_leaves=8,
)


@given(ODD, ODD, st.lists(st.tuples(st.sampled_from(["$", "$..*", "$[*]", "$.a"]), st.sampled_from(EVERY_ACTION))))
def test_no_rule_makes_a_comparison_fail_or_lopsided(old: Any, new: Any, chosen: list[tuple[str, str]]) -> None:
    some = rules(*(f"path = '{path}'\n{action}" for path, action in chosen))
    forth, back = compared_documents(old, new, some), compared_documents(new, old, some)
    assert forth.verdict is back.verdict
    assert compared_documents(old, old, some).verdict is Verdict.AGREE


@pytest.mark.parametrize("exponent", ["400", "9999999", "999999999999999999"])
def test_numbers_beyond_all_measure_can_be_told_apart(exponent: str) -> None:
    within = rules('path = "$"\ntolerance = {absolute = 1, relative = 0.1}')
    assert compared(f"1e{exponent}", f"1.05e{exponent}", within).verdict is Verdict.AGREE
    assert compared(f"1e{exponent}", f"2e{exponent}", within).verdict is Verdict.DIFFER
    assert compared(f"-9e{exponent}", f"9e{exponent}", within).verdict is Verdict.DIFFER


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
