"""Parity cases: what is written comes back, what is wrong is said with its line, and the schema says the same."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from strangler.compare import Answer, Difference, DifferenceKind, Pair, Request, Rules, Severity, Verdict, compare_pair
from strangler.errors import RecordingError, StranglerError
from strangler.recording import Case, read_case, write_case

SCHEMA = json.loads(files("strangler.recording").joinpath("case.schema.json").read_text())
VALID = Draft202012Validator(SCHEMA)
LEAST = {"strangler": "parity-case", "version": 1, "request": {"method": "GET", "target": "/products/"}}

letters = st.text(st.characters(max_codepoint=255, exclude_categories=["Cs"]), max_size=10)
lines = st.lists(st.tuples(letters, letters), max_size=3).map(tuple)
answers = st.none() | st.builds(Answer, st.integers(100, 999), lines, st.binary(max_size=30))
requests = st.builds(
    Request, st.sampled_from(["GET", "POST"]), letters.map("/{}".format), letters, lines, st.binary(max_size=30)
)
differences = st.builds(
    Difference, st.text(max_size=9), st.sampled_from(DifferenceKind), severity=st.sampled_from(Severity)
)
cases = st.builds(
    Case,
    requests,
    answers,
    answers,
    st.none() | st.sampled_from(Verdict),
    st.text(max_size=5),
    st.lists(differences, max_size=2).map(tuple),
    st.text(max_size=5),
    st.text(max_size=5),
    st.text(max_size=5),
    st.floats(0, 4e9),
    st.text(max_size=5),
)


@given(case=cases)
def test_every_case_comes_back_and_is_as_the_schema_says(case: Case) -> None:
    document = json.loads(json.dumps(case.to_json()))
    assert Case.from_json(document) == case
    VALID.validate(document)


def test_the_least_of_a_case_is_a_request() -> None:
    VALID.validate(LEAST)
    assert Case.from_json(LEAST) == Case(Request("GET", "/products/"))
    assert str(Case.from_json(LEAST)) == "GET /products/"


def test_a_case_keeps_no_values_of_differences_beside_its_pair(tmp_path: Path) -> None:
    pair = Pair(Request("GET", "/"), Answer(200, (), b'{"a": "secret"}'), Answer(200, (), b'{"a": "other"}'))
    case = Case.of(pair, compare_pair(pair), Rules(), rules_file="strangler.rules.toml")
    assert case.differences
    assert case.to_json()["differences"] == [{"path": "body", "kind": "value", "severity": "breaking"}]
    assert case.to_json()["rules"] == {"file": "strangler.rules.toml", "revision": Rules().revision}


def test_a_file_comes_back_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.parity.json"
    write_case(path, Case(Request("GET", "/"), note="why"))
    assert read_case(path) == Case(Request("GET", "/"), note="why")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StranglerError, match=r"cannot be written: .*Save to another folder"):
        write_case(tmp_path / "file" / "a.parity.json", Case(Request("GET", "/")))


def wrong(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(RecordingError) as caught:
        read_case(path)
    [problem] = caught.value.problems
    assert problem.file == str(path)
    return f"{problem.line}: {problem.wrong}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"strangler": "recording"}, 'strangler is not "parity-case"'),
        ({"version": 2}, "version is 2, and 1 is the only one"),
        ({"request": None}, "request is not an object"),
        ({"request": {"method": "GET", "target": "products"}}, "request has no method, or a target"),
        ({"old": {"status": "200"}}, "old.status is not a number"),
        ({"verdict": "fine"}, "verdict is 'fine', and not one of agree, differ, inconclusive"),
        ({"verdict": 1}, "verdict is not a text"),
        ({"differences": [{}]}, "differences[0] has no path"),
        ({"differences": [{"path": "$", "kind": "?"}]}, "differences[0]: '?' is not a valid DifferenceKind"),
        ({"rules": []}, "rules is not an object"),
        ({"at": -1}, "at is not a number from 0 to 253402300799"),
        ({"at": 10**400}, "at is not a number from 0 to 253402300799"),
        ({"at": True}, "at is not a number from 0 to 253402300799"),
    ],
)
def test_a_case_that_is_wrong_is_said_and_the_schema_refuses_it_too(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    document = {**LEAST, **change}
    assert said in wrong(tmp_path / "a.parity.json", json.dumps(document))
    assert not VALID.is_valid(document)


def test_what_is_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.parity.json"
    body = {"text": '{"old": 1}'}
    document = {**LEAST, "new": {"status": 200, "body": body}, "old": {"status": 1}}
    text = json.dumps(document, indent=1)
    line = text.splitlines().index(' "old": {') + 1
    assert wrong(path, text).startswith(f"{line}: old.status is not")
    assert wrong(path, '{"strangler": "parity-case",\n "version": }').startswith("2: is no JSON")
    path.write_bytes(b"\xff")
    with pytest.raises(RecordingError, match="cannot be read: it is not UTF-8"):
        read_case(path)
    with pytest.raises(RecordingError, match="cannot be read: No such file"):
        read_case(tmp_path / "none.parity.json")
