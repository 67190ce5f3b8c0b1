"""What the parity tests of one process share: connections, rules that were read, and the folder of kept cases."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from strangler.compare import Comparison, Pair, Rules
from strangler.evidence import Redactor
from strangler.parity.http_side import HttpSide
from strangler.parity.options import path_option, read_rules, read_settings
from strangler.parity.parity import Parity
from strangler.parity.sides import Ask, Sides
from strangler.recording import CaseFolder

if TYPE_CHECKING:
    import pytest

__all__ = ["ParitySession"]


class ParitySession:
    """Makes the `Parity` of each test. Close it at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._opened: dict[str, HttpSide] = {}
        self._rules: dict[str, tuple[Rules, str]] = {}
        self._folders: dict[str, CaseFolder] = {}

    def parity(
        self,
        node: pytest.Item,
        sides: Sides,
        rules: Rules | Path | str | None,
        values: Mapping[str, Sequence[object]],
    ) -> Parity:
        """What the fixture `parity` is in one test. Raises ConfigError for options and marks that make no sense."""
        marked = next((mark.kwargs["rules"] for mark in node.iter_markers("parity") if "rules" in mark.kwargs), rules)
        found, rules_file = self._read(marked)
        folder = self._folder(found, rules_file)

        def keep(pair: Pair, comparison: Comparison) -> str:
            path = folder.keep(pair, comparison) if folder is not None else None
            return f"Kept as {path}." if path is not None else "Not kept: there are enough of its kind."

        return Parity(
            None if sides.old is None else self._open(sides.old),
            self._open(sides.new),
            found,
            settings=read_settings(node, rules_file),
            headers=sides.headers,
            host=sides.host,
            values=values,
            keep=None if folder is None else keep,
        )

    def close(self) -> None:
        """Let go of all connections."""
        for side in self._opened.values():
            side.close()
        self._opened.clear()

    def _open(self, side: Ask | str) -> Ask:
        if not isinstance(side, str):
            return side
        if side not in self._opened:
            self._opened[side] = HttpSide(side)
        return self._opened[side]

    def _read(self, rules: Rules | Path | str | None) -> tuple[Rules, str]:
        if rules is None or isinstance(rules, Rules):
            return read_rules(rules, self._config)
        if str(rules) not in self._rules:
            self._rules[str(rules)] = read_rules(rules, self._config)
        return self._rules[str(rules)]

    def _folder(self, rules: Rules, rules_file: str) -> CaseFolder | None:
        path = path_option(self._config, "save")
        if path is None:
            return None
        if rules.revision not in self._folders:
            redactor = Redactor(rules.redactions, key=secrets.token_bytes(32))
            # Processes of one run write into one folder.
            worker = f"{name}-" if (name := os.environ.get("PYTEST_XDIST_WORKER")) else ""
            self._folders[rules.revision] = CaseFolder(path, redactor, rules=rules, rules_file=rules_file, mark=worker)
        return self._folders[rules.revision]
