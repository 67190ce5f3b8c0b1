from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.discover.automaton import Undecided, automaton_of, common_word

EXPRESSIONS = [
    "/products/([0-9]+)/", "/products/([^/]+)/?", "/(?:a|b/)x*", r"/[\w-]+/\d{2,3}", "/(?i:Foo)/", "/.*", "/.+/x?", "/",
    "/a{0,2}b", "/((?:[a-z]+/)*)", r"/[^/.]+\.json", "/(json|xml)?",
]  # fmt: skip
PATHS = st.text(alphabet="/abxFfoO019.-_json", max_size=9).map(lambda text: f"/{text}")


@given(st.sampled_from(EXPRESSIONS), st.sampled_from(EXPRESSIONS), PATHS)
def test_an_automaton_takes_what_its_expression_matches(one: str, other: str, path: str) -> None:
    made = automaton_of(one)
    states = made.reached([0])
    for character in path:
        states = made.after(states, character)
    assert (made.end in states) is (re.fullmatch(one, path) is not None)
    found = common_word([automaton_of(one)], [automaton_of(other)])
    if found is None:
        assert re.fullmatch(one, path) is None or re.fullmatch(other, path) is not None
    else:
        assert re.fullmatch(one, found)
        assert not re.fullmatch(other, found)


def test_the_example_is_short_and_plain() -> None:
    assert common_word([automaton_of("/x/[^/]+/"), automaton_of(r"/x/[\w.]+/")]) == "/x/0/"
    assert common_word([automaton_of("/x/[^/]+")], [automaton_of("/x/[0-9a-zA-Z]+")]) == "/x/!"
    assert common_word([automaton_of("/x/[0-9]+"), automaton_of("/x/[a-z]+")]) is None


def test_what_an_automaton_cannot_hold_takes_more_and_says_so() -> None:
    assert automaton_of("/(a|b)[0-9]{2}").exact
    for expression in ("/(?!admin)[a-z]+", r"/(a|b)\1", r"/a\b/", "/(?>ab?)b"):
        assert not automaton_of(expression).exact
    assert common_word([automaton_of("/(?!admin)[a-z]+"), automaton_of("/admin")]) == "/admin"


def test_an_expression_without_measure_is_not_decided() -> None:
    with pytest.raises(Undecided):
        automaton_of("/(a{900}){900}")
    many = automaton_of("/[ab]*a[ab]{14}")
    with pytest.raises(Undecided):
        common_word([many], [many])
