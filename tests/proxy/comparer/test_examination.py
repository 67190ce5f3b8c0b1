"""Whether a difference stands: noise, lag, failures, and what cannot be asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from strangler_proxy.comparer.examination import Examiner, needs_more
from strangler_proxy.comparer.finding import Finding
from strangler_proxy.shadow.frame import Side, Unequal

from strangler.compare import Ignore, MemoryIdMap, Rule, Rules, Verdict
from strangler.evidence import Cause
from tests.proxy.comparer.exchanges import FakeSides, Moment, exchange, side

CHEAP, DEAR = side({"price": 1}), side({"price": 2})


def examined(
    unequal: Unequal, sides: FakeSides, *, moment: Moment | None = None, rules: Rules | None = None
) -> Finding:
    """What an exchange comes to in the end."""
    time = moment or Moment()
    examiner = Examiner(rules or Rules(), sides, lag=2.0, ids=MemoryIdMap(), wait=time.wait)

    async def scenario() -> Finding:
        finding, comparison = examiner.at_first(unequal)
        return await examiner.further(unequal, comparison) if needs_more(unequal, finding) else finding

    return asyncio.run(scenario())


def told(finding: Finding) -> list[tuple[str, str]]:
    """Verdict or cause, and fields of the differences that stand."""
    return [(each.field, each.kind.value) for each in finding.differences]


def test_answers_that_agree_under_the_rules_ask_nobody() -> None:
    rules = Rules((Rule(Ignore(), "set by hand", path="$.price"),))
    sides = FakeSides()
    finding = examined(exchange(), sides, rules=rules)
    assert finding.verdict is Verdict.AGREE
    assert finding.matched == {0}
    assert sides.asked == []


def test_a_difference_that_both_sides_repeat_stands() -> None:
    sides, moment = FakeSides([CHEAP], [DEAR]), Moment()
    finding = examined(exchange(), sides, moment=moment)
    assert finding.verdict is Verdict.DIFFER
    assert told(finding) == [("$.price", "value")]
    assert sides.asked == ["monolith", "monolith", "monolith", "monolith", "candidate"]
    assert moment.waited == [2.0]
    assert finding.noise == ()


def test_what_the_monolith_does_not_repeat_is_noise_and_the_rest_agrees() -> None:
    unequal = exchange(side({"at": 1, "name": "Pan"}), side({"at": 2, "name": "Pan"}))
    sides, moment = FakeSides([side({"at": 3, "name": "Pan"})]), Moment()
    finding = examined(unequal, sides, moment=moment)
    assert finding.verdict is Verdict.AGREE
    assert {each.field for each in finding.noise} == {"$.at"}
    assert sides.asked == ["monolith"]
    assert moment.waited == []


def test_noise_does_not_hide_a_difference_beside_it() -> None:
    unequal = exchange(side({"at": 1, "price": 1}), side({"at": 2, "price": 2}))
    sides = FakeSides([side({"at": at, "price": 1}) for at in range(3, 9)], [side({"at": 9, "price": 2})])
    finding = examined(unequal, sides)
    assert finding.verdict is Verdict.DIFFER
    assert told(finding) == [("$.price", "value")]
    assert {each.field for each in finding.noise} == {"$.at"}


def test_a_value_that_changes_only_now_and_then_is_found_out_by_further_answers() -> None:
    sides = FakeSides([CHEAP, CHEAP, DEAR])
    finding = examined(exchange(), sides)
    assert finding.verdict is Verdict.AGREE
    assert {each.field for each in finding.noise} == {"$.price"}
    assert sides.asked == ["monolith"] * 3


def test_where_the_monolith_was_seen_not_to_repeat_itself_it_is_asked_more_often_the_next_time() -> None:
    one, other = side({"id": 7, "tags": ["a", "b"]}), side({"id": 7, "tags": ["b", "a"]})
    # The order is seen to change the first time; the next time three more answers have it as it was, the fourth not.
    sides = FakeSides([other, one, one, one, one, other])
    examiner = Examiner(Rules(), sides, lag=2.0, ids=MemoryIdMap(), wait=Moment().wait)

    async def scenario() -> list[Finding]:
        found = []
        for template in ("/products/<int:id>/", "/products/new/"):
            unequal = exchange(one, other, template=template)
            _, comparison = examiner.at_first(unequal)
            found.append(await examiner.further(unequal, comparison))
        return found

    assert [finding.verdict for finding in asyncio.run(scenario())] == [Verdict.AGREE, Verdict.AGREE]
    assert sides.asked == ["monolith"] * (1 + 3 + 4)


def test_beside_what_the_monolith_does_not_repeat_it_is_asked_three_times_before_anything_stands() -> None:
    one, other = {"tags": ["a", "b"]}, {"tags": ["b", "a"]}
    sides = FakeSides([side({**tags, "at": at}) for at, tags in enumerate((one, one, other))])
    finding = examined(exchange(side({**one, "at": 8}), side({**other, "at": 9})), sides)
    assert finding.verdict is Verdict.AGREE
    assert sides.asked == ["monolith"] * 3


def test_that_the_monolith_does_not_repeat_itself_excuses_nothing_that_it_repeats_however_often_it_is_asked() -> None:
    one, other = side({"tags": ["a", "b"]}), side({"tags": ["b", "a"]})
    wrong = side({"tags": ["a", "c"]})
    sides = FakeSides([other, one], [wrong])
    finding = examined(exchange(one, wrong), sides)
    assert finding.verdict is Verdict.DIFFER
    assert sides.asked == ["monolith"] * (3 + 4 + 4) + ["monolith", "candidate"] * 3


def test_a_value_that_the_monolith_was_seen_not_to_repeat_differs_where_every_look_says_so() -> None:
    # The rarer one of two banners need not show in a dozen answers: the first pair has it, the second one does not.
    for looks, verdict in (([DEAR], Verdict.DIFFER), ([DEAR, DEAR, CHEAP], Verdict.INCONCLUSIVE)):
        sides, moment = FakeSides([DEAR, CHEAP], looks), Moment()
        examiner = Examiner(Rules(), sides, lag=2.0, ids=MemoryIdMap(), wait=moment.wait)

        async def scenario(examiner: Examiner = examiner) -> list[Finding]:
            found = []
            for unequal in (exchange(CHEAP, DEAR), exchange(CHEAP, DEAR)):
                _, comparison = examiner.at_first(unequal)
                found.append(await examiner.further(unequal, comparison))
            return found

        noise, finding = asyncio.run(scenario())
        assert noise.verdict is Verdict.AGREE
        assert finding.verdict is verdict
        assert moment.waited == [2.0] * 3
        assert sides.asked == ["monolith"] * (1 + 11) + ["monolith", "candidate"] * 3


def test_what_is_wrong_amid_noise_stands_where_it_is_wrong_amid_other_noise_again() -> None:
    def drawn(*prices: Any) -> Side:
        return side({"beside": [{"id": number, "price": price} for number, price in enumerate(prices, prices[0] or 9)]})

    sides = FakeSides([drawn(number, number + 1) for number in range(5, 40)], [drawn(3, None), drawn(4, None)])
    finding = examined(exchange(drawn(1, 2), drawn(2, None)), sides)
    assert finding.verdict is Verdict.DIFFER
    assert told(finding) == [("$.beside[*].price", "type")]


def test_what_is_wrong_otherwise_amid_noise_at_the_next_look_is_looked_at_once_more() -> None:
    def drawn(first: int, *prices: Any) -> Side:
        return side({"beside": [{"id": number, "price": price} for number, price in enumerate(prices, first)]})

    def good(number: int, first: int = 1) -> Side:
        return drawn(first, {"net": number}, {"net": number + 1})

    lacking, wrong = drawn(3, {}, {"net": 9}), drawn(3, {"net": None}, {"net": 9})
    for looks, verdict in (
        ([wrong, lacking], Verdict.DIFFER),
        ([wrong, wrong, wrong], Verdict.DIFFER),
        ([wrong, good(7, 3)], Verdict.INCONCLUSIVE),
    ):
        monolith = [*(good(number) for number in range(10, 21)), *(good(number, 3) for number in range(30, 33))]
        sides, moment = FakeSides(monolith, looks), Moment()
        finding = examined(exchange(good(1), drawn(1, {}, {"net": 9})), sides, moment=moment)
        assert finding.verdict is verdict, looks
        assert finding.cause == ("" if verdict is Verdict.DIFFER else Cause.TRANSIENT)
        assert moment.waited == [2.0] * len(looks)


def page(*names: str, lacking: str = "") -> Side:
    """A page with a card for each name; one of them can lack its price."""
    prices = {name: f'<b class="price">{len(name)}</b>' for name in names if name != lacking}
    items = "".join(f'<li class="card"><a href="/{name}/">{name}</a>{prices.get(name, "")}</li>' for name in names)
    html = f"<html><body><ul>{items}</ul></body></html>"
    return Side(status=200, lines=[b"Content-Type: text/html"], body=html.encode(), seconds=0.01)


def test_elements_that_seem_to_be_replaced_are_asked_about_more_often_for_they_may_be_drawn_by_chance() -> None:
    one, other = page("pan", "kettle"), page("kettle", "pan")
    for rarely, asked in ((6, 7), (11, 15), (15, 19)):
        sides = FakeSides([*[one] * rarely, *[other] * (asked - rarely)])
        assert examined(exchange(one, other), sides).verdict is Verdict.AGREE
        assert sides.asked == ["monolith"] * asked


def test_what_is_wrong_in_a_list_that_is_seen_to_be_drawn_only_at_the_later_look_is_no_lag() -> None:
    # By chance both answers until then had one order; by the next one the wrong element has no counterpart any more.
    one, other = page("pan", "kettle"), page("kettle", "pan")
    for wrong in (page("pan", "kettle", lacking="pan"), page("pan", "kettle", lacking="kettle")):
        sides = FakeSides([one, other], [page("pan", "kettle", lacking="pan")])
        finding = examined(exchange(one, wrong), sides)
        assert finding.verdict is Verdict.DIFFER
        assert told(finding) == [("$.html.body.ul[*].li[*].b[*]", "missing")]
        assert sides.asked == ["monolith"] * 2 + ["candidate"]


def test_what_was_lacking_in_a_list_that_is_seen_to_be_drawn_only_later_is_transient_once_it_is_there() -> None:
    one, other = page("pan", "kettle"), page("kettle", "pan")
    finding = examined(exchange(one, page("pan", "kettle", lacking="pan")), FakeSides([one, other], [one]))
    assert (finding.verdict, finding.cause) == (Verdict.INCONCLUSIVE, Cause.TRANSIENT)


def test_a_key_that_is_missing_is_asked_about_once_only() -> None:
    sides = FakeSides([CHEAP], [side({})])
    finding = examined(exchange(new=side({})), sides)
    assert told(finding) == [("$.price", "missing")]
    assert sides.asked == ["monolith", "monolith", "candidate"]


def test_a_second_instance_makes_asking_again_for_noise_needless() -> None:
    unequal = exchange(side({"at": 1}), side({"at": 2}), again=side({"at": 3}))
    sides = FakeSides()
    assert examined(unequal, sides).verdict is Verdict.AGREE
    assert sides.asked == []


def test_a_second_instance_that_repeats_the_monolith_leaves_two_further_answers_for_values() -> None:
    sides = FakeSides([CHEAP], [DEAR])
    assert examined(exchange(again=CHEAP), sides).verdict is Verdict.DIFFER
    assert sides.asked == ["monolith", "monolith", "monolith", "candidate"]


def test_a_difference_that_is_gone_after_the_lag_was_transient() -> None:
    # The service had not heard of the new price when it was asked.
    unequal = exchange(DEAR, CHEAP)
    finding = examined(unequal, FakeSides([DEAR], [DEAR]))
    assert (finding.verdict, finding.cause) == (Verdict.INCONCLUSIVE, Cause.TRANSIENT)


def test_a_service_that_never_hears_of_a_change_differs_also_where_the_monolith_moves_on() -> None:
    # Within the lag the price changes again; the service is still where it was.
    monolith = [DEAR, DEAR, DEAR, side({"price": 3})]
    finding = examined(exchange(DEAR, CHEAP), FakeSides(monolith, [CHEAP]))
    assert finding.verdict is Verdict.DIFFER
    assert told(finding) == [("$.price", "value")]


def test_noise_that_shows_only_at_the_later_look_is_no_difference() -> None:
    # One of two banners, by chance: four times the same one, then the other, and then either.
    monolith = [CHEAP, CHEAP, CHEAP, DEAR, *[DEAR] * 5, CHEAP]
    sides = FakeSides(monolith, [CHEAP])
    finding = examined(exchange(CHEAP, DEAR), sides)
    assert (finding.verdict, finding.cause) == (Verdict.INCONCLUSIVE, Cause.TRANSIENT)
    assert sides.asked == ["monolith"] * 4 + ["candidate"] + ["monolith"] * 11


def test_whether_a_monolith_that_has_changed_repeats_itself_has_to_be_known() -> None:
    finding = examined(exchange(CHEAP, DEAR), FakeSides([CHEAP, CHEAP, CHEAP, DEAR, DEAR, None], [CHEAP]))
    assert (finding.verdict, finding.cause) == (Verdict.INCONCLUSIVE, Cause.UNCHECKED)


def test_of_two_differences_the_one_that_is_gone_is_not_counted() -> None:
    unequal = exchange(side({"price": 2, "stock": 1}), side({"price": 1, "stock": 2}))
    sides = FakeSides([side({"price": 2, "stock": 1})], [side({"price": 2, "stock": 2})])
    finding = examined(unequal, sides)
    assert finding.verdict is Verdict.DIFFER
    assert told(finding) == [("$.stock", "value")]


def test_a_candidate_that_differs_elsewhere_each_time_differs() -> None:
    old = side({"a": 1, "b": 1})
    finding = examined(exchange(old, side({"a": 2, "b": 1})), FakeSides([old], [side({"a": 1, "b": 2})]))
    assert finding.verdict is Verdict.DIFFER
    assert told(finding) == [("$.a", "value")]


def test_a_candidate_that_differs_elsewhere_each_time_differs_also_where_the_monolith_shows_another_time() -> None:
    def at(clock: int, a: int = 1, b: int = 1) -> Side:
        return side({"at": clock, "a": a, "b": b})

    finding = examined(exchange(at(1), at(1, a=2)), FakeSides([at(1), at(1), at(1), at(2)], [at(2, b=2)]))
    assert finding.verdict is Verdict.DIFFER
    assert told(finding) == [("$.a", "value")]


def test_where_both_have_moved_on_elsewhere_nothing_is_held_against_anybody() -> None:
    old = side({"a": 1, "b": 1})
    monolith = [old, old, old, side({"a": 1, "b": 5})]
    finding = examined(exchange(old, side({"a": 2, "b": 1})), FakeSides(monolith, [side({"a": 1, "b": 2})]))
    assert (finding.verdict, finding.cause) == (Verdict.INCONCLUSIVE, Cause.TRANSIENT)


def test_a_failure_of_the_candidate_is_no_lag_however_it_answers_later() -> None:
    sides, moment = FakeSides([CHEAP], [CHEAP]), Moment()
    finding = examined(exchange(new=side(b"oops", status=500)), sides, moment=moment)
    assert finding.verdict is Verdict.DIFFER
    assert told(finding) == [("status", "value")]
    assert moment.waited == []


def test_a_monolith_that_fails_now_and_then_itself_says_nothing_of_the_candidate() -> None:
    unequal = exchange(side(b"oops", status=500), CHEAP)
    finding = examined(unequal, FakeSides([CHEAP]))
    assert (finding.verdict, finding.cause) == (Verdict.INCONCLUSIVE, Cause.NOISE)


@pytest.mark.parametrize(
    ("monolith", "candidate"),
    [([None], [DEAR]), ([CHEAP, CHEAP, CHEAP, None], [DEAR]), ([CHEAP], [None])],
)
def test_what_cannot_be_asked_again_is_unchecked(monolith: list[Side | None], candidate: list[Side | None]) -> None:
    finding = examined(exchange(), FakeSides(monolith, candidate))
    assert (finding.verdict, finding.cause) == (Verdict.INCONCLUSIVE, Cause.UNCHECKED)


def test_an_identity_that_has_run_out_meanwhile_proves_nothing() -> None:
    finding = examined(exchange(), FakeSides([CHEAP], [side({"detail": "expired"}, status=401)]))
    assert (finding.verdict, finding.cause) == (Verdict.INCONCLUSIVE, Cause.UNCHECKED)
    refused = exchange(new=side({"detail": "who?"}, status=401))
    assert examined(refused, FakeSides([CHEAP], [refused.new])).verdict is Verdict.DIFFER


def test_a_write_is_never_asked_again() -> None:
    sides = FakeSides()
    finding = examined(exchange(method="POST", strategy="sandbox"), sides)
    assert finding.verdict is Verdict.DIFFER
    assert sides.asked == []


def test_a_login_page_instead_of_an_answer_is_no_difference_where_credentials_were_kept_back() -> None:
    sides = FakeSides()
    finding = examined(exchange(new=side(status=401), withheld=True), sides)
    assert (finding.verdict, finding.cause) == (Verdict.INCONCLUSIVE, Cause.IDENTITY)
    assert sides.asked == []


def test_a_comparison_past_the_limits_is_inconclusive_and_says_so() -> None:
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    finding = examined(exchange(side({"a": deep}), side({"a": [deep]})), FakeSides())
    assert (finding.verdict, finding.cause) == (Verdict.INCONCLUSIVE, Cause.LIMITS)
