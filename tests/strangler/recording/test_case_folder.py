from __future__ import annotations

from pathlib import Path

import pytest

from strangler.compare import Answer, Pair, Request, Rules, Verdict, compare_pair
from strangler.errors import StranglerError
from strangler.evidence import Redactor
from strangler.recording import CaseFolder, read_case

RULES = Rules()
JSON = (("Content-Type", "application/json"),)


def pair(route: str = "shop.list", old: bytes = b'{"a": 1}', new: bytes = b'{"a": 2}') -> Pair:
    request = Request("GET", "/products/?token=abcdefgh", route, (("Cookie", "sessionid=very-secret-1"),))
    return Pair(request, Answer(200, JSON, old), Answer(200, JSON, new))


def folder(path: Path) -> CaseFolder:
    return CaseFolder(path, Redactor(key=b"a key to redact with"), rules=RULES, rules_file="rules.toml")


def keep(cases: CaseFolder, each: Pair) -> None:
    cases.keep(each, compare_pair(each, RULES))


def test_a_case_is_named_by_route_field_and_kind_and_can_be_compared_again(tmp_path: Path) -> None:
    cases = folder(tmp_path / "deep" / "cases")
    keep(cases, pair())
    case = read_case(tmp_path / "deep" / "cases" / "shop.list" / "a.value.1.parity.json")
    assert case.old is not None
    assert case.new is not None
    assert compare_pair(Pair(case.request, case.old, case.new)).differences == compare_pair(pair()).differences
    assert [(each.path, each.kind, each.severity) for each in case.differences] == [("$.a", "value", "breaking")]
    assert (case.verdict, case.rules_file, case.rules_revision) == (Verdict.DIFFER, "rules.toml", RULES.revision)


def test_a_case_that_is_inconclusive_is_named_by_its_cause(tmp_path: Path) -> None:
    coding = (("Content-Encoding", "unheard-of"),)
    keep(folder(tmp_path), Pair(Request("GET", "/"), Answer(200, coding, b"a"), Answer(200, coding, b"b")))
    assert [str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*.json")] == ["no-route/encoding.1.parity.json"]


def test_no_secret_is_kept(tmp_path: Path) -> None:
    cases = folder(tmp_path)
    keep(cases, pair(old=b'{"password": "hunter2hunter2"}', new=b'{"password": "swordfish99"}'))
    text = "".join(each.read_text() for each in tmp_path.rglob("*.json"))
    assert text
    assert not [each for each in ("very-secret-1", "abcdefgh", "hunter2", "swordfish") if each in text]


@pytest.mark.parametrize("route", ["../../etc", "", "a/b", "…", "x" * 500])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, route: str) -> None:
    keep(folder(tmp_path / "cases"), pair(route, b'{"../../x\\u0000": 1}', b'{"../../x\\u0000": 2}'))
    (path,) = tmp_path.rglob("*.json")
    assert path.parent.parent == tmp_path / "cases"


def test_of_one_kind_twenty_are_kept(tmp_path: Path) -> None:
    cases = folder(tmp_path)
    for _ in range(25):
        keep(cases, pair())
    assert (cases.written, cases.dropped, len(list(tmp_path.rglob("*.json")))) == (20, 5, 20)


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StranglerError, match="cannot be written"):
        keep(folder(tmp_path / "file"), pair())


def test_processes_that_share_a_folder_mark_their_cases(tmp_path: Path) -> None:
    for mark in ("gw0-", "gw1-"):
        kept = CaseFolder(tmp_path, Redactor(key=b"a key to redact with"), rules=RULES, mark=mark)
        path = kept.keep(pair(), compare_pair(pair()))
        assert path == tmp_path / "shop.list" / f"a.value.{mark}1.parity.json"
    assert len(list(tmp_path.rglob("*.json"))) == 2
