"""How a recording goes on, on standard error: one line that changes at a terminal, a line a while elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import click
from rich.console import Console
from rich.status import Status
from rich.text import Text

from strangler_proxy.cli.record_told import told_running
from strangler_proxy.plain import plain

__all__ = ["RecordProgress"]

_LINE_EVERY: Final = 30.0


class RecordProgress:
    """Shows `recording`, and then what `show` is given. A context, at whose end nothing of it stays at a terminal."""

    def __init__(self, recording: Mapping[str, Any]) -> None:
        self._status: Status | None = None
        self._said = time.monotonic()
        for line in told_running(recording):
            click.echo(plain(line), err=True)
        click.echo("Ctrl-C ends it.", err=True)
        if sys.stderr.isatty():
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

    def show(self, recording: Mapping[str, Any]) -> None:
        """It has gone on to this."""
        lines = [plain(line).strip() for line in list(told_running(recording))[1:]]
        if self._status is not None:
            self._status.update(Text("; ".join(lines)))
        elif time.monotonic() - self._said >= _LINE_EVERY:
            self._said = time.monotonic()
            click.echo("; ".join(lines), err=True)
