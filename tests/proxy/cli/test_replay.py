from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from strangler.evidence import Redactor
from strangler.recording import open_recording
from tests.proxy.cli.conftest import Run
from tests.proxy.replay.browser import browsing, kept
from tests.proxy.replay.desk import PASSWORD, Desk
from tests.proxy.replay.junit_schema import check_junit
from tests.proxy.replay.served import served, unused_url

CONFIG = """
[upstreams.monolith]
url = "http://127.0.0.1:8000"
[upstreams.orders]
url = "http://127.0.0.1:8100"
[[routes]]
name = "orders.show"
path = "/orders/<int:number>/"
candidate = "orders"
"""
RULES = """
[[rule]]
route = "orders.show"
path = "$.quantity"
ignore = true
why = "It is being mended."
[[rule]]
path = "$.never"
ignore = true
why = "Long gone."
"""
IDS = """
[[rule]]
path = "$.id"
ids = "order"
why = "Each side numbers its own."
[[rule]]
path = "$.token"
class = "token"
why = "Each side draws its own."
"""


@pytest.fixture(scope="module")
def urls() -> Iterator[tuple[str, str]]:
    """A desk, and one that forgets quantities."""
    with ExitStack() as stack:
        old, new = (stack.enter_context(served(Desk(bug=bug).app)) for bug in (False, True))
        yield old, new


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, urls: tuple[str, str]) -> Path:
    """The recording of a visit: signs in, orders by API, looks at the order."""
    with browsing(urls[0]) as browser:
        browser.send("/login/", {"username": "ann", "password": PASSWORD})
        made = browser.post_json("/api/orders/", {"quantity": 5}).json()["id"]
        browser.get(f"/orders/{made}/")
        return kept(tmp_path_factory.mktemp("recording") / "visit.ndjson", browser.recorded)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("STRANGLER_LOGIN_AS", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "strangler.toml").write_text(CONFIG)
    (tmp_path / "rules.toml").write_text(RULES)
    return tmp_path


def told(run: Run, code: int, *arguments: str) -> dict[str, Any]:
    result = run("replay", *arguments, "--json")
    assert result.exit_code == code, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def to(old: str, new: str) -> tuple[str, ...]:
    return ("--old", old, "--new", new)


def test_a_visit_that_is_answered_alike_agrees(run: Run, here: Path, file: Path, urls: tuple[str, str]) -> None:
    document = told(run, 0, str(file), *to(urls[0], urls[0]))
    assert document["verdict"] == "agree"
    assert document["pairs"] == {"agree": 3, "differ": 0, "inconclusive": 0}
    assert document["left_out"] == {"unsafe POST": 2}
    assert document["recording"]["format"] == "recording"


def test_the_login_and_the_order_are_replayed_where_changes_are_meant(
    run: Run, here: Path, file: Path, urls: tuple[str, str]
) -> None:
    document = told(run, 1, str(file), *to(*urls), "--unsafe", "--route-config", "strangler.toml")
    fields = {(each["route"], each["field"], each["kind"]) for each in document["differences"]}
    assert ("orders.show", "$.quantity", "type") in fields
    assert document["left_out"] == {}


def test_rules_come_from_a_file_or_stand_beside_the_configuration(
    run: Run, here: Path, file: Path, urls: tuple[str, str]
) -> None:
    methods = ("--methods", "GET,POST", "--unsafe", "--route-config", "strangler.toml")
    named = told(run, 1, str(file), *to(*urls), *methods, "--rules", "rules.toml")
    assert "$.quantity" not in {each["field"] for each in named["differences"]}
    assert [each["why"] for each in named["rules"]["unused"]] == ["Long gone."]
    (here / "strangler.rules.toml").write_text(RULES)
    beside = told(run, 1, str(file), *to(*urls), *methods)
    assert beside["rules"]["revision"] == named["rules"]["revision"]


def test_people_are_told_what_differs_and_the_verdict_last(
    run: Run, here: Path, file: Path, urls: tuple[str, str]
) -> None:
    result = run("replay", str(file), *to(*urls), "--unsafe", "--save", "cases", "--junit", "junit.xml")
    assert result.exit_code == 1
    assert result.stdout.rstrip().splitlines()[-1].split() == ["verdict", "differ"]
    lines = result.stdout.splitlines()
    (at,) = (at for at, line in enumerate(lines) if "GET /orders/<int>/" in line and "$.quantity" in line)
    assert re.search(r"no route, such as /orders/\d+/ +\S+ → ", lines[at + 1])
    assert "replayed: 5 of 5" in result.stderr
    root = fromstring((here / "junit.xml").read_bytes())
    check_junit(root)
    assert any(case.get("name") == "GET /orders/<int>/" for case in root.iter("testcase"))
    (case,) = here.glob("cases/no-route/quantity.type.*.parity.json")
    assert run("compare", str(case)).exit_code == 1
    assert PASSWORD not in "".join(each.read_text() for each in here.rglob("*.json"))


def test_what_was_left_out_is_said_with_the_way_to_ask_it(
    run: Run, here: Path, file: Path, urls: tuple[str, str]
) -> None:
    result = run("replay", str(file), *to(urls[0], urls[0]))
    assert "unsafe POST 2; --unsafe asks for those too, and both sides write" in result.stdout


