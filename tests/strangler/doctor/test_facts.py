"""Facts on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strangler.doctor import read_facts, write_facts
from strangler.doctor.fingerprint import fingerprint
from strangler.errors import ConfigError
from tests.strangler.doctor.good import MONOLITH


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    write_facts(file, MONOLITH)
    assert read_facts(file) == MONOLITH
    assert [path.name for path in tmp_path.iterdir()] == ["facts.json"]


def test_a_member_that_a_later_version_adds_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    write_facts(file, MONOLITH)
    file.write_text(json.dumps({**json.loads(file.read_text()), "later": 1}))
    assert read_facts(file) == MONOLITH


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "holds no facts"),
        ('{"format": "strangler.inventory"}', "holds no facts"),
        ('{"format": "strangler.facts", "version": 2}', "reads 1"),
        ('{"format": "strangler.facts", "version": 1}', "settings"),
        ('{"format": "strangler.facts", "version": 1, "settings": "s.py", "debug": "yes"}', "debug"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_file_that_is_wrong_says_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "facts.json"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_facts(file)
    assert said in str(caught.value)
    assert "manage.py strangler_doctor --facts" in str(caught.value)


def test_a_file_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_facts(tmp_path / "facts.json")


def test_a_fingerprint_tells_equal_secrets_and_not_the_secret() -> None:
    assert fingerprint("") == ""
    assert fingerprint("one") == fingerprint("one") != fingerprint("two")
    assert len(fingerprint("one")) == 16
