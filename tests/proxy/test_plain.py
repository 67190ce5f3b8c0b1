from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.plain import is_plain, plain, reason


@pytest.mark.parametrize("text", ["", "why not", "Größe 客户 🎉 👩\u200d🚀", "עברית", "a\xa0b", "\\x1b"])
def test_text_that_people_write_stays_as_it_is(text: str) -> None:
    assert is_plain(text)
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil", "\\u202eevil"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("\x7f\x00", "\\x7f\\x00"),
    ],
)
def test_what_could_play_with_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert not is_plain(text)
    assert plain(text) == shown


@given(st.text())
def test_what_is_shown_is_always_plain_and_can_be_encoded(text: str) -> None:
    assert is_plain(plain(text))
    plain(text).encode()


def test_a_reason_is_told_without_its_number() -> None:
    assert reason(ConnectionRefusedError(111, "Connection refused")) == "Connection refused"
    assert reason(OSError("[Errno -2] Name or service not known")) == "Name or service not known"
    assert reason(TimeoutError()) == "TimeoutError"
