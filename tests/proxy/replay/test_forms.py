from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.replay.forms import Forms

PAGE = """
<form action="/cart/remove/" method=post><input type=hidden name=product value=5>
  <input type="hidden" name="csrfmiddlewaretoken" value="t1"></form>
<form action="../remove/"><input type=hidden name=product value=7><input name=note value=x></form>
<form><input type=HIDDEN name=here value=1></form>
<input type=hidden name=stray value=1>
"""


def forms(target: str = "/cart/show/", page: str = PAGE) -> Forms:
    made = Forms("csrfmiddlewaretoken")
    made.see(target, page)
    return made


def test_forms_are_found_by_where_they_are_sent_to() -> None:
    made = forms()
    assert [form.hidden for form in made.of("/cart/remove/")] == [
        {"product": ["5"], "csrfmiddlewaretoken": ["t1"]},
        {"product": ["7"]},
    ]
    assert [form.hidden for form in made.of("/cart/show/")] == [{"here": ["1"]}]
    assert made.of("/elsewhere/") == ()


def test_the_form_that_was_sent_is_the_one_with_the_most_of_its_own_values() -> None:
    first, second = forms().of("/cart/remove/")
    sent = [("product", "7"), ("note", "y")]
    assert (first.likeness(sent), second.likeness(sent)) == (0, 1)


def test_a_page_without_a_form_takes_nothing_away_and_a_new_one_replaces_it() -> None:
    made = forms()
    made.see("/", "<p>nothing</p>")
    assert len(made.of("/cart/remove/")) == 2
    made.see("/", '<form action="/cart/remove/"></form>')
    assert len(made.of("/cart/remove/")) == 1
    assert made.token == "t1"


def test_a_token_in_the_head_is_one_too() -> None:
    assert forms(page='<meta name="csrf-token" content="t2">').token == "t2"


def test_it_does_not_grow_without_bound() -> None:
    made = forms(page="".join(f'<form action="/{number}"></form>' for number in range(500)))
    assert made.of("/0") == ()
    assert len(made.of("/499")) == 1


@given(st.text(max_size=200), st.text(max_size=20))
def test_no_page_makes_it_stumble(page: str, target: str) -> None:
    forms(target, f"<form action='{page}'>{page}")
