from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from extracted.catalog.errors import StoreError

if TYPE_CHECKING:
    from extracted.catalog.service import Service
    from extracted.catalog.store import Position, Rejection, Tally

__all__ = ["Health"]

_SHOWN_REJECTIONS = 20
_DATABASE_DEADLINE = 3.0


class Health:
    """/health/live: the process answers. /health/ready: it can serve, and how each thing it depends on is.

    Ready needs the database and a finished first import. A feed that is away makes the service degraded, and still
    ready: it serves what it has.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    async def live(self, request: Request) -> Response:
        return JSONResponse({"status": "live", "release": self._service.settings.release}, headers=_UNCACHED)

    async def ready(self, request: Request) -> Response:
        database, state = await self._database()
        imported = self._import(state)
        feed = self._feed()
        if database["status"] != "up" or imported["status"] != "complete":
            status = "unready"
        else:
            status = "ready" if feed["status"] == "up" else "degraded"
        body = {
            "status": status,
            "release": self._service.settings.release,
            "dependencies": {"database": database, "feed": feed, "import": imported},
        }
        return JSONResponse(body, status_code=503 if status == "unready" else 200, headers=_UNCACHED)

    async def _database(self) -> tuple[dict[str, Any], _State | None]:
        begun = time.perf_counter()
        try:
            with anyio.fail_after(_DATABASE_DEADLINE):
                state = await to_thread.run_sync(self._state, abandon_on_cancel=True)
        except StoreError as error:
            return {"status": "down", "error": str(error)}, None
        except TimeoutError:
            return {"status": "down", "error": f"No answer within {_DATABASE_DEADLINE:g} seconds."}, None
        return {"status": "up", "milliseconds": round((time.perf_counter() - begun) * 1000, 1)}, state

    def _state(self) -> _State:
        with self._service.store.reading() as reading:
            return reading.position(), reading.tally(), reading.rejections(_SHOWN_REJECTIONS)

    def _feed(self) -> dict[str, Any]:
        following = self._service.following
        lag = following.lag_seconds()
        if following.error is not None:
            status = "down"
        else:
            status = "starting" if following.polled_at is None else "up"
        return {
            "status": status,
            "last_poll": following.polled_at.isoformat() if following.polled_at else None,
            "lag_seconds": None if lag is None else round(lag, 3),
            "error": following.error,
        }

    def _import(self, state: _State | None) -> dict[str, Any]:
        if state is None:
            return {"status": "unknown"}
        position, tally, rejections = state
        return {
            "status": "complete" if position.complete else "running",
            "cursor": position.cursor,
            "categories": tally.categories,
            "products": tally.products,
            "reviews": tally.reviews,
            "products_waiting_for_their_category": tally.waiting,
            "categories_waiting_for_their_parents": tally.unplaced,
            "rejected": tally.rejected,
            "latest_rejections": [rejection.document() for rejection in rejections],
        }


_UNCACHED = {"Cache-Control": "no-store"}

if TYPE_CHECKING:
    _State = tuple[Position, Tally, list[Rejection]]
