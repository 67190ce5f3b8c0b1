"""What is to be deleted, as a patch to review: whole files, and the lines elsewhere that name them."""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from strangler_proxy.plan.checks import NothingLeft
from strangler_proxy.plan.leftovers import Leftover, leftovers

__all__ = ["deletion_patch"]


def deletion_patch(wanted: NothingLeft, folder: Path) -> str:
    """A unified diff for `git apply` in `folder`: the files and folders of `wanted.delete` go, and every line that
    still names one of `wanted.names`. Empty where nothing is left. A line that goes may leave others without sense: it
    is a beginning, to be reviewed."""
    parts: list[str] = []
    for path in _doomed(wanted.delete, folder):
        parts += _diff(os.path.relpath(path, folder), path.read_bytes(), None)
    by_file: dict[str, list[Leftover]] = {}
    for each in leftovers(wanted, folder):
        by_file.setdefault(each.file, []).append(each)
    for name, found in by_file.items():
        content = (folder / name).read_bytes()
        numbers = {each.line for each in found}
        kept = [line for number, line in enumerate(_lines(content), start=1) if number not in numbers]
        parts += _diff(name, content, "".join(kept))
    return "".join(parts)


def _doomed(names: Iterable[str], folder: Path) -> Iterator[Path]:
    for name in names:
        path = folder / name
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file() and "__pycache__" not in each.parts)


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "surrogateescape").splitlines(keepends=True)


def _rows(text: str) -> list[str]:
    """The lines as git counts them: a form feed ends none."""
    return io.StringIO(text, newline="\n").readlines()


def _diff(name: str, before: bytes, after: str | None) -> list[str]:
    """The part about one file; None after for one that goes. What is no text is told by name alone."""
    head = f"diff --git a/{name} b/{name}\n"
    gone = ["deleted file mode 100644\n"] if after is None else []
    if b"\0" in before:
        return [head, *gone, f"Binary files a/{name} and /dev/null differ\n"]
    old = _rows(before.decode("utf-8", "surrogateescape"))
    new = [] if after is None else _rows(after)
    to = "/dev/null" if after is None else f"b/{name}"
    body = [
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(old, new, f"a/{name}", to)
    ]
    return [head, *gone, *body]
