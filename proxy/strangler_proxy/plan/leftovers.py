"""What still names old code: imports of its modules, and its texts, such as URLs, wherever they stand."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from strangler.errors import PlanError
from strangler.evidence import GateVerdict
from strangler.gates import GateJudgement
from strangler_proxy.plan.checks import NothingLeft
from strangler_proxy.plan.world import Judged

__all__ = ["Leftover", "leftovers", "leftovers_judged"]

_MODULE: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_MOST_BYTES: Final = 2 * 1024 * 1024
_MOST_TOLD: Final = 5
_MOST_KEPT: Final = 200
_NOT_OURS: Final = frozenset({"__pycache__", "node_modules"})


@dataclass(frozen=True, slots=True)
class Leftover:
    """A line that names something: the file as seen from the plan's folder, its number, its text, and what it names."""

    file: str
    line: int
    text: str
    name: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text.strip()[:120]}"


def leftovers(wanted: NothingLeft, folder: Path) -> list[Leftover]:
    """Every line below `wanted.within` that names one of `wanted.names`, outside of what is to be deleted.

    A dotted name counts where a module of that name or one below it is imported, also relatively, and where it stands
    as a word in any other text: settings, URLconfs and `get_model` name modules in strings. Any other name counts
    wherever it stands. Raises PlanError for a folder that is not there.
    """
    gone = [(folder / each).resolve() for each in wanted.delete]
    found: list[Leftover] = []
    for within in wanted.within:
        root = folder / within
        if not root.exists():
            raise PlanError(f"{root} is to be looked through, and is not there.", "Mend `within` in the plan.")
        for path in _files(root):
            if not any(path.resolve().is_relative_to(each) for each in gone):
                found += _named_in(path, wanted.names, folder)
    return sorted(found, key=lambda each: (each.file, each.line))


def leftovers_judged(wanted: NothingLeft, folder: Path) -> Judged:
    """Whether nothing is left."""
    found = leftovers(wanted, folder)
    names = ", ".join(wanted.names)
    if not found:
        reason = f"Nothing below {', '.join(wanted.within)} names {names}."
        return Judged("", GateJudgement("nothing_left", GateVerdict.PASS, reason))
    told = "; ".join(str(each) for each in found[:_MOST_TOLD])
    more = f"; and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    figures = {"places": [f"{each.file}:{each.line}" for each in found[:_MOST_KEPT]], "count": len(found)}
    still = "1 line still names" if len(found) == 1 else f"{len(found)} lines still name"
    reason = f"{still} {names}: {told}{more}"
    return Judged("", GateJudgement("nothing_left", GateVerdict.FAIL, reason, figures))


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for place, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _NOT_OURS)
        for name in sorted(names):
            path = Path(place) / name
            if path.is_file() and path.stat().st_size <= _MOST_BYTES:
                yield path


def _named_in(path: Path, names: Sequence[str], folder: Path) -> Iterator[Leftover]:
    content = path.read_bytes()
    if b"\0" in content:
        return
    lines = content.decode(errors="replace").splitlines()
    at: dict[int, str] = {}
    for name in names:
        pattern = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)" if _MODULE.fullmatch(name) else re.escape(name))
        for number, line in enumerate(lines, start=1):
            if pattern.search(line):
                at.setdefault(number, name)
    if path.suffix == ".py":
        for number, imported in _imports("\n".join(lines), _module_of(path, folder)):
            for name in names:
                if imported == name or imported.startswith(f"{name}."):
                    at.setdefault(number, name)
    shown = os.path.relpath(path, folder)
    yield from (Leftover(shown, number, lines[number - 1], name) for number, name in at.items())


def _module_of(path: Path, folder: Path) -> list[str]:
    """The package that relative imports in the file begin from."""
    parts = list(Path(os.path.relpath(path, folder)).with_suffix("").parts)
    return parts[:-1]


def _imports(text: str, package: list[str]) -> Iterator[tuple[int, str]]:
    """The modules, and the names in them, that a Python file imports, with their lines; of a broken file none."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield node.lineno, module
            yield from ((alias.lineno, f"{module}.{alias.name}") for alias in node.names)
