"""What the file says of shadow traffic and of evidence, as frozen values. Times are in seconds, sizes in bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["EvidenceSettings", "ShadowSettings"]


@dataclass(frozen=True, slots=True)
class ShadowSettings:
    """How requests are copied to the side that did not answer them, and what a copy may cost.

    `sample` is the share of a route's requests that are copied (default 1). Of one worker: `queue` copies wait (default
    256), `in_flight` are under way to one upstream (default 16), `bytes` are held by both (default 32 MiB), `rate` is
    how many a second go to one upstream at most (default 0: any). `body_bytes` is the longest body that is copied
    (default 1 MiB), `timeout` bounds a copy in all (default 10). None is sent while the asked side answers `slowdown`
    times slower than it usually does (default 2; 0 for never).

    `recheck` is the share of agreeing pairs for which the monolith is asked once more (default 0.01), `lag` after how
    long a difference is asked again of both sides (default 2). `second` is the upstream that is a second instance of
    the monolith (empty: there is none). `comparers` is how many processes compare (default 1), `rules` the file of the
    compare rules, from the configuration's folder (None: there are no rules).
    """

    sample: float = 1.0
    queue: int = 256
    in_flight: int = 16
    bytes: int = 32 * 1024 * 1024
    body_bytes: int = 1024 * 1024
    timeout: float = 10.0
    rate: float = 0.0
    slowdown: float = 2.0
    recheck: float = 0.01
    lag: float = 2.0
    second: str = ""
    comparers: int = 1
    rules: Path | None = None


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """Where evidence is kept: `url` (empty: SQLite in the state folder). It is kept for `keep` (default 30 days), whole
    pairs up to `bytes` in all (default 256 MiB) and `samples` a field and kind of difference (default 5). The audit of
    events is kept for `events_keep` (default 400 days), and at most `events` of it (default 100,000), counts of calls
    for `calls_keep` (default 30 days), and at most `calls` of them (default 200,000)."""

    url: str = ""
    keep: float = 30 * 86400.0
    bytes: int = 256 * 1024 * 1024
    samples: int = 5
    events_keep: float = 400 * 86400.0
    events: int = 100_000
    calls_keep: float = 30 * 86400.0
    calls: int = 200_000
