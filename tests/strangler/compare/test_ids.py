"""Ids that differ between the sides, and which belongs to which."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import (
    Answer,
    Comparison,
    Id,
    IdMap,
    IdPair,
    IdTable,
    Meeting,
    MemoryIdMap,
    Rules,
    Verdict,
    compare_answers,
    load_rules,
    parse_rules,
)
from strangler.errors import ConfigError
from tests.strangler.compare.documents import answer

RULES = """
[[rule]]
path = "$..id"
ids = "product"
why = "The service counts anew."

[[rule]]
path = "$..url"
ids = {space = "product", within = '/products/(\\d+)/'}
why = "The same ids."

[[rule]]
header = "Location"
ids = {space = "product", within = '/products/(\\d+)/'}
why = "The same ids."
"""


def rules(more: str = "") -> Rules:
    return parse_rules(RULES + more, "rules.toml")


def compared(old: Any, new: Any, ids: IdMap | None = None, more: str = "") -> Comparison:
    return compare_answers(answer(old), answer(new, indent=1), rules(more), ids=ids)


def seen(found: Comparison) -> list[str]:
    return [f"{each.path} {each.kind}" for each in found.differences]


def pair(old: str | bytes, new: str | bytes) -> IdPair:
    one, other = Id.of(old), Id.of(new)
    assert one is not None
    assert other is not None
    return IdPair("product", one, other)


def test_the_first_sight_of_two_ids_agrees_and_is_counted() -> None:
    found = compared({"id": 1}, {"id": 7})
    assert (found.verdict, found.learned) == (Verdict.AGREE, 1)
    assert compared({"id": 1, "ref": {"id": 1}}, {"id": 7, "ref": {"id": 7}}).learned == 1


def test_within_one_comparison_ids_must_not_contradict_one_another() -> None:
    assert seen(compared({"id": 1, "ref": {"id": 1}}, {"id": 7, "ref": {"id": 8}})) == ["$.ref.id id"]
    assert seen(compared([{"id": 1}, {"id": 2}], [{"id": 7}, {"id": 7}])) == ["$[1].id id"]


def test_what_one_comparison_learned_contradicts_the_next() -> None:
    ids = MemoryIdMap()
    assert compared({"id": 1}, {"id": 7}, ids).learned == 1
    again = compared({"id": 1}, {"id": 7}, ids)
    assert (again.verdict, again.learned) == (Verdict.AGREE, 0)
    assert seen(compared({"id": 1}, {"id": 8}, ids)) == ["$.id id"]
    assert seen(compared({"id": 2}, {"id": 7}, ids)) == ["$.id id"]
    # Equal ids contradict too, where each belongs to another one.
    assert seen(compared({"id": 1}, {"id": 1}, ids)) == ["$.id id"]
    assert seen(compared({"id": 1, "n": 1}, {"id": 1, "n": 2}, ids)) == ["$.id id", "$.n value"]


def test_nothing_is_learned_of_answers_that_differ() -> None:
    ids = MemoryIdMap()
    assert compared({"id": 1, "n": 1}, {"id": 8, "n": 2}, ids).learned == 0
    assert compared({"id": 1, "n": 1}, {"id": 7, "n": 1}, ids).verdict is Verdict.AGREE


def test_without_a_map_each_comparison_stands_alone_and_the_rules_learn_nothing() -> None:
    some = rules('[ids.product]\npairs = {"1" = "7"}')
    for new in (8, 9):
        found = compare_answers(answer({"id": 2}), answer({"id": new}), some)
        assert (found.verdict, found.learned) == (Verdict.AGREE, 1)
    assert seen(compare_answers(answer({"id": 1}), answer({"id": 9}), some)) == ["$.id id"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"id": 2}, {"id": "8"}, ["$.id class"]),
        ({"id": 2}, {"id": "chair"}, ["$.id class"]),
        ({"id": 2}, {"id": 8.0}, ["$.id class"]),
        ({"id": 2}, {"id": None}, ["$.id type"]),
        ({"id": 2}, {"id": {"a": 1}}, ["$.id type"]),
        ({"id": None}, {"id": None}, []),
        ({"id": 2}, {}, ["$.id missing"]),
        ({"id": ""}, {"id": "x"}, ["$.id value"]),
    ],
)
def test_an_id_of_another_type_or_class_than_its_fellows_is_a_difference(
    old: Any, new: Any, expected: list[str]
) -> None:
    ids = MemoryIdMap()
    compared({"id": 1}, {"id": 7}, ids)
    assert seen(compared(old, new, ids)) == expected


def test_ids_may_change_their_kind_from_side_to_side() -> None:
    ids = MemoryIdMap()
    uuids = [f"c1b2a3d4-e5f6-0718-293a-4b5c6d7e8f9{number}" for number in range(3)]
    assert compared({"id": 1}, {"id": uuids[0]}, ids).verdict is Verdict.AGREE
    assert compared({"id": 2}, {"id": uuids[1]}, ids).verdict is Verdict.AGREE
    assert seen(compared({"id": 3}, {"id": 3}, ids)) == ["$.id class"]


def test_ids_within_texts_are_looked_for_only_where_a_rule_says_so() -> None:
    ids = MemoryIdMap()
    compared({"id": 1}, {"id": 7}, ids)
    assert compared({"url": "/products/1/"}, {"url": "/products/7/"}, ids).verdict is Verdict.AGREE
    assert seen(compared({"url": "/products/1/"}, {"url": "/products/8/"}, ids)) == ["$.url id"]
    assert seen(compared({"url": "/products/1/a"}, {"url": "/products/7/b"}, ids)) == ["$.url value"]
    assert seen(compared({"url": "/products/1/"}, {"url": "/product/7/"}, ids)) == ["$.url value"]
    assert seen(compared({"link": "/products/1/"}, {"link": "/products/7/"}, ids)) == ["$.link value"]
    several = {"url": "/products/1/ and /products/2/"}, {"url": "/products/7/ and /products/9/"}
    assert (compared(*several, ids).learned, compared(*several, ids).learned) == (1, 0)


def test_another_rule_may_excuse_what_stands_around_an_id() -> None:
    hosts = '[[rule]]\npath = "$.url"\nurl_host = true\nwhy = "x"'
    old, new = {"id": 1, "url": "http://shop/products/1/"}, {"id": 7, "url": "https://service/products/7/"}
    assert compared(old, new, more=hosts).verdict is Verdict.AGREE
    assert seen(compared(old, {**new, "url": "https://service/products/8/"}, more=hosts)) == ["$.url id"]
    assert seen(compared(old, {**new, "url": "https://service/things/7/"}, more=hosts)) == ["$.url value"]


def test_ids_in_headers_are_of_the_same_name_space() -> None:
    def sent(number: int, location: str) -> Answer:
        return answer({"id": number}, ("Location", location), status=201)

    old = sent(1, "/products/1/")
    assert compare_answers(old, sent(7, "/products/7/"), rules()).learned == 1
    assert seen(compare_answers(old, sent(7, "/products/8/"), rules())) == ["$.id id"]
    assert seen(compare_answers(old, sent(7, "/p/7/"), rules())) == ["header:Location value"]
    assert seen(compare_answers(old, answer({"id": 7}, status=201), rules())) == ["header:Location missing"]
    known = rules().id_map()
    known.learn([pair(b"1", b"7")])
    assert seen(compare_answers(old, sent(7, "/products/1/"), rules(), ids=known)) == ["header:Location id"]


SET = '[[rule]]\npath = "$"\nlist = "set"\nwhy = "x"'


def test_in_a_set_ids_are_learned_of_elements_that_belong_together_for_certain() -> None:
    ids = MemoryIdMap()
    old = [{"id": 1, "n": "a"}, {"id": 2, "n": "b"}, {"id": 3, "n": "c"}]
    new = [{"id": 9, "n": "c"}, {"id": 8, "n": "b"}, {"id": 7, "n": "a"}]
    assert compared(old, new, ids, SET).learned == 3
    assert ids.meet(pair(b"1", b"7")) is Meeting.KNOWN
    alike = [{"id": 4, "n": "x"}, {"id": 5, "n": "x"}], [{"id": 14, "n": "x"}, {"id": 15, "n": "x"}]
    found = compared(*alike, ids, SET)
    assert (found.verdict, found.learned) == (Verdict.AGREE, 0)


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=20))
def test_a_service_that_maps_ids_one_to_one_agrees_and_one_that_does_not_is_found(
    order: list[int], asked: list[int]
) -> None:
    ids = MemoryIdMap()
    for number in asked:
        assert compared({"id": number}, {"id": order[number] + 100}, ids).verdict is Verdict.AGREE
    for number in asked:
        wrong = order[(number + 1) % 6] + 100
        assert compared({"id": number}, {"id": wrong}, ids).verdict is Verdict.DIFFER


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))))
def test_what_is_learned_follows_from_the_order_and_survives_json(pairs: list[tuple[int, int]]) -> None:
    one, other = MemoryIdMap(most=5), MemoryIdMap(most=5)
    for old, new in pairs:
        one.learn([pair(b"%d" % old, b"%d" % new)])
        other.learn([pair(b"%d" % old, b"%d" % new)])
        other = MemoryIdMap(learned=json.loads(json.dumps(other.learned())), most=5)
    assert one.learned() == other.learned()
    learned = one.learned().get("product", {"pairs": []})["pairs"]
    assert len(learned) <= 5
    assert len({old for old, _ in learned}) == len({new for _, new in learned}) == len(learned)


def test_a_full_map_learns_no_more_and_says_so_each_time() -> None:
    ids = MemoryIdMap(most=1)
    assert compared([{"id": 1}, {"id": 2}], [{"id": 7}, {"id": 8}], ids).learned == 2
    assert compared([{"id": 1}, {"id": 2}], [{"id": 7}, {"id": 8}], ids).learned == 1
    assert compared({"id": 2}, {"id": 9}, ids).verdict is Verdict.AGREE


def test_a_table_proves_and_is_not_exported_as_learned() -> None:
    ids = MemoryIdMap([IdTable("product", (("1", "7"),))])
    assert compared({"id": 1}, {"id": 7}, ids).learned == 0
    assert seen(compared({"id": 1}, {"id": 8}, ids)) == ["$.id id"]
    assert compared({"id": 2}, {"id": 8}, ids).learned == 1
    assert ids.learned()["product"]["pairs"] == [["2", "8"]]
    closed = MemoryIdMap([IdTable("product", (("1", "7"),), complete=True)])
    assert seen(compared({"id": 2}, {"id": 8}, closed)) == ["$.id id"]


def test_what_contradicts_a_table_is_left_out_of_what_was_learned() -> None:
    learned = {"product": {"pairs": [["1", "9"], ["2", "8"]], "kinds": [["integer"], ["integer"]]}}
    ids = MemoryIdMap([IdTable("product", (("1", "7"),))], learned=learned)
    assert ids.learned()["product"]["pairs"] == [["2", "8"]]


@pytest.mark.parametrize(
    "learned",
    [[], {"a": None}, {"a": {}}, {"a": {"pairs": [1], "kinds": None}}, {"a": {"pairs": [], "kinds": [1, 2]}}],
)
def test_what_was_never_learned_is_refused(learned: Any) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        rules().id_map(learned)


@pytest.mark.parametrize("text", ["", "x" * 201])
def test_what_cannot_be_an_id_is_none(text: str) -> None:
    assert Id.of(text) is None


# The file.


def loaded(folder: Path, text: str) -> Rules:
    path = folder / "strangler.rules.toml"
    path.write_text(text, encoding="utf-8")
    return load_rules(path)


def wrong(folder: Path, text: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    return [(each.line, each.key, each.wrong) for each in caught.value.problems]


def test_a_table_of_ids_is_read_from_beside_the_rules(tmp_path: Path) -> None:
    (tmp_path / "ids").mkdir()
    (tmp_path / "ids" / "product.csv").write_text('old,new\n1,7\n\n"2,5",8\n', encoding="utf-8-sig")
    found = loaded(tmp_path, '[ids.product]\nfile = "ids/product.csv"\ncomplete = true\n')
    assert found.tables == (IdTable("product", (("1", "7"), ("2,5", "8")), complete=True),)
    inline = loaded(tmp_path, '[ids.order.pairs]\n1 = "a"\n')
    assert inline.tables == (IdTable("order", (("1", "a"),)),)
    assert found.revision != inline.revision != rules().revision


@pytest.mark.parametrize(
    ("table", "line", "key", "said"),
    [
        ("[ids.product]", 1, "ids.product", "needs its ids"),
        ('[ids.product]\nfile = "a.csv"\npairs = {}', 1, "ids.product", "needs its ids"),
        ('[ids.product]\nfile = "none.csv"', 2, "ids.product.file", "cannot be read: No such file"),
        ("[ids.product]\nfile = 1", 2, "ids.product.file", "cannot be 1"),
        ("[ids.product]\npairs = {}\ncomplete = 1", 3, "ids.product.complete", "cannot be 1"),
        ("[ids.product]\npairs = {a = 1}", 2, "ids.product.pairs", "is not a table of texts"),
        ("[ids.product.pairs]\na = 'x'\nb = 'x'", None, "ids.product.pairs", "'x' belongs to 'a' and to 'b'"),
        ("[ids.product]\npairs = {}\nold = 1", 3, "ids.product.old", "is not known"),
        ('[ids."a b"]\npairs = {}', None, "ids.a b", "is no name"),
        ("[ids]\nproduct = 1", None, "ids.product", "cannot be 1"),
        ("ids = 1", None, "ids", "is not a table"),
        ('[ids.product]\nfile = "two.csv"', 2, "ids.product.file", "line 2: '1' or '8' belongs to another one above"),
        ('[ids.product]\nfile = "odd.csv"', 2, "ids.product.file", "line 1 is not an old and a new id"),
        ('[ids.product]\nfile = "latin.csv"', 2, "ids.product.file", "is not CSV in UTF-8"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_with_its_line(
    tmp_path: Path, table: str, line: int | None, key: str, said: str
) -> None:
    (tmp_path / "two.csv").write_text("1,7\n1,8\n")
    (tmp_path / "odd.csv").write_text("1;7\n")
    (tmp_path / "latin.csv").write_bytes(b"\xe9,1\n")
    ((number, name, what),) = wrong(tmp_path, table)
    assert (number, name) == (line, key)
    assert said in what


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('""', "cannot be"),
        ("1", "cannot be"),
        ('"a b"', "cannot be"),
        ("{}", "cannot be"),
        ('{space = "p"}', "cannot be"),
        ('{space = "p", within = "a"}', "exactly one group"),
        ('{space = "p", within = "(a+)+"}', "repeats a group"),
        ('{space = "p", within = "(a"}', "not a regular expression"),
    ],
)
def test_an_ids_rule_that_makes_no_sense_is_refused(tmp_path: Path, value: str, said: str) -> None:
    ((line, key, what),) = wrong(tmp_path, f'[[rule]]\npath = "$"\nids = {value}\nwhy = "x"')
    assert (line, key) == (3, "rule[0].ids")
    assert re.search(said, what)
