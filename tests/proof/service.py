"""The catalogue service in this process, over a database of the running one's: with a bug planted, or as it is."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from demo.stack import Stack
from extracted.catalog.app import create_app
from extracted.catalog.service import Service
from extracted.catalog.settings import load_settings
from strangler.compare import Answer
from tests.parity.cases import Case

__all__ = ["InProcess"]


class InProcess:
    """Answers cases; each once, and from then on the same, unless it is `unsteady`."""

    def __init__(self, stack: Stack, *, unsteady: bool = False) -> None:
        database = Path(stack.environment["CATALOG_DATABASE_URL"].removeprefix("sqlite:///"))
        self._settings = load_settings(
            database_url=f"sqlite:///{database}",
            monolith_url=stack.addresses.url("monolith"),
            feed_token=stack.environment["CATALOG_FEED_TOKEN"],
            anon_rate="",
            access_log=False,
        )
        self._shop = stack.addresses.url("shop")
        self._unsteady = unsteady
        self._known: dict[str, Answer] = {}

    async def __aenter__(self) -> Self:
        self._service = Service(self._settings)
        transport = httpx.ASGITransport(create_app(self._service, follow=False))
        self._client = httpx.AsyncClient(transport=transport, base_url=self._shop, follow_redirects=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()
        await self._service.close()

    async def ask(self, case: Case) -> Answer:
        """The whole answer."""
        key = str((case.method, case.target, sorted(case.headers.items())))
        if key in self._known and not self._unsteady:
            return self._known[key]
        headers = {"Accept-Language": "", **case.headers}
        response = await self._client.request(case.method, case.target, headers=headers)
        answer = Answer(response.status_code, tuple(response.headers.multi_items()), response.content)
        self._known[key] = answer
        return answer
