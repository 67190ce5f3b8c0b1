"""Lists in a page whose elements are drawn anew each time, beside lists whose elements stay and change in part."""

from __future__ import annotations

from collections.abc import Sequence

from strangler.compare import Answer, Limits, Verdict, judge

_CARD = '<li class="card"><a href="/products/{0}/">{0}</a> <b>{1}.00</b></li>'


def _page(inner: str) -> Answer:
    text = f"<html><body><h1>Shop</h1><ul>{inner}</ul></body></html>"
    return Answer(200, (("Content-Type", "text/html; charset=utf-8"),), text.encode())


def _drawn(*numbers: int) -> Answer:
    return _page("".join(_CARD.format(number, number * 7) for number in numbers))


def _rows(clock: str, prices: Sequence[str]) -> Answer:
    return _page("".join(f"<li>item {at} <b>{price}</b> <i>{clock}</i></li>" for at, price in enumerate(prices)))


def test_an_element_drawn_again_at_another_place_is_no_difference() -> None:
    found = judge(_drawn(1, 2, 3, 4), _drawn(9, 1, 8, 7), [_drawn(10, 11, 12, 13)])
    assert (found.comparison.verdict, found.comparison.differences) == (Verdict.AGREE, ())


def test_elements_that_stay_and_show_the_time_are_still_held_to_the_rest_of_what_they_show() -> None:
    prices = ["one", "two", "three", "four"]
    old, again = _rows("12:00:01", prices), _rows("12:00:02", prices)
    assert judge(old, _rows("12:00:03", prices), [again]).comparison.verdict is Verdict.AGREE
    found = judge(old, _rows("12:00:03", ["one", "six", "three", "four"]), [again])
    assert [each.path for each in found.comparison.breaking] == ["$.html.body.ul[0].li[1].b[0].#text"]


def test_one_drawn_element_too_many_is_a_difference() -> None:
    found = judge(_drawn(1, 2, 3, 4), _drawn(9, 1, 8, 7, 5), [_drawn(10, 11, 12, 13)])
    assert found.comparison.verdict is Verdict.DIFFER


def test_a_drawn_element_that_lacks_what_all_have_is_a_difference() -> None:
    new = _page(
        '<li class="card"><a href="/products/9/">9</a></li>' + "".join(_CARD.format(at, at) for at in (1, 2, 3))
    )
    found = judge(_drawn(1, 2, 3, 4), new, [_drawn(10, 11, 12, 13)])
    assert found.comparison.verdict is Verdict.DIFFER


_RATED = '<li class="card"><a href="/{0}/">{0}</a><span class="stars"></span><span class="price">{1}.00</span></li>'
_UNRATED = '<li class="card"><a href="/{0}/">{0}</a><span class="price {2}">{1}.00</span></li>'


def test_what_every_drawn_element_has_by_its_class_must_be_in_each_of_a_new_answer() -> None:
    old, again = (
        _page("".join(each.format(at, at * 3, "sale") for at, each in enumerate(elements, first)))
        for first, elements in ((100, [_RATED, _UNRATED, _RATED, _UNRATED]), (200, [_RATED, _RATED, _RATED, _UNRATED]))
    )
    right = _page("".join(_UNRATED.format(at, at * 7, "") for at in (300, 301, 302, 303)))
    assert judge(old, right, [again]).comparison.verdict is Verdict.AGREE
    for wrong in ('<span class="stars"></span>', '<span class="stars"></span><span class="stars"></span>'):
        text = "".join(_UNRATED.format(at, at * 7, "") for at in (300, 301, 302))
        new = _page(f'{text}<li class="card"><a href="/303/">303</a>{wrong}</li>')
        assert judge(old, new, [again]).comparison.verdict is Verdict.DIFFER


def test_lists_within_lists_that_change_are_looked_at_within_bounds() -> None:
    def nested(clock: int) -> Answer:
        inner = f"<b>{clock}</b>"
        for depth in range(40):
            inner = f"<div><i>{depth}</i><i>x</i></div><div>{inner}</div>"
        return _page(f"<li>{inner}</li>")

    old, new, again = nested(1), nested(2), nested(3)
    assert judge(old, new, [again]).comparison.verdict is Verdict.AGREE
    found = judge(old, new, [again], limits=Limits(nodes=2_000)).comparison
    assert (found.verdict, found.cause) == (Verdict.INCONCLUSIVE, "limits")
