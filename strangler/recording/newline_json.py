"""Our own recordings: newline JSON, a line that names the format first.

    {"strangler": "recording", "version": 1}
    {"at": 1764435600.25, "client": "5f0c…", "request": {"method": "GET", …}, "old": {…}, "old_seconds": 0.012}

`recording.schema.json` beside this file describes both kinds of lines. Members that a reader does not know are passed
over, so that later versions can add some; what an older reader would misread gets another version number.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from strangler.recording.lines import LONGEST, lines_of
from strangler.recording.problems import Problems
from strangler.recording.recorded import Recorded

__all__ = ["FIRST_LINE", "VERSION", "first_line_of", "line_of", "read_newline_json"]

VERSION: Final = 1
FIRST_LINE: Final = b'{"strangler": "recording", "version": %d}\n' % VERSION
"""With what every file begins."""


def first_line_of(document: Any) -> int | None:
    """The version that a first line names; None for a line that is none."""
    if not isinstance(document, dict) or document.get("strangler") != "recording":
        return None
    version = document.get("version")
    return version if type(version) is int else 0


def line_of(recorded: Recorded) -> bytes:
    """A recorded request as a line of a recording, with its end."""
    # In ASCII: no editor or pager takes a letter within it for the end of a line.
    return json.dumps(recorded.to_json(), separators=(",", ":")).encode("ascii") + b"\n"


def read_newline_json(
    path: Path, problems: Problems, skipped: Counter[str], longest: int = LONGEST
) -> Iterator[Recorded]:
    """What was recorded, in the order of the lines.

    A last line that is cut off, as `kill -9` leaves it, is counted in `skipped` as `torn`.
    """
    begun = False
    for line in lines_of(path, longest):
        if line.long:
            problems.add(f"is longer than {longest} bytes", "Record with a smaller bound on bodies.", line=line.number)
            continue
        try:
            document = json.loads(line.text)
        except (ValueError, RecursionError) as error:
            if line.torn:
                skipped["torn"] += 1
            else:
                problems.add(f"is not JSON: {_short(error)}", "Take the line out.", line=line.number)
            continue
        version = first_line_of(document)
        if version is not None:
            # Recordings put one behind the other are a recording too.
            begun = True
            if version != VERSION:
                wrong = f"is of version {version}; this one reads {VERSION}"
                problems.add(wrong, "Read it with the Strangler that wrote it.", line=line.number)
            continue
        if not begun:
            begun = True
            problems.add(
                "is not the first line of a recording", f"Begin with {FIRST_LINE.decode().strip()}", line=line.number
            )
        try:
            yield Recorded.from_json(document)
        except ValueError as error:
            problems.add(f"is no recorded request: {_short(error)}", "Take the line out.", line=line.number)


def _short(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if len(text) <= 120 else f"{text[:120]}…"
