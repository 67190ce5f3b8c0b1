"""`observed.json`: what all processes of a monolith have seen of its views, added up in one file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from strangler.errors import ConfigError, Problem
from strangler.inventory.document import FormError, from_document, to_document
from strangler.inventory.observed import Observed, Together

__all__ = ["OBSERVED_FILE", "add_observed", "added_up", "read_observed"]

OBSERVED_FILE: Final = "observed.json"
_FORMAT: Final = "strangler.observed"
_VERSION: Final = 1
_AGAIN: Final = "Take the file away, and let the monolith run for a while with ObservedMiddleware."


def read_observed(folder: Path) -> tuple[Observed, ...]:
    """What was seen so far. Raises ConfigError where there is nothing, or nothing that can be read."""
    file = folder / OBSERVED_FILE
    try:
        return _rows(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([Problem(str(file), None, "", f"cannot be read: {error.strerror}", _AGAIN)]) from error
    except FormError as error:
        raise ConfigError([Problem(str(file), None, error.key, error.wrong, _AGAIN)]) from error
    except ValueError as error:
        raise ConfigError([Problem(str(file), None, "", f"is no {OBSERVED_FILE}: {error}", _AGAIN)]) from error


def add_observed(folder: Path, rows: Iterable[Observed], *, wait: bool = False) -> bool:
    """Add to what was seen so far; False where another process is at it and nobody waits. Raises OSError.

    A file that cannot be read is begun anew.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / OBSERVED_FILE
    with _alone(folder / "observed.lock", wait) as alone:
        if not alone:
            return False
        try:
            known = _rows(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            known = ()
        found = [to_document(each) for each in added_up([*known, *rows])]
        beside = file.with_suffix(".new")
        beside.write_text(
            json.dumps({"format": _FORMAT, "version": _VERSION, "observed": found}, indent=1) + "\n", encoding="utf-8"
        )
        beside.replace(file)
    return True


def added_up(rows: Iterable[Observed]) -> list[Observed]:
    """One row for each view and method."""
    found: dict[tuple[str, str], Observed] = {}
    for row in rows:
        known = found.get((row.key, row.method))
        found[row.key, row.method] = row if known is None else _sum(known, row)
    return [found[place] for place in sorted(found)]


def _sum(one: Observed, other: Observed) -> Observed:
    return Observed(
        one.key,
        one.method,
        one.requests + other.requests,
        one.statements + other.statements,
        tuple(sorted({*one.reads, *other.reads})),
        tuple(sorted({*one.writes, *other.writes})),
        _together((*one.transactions, *other.transactions)),
        _together((*one.joins, *other.joins)),
    )


def _together(found: Iterable[Together]) -> tuple[Together, ...]:
    counts: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    for each in found:
        counts[each.tables, each.apps] = counts.get((each.tables, each.apps), 0) + each.count
    return tuple(Together(tables, names, count) for (tables, names), count in sorted(counts.items()))


def _rows(text: str) -> tuple[Observed, ...]:
    try:
        document: Any = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(document, dict) or (document.get("format"), document.get("version")) != (_FORMAT, _VERSION):
        raise ValueError("it is of another format")
    rows = document.get("observed")
    if not isinstance(rows, list):
        raise FormError("observed", "is not a list")
    return tuple(from_document(Observed, each, f"observed[{number}]") for number, each in enumerate(rows))


@contextmanager
def _alone(file: Path, wait: bool) -> Iterator[bool]:
    """Whether no other process is within; one that dies within leaves nothing behind."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows, where a server is one process
        yield True
        return
    handle = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)
