"""What the file says of notices, as a frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from strangler_proxy.notify.notice import NoticeKind

__all__ = ["NotifySettings"]


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Where notices are sent (`webhook`, empty: nowhere), the file with the secret that they are signed with (None:
    STRANGLER_NOTIFY_SECRET, or they are not signed), which kinds are sent (default: all), how many seconds one attempt
    may take (default 10), how many attempts there are (default 8) and how many notices wait (default 256)."""

    webhook: str = ""
    secret_file: Path | None = None
    kinds: tuple[NoticeKind, ...] = tuple(NoticeKind)
    timeout: float = 10.0
    attempts: int = 8
    queue: int = 256
