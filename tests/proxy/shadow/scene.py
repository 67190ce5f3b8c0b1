"""A worker between a monolith and a catalogue service, with one route in a stage that is compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from strangler_proxy.config import ShadowSettings, Upstream
from strangler_proxy.shadow.shadow import Shadow

from strangler.evidence import Batch
from strangler.toggles import Side, Stage
from tests.proxy.dataplane.raw import Connection, Proxy, RawUpstream, config, route, snapshot
from tests.waiting import until

__all__ = ["GET", "POST", "Says", "Scene"]

GET = b"GET /p/ HTTP/1.1\r\nHost: shop\r\n\r\n"
POST = b"POST /p/ HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\n\r\nbody"


class Says:
    """A script that answers each request, with a Content-Length or without a body, with what `response` is then."""

    def __init__(self, response: bytes) -> None:
        self.response = response

    def __call__(self, connection: Connection) -> None:
        while True:
            for line in connection.head().lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    connection.exactly(int(line.split(b":")[1]))
            connection.send(self.response)


class Scene:
    """The route `p` at `path` with a toggle in `stage`; `shadow` are settings beside the defaults, where
    `recheck` is 0, `upstream` what the catalogue's has beside its address, and `more` what the route says."""

    def __init__(
        self,
        make_proxy: Callable[..., Proxy],
        monolith: RawUpstream,
        catalog: RawUpstream,
        *,
        stage: Stage = Stage.SHADOW,
        share: int = 0,
        overrides: dict[str, Side] | None = None,
        path: str = "/p/",
        methods: tuple[str, ...] = ("GET", "HEAD", "POST", "PUT", "OPTIONS"),
        shadow: dict[str, Any] | None = None,
        upstream: dict[str, Any] | None = None,
        upstreams: dict[str, Upstream] | None = None,
        settings: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        self.monolith = monolith
        self.catalog = catalog
        self.stage = stage
        given = config(
            monolith.port,
            catalog.port,
            routes=(route("p", path, *methods, **more),),
            shadow=ShadowSettings(**{"recheck": 0.0, **(shadow or {})}),
        )
        named = dict(given.upstreams)
        named["catalog"] = replace(named["catalog"], **(upstream or {}))
        given = replace(given, upstreams={**named, **(upstreams or {})}, **(settings or {}))
        self.proxy = make_proxy(given, snapshot(stage, "p", share=share, overrides=overrides))
        self._batch = Batch()

    @property
    def shadow(self) -> Shadow:
        return self.proxy.worker.gateway.shadow

    def ask(self, request: bytes = GET, *, head_only: bool = False) -> tuple[bytes, bytes]:
        """One customer's request."""
        return self.proxy.ask(request, head_only=head_only)

    def client(self, *, receive_buffer: int | None = None) -> Connection:
        return self.proxy.client(receive_buffer=receive_buffer)

    def batch(self) -> Batch:
        """The evidence so far."""
        while batch := self.proxy.call(self.shadow.take):
            self._batch.merge(batch)
        return self._batch

    def pairs(self) -> dict[tuple[str, str], int]:
        """How many pairs were judged in the worker, by verdict and cause."""
        found = {("inconclusive", cause): count for (_, cause), count in self.shadow.ledger.inconclusive.items()}
        agreed = sum(plan.agreed for plan in self.shadow.plans)
        return {("agree", ""): agreed, **found} if agreed else found

    def missed(self) -> dict[str, int]:
        """How many exchanges became no pair, by cause."""
        return {cause: count for (_, cause), count in self.shadow.missed_by.items()}

    def agreed(self, count: int = 1) -> None:
        """Wait for so many pairs that agree."""
        until(lambda: self.pairs().get(("agree", ""), 0) >= count)

    def missing(self, cause: str, count: int = 1) -> None:
        """Wait for so many exchanges that became no pair because of `cause`."""
        until(lambda: self.missed().get(cause, 0) >= count)

    def idle(self) -> None:
        """Wait until nothing of any copy is left."""
        until(
            lambda: (
                not self.shadow.waiting
                and not self.shadow.held.bytes
                and not any(lane.under_way for lane in self.shadow.lanes)
            )
        )
