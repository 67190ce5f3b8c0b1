"""Reading access logs: our own JSON lines, and the common and combined formats of Apache and nginx.

A log knows no bodies, no cookies and no answers but their status, so only GET and HEAD can be asked again from it, and
as somebody who is not signed in. Our own log has no query strings either.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from strangler.compare import Request
from strangler.recording.lines import lines_of
from strangler.recording.problems import Problems
from strangler.recording.recorded import Recorded
from strangler.recording.target import sendable, target_of

__all__ = ["AccessLine", "is_access_line", "is_own_line", "read_access_lines", "read_access_log"]

_COMBINED: Final = re.compile(
    r"(?:\S+:\d+ )?\S+ \S+ .*?\[(?P<day>\d{2})/(?P<month>[A-Z][a-z]{2})/(?P<year>\d{4}):(?P<time>\d{2}:\d{2}:\d{2})"
    r' (?P<zone>[+-]\d{4})\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}|-) (?:\d+|-)'
    r'(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
_LETTERS: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "v": "\v", "f": "\f"}
_LONGEST: Final = 256 * 1024
_SAFE: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One request of a log. `target` is path and query as they were sent, `at` seconds since 1970.

    `status` is 0 where the log has none. `seconds` is how long it took, None where the log does not say; `stands_for`
    how many requests the line stands for, more than one where only a share of them is written.
    """

    at: float
    method: str
    target: str
    status: int = 0
    seconds: float | None = None
    stands_for: float = 1.0
    agent: str = ""


def is_own_line(document: Any) -> bool:
    """Whether a JSON document is a line of our own access log."""
    return isinstance(document, dict) and {"time", "method", "path", "status"} <= set(document)


def is_access_line(text: str) -> bool:
    """Whether a line is in the common or the combined format."""
    return _COMBINED.match(text) is not None


def read_access_log(path: Path, problems: Problems, skipped: Counter[str]) -> Iterator[Recorded]:
    """The GET and HEAD requests of a log, in the order of its lines, without clients.

    Passed over and counted in `skipped`: `method` (any other), and what `read_access_lines` passes over.
    """
    for line in read_access_lines(path, problems, skipped):
        if line.method in _SAFE:
            agent = line.agent.encode("utf-8", "surrogateescape").decode("latin-1")
            headers = (("User-Agent", agent),) if agent else ()
            yield Recorded(line.at, Request(line.method, line.target, "", headers))
        else:
            skipped["method"] += 1


def read_access_lines(path: Path, problems: Problems, skipped: Counter[str]) -> Iterator[AccessLine]:
    """The requests of a log, in the order of its lines.

    Passed over and counted in `skipped`: `no-request` (a connection that sent none, or garbage that the server
    refused), and `torn`, a line that the log ends in.
    """
    for line in lines_of(path, _LONGEST):
        text = line.text.decode("utf-8", "surrogateescape")
        if line.long:
            problems.add(f"is longer than {_LONGEST} bytes", "Take the line out.", line=line.number)
            continue
        try:
            found = _own(text) if text.lstrip().startswith("{") else _combined(text)
        except ValueError as error:
            if line.torn:
                skipped["torn"] += 1
            else:
                problems.add(
                    f"is no line of an access log: {error}", "Give a log in our own or the combined format.",
                    line=line.number,
                )  # fmt: skip
            continue
        if found is None:
            skipped["no-request"] += 1
        else:
            yield found


def _own(text: str) -> AccessLine | None:
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not is_own_line(document):
        raise ValueError("time, method, path or status is missing")
    method, path, moment = document["method"], document["path"], document["time"]
    if not all(isinstance(each, str) for each in (method, path, moment)):
        raise ValueError("time, method or path is not a text")
    target = _target(path)
    if target is None:
        return None
    milliseconds, share = _number(document, "ms"), _number(document, "sampled")
    return AccessLine(
        _seconds(datetime.fromisoformat(moment)),
        method,
        target,
        int(_number(document, "status") or 0),
        None if milliseconds is None else milliseconds / 1000,
        1 / share if share and share <= 1 else 1.0,
    )


def _number(document: dict[str, Any], name: str) -> float | None:
    """A number from 0 up; None where there is none."""
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        return None
    return float(value)


def _combined(text: str) -> AccessLine | None:
    found = _COMBINED.match(text)
    if found is None:
        raise ValueError("it is neither JSON nor in the combined format")
    hours, minutes, seconds = (int(part) for part in found["time"].split(":"))
    if found["month"] not in _MONTHS:
        raise ValueError(f"there is no month {found['month']}")
    zone = found["zone"]
    shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:])) * (-1 if zone[0] == "-" else 1)
    moment = datetime(
        int(found["year"]), _MONTHS.index(found["month"]) + 1, int(found["day"]), hours, minutes, min(seconds, 59),
        tzinfo=timezone(shift),
    )  # fmt: skip
    words = _unescaped(found["request"]).split(" ")
    if len(words) < 2 or not words[0].isalpha():
        return None
    target = _target(" ".join(words[1:-1]) if words[-1].startswith("HTTP/") else " ".join(words[1:]))
    if target is None:
        return None
    agent = _unescaped(found["agent"] or "-")
    status = 0 if found["status"] == "-" else int(found["status"])
    return AccessLine(_seconds(moment), words[0], target, status, agent="" if agent == "-" else agent)


def _target(text: str) -> str | None:
    """A target as it can be sent again; None where there was none."""
    if text.startswith("/"):
        return sendable(text)
    try:
        split = urlsplit(text)
    except ValueError:
        return None
    return target_of(split) if split.scheme in ("http", "https") else None


def _seconds(moment: datetime) -> float:
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _unescaped(text: str) -> str:
    """As it was before nginx or Apache wrote it."""
    if "\\" not in text:
        return text
    # A byte at a time, for an escaped letter is several.
    raw = text.encode("utf-8", "surrogateescape").decode("latin-1")
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _LETTERS.get(found[2], found[2]), raw)
    return plain.encode("latin-1").decode("utf-8", "surrogateescape")
