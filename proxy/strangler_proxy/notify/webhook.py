"""Notices by HTTP: POST of JSON to an address, signed, tried again when it does not answer, never waited for."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from strangler_proxy.notify.notice import Notice
from strangler_proxy.notify.notifier import OUTCOMES
from strangler_proxy.notify.settings import NotifySettings
from strangler_proxy.notify.signature import HEADER, signature

__all__ = ["Webhook"]

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
# Whoever answers so may answer otherwise later; any other error stays one.
_WORTH_ANOTHER: Final = frozenset({408, 425, 429})

_log = logging.getLogger("strangler.notify")


class Webhook:
    """Sends what it is told to `settings.webhook`, one after the other, each up to `settings.attempts` times with
    pauses of 1 to 60 seconds between. Of what waits beyond `settings.queue` the newest is dropped."""

    def __init__(
        self,
        settings: NotifySettings,
        secret: bytes,
        replica: str,
        *,
        now: Callable[[], float] = time.time,
        pause: Callable[[float], Any] = asyncio.sleep,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._replica = replica
        self._now = now
        self._pause = pause
        self._transport = transport
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(settings.queue)
        self.counts: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))

    def tell(self, notice: Notice) -> None:
        """Put it into the queue, or drop and count it."""
        if notice.kind not in self._settings.kinds:
            return
        document = notice.to_json(name=uuid4().hex, at=self._now(), replica=self._replica)
        try:
            self._waiting.put_nowait(json.dumps(document, ensure_ascii=False).encode())
        except asyncio.QueueFull:
            self._lose("dropped", f"{self._settings.queue} notices wait already")
        except (TypeError, ValueError) as error:
            self._lose("dropped", str(error))

    async def run(self) -> None:
        """Send until cancelled."""
        # Redirects lead elsewhere than the configuration says, and a proxy of the environment has no business here.
        async with httpx.AsyncClient(
            transport=self._transport, timeout=self._settings.timeout, follow_redirects=False, trust_env=False
        ) as client:
            while True:
                body = await self._waiting.get()
                try:
                    await self._send(client, body)
                except Exception:
                    self.counts["failed"] += 1
                    _log.exception("a notice could not be sent")

    async def _send(self, client: httpx.AsyncClient, body: bytes) -> None:
        pause, wrong = _FIRST_PAUSE, ""
        for attempt in range(self._settings.attempts):
            if attempt:
                await self._pause(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            wrong, again = await self._attempt(client, body)
            if not wrong:
                self.counts["sent"] += 1
                return
            if not again:
                break
        self._lose("failed", wrong)

    async def _attempt(self, client: httpx.AsyncClient, body: bytes) -> tuple[str, bool]:
        """What went wrong, empty for nothing; and whether it may go well another time."""
        headers = {"Content-Type": "application/json"}
        if self._secret:
            headers[HEADER] = signature(self._secret, body, int(self._now()))
        try:
            async with asyncio.timeout(self._settings.timeout):
                async with client.stream("POST", self._settings.webhook, content=body, headers=headers) as answered:
                    status = answered.status_code
        except (httpx.HTTPError, TimeoutError) as error:
            # The message may have the address in it, and with it a secret.
            return type(error).__name__, True
        if 200 <= status < 300:
            return "", False
        return f"it answered {status}", status >= 500 or status in _WORTH_ANOTHER

    def _lose(self, outcome: str, why: str) -> None:
        self.counts[outcome] += 1
        _log.error("a notice for %s was lost (%s): %s", urlsplit(self._settings.webhook).hostname, outcome, why)
