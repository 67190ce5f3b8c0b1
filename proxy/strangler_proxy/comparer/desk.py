"""Writing recordings: what workers have taken down is redacted, and appended to one file."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from strangler.compare import Pair, Request
from strangler.recording import Recorded, RecordingWriter
from strangler_proxy.comparer.finding import answer_of, headers_of
from strangler_proxy.record.order import Order, order_of
from strangler_proxy.shadow.passed import Passed

__all__ = ["Desk"]

_MOST: Final = 1024
# Of lines, strings and objects, beside the bodies.
_REST: Final = 4096
_FLUSH_EVERY: Final = 1.0
# How long workers may go on telling of a recording that has ended, and how often it is looked whether they do.
_PATIENCE: Final = 3.0
_LOOK_EVERY: Final = 0.02
# After its time a recording waits so long to be told of its end, and then ends by itself.
_GRACE: Final = 5.0
_NO_KEY: Final = "there is no key to redact with, so nothing may be written; the comparer's log says why"

_log = logging.getLogger("strangler.comparer")


class Desk:
    """Writes down what is put to it, as the order in force wants it, all through `redact`; without one, nothing.

    At most 1,024 exchanges wait, or `most_bytes` of them: then it is `full`, and `on_room` is called when it is that no
    more. `telling` says whether workers may still tell of the recording; `tell` is called when there is something that
    the control plane should hear at once. `written` and `dropped` count for ever.
    """

    def __init__(
        self,
        redact: Callable[[Pair], Pair] | None,
        most_bytes: int,
        on_room: Callable[[], None],
        *,
        telling: Callable[[], bool],
        tell: Callable[[], None],
    ) -> None:
        self._redact = redact
        self._most_bytes = most_bytes
        self._on_room = on_room
        self._telling = telling
        self._tell = tell
        self._waiting: deque[Passed] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        # Whether the control plane has said at all what it wants: until then what comes waits.
        self._heard = False
        self._order: Order | None = None
        self._writer: RecordingWriter | None = None
        self._taken = 0
        self._until = 0.0
        self._ends_at: float | None = None
        self._report: dict[str, Any] | None = None
        self._written_before = 0
        self._dropped_before: Counter[str] = Counter()

    @property
    def full(self) -> bool:
        """Whether nobody should bring more."""
        return len(self._waiting) >= _MOST or self._bytes >= self._most_bytes

    @property
    def written(self) -> int:
        """How many requests were written, ever."""
        return self._written_before + (0 if self._writer is None else self._writer.written)

    @property
    def dropped(self) -> Counter[str]:
        """How many were not, by cause, ever."""
        return self._dropped_before + (Counter() if self._writer is None else self._writer.dropped)

    def put(self, passed: Passed) -> None:
        """Take one in, also where it is full: what has been read cannot be given back."""
        self._waiting.append(passed)
        self._bytes += _weight(passed)
        self._some.set()

    def heed(self, message: dict[str, Any]) -> None:
        """The control plane says what is to be recorded."""
        try:
            order = order_of(message.get("order"))
        except ValueError as error:
            _log.error("the control plane sent what cannot be read: %s", error)
            return
        self._heard = True
        if order is None:
            if self._order is not None and self._ends_at is None:
                self._ends_at = monotonic() + _PATIENCE
        elif self._order is None or order.id != self._order.id:
            self._close()
            self._begin(order)
        self._some.set()
        self._tell()

    def report(self) -> dict[str, Any] | None:
        """How the present recording stands, or how the last one ended; None before the first."""
        if self._order is None:
            return self._report
        writer = self._writer
        self._report = {
            "id": self._order.id,
            "written": 0 if writer is None else writer.written,
            "bytes": 0 if writer is None else writer.bytes,
            "full": bool(self._order.requests) and self._taken >= self._order.requests,
            "problem": _NO_KEY if writer is None else writer.problem,
            "closed": False,
        }
        return self._report

    async def run(self) -> None:
        """Work until cancelled."""
        flushed = monotonic()
        while True:
            if self._heard and self._waiting:
                self._write(self._waiting.popleft())
                await asyncio.sleep(0)
            else:
                self._some.clear()
                ending = self._ends_at is not None
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY if ending else _FLUSH_EVERY):
                        await self._some.wait()
            now = monotonic()
            if now - flushed >= _FLUSH_EVERY and self._writer is not None:
                flushed = now
                self._writer.flush()
            if self._is_over(now):
                self._close()
                self._tell()

    def finish(self) -> None:
        """Write what waits, and close: this is the end."""
        while self._heard and self._waiting:
            self._write(self._waiting.popleft())
        self._close()

    def _begin(self, order: Order) -> None:
        self._order = order
        self._taken = 0
        self._until = monotonic() + order.seconds + _GRACE
        if self._redact is not None:
            self._writer = RecordingWriter(order.path, self._redact, rotation=order.rotation)

    def _write(self, passed: Passed) -> None:
        before = self.full
        self._bytes -= _weight(passed)
        order, writer = self._order, self._writer
        if order is not None and passed.order == order.id and not (order.requests and self._taken >= order.requests):
            if writer is None:
                self._dropped_before["redactor"] += 1
            else:
                self._taken += writer.add(_recorded(passed))
                if order.requests and self._taken >= order.requests:
                    writer.flush()
                    self._tell()
        if before and not self.full:
            self._on_room()

    def _is_over(self, now: float) -> bool:
        if self._order is None:
            return False
        if self._ends_at is None:
            return now >= self._until
        return now >= self._ends_at or not (self._waiting or self._telling())

    def _close(self) -> None:
        if self._order is None:
            return
        writer = self._writer
        if writer is not None:
            writer.close()
        report = self.report()
        if writer is not None:
            self._written_before += writer.written
            self._dropped_before += writer.dropped
        self._order = self._writer = self._ends_at = None
        if report is not None:
            self._report = {**report, "closed": True}


def _weight(passed: Passed) -> int:
    return len(passed.body) + len(passed.answer.body) + _REST


def _recorded(passed: Passed) -> Recorded:
    request = Request(
        passed.method, passed.target.decode("latin-1"), passed.route, headers_of(passed.lines), passed.body
    )
    answer, seconds = answer_of(passed.answer), passed.answer.seconds
    if passed.candidate:
        return Recorded(passed.at, request, new=answer, client=passed.client, new_seconds=seconds)
    return Recorded(passed.at, request, old=answer, client=passed.client, old_seconds=seconds)