def test_only_chosen_routes_are_compared_in_the_sessions_that_the_rest_makes(
    run: Run, here: Path, file: Path, urls: tuple[str, str]
) -> None:
    arguments = (str(file), *to(*urls), "--unsafe", "--route-config", "strangler.toml")
    document = told(run, 1, *arguments, "--route", "orders.*")
    # Who is not signed in is sent away by both sides alike, and no quantity differs.
    assert {(each["route"], each["field"]) for each in document["differences"]} == {("orders.show", "$.quantity")}
    assert document["pairs"] == {"agree": 0, "differ": 1, "inconclusive": 0}
    assert document["left_out"] == {"other route": 4}
    everything = told(run, 1, *arguments, "--route", "orders.*", "--route", "*")
    assert everything["left_out"] == {}


def test_no_data_never_passes(run: Run, here: Path, file: Path, urls: tuple[str, str]) -> None:
    assert told(run, 3, str(file), *to(*urls), "--methods", "HEAD")["pairs"]["agree"] == 0
    result = run("replay", str(file), *to(*urls), "--methods", "HEAD")
    assert "no data never passes" in result.stdout
    nobody = told(run, 3, str(file), *to(urls[0], unused_url()))
    assert nobody["inconclusive"] == {"new: refused": 3}
    assert told(run, 3, str(file), *to(urls[0], unused_url()), "--may-miss", "100%")["verdict"] == "inconclusive"


def test_some_pairs_may_be_missed_where_somebody_says_so(run: Run, here: Path, urls: tuple[str, str]) -> None:
    lines = [f'203.0.113.7 - - [29/Nov/2026:18:00:00 +0100] "GET {path} HTTP/1.1" 200 5' for path in ("/", "/events/")]
    (here / "access.log").write_text("\n".join(lines) + "\n")
    arguments = ("access.log", *to(urls[0], urls[0]))
    assert told(run, 3, *arguments)["inconclusive"] == {"old: streaming, new: streaming": 1}
    assert told(run, 0, *arguments, "--may-miss", "50%")["verdict"] == "agree"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--methods", "GET,DELETE"), "DELETE would change something on both sides. Add --unsafe"),
        (("--rate", "5", "--as-recorded"), "exclude each other"),
        (("--rate", "nan"), "'nan' is not a finite number"),
        (("--speed", "2"), "--speed is for --as-recorded"),
        (("--may-miss", "2"), "it is no share"),
        (("--methods", ""), "it names no methods"),
        (
            ("--route-config", "strangler.toml", "--route", "orders.sho"),
            "no route of --route-config, which has: orders",
        ),
        (("--header", "nonsense"), "is not a header"),
        (("--login-as", "none.toml"), "none.toml: cannot be read"),
        (("--rules", "none.toml"), "none.toml: cannot be read"),
        (("--route-config", "none.toml"), "none.toml: "),
        (("--junit", "no/such/folder.xml"), "cannot be written: there is no such folder"),
        (("--junit", "."), "is a directory"),
        (("--new", "shop"), "it is not an http or https address"),
    ],
)
def test_bad_input_is_one_clear_error(
    run: Run, here: Path, file: Path, urls: tuple[str, str], arguments: tuple[str, ...], words: str
) -> None:
    result = run("replay", str(file), *to(urls[0], urls[0]), *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_case_that_cannot_be_kept_is_one_clear_error_and_no_verdict(
    run: Run, here: Path, file: Path, urls: tuple[str, str]
) -> None:
    (here / "taken").write_text("no folder")
    result = run("replay", str(file), *to(*urls), "--save", "taken/cases")
    assert result.exit_code == 2
    assert "cannot be written: Not a directory" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_recording_that_is_wrong_is_refused_before_anybody_is_asked(
    run: Run, here: Path, urls: tuple[str, str]
) -> None:
    (here / "x.ndjson").write_text('{"strangler": "recording", "version": 1}\n{"at": 1}\nnonsense\n')
    result = run("replay", "x.ndjson", *to(*urls), "--json")
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "recording_error"
    assert [problem["line"] for problem in error["problems"]] == [2, 3]


def test_a_recording_without_clients_credentials_is_replayed_as_whom_one_says(
    run: Run, here: Path, urls: tuple[str, str], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    redacted = kept(here / "redacted.ndjson", list(open_recording(file)), redactor=Redactor(key=b"x" * 16))
    arguments = (str(redacted), *to(urls[0], urls[0]), "--unsafe")
    assert set(told(run, 3, *arguments)["inconclusive"]) == {"identity"}
    login = '[[login]]\npath = "/login/"\nfields = {username = "ann", password = "${SHOP_PASSWORD}"}\n'
    (here / "login.toml").write_text(login)
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    (here / "ids.toml").write_text(IDS)
    document = told(run, 0, *arguments, "--login-as", "login.toml", "--rules", "ids.toml")
    assert document["pairs"] == {"agree": 5, "differ": 0, "inconclusive": 0}


def test_the_pace_can_be_the_recorded_one(run: Run, here: Path, file: Path, urls: tuple[str, str]) -> None:
    assert told(run, 0, str(file), *to(urls[0], urls[0]), "--as-recorded", "--speed", "1000")["verdict"] == "agree"
    assert told(run, 0, str(file), *to(urls[0], urls[0]), "--rate", "1000", "--limit", "1")["pairs"]["agree"] == 1
