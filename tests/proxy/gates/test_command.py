"""A line runs in the operator's shell, is shown as it comes and kept in part, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from strangler_proxy.gates.command import TIMED_OUT, Ran, command_seen, run_command

from strangler.gates import CommandGate, CommandSeen
from tests.proxy.supervisor.proxy import is_running
from tests.waiting import until


def test_a_command_runs_where_it_is_told_to_and_both_its_outputs_are_shown(tmp_path: Path) -> None:
    shown: list[str] = []
    ran = run_command("pwd; echo wrong >&2; exit 3", 30, tmp_path, shown.append)
    assert (ran.code, ran.in_time) == (3, True)
    assert shown == [str(tmp_path.resolve()), "wrong"]
    assert ran.output == f"{tmp_path.resolve()}\nwrong\n"


def test_a_command_that_does_not_end_is_killed_with_what_it_began(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    line = f"sleep 60 & echo $! > {told}; wait"
    # On a busy machine it takes a while to begin.
    for timeout in (0.2, 2.0, 20.0):
        ran = run_command(line, timeout, tmp_path, lambda _: None)
        assert (ran.code, ran.in_time) == (TIMED_OUT, False)
        assert f"not within {timeout:g} s" in ran.output
        if told.exists() and told.read_text():
            break
    until(lambda: not is_running(int(told.read_text())))


def test_a_flood_is_kept_in_part_and_nothing_plays_with_the_terminal(tmp_path: Path) -> None:
    ran = run_command("printf '\\033[2Jx\\n'; yes | head -20000; echo end", 30, tmp_path, lambda _: None)
    assert len(ran.output) <= 16 * 1024
    assert ran.output.endswith("end\n")
    assert "\033" not in ran.output


@pytest.mark.parametrize(
    ("ran", "seen"),
    [
        (Ran(0, "", 0.1), CommandSeen(0)),
        (Ran(3, "", 0.1), CommandSeen(3)),
        (Ran(TIMED_OUT, "", 0.1), CommandSeen(TIMED_OUT)),
        (Ran(TIMED_OUT, "", 9.0, in_time=False), CommandSeen(error="not within 9 s")),
    ],
)
def test_a_gate_sees_the_code_or_that_there_is_none(ran: Ran, seen: CommandSeen) -> None:
    assert command_seen(CommandGate("make check", 9.0), lambda command, timeout: ran) == seen


def test_a_command_that_cannot_begin_has_no_code(tmp_path: Path) -> None:
    gate = CommandGate("true", 9.0)
    seen = command_seen(gate, lambda command, timeout: run_command(command, timeout, tmp_path / "none", print))
    assert seen == CommandSeen(error="it cannot begin: No such file or directory")
