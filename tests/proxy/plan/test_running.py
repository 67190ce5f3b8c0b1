"""A step's command runs in the operator's shell, is shown as it comes, and is kept without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from strangler_proxy.plan.redacted import redacted
from strangler_proxy.plan.running import TIMED_OUT, run_command


def test_a_command_runs_where_the_plan_is_and_both_its_outputs_are_shown(tmp_path: Path) -> None:
    shown: list[str] = []
    ran = run_command("pwd; echo wrong >&2; exit 3", 30, tmp_path, shown.append)
    assert ran.code == 3
    assert shown == [str(tmp_path.resolve()), "wrong"]
    assert ran.output == f"{tmp_path.resolve()}\nwrong\n"


def test_a_command_that_takes_too_long_ends_with_all_that_it_began(tmp_path: Path) -> None:
    ran = run_command("sleep 60 & sleep 60", 0.2, tmp_path, lambda _: None)
    assert ran.code == TIMED_OUT
    assert "not within 0.2 s" in ran.output


def test_a_flood_is_kept_in_part_and_nothing_plays_with_the_terminal(tmp_path: Path) -> None:
    ran = run_command("printf '\\033[2Jx\\n'; yes | head -20000; echo end", 30, tmp_path, lambda _: None)
    assert len(ran.output) <= 16 * 1024
    assert ran.output.endswith("end\n")
    assert "\033" not in ran.output


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
