"""How a step goes on, on standard error: lines that stay for what was done, one that changes for what its gates say."""

from __future__ import annotations

import sys
import time
from textwrap import shorten
from types import TracebackType
from typing import Final, Self

import click
from rich.console import Console
from rich.status import Status
from rich.text import Text

from strangler.evidence import GateVerdict
from strangler_proxy.plain import plain
from strangler_proxy.plan.told import Told, ToldKind
from strangler_proxy.plan.world import Judged

__all__ = ["PlanProgress"]

_LINE_EVERY: Final = 15.0
_LONGEST: Final = 240
_WORDS: Final = {ToldKind.BEGUN: "begins", ToldKind.MOVES: "->", ToldKind.MADE: "made:", ToldKind.BACK: "TAKEN BACK:"}


class PlanProgress:
    """Tells what an engine tells, and `show`s what commands print. A context, at whose end nothing that changes stays.

    At a terminal the verdicts are one block that changes; elsewhere they are told whenever one has become another, and
    every 15 seconds. With `quiet` nothing is told.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._status: Status | None = None
        self._verdicts: tuple[tuple[str, str, GateVerdict], ...] = ()
        self._said = 0.0
        if not quiet and sys.stderr.isatty():
            self._status = Status("", console=Console(stderr=True))

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, line: str) -> None:
        """A line that a command printed."""
        self._say(f"    {line}")

    def tell(self, told: Told) -> None:
        """What happened."""
        if told.kind is ToldKind.WAITS:
            self._wait(told.text)
            return
        if told.kind is not ToldKind.JUDGED:
            self._say(f"{told.step} {_WORDS[told.kind]} {told.text}".rstrip())
            return
        verdicts = tuple((each.about, each.judgement.name, each.judgement.verdict) for each in told.judged)
        lines = [_line(each) for each in told.judged]
        over = all(verdict is GateVerdict.PASS for _, _, verdict in verdicts)
        if self._status is not None and not over:
            self._status.update(Text("\n".join(["waiting for gates; Ctrl-C stops looking, and loses nothing", *lines])))
            self._verdicts = verdicts
            return
        if verdicts != self._verdicts or time.monotonic() - self._said >= _LINE_EVERY:
            self._said, self._verdicts = time.monotonic(), verdicts
            for line in lines:
                self._say(line)

    def _wait(self, text: str) -> None:
        """What is waited for: at a terminal at once, elsewhere now and then."""
        text = shorten(text, _LONGEST, placeholder=" …")
        if self._status is not None:
            self._status.update(Text(f"{plain(text)}\nCtrl-C stops looking, and loses nothing"))
        elif time.monotonic() - self._said >= _LINE_EVERY:
            self._said = time.monotonic()
            self._say(f"  {text}")

    def _say(self, line: str) -> None:
        if self._quiet:
            return
        if self._status is not None:
            self._status.update("")
            self._status.console.print(Text(plain(line)), soft_wrap=True)
        else:
            click.echo(plain(line), err=True)


def _line(judged: Judged) -> str:
    about = f"{judged.about} " if judged.about else ""
    return plain(f"  {judged.judgement.verdict}: {about}{judged.judgement.name}: {judged.judgement.reason}")
