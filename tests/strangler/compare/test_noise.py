"""Noise: what the monolith does not repeat is no difference, and nothing else goes with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Answer, Limits, NoiseVerdict, Rules, Verdict, changes, judge, parse_rules
from tests.strangler.compare.documents import DOCUMENTS, answer, spoiled
from tests.strangler.compare.noisy import SCHEMAS, Schema, rendered, spoilers
from tests.work import calls


def judged(old: Any, new: Any, *again: Any, rules: Rules = Rules(), limits: Limits = Limits()) -> NoiseVerdict:  # noqa: B008
    return judge(answer(old), answer(new, indent=1), [answer(each) for each in again], rules, limits=limits)


def seen(found: NoiseVerdict) -> list[str]:
    return [f"{each.path} {each.kind}" for each in found.comparison.differences]


def noise(found: NoiseVerdict) -> list[str]:
    return [f"{each.field} {each.kind}" for each in found.noise]


def rules(*tables: str) -> Rules:
    return parse_rules("\n".join(f"[[rule]]\n{table}\nwhy = 'a test'" for table in tables), "rules.toml")


@given(SCHEMAS)
def test_a_monolith_beside_itself_agrees(schema: Schema) -> None:
    old, again, new = (rendered(schema, time) for time in range(3))
    found = judged(old, new, again)
    assert (found.comparison.verdict, seen(found)) == (Verdict.AGREE, [])


@given(st.data())
def test_whatever_is_no_noise_is_found_beside_it(data: st.DataObject) -> None:
    schema = data.draw(SCHEMAS)
    old, again, new = (rendered(schema, time) for time in range(3))
    spoiler = data.draw(st.sampled_from(list(spoilers(schema))))
    found = judged(old, spoiler.spoil(new), again)
    assert found.comparison.verdict is Verdict.DIFFER, spoiler


@given(SCHEMAS)
def test_what_was_shown_is_excused_whichever_time_it_was(schema: Schema) -> None:
    old, again = rendered(schema, 0), rendered(schema, 1)
    assert judged(old, again, again).comparison.verdict is Verdict.AGREE
    assert judged(old, old, again).noise == ()
    assert judged(again, old, old).comparison.verdict is Verdict.AGREE


@given(DOCUMENTS, st.data())
def test_a_monolith_that_repeats_itself_excuses_nothing(document: Any, data: st.DataObject) -> None:
    change = data.draw(spoiled(document))
    document, new = {"x": document}, {"x": change.document}
    found = judged(document, new, document, document)
    assert (found.comparison.verdict, found.noise) == (Verdict.DIFFER, ())


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_no_document_makes_the_judge_fail_and_what_was_seen_is_excused(one: Any, other: Any, third: Any) -> None:
    judged({"x": one}, {"x": other}, {"x": third})
    assert judged({"x": one}, {"x": other}, {"x": other}).comparison.verdict is Verdict.AGREE


def test_without_a_further_answer_it_is_a_plain_comparison() -> None:
    found = judge(answer({"a": 1}), answer({"a": 2}), [])
    assert (seen(found), found.noise) == (["$.a value"], ())


def test_noise_is_named_by_field_and_kind() -> None:
    old = {"at": 1, "flag": 1, "list": [1, 2, 3], "pick": [{"id": 1, "n": "a"}, {"id": 2, "n": "b"}]}
    again = {"at": 2, "list": [3, 1, 2], "pick": [{"id": 3, "n": "c"}, {"id": 4, "n": "d"}]}
    found = [f"{each.field} {each.kind}" for each in changes(answer(old), answer(again))]
    assert found == ["$.at value", "$.flag presence", "$.list order", "$.pick choice"]
    assert changes(answer(old), answer(old)) == ()


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({"views": 12, "price": "9.99"}, []),
        ({"views": 12, "price": "9.98"}, ["$.price value"]),
        ({"views": "12", "price": "9.99"}, ["$.views type"]),
        ({"views": 12.5, "price": "9.99"}, ["$.views type"]),
        ({"views": None, "price": "9.99"}, ["$.views type"]),
        ({"price": "9.99"}, ["$.views missing"]),
        ({"views": 12, "price": "9.99", "more": 1}, ["$.more extra"]),
    ],
)
def test_a_bug_under_or_beside_a_noisy_field_is_found(new: Any, expected: list[str]) -> None:
    assert seen(judged({"views": 10, "price": "9.99"}, new, {"views": 11, "price": "9.99"})) == expected


def related(*products: tuple[int, Any]) -> dict[str, Any]:
    return {"related": [{"id": number, "name": f"thing {number}", "price": price} for number, price in products]}


def test_a_random_choice_is_excused_element_by_element() -> None:
    old, again = related((1, "1.00"), (2, "2.00"), (3, "3.00")), related((4, "4.00"), (2, "2.00"), (5, "5.00"))
    assert seen(judged(old, related((7, "7.00"), (8, "8.00"), (2, "2.00")), again)) == []
    assert seen(judged(old, related((7, "7.00"), (8, None), (2, "2.00")), again)) == ["$.related[1].price type"]
    assert seen(judged(old, related((7, "7.00"), (8, "free"), (2, "2.00")), again)) == ["$.related[1].price value"]
    assert seen(judged(old, related((7, "7.00"), (8, "8.00"), (2, "2.10")), again)) == ["$.related[2].price value"]
    assert judged(old, related((7, "7.00"), (8, "8.00")), again).comparison.verdict is Verdict.DIFFER
    assert judged(old, related((7, "7.00")), again, related((9, "9.00"))).comparison.verdict is Verdict.AGREE


def test_noise_in_a_list_in_order_is_not_taken_for_a_choice() -> None:
    def page(views: int, third: Any = "3.00") -> list[dict[str, Any]]:
        prices = ["1.00", None, third]
        return [{"id": at, "price": price, "views": views + at} for at, price in enumerate(prices)]

    assert seen(judged(page(1), page(5), page(3))) == []
    assert seen(judged(page(1), page(5, None), page(3))) == ["$[2].price type"]
    assert seen(judged(page(1), page(5)[::-1], page(3))) != []


def test_noise_within_a_list_in_another_order_is_found_by_the_key_that_stays() -> None:
    def page(order: list[int], views: int, price: str = "1.00") -> list[dict[str, Any]]:
        return [{"sku": f"s{at}", "price": price if at == 2 else f"{at}.50", "views": views + at} for at in order]

    assert seen(judged(page([0, 1, 2], 1), page([1, 0, 2], 7), page([2, 1, 0], 4))) == []
    found = judged(page([0, 1, 2], 1), page([1, 0, 2], 7, "1.01"), page([2, 1, 0], 4))
    assert seen(found) == ["$[2].price value"]
    assert noise(found)[0] == "$[*].views value"


def test_what_a_rule_excuses_between_the_monoliths_answers_is_no_noise() -> None:
    within = rules('path = "$.rating"\ntolerance = 0.01')
    old, again = {"rating": 4.37, "n": 1}, {"rating": 4.38, "n": 2}
    assert seen(judged(old, {"rating": 4.38, "n": 3}, again, rules=within)) == []
    assert seen(judged(old, {"rating": 2.0, "n": 3}, again, rules=within)) == ["$.rating value"]
    assert seen(judged(old, {"rating": 2.0, "n": 3}, again)) == []


def test_rules_hold_within_a_list_in_any_order() -> None:
    both = rules('path = "$[*].at"\nignore = true', 'path = "$[*].p"\ntolerance = 0.01')
    old, again = [{"p": 1.0, "at": 1}, {"p": 2.0, "at": 1}], [{"p": 2.0, "at": 1}, {"p": 1.0, "at": 1}]
    assert seen(judged(old, [{"p": 2.01, "at": 5}, {"p": 1.0, "at": 6}], again, rules=both)) == []
    assert seen(judged(old, [{"p": 2.5, "at": 5}, {"p": 1.0, "at": 6}], again, rules=both)) != []


def test_ids_of_a_random_choice_contradict_nothing_and_are_not_learned() -> None:
    ids = rules('path = "$..id"\nids = "product"')
    known = ids.id_map()
    page = [answer({"id": 1, "related": [{"id": number}]}) for number in (2, 3, 4)]
    judge(answer({"id": 2}), answer({"id": 9}, indent=1), [], ids, ids=known)
    before = known.learned()
    found = judge(page[0], page[2], [page[1]], ids, ids=known)
    assert (found.comparison.verdict, known.learned()) == (Verdict.AGREE, before)
    other = answer({"id": 9, "related": [{"id": 4}]})
    assert judge(page[0], other, [page[1]], ids, ids=known).comparison.verdict is Verdict.DIFFER


def test_headers_are_excused_by_kind_and_by_presence() -> None:
    def sent(**headers: str) -> Answer:
        return Answer(200, tuple((name.replace("_", "-"), value) for name, value in headers.items()), b"x")

    old, again = sent(Location="/orders/1/"), sent(Location="/orders/2/")
    assert judge(old, sent(Location="/orders/3/"), [again]).comparison.verdict is Verdict.AGREE
    assert seen(judge(old, sent(Location="https://a/orders/3/"), [again])) == ["header:Location value"]
    assert seen(judge(old, sent(), [again])) == ["header:Location missing"]
    assert judge(old, sent(), [sent()]).comparison.verdict is Verdict.AGREE
    assert seen(judge(old, sent(Location="/orders/3/", Vary="x"), [again])) == ["header:Vary extra"]


def test_a_time_and_an_address_of_another_form_are_no_noise_unless_a_rule_lets_them_differ() -> None:
    def shown(at: str, url: str, header: str) -> Answer:
        return answer({"at": at, "picks": [{"url": url}, {"url": f"{url}0"}]}, ("Location", header))

    monolith = [
        shown(f"2026-01-01T00:00:0{at}Z", f"https://shop.example/p/{at}", f"https://id.example/?state={at}")
        for at in range(3)
    ]
    new = shown("2026-01-01T00:00:04", "http://catalog:8100/p/4", "http://id.example/?state=4")
    found = judge(monolith[0], new, monolith[1:])
    assert {each.field for each in found.comparison.differences} == {"$.at", "$.picks[*].url", "header:Location"}
    other = shown("2026-01-01T00:00:04Z", "https://shop.example/p/4", "https://id.example/?state=4")
    assert judge(monolith[0], other, monolith[1:]).comparison.verdict is Verdict.AGREE
    for key in ("url_host = true", "time = 1"):
        loose = rules(f"path = '$.elsewhere'\n{key}")
        assert judge(monolith[0], new, monolith[1:], loose).comparison.verdict is Verdict.AGREE


def plain(text: str, status: int = 200) -> Answer:
    return Answer(status, (("Content-Type", "text/plain"),), text.encode())


def test_text_that_the_monolith_does_not_repeat_is_inconclusive_unless_other_lines_differ() -> None:
    old, again = plain("a\nat 1\nb"), plain("a\nat 2\nb")
    unclear = judge(old, plain("a\nat 3\nb"), [again]).comparison
    assert (unclear.verdict, unclear.cause) == (Verdict.INCONCLUSIVE, "noise")
    for new in ("a\nat 3\nc", "x\nat 3\nb", "a\nat 3\nb\nc", "a\nb"):
        assert judge(old, plain(new), [again]).comparison.verdict is Verdict.DIFFER
    longer = plain("a\nat 2\nand 2\nb")
    assert judge(old, plain("a\nb"), [longer]).comparison.verdict is Verdict.INCONCLUSIVE
    assert judge(old, plain("a\nat 3\nc"), [longer]).comparison.verdict is Verdict.DIFFER
    assert judge(old, plain("a"), [longer]).comparison.verdict is Verdict.DIFFER
    assert judge(old, plain("a\nat 3\nb"), [old]).comparison.verdict is Verdict.DIFFER


def test_bytes_are_inconclusive_only_where_the_monoliths_own_differ() -> None:
    old, again, new = (Answer(200, (("Content-Type", "image/png"),), bytes([number])) for number in range(3))
    assert judge(old, new, [again]).comparison.cause == "noise"
    assert judge(old, new, [old]).comparison.verdict is Verdict.DIFFER


@pytest.mark.parametrize("kind", ["application/json", "image/png", "text/plain"])
def test_a_body_that_is_empty_or_broken_is_no_noise(kind: str) -> None:
    old, again = (Answer(200, (("Content-Type", kind),), body) for body in (b'{"a": 1}', b'{"a": 2}'))
    empty = Answer(200, (("Content-Type", kind),))
    assert judge(old, empty, [again]).comparison.verdict is Verdict.DIFFER
    assert judge(old, empty, [empty]).comparison.verdict is not Verdict.DIFFER
    broken = Answer(200, (("Content-Type", "application/json"),), b'{"a": ')
    assert judge(answer({"a": 1}), broken, [answer({"a": 2})]).comparison.verdict is Verdict.DIFFER
    unpacked = Answer(200, (*old.headers, ("Content-Encoding", "gzip")), b"no gzip")
    assert judge(old, unpacked, [again]).comparison.verdict is Verdict.DIFFER


def test_a_status_that_the_monolith_does_not_repeat_is_inconclusive() -> None:
    found = judge(plain("a"), plain("b", 503), [plain("c", 503)])
    assert (found.comparison.verdict, found.comparison.cause) == (Verdict.INCONCLUSIVE, "noise")
    assert found.comparison.detail == "the monolith answered 200, then 503"
    assert judge(plain("a"), plain("b", 404), [plain("c", 503)]).comparison.verdict is Verdict.DIFFER
    assert judge(plain("a"), plain("b", 503), [plain("a")]).comparison.verdict is Verdict.DIFFER


def test_html_is_judged_as_a_tree() -> None:
    pytest.importorskip("selectolax")

    def page(views: str, price: str = "9.99", more: str = "") -> Answer:
        text = f"<html><body><p>{views} views</p><ul><li>{price}</li><li>b</li>{more}</ul></body></html>"
        return Answer(200, (("Content-Type", "text/html; charset=utf-8"),), text.encode())

    assert judge(page("one"), page("three"), [page("two")]).comparison.verdict is Verdict.AGREE
    assert judge(page("one"), page("three", "9.98"), [page("two")]).comparison.verdict is Verdict.DIFFER
    assert judge(page("one"), page("three", more="<li>c</li>"), [page("two")]).comparison.verdict is Verdict.DIFFER


def test_past_a_limit_nothing_can_be_said() -> None:
    old, again, new = ([{"n": number + at} for number in range(300)] for at in range(3))
    found = judged(old, new, again, limits=Limits(nodes=700)).comparison
    assert (found.verdict, found.cause) == (Verdict.INCONCLUSIVE, "limits")


def test_a_key_that_stands_twice_is_no_noise() -> None:
    found = judged({"a": {"b": 1}}, '{"a": {"b": 3, "b": 4}}', {"a": {"b": 2}})
    assert found.comparison.verdict is Verdict.DIFFER


def test_the_judge_of_long_lists_takes_time_in_proportion() -> None:
    def work(size: int) -> int:
        pages = [[{"id": size * time + at, "p": f"{at}.00"} for at in range(size)] for time in range(3)]
        old, again, new = map(answer, pages)
        return calls(lambda: judge(old, new, [again]))

    assert work(1600) <= 12 * work(200)


@given(
    st.binary(max_size=30), st.binary(max_size=30), st.binary(max_size=30), st.sampled_from(["text/html", "text/csv"])
)
def test_no_bytes_make_the_judge_fail(one: bytes, other: bytes, third: bytes, kind: str) -> None:
    old, new, again = (Answer(200, (("Content-Type", kind),), body) for body in (one, other, third))
    judge(old, new, [again])
    assert judge(old, new, [new]).comparison.verdict is not Verdict.DIFFER
