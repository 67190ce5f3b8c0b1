"""Of what commands print, no secret is kept."""

from __future__ import annotations

import pytest
from strangler_proxy.plan.redacted import redacted


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
        "postgres://shop:abcdefghijklmnopqrstuvwxyz@db/shop",
        "https://x.example/?token=abcdefghijklmnopqrstuvwxyz",
        "password = 'abcdefghijklmnopqrstuvwxyz'",
        "it is abcdefghijklmnopqrstuvwxyz",
    ],
)
def test_secrets_are_not_kept(text: str) -> None:
    kept = redacted(text, {"DATABASE_PASSWORD": "abcdefghijklmnopqrstuvwxyz", "HOME": "/root"})
    assert "abcdefghijklmnopqrstuvwxyz" not in kept
    assert "redacted-" in kept


def test_what_is_no_secret_stays() -> None:
    text = "3 of 4 steps in /root took 2 s"
    assert redacted(text, {"HOME": "/root", "API_KEY": "2"}) == text
