"""`strangler doctor`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from strangler.doctor import write_facts
from strangler.doctor.facts import text_of
from tests.proxy.cli.conftest import Run
from tests.strangler.doctor.good import MONOLITH


@pytest.fixture(autouse=True)
def _facts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRANGLER_VOUCH_SECRET", raising=False)
    write_facts(folder / "facts.json", MONOLITH)


def test_findings_are_told_with_the_file_and_line_to_change(run: Run, folder: Path) -> None:
    write_facts(folder / "facts.json", replace(MONOLITH, session_cookie=replace(MONOLITH.session_cookie, name="shop")))
    result = run("doctor")
    assert result.exit_code == 1
    assert "wrong D131  proxy.private_cookies has no 'shop'" in result.stdout
    assert 'private_cookies = ["shop", "csrftoken"]' in result.stdout
    assert "strangler.toml:" in result.stdout
    assert "1 wrong" in result.stdout


def test_risks_and_notes_end_with_0(run: Run, run_json: Callable[..., Any], folder: Path) -> None:
    write_facts(
        folder / "facts.json",
        replace(MONOLITH, forwarded_host=True, session_cookie=replace(MONOLITH.session_cookie, secure=False)),
    )
    assert run("doctor").exit_code == 0
    document = run_json("doctor")
    assert "D105" in {each["code"] for each in document["findings"]}


def test_facts_may_come_by_standard_input(run: Run, folder: Path) -> None:
    (folder / "facts.json").unlink()
    assert run("doctor", "--facts", "-", input=text_of(MONOLITH)).exit_code == 0
    assert run("doctor", "--facts", "-", input="no").exit_code == 2


def test_without_facts_it_says_how_to_make_them(run: Run, folder: Path) -> None:
    (folder / "facts.json").unlink()
    result = run("doctor")
    assert result.exit_code == 2
    assert "manage.py strangler_doctor --facts" in result.stderr


@pytest.mark.parametrize("origin", ["shop.example.com", "https://", "https://shop.example.com/path", "ftp://x"])
def test_an_origin_that_is_none_is_refused(run: Run, origin: str) -> None:
    result = run("doctor", "--origin", origin)
    assert result.exit_code == 2
    assert "no origin" in result.stderr


def test_a_service_is_given_by_name_and_file(run: Run, folder: Path) -> None:
    write_facts(folder / "events.json", replace(MONOLITH, secret_key="k2"))
    result = run("doctor", "--service", "events=events.json")
    assert result.exit_code == 1
    assert "D122" in result.stdout
    assert run("doctor", "--service", "events.json").exit_code == 2


def test_live_without_a_proxy_that_ever_ran_says_so(run: Run) -> None:
    result = run("doctor", "--live")
    assert result.exit_code == 4
    assert "No proxy has been started here yet" in result.stderr


def test_live_asks_the_proxy_and_tells_that_it_does_not_answer(run: Run, folder: Path) -> None:
    state = folder / ".strangler"
    state.mkdir()
    secret = state / "vouch.secret"
    secret.write_text("a secret of the tests, long enough\n")
    secret.chmod(0o600)
    config = folder / "strangler.toml"
    config.write_text('[proxy]\nlisten = "127.0.0.1:1"\n' + config.read_text())
    result = run("doctor", "--live")
    assert result.exit_code == 1
    assert "D201" in result.stdout
