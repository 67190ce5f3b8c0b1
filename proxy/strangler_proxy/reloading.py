"""What a reload may change, and what it came to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from strangler.errors import Problem
from strangler_proxy.config.store_url import without_password
from strangler_proxy.config.values import Config

__all__ = ["Outcome", "unchangeable"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a reload went. `message` says it in words; `problems` are those of a file that was refused."""

    ok: bool
    message: str
    config: str
    workers: int
    version: str
    program: bool = False
    seconds: float = 0.0
    problems: Sequence[Problem] = ()
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain JSON types."""
        return {
            **asdict(self),
            "seconds": round(self.seconds, 3),
            "problems": [asdict(problem) for problem in self.problems],
            "at": self.at.isoformat(),
        }


def unchangeable(present: Config, wanted: Config) -> list[Problem]:
    """What `wanted` says otherwise than `present` and only a start can change: where we listen, and where we keep."""
    pairs = {
        "proxy.listen": (present.listen, wanted.listen),
        "control.listen": (present.control, wanted.control),
        "state.dir": (present.state_dir, wanted.state_dir),
        # Another password for the same database is none of it.
        "store.url": (without_password(present.store), without_password(wanted.store)),
    }
    return [
        Problem(
            str(wanted.path),
            None,
            key,
            f"cannot change while the proxy serves: it is {before}, and the file says {after}",
            f"take it back to {before}, or stop `strangler serve` and start it again",
        )
        for key, (before, after) in pairs.items()
        if before != after
    ]
