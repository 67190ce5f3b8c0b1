"""What the hunt takes for a bug that shows: not how an answer is written, but anything that it says."""

from __future__ import annotations

import pytest

from strangler.compare import Answer
from tests.proof.hunt import says_the_same


def _answer(body: str, **headers: str) -> Answer:
    return Answer(200, tuple(headers.items()), body.encode())


def test_white_space_and_the_order_of_keys_say_nothing_nor_do_length_and_tag() -> None:
    one = _answer('{"a": 7, "b": [1]}', ETag='"x"', **{"Content-Length": "18"})
    other = _answer('{"b":[1],"a":7}', ETag='"y"', **{"Content-Length": "15"})
    assert says_the_same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 7}', '{"a": 7.0}'),
        ('{"a": 1}', '{"a": true}'),
        ('{"a": 1}', '{"a": 0, "a": 1}'),
        ("[1, 2]", "[2, 1]"),
        ("[]", "\ufeff[]"),
        ("<p>a</p>", "<p>a</p> "),
    ],
)
def test_types_doubled_keys_order_and_bytes_of_what_is_no_json_say_something(one: str, other: str) -> None:
    assert not says_the_same(_answer(one), _answer(other))


def test_a_weak_tag_a_header_and_a_status_say_something() -> None:
    assert not says_the_same(_answer("{}", ETag='"x"'), _answer("{}", ETag='W/"x"'))
    assert not says_the_same(_answer("{}", Vary="Cookie"), _answer("{}"))
    assert not says_the_same(_answer("{}"), Answer(404, (), b"{}"))
