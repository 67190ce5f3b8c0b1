from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from strangler_proxy.secret import keep_secret, read_secret, replace_secret, token_from

from strangler.errors import StranglerError


def test_a_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "control.token"
    secret = keep_secret(path)
    assert len(secret) >= 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keep_secret(path) == read_secret(path) == secret
    assert list(tmp_path.iterdir()) == [path]


def test_of_many_makers_at_once_all_get_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(keep_secret, [tmp_path / "control.token"] * 32))
    assert len(made) == 1


def test_no_two_secrets_are_the_same(tmp_path: Path) -> None:
    assert keep_secret(tmp_path / "a") != keep_secret(tmp_path / "b")


def test_a_secret_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "control.token"
    before = keep_secret(path)
    after = replace_secret(path)
    assert before != after == read_secret(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "control.token"
    path.mkdir()
    with pytest.raises(StranglerError, match=r"control\.token cannot be written: .* It is as it was"):
        replace_secret(path)
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(StranglerError, match="cannot be written"):
        replace_secret(tmp_path / "nowhere" / "control.token")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620])
def test_a_secret_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "control.token"
    secret = keep_secret(path)
    path.chmod(mode)
    for use in (keep_secret, read_secret):
        with pytest.raises(StranglerError, match="chmod 600") as caught:
            use(path)
        assert secret not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "control.token"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StranglerError):
        read_secret(path)


def test_a_missing_secret_is_told_where_it_comes_from(tmp_path: Path) -> None:
    with pytest.raises(StranglerError, match="strangler serve"):
        read_secret(tmp_path / "control.token")


def test_a_token_can_come_from_the_environment() -> None:
    assert token_from({}) is None
    assert token_from({"STRANGLER_TOKEN": ""}) is None
    assert token_from({"STRANGLER_TOKEN": " 0123456789abcdef\n"}) == "0123456789abcdef"


@pytest.mark.parametrize("token", ["short", "ü" * 20, "with\x1bescape-and-more"])
def test_a_token_of_the_environment_that_is_no_secret_is_refused(token: str) -> None:
    with pytest.raises(StranglerError, match="STRANGLER_TOKEN") as caught:
        token_from({"STRANGLER_TOKEN": token})
    assert token not in str(caught.value)
