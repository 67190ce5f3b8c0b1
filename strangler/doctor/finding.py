"""One thing that the doctor has to say."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Finding", "Severity"]


class Severity(StrEnum):
    """How bad it is: `wrong` breaks customers' requests or shows what must not be seen, `risk` will once more moves or
    somebody means ill, `note` is worth knowing."""

    WRONG = "wrong"
    RISK = "risk"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is `wrong` with a `setting`, `why` it matters behind the proxy, and the line to `change`, as it would stand.

    `code` never changes its meaning; `where` is the file and line to change, as far as they are known.
    """

    code: str
    severity: Severity
    setting: str
    wrong: str
    why: str
    change: str
    where: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {**asdict(self), "severity": self.severity.value}
