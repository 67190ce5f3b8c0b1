"""When a recording's file is full, and where full files stay."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Rotation"]


@dataclass(frozen=True, slots=True)
class Rotation:
    """A file is full past `bytes` as they stand on disk (default 64 MiB) or `seconds` of age (default a day).

    `keep` is how many full files stay beside the one that is written (default 20; the oldest go), 0 for all. `packed`
    says that files are packed by gzip as they are written.
    """

    bytes: int = 64 * 1024 * 1024
    seconds: float = 86400.0
    keep: int = 20
    packed: bool = False

    def is_due(self, size: int, age: float) -> bool:
        """Whether a file of `size` bytes and `age` seconds is full."""
        return size >= self.bytes or age >= self.seconds

    def put_aside(self, path: Path, at: float) -> Path:
        """Rename the file at `path`, which nobody writes any more, and let the oldest ones go; its new path.

        `shop.ndjson` becomes `shop-20261129T170000-000001.ndjson`, the moment being `at` (seconds since 1970) in UTC,
        the number one more than that of the newest. Raises OSError.
        """
        stem, dot, suffix = path.name.partition(".")
        pattern = re.compile(rf"{re.escape(stem)}-\d{{8}}T\d{{6}}-(\d{{6,}}){re.escape(dot + suffix)}")
        found = ((pattern.fullmatch(each.name), each) for each in path.parent.iterdir())
        older = sorted((int(match[1]), each) for match, each in found if match is not None)
        number = older[-1][0] + 1 if older else 1
        moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(at))
        aside = path.rename(path.with_name(f"{stem}-{moment}-{number:06}{dot}{suffix}"))
        if self.keep:
            for _, each in older[: max(0, len(older) + 1 - self.keep)]:
                each.unlink(missing_ok=True)
        return aside
