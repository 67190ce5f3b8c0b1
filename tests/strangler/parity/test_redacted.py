"""What was taken out of kept pairs: a mark equals any value of its class, and nothing else does."""

from __future__ import annotations

import json

import pytest

from strangler.compare import Answer, Cause, Limits, Pair, Request, Verdict, compare_answers
from strangler.evidence import Redactor
from strangler.parity.redacted import has_mark, missing_credentials, without_marks

JSON = (("Content-Type", "application/json"),)
REDACTOR = Redactor(key=b"a key to redact with")


def kept(document: object) -> Answer:
    answer = Answer(200, JSON, json.dumps(document).encode())
    return REDACTOR(Pair(Request("GET", "/"), answer, answer)).old


def verdict(old: object, new: object) -> Verdict:
    answer = kept(old)
    assert has_mark(answer.body.decode()) or b"8" in answer.body
    return without_marks(answer, compare_answers(answer, Answer(200, JSON, json.dumps(new).encode()))).verdict


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"password": "hunter2hunter2"}, {"password": "swordfish"}, Verdict.AGREE),
        ({"password": 1234567}, {"password": 99}, Verdict.AGREE),
        ({"password": 12.5}, {"password": 99.25}, Verdict.AGREE),
        ({"password": "hunter2hunter2"}, {"password": ""}, Verdict.DIFFER),
        ({"password": "hunter2hunter2"}, {"password": 7}, Verdict.DIFFER),
        ({"password": "hunter2hunter2"}, {"password": None}, Verdict.DIFFER),
        ({"password": "hunter2hunter2"}, {}, Verdict.DIFFER),
        ({"password": "hunter2hunter2", "a": 1}, {"password": "other", "a": 2}, Verdict.DIFFER),
        ({"password": "hunter2hunter2", "a": "is hunter2hunter2."}, {"password": "x", "a": "is x."}, Verdict.AGREE),
        ({"password": "hunter2hunter2", "a": "is hunter2hunter2."}, {"password": "x", "a": "was x."}, Verdict.DIFFER),
    ],
)
def test_a_mark_equals_any_value_of_its_class(old: object, new: object, expected: Verdict) -> None:
    assert verdict(old, new) is expected


def test_a_body_that_was_taken_out_as_a_whole_can_not_be_compared() -> None:
    coded = Answer(200, (*JSON, ("Content-Encoding", "unheard-of")), b"\x00\x01")
    answer = REDACTOR(Pair(Request("GET", "/"), coded, coded)).old
    assert b"redacted-body" in answer.body
    comparison = without_marks(answer, compare_answers(answer, Answer(200, JSON, b"{}")))
    assert (comparison.verdict, comparison.cause) == (Verdict.INCONCLUSIVE, Cause.IDENTITY)
    other = Answer(404, JSON, b"{}")
    assert without_marks(answer, compare_answers(answer, other)).verdict is Verdict.DIFFER


def test_more_differences_than_are_listed_are_not_all_taken_for_marks() -> None:
    old = kept([{"password": f"hunter2hunter{number}"} for number in range(5)])
    new = Answer(200, JSON, json.dumps([{"password": "x"}] * 5).encode())
    comparison = compare_answers(old, new, limits=Limits(differences=2))
    assert comparison.truncated
    assert without_marks(old, comparison).verdict is Verdict.INCONCLUSIVE


def test_what_a_request_lacks_to_be_asked_is_named_and_where_a_client_was_is_left_out() -> None:
    headers = (("Cookie", "sessionid=very-secret-1"), ("X-Forwarded-For", "203.0.113.7"), ("Accept", "*/*"))
    request = Request("POST", "/?token=abcdefgh", "", (*headers, *JSON), b'{"password": "hunter2hunter2"}')
    pair = REDACTOR(Pair(request, Answer(200), Answer(200)))
    asked, missing = missing_credentials(pair.request)
    assert missing == "header Cookie, target, body"
    assert [name for name, _ in asked.headers] == ["Cookie", "Accept", "Content-Type"]
    plain = Request("GET", "/", headers=(("Accept", "*/*"),))
    assert missing_credentials(plain) == (plain, "")
