"""Which elements of two sequences belong together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from strangler.compare.siblings import Likeness, Siblings
from tests.work import calls


def alike(text: str) -> list[Likeness]:
    """One element a character, matched by the character, then by its case-folded form, then by anything."""
    return [(each, each.lower() if each.isalpha() else None, "") for each in text]


def aligned(old: str, new: str) -> str:
    """Both, one above the other, as pairs."""
    pairs = Siblings().aligned(alike(old), alike(new))
    return " ".join(f"{old[at] if at is not None else '-'}{new[to] if to is not None else '-'}" for at, to in pairs)


def test_what_was_put_in_taken_out_and_changed_is_told_apart() -> None:
    assert aligned("abcdef", "abXcdef") == "aa bb -X cc dd ee ff"
    assert aligned("abcdef", "abdef") == "aa bb c- dd ee ff"
    assert aligned("abcdef", "abcXef") == "aa bb cc dX ee ff"
    assert aligned("abcdef", "xabdeYf") == "-x aa bb c- dd ee -Y ff"
    assert aligned("abcd", "BxD") == "a- bB cx dD"


def test_of_two_that_changed_places_one_has_no_counterpart() -> None:
    assert sorted(aligned("ab", "ba").split()) in (["-a", "a-", "bb"], ["-b", "aa", "b-"])


def test_elements_that_stand_often_are_matched_between_those_that_stand_once() -> None:
    assert aligned("1..2..3", "1.2...3") == "11 .. .- 22 -. .. .. 33"


TEXTS = st.text("abAB12", max_size=12)


@given(TEXTS, TEXTS)
def test_every_element_stands_once_in_order_on_either_side(old: str, new: str) -> None:
    pairs = Siblings().aligned(alike(old), alike(new))
    assert [at for at, _ in pairs if at is not None] == list(range(len(old)))
    assert [to for _, to in pairs if to is not None] == list(range(len(new)))


@given(TEXTS)
def test_a_sequence_is_matched_with_itself_index_by_index(text: str) -> None:
    assert Siblings().aligned(alike(text), alike(text)) == [(at, at) for at in range(len(text))]


@given(TEXTS, st.integers(0, 12), st.sampled_from("xyz"))
def test_one_element_put_in_is_the_only_one_without_a_counterpart(text: str, place: int, added: str) -> None:
    place = min(place, len(text))
    pairs = Siblings().aligned(alike(text), alike(text[:place] + added + text[place:]))
    assert [(at, to) for at, to in pairs if at is None or to is None] == [(None, place)]


def test_the_work_is_bounded_whatever_the_elements_are() -> None:
    def work(size: int) -> int:
        old = [(f"{number}", None, number % 3) for number in range(size)]
        new = [(f"-{number}", None, number * 7 % 5) for number in range(size)]
        return calls(lambda: Siblings().aligned(old, new))

    assert work(8_000) <= 32 * work(1_000) + 1_000_000
