from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.replay.learned import Learned, is_token


def learned(target: str, theirs: Any, ours: Any, *, numbers: bool = True) -> Learned:
    made = Learned()
    made.learn_json(target, json.dumps(theirs).encode(), json.dumps(ours).encode(), numbers=numbers)
    return made


def test_a_redirect_teaches_the_id_of_what_was_made() -> None:
    made = Learned()
    made.learn_location("/orders/7/?page=2", "http://new.example/orders/700/?page=2", numbers=True)
    assert made.put_into_path("/orders/7/events/") == "/orders/700/events/"
    assert made.put_into_path("/products/7/") == "/products/7/"
    assert made.put_into_field("order_id", "7") == "700"
    assert made.put_into_field("quantity", "7") == "7"


def test_an_answer_teaches_the_ids_in_it_by_their_nouns() -> None:
    theirs = {"id": 7, "lines": [{"id": 1, "product_id": 3}], "quantity": 4, "customer": {"id": 5}}
    ours = {"id": 70, "lines": [{"id": 10, "product_id": 3}], "quantity": 40, "customer": {"id": 50}}
    made = learned("/api/v1/orders/", theirs, ours)
    assert made.put_into_path("/api/v1/orders/7/lines/1/") == "/api/v1/orders/70/lines/10/"
    document = {"order": 7, "orderId": 7, "line_id": 1, "product_id": 3, "customer": {"id": 5}, "quantity": 4}
    assert made.put_into_json("/api/v1/carts/", document) == {
        "order": 7,
        "orderId": 70,
        "line_id": 10,
        "product_id": 3,
        "customer": {"id": 50},
        "quantity": 4,
    }


def test_a_list_of_what_was_made_is_of_the_same_noun() -> None:
    made = learned("/api/entries/", {"results": [{"id": 1}]}, {"results": [{"id": 9}]})
    assert made.put_into_path("/entry/1") == "/entry/9"
    assert made.put_into_path("/entries/1") == "/entries/9"


def test_what_only_was_looked_at_teaches_tokens_but_no_numbers() -> None:
    theirs = {"id": 7, "key": "3f0c9a1b7d", "name": "spade"}
    made = learned("/api/cart/", theirs, {"id": 8, "key": "a81c03ee21", "name": "rake"}, numbers=False)
    assert made.put_into_path("/carts/7/") == "/carts/7/"
    assert made.put_into_field("anything", "3f0c9a1b7d") == "a81c03ee21"
    assert made.put_into_path("/x/3f0c9a1b7d/") == "/x/a81c03ee21/"
    assert made.put_into_field("name", "spade") == "spade"
    made.learn_location("/products/7/", "/products/8/", numbers=False)
    assert made.put_into_path("/products/7/") == "/products/7/"


def test_what_is_not_known_stays_as_it_was_sent() -> None:
    made = learned("/orders/", {"id": 7}, {"id": 8})
    assert made.put_into_path("/orders/%37/a%2fb/") == "/orders/8/a%2fb/"
    document = {"a": [1.5, None, True, {"b": "x"}]}
    assert made.put_into_json("/orders/", document) == document


def test_links_in_what_was_made_teach_as_redirects_do() -> None:
    made = learned("/orders/", {"url": "http://old/orders/7/"}, {"url": "http://new/orders/8/"})
    assert made.put_into_path("/orders/7/") == "/orders/8/"


def test_a_secret_that_was_taken_out_is_known_by_its_mark() -> None:
    made = learned("/token/", {"token": "redacted-0123456789ab"}, {"token": "s3cret-value"}, numbers=False)
    assert made.put_into_text("Token redacted-0123456789ab") == "Token s3cret-value"
    assert made.put_into_text("Token redacted-ffffffffffff") == "Token redacted-ffffffffffff"
    assert made.put_into_json("/", {"a": "x redacted-0123456789ab"}) == {"a": "x s3cret-value"}


def test_it_does_not_grow_without_bound() -> None:
    made = learned("/orders/", [{"id": n} for n in range(9000)], [{"id": n + 1} for n in range(9000)])
    assert len(made) == 4096
    assert made.put_into_path("/orders/8999") == "/orders/9000"


@pytest.mark.parametrize(
    ("text", "is_one"), [("3f0c9a1b", True), ("S-2026-0001", True), ("category", False), ("7", False)]
)
def test_a_token_has_eight_characters_and_a_digit(text: str, is_one: bool) -> None:
    assert is_token(text) is is_one


_TREES = st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "url", "order_id", "data", ""]), inner, max_size=3)
    ),
)


@given(st.text(max_size=10), _TREES, _TREES, st.text(max_size=12))
def test_no_answers_make_it_stumble_and_the_rest_of_a_path_stays(
    target: str, theirs: Any, ours: Any, path: str
) -> None:
    made = learned(target, theirs, ours)
    assert made.put_into_path(path).count("/") == path.count("/")
    made.put_into_json(target, theirs)
    made.learn_location(target, path, numbers=True)
