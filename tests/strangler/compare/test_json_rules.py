"""Rules for JSON bodies: what each excuses, where its path finds its places, and whether it was met."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Rules, Severity, Verdict, compare_answers, parse_rules
from tests.strangler.compare.documents import answer, compared, compared_documents


def kinds(old: Any, new: Any, rules: Rules | None = None) -> list[tuple[str, str]]:
    return [(each.path, each.kind.value) for each in compared(old, new, rules or Rules()).differences]


def rules(*tables: str) -> Rules:
    return parse_rules("\n".join(f"[[rule]]\n{table}\nwhy = 'a test'" for table in tables), "rules.toml")


SET = rules('path = "$..list"\nlist = "set"')


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
        ("Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 1 Jan 2026 00:00:00 +9999999999999", False),
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
        ("timestamp", "2026-01-01T00:00:00Z", "1 Jan 99999999999 00:00:00 +0000", "differ", "class"),
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


def test_states_that_are_made_anew_lead_to_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strangler.compare.paths._MOST_STATES", 2)
    some = rules(*(f'path = "$..{key}.b"\nignore = true' for key in "acd"))
    old = {"a": {"b": 1, "c": {"a": {"b": 1}}}, "d": [{"b": 1}, {"d": {"b": 1}}], "b": 1}
    new = {"a": {"b": 2, "c": {"a": {"b": 2}}}, "d": [{"b": 2}, {"d": {"b": 2}}], "b": 2}
    assert kinds(old, new, some) == [("$.d[0].b", "value"), ("$.b", "value")]


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
