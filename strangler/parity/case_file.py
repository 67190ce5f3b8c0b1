"""Files of parity cases as tests: one file, one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strangler.compare import Verdict
from strangler.errors import ConfigError
from strangler.parity.disagreement import Disagreement
from strangler.parity.parity import Parity
from strangler.recording import Case, read_case
from strangler.recording.case import line_of

__all__ = ["CaseFile", "CaseItem"]


class CaseFile(pytest.File):
    """A file that holds a case."""

    def collect(self) -> Iterator[pytest.Item]:
        """The one test in it. A case that is wrong is an error with its line."""
        try:
            case = read_case(self.path)
        except ConfigError as error:
            raise self.CollectError(str(error)) from None
        yield CaseItem.from_parent(self, name=str(case), case=case)


class CaseItem(pytest.Function):
    """Asks one case; it takes the fixture `parity`, and so the sides and rules that its folder's conftest names. One
    that may be inconclusive, and is, is skipped with the word."""

    def __init__(self, *, case: Case, **keywords: Any) -> None:
        def ask(parity: Parity) -> None:
            comparison = parity.check_case(case).comparison
            if comparison.verdict is Verdict.INCONCLUSIVE:
                pytest.skip(f"inconclusive, {comparison.cause}: {comparison.detail}")

        super().__init__(callobj=ask, **keywords)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        """The case's place and what came of it, without the lines of code between."""
        if isinstance(excinfo.value, Disagreement):
            return f"{self.path}:{self._line()}: {excinfo.value}"
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the case's request stands."""
        return self.path, self._line() - 1, self.name

    def _line(self) -> int:
        return line_of(self.path.read_text(encoding="utf-8"), "request") or 1
