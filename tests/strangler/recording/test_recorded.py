from __future__ import annotations

import io
import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from strangler.compare import Answer, Pair, Request
from strangler.recording import Recorded, write_har
from strangler.recording.newline_json import FIRST_LINE, line_of
from strangler.recording.recorded import LATEST
from tests.strangler.recording.things import RECORDED, recorded

SCHEMA = json.loads(files("strangler.recording").joinpath("recording.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)


@given(RECORDED)
def test_what_was_recorded_comes_back_and_its_line_is_one_line_of_the_schema(each: Recorded) -> None:
    line = line_of(each)
    assert line.count(b"\n") == 1
    document = json.loads(line)
    VALIDATOR.validate(document)
    assert Recorded.from_json(document) == each


def test_the_schema_is_one_itself_and_knows_the_first_line() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(json.loads(FIRST_LINE))
    assert not VALIDATOR.is_valid({"strangler": "recording", "version": 2})
    assert not VALIDATOR.is_valid({"at": 1.0})


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"at": -1, "request": {"method": "GET", "target": "/"}},
        {"at": True, "request": {"method": "GET", "target": "/"}},
        {"at": float("nan"), "request": {"method": "GET", "target": "/"}},
        {"at": float("inf"), "request": {"method": "GET", "target": "/"}},
        {"at": 10**400, "request": {"method": "GET", "target": "/"}},
        {"at": 1, "request": {"method": "GET", "target": "/"}, "new_seconds": 10**400},
        {"at": 1, "request": {"method": "", "target": "/"}},
        {"at": 1, "request": {"method": "GET", "target": "/"}, "old": {"status": 99}},
        {"at": 1, "request": {"method": "GET", "target": "/"}, "client": 7},
        {"at": 1, "request": {"method": "GET", "target": "/"}, "old_seconds": "0.1"},
    ],
)
def test_anything_else_is_a_value_error(document: Any) -> None:
    with pytest.raises(ValueError):
        Recorded.from_json(document)


def test_the_last_moment_that_can_be_recorded_can_be_exported() -> None:
    document = {"at": LATEST, "request": {"method": "GET", "target": "/"}}
    VALIDATOR.validate(document)
    assert not VALIDATOR.is_valid({**document, "at": LATEST + 1})
    file = io.StringIO()
    write_har(file, [Recorded.from_json(document)])
    assert "9999-12-31T23:59:59" in file.getvalue()


def test_members_of_a_later_version_are_passed_over() -> None:
    document = {"at": 1, "request": {"method": "GET", "target": "/"}, "weather": "fine"}
    assert Recorded.from_json(document) == Recorded(1.0, Request("GET", "/"))


def test_a_redactor_sees_a_pair_and_invents_no_answer() -> None:
    def redactor(pair: Pair) -> Pair:
        return Pair(Request(pair.request.method, "/gone"), Answer(pair.old.status), Answer(pair.new.status))

    once = recorded("/secret").redacted(redactor)
    assert (once.request.target, once.old, once.new, once.old_seconds) == ("/gone", Answer(200), None, 0.25)
